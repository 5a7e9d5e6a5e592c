//! Candidates: the manifests that claim to be for deployed code, from folders and from git notes.
//!
//! Only manifests that claim a deployed hash or name are kept, so thousands that match nothing use no memory.
//! Nothing is verified yet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::AuditError;
use crate::digest::Sha256;
use crate::files::{self, FileError};
use crate::git::notes::{NOTES_REF, Notes};
use crate::limits::{CANDIDATES_MAX, MANIFEST_BYTES_MAX, SEARCHED_FILES_MAX};
use crate::manifest::attached;
use crate::manifest::claim::{self, Claim};
use crate::name::ArtifactName;
use crate::parallel::{Threads, in_order};
use crate::provenance::Kind;
use crate::time::Timestamp;

/// The suffix of a manifest's file name.
const ENDING: &str = ".sigstore.json";

/// Files that one thread reads before it reports, so that threads do not wait for each other.
const BATCH: usize = 64;

type Named = (Kind, ArtifactName);

/// A manifest and its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// SHA-256 of the package that it claims to be for.
    pub sha256: Sha256,
    /// When it claims to have been signed; nothing of a manifest that is newer than this program.
    pub signed_at: Option<Timestamp>,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    File(PathBuf),
    Note { commit: String, line: String },
}

/// What a file or a line claims that is a manifest.
enum Claimed {
    Claim(Claim),
    /// It is newer than this program, and about a package with this SHA-256.
    Newer(Sha256),
}

impl Claimed {
    fn of(manifest: &[u8]) -> Option<Self> {
        Claim::of(manifest).map(Self::Claim).or_else(|| claim::of_newer(manifest).map(Self::Newer))
    }
}

impl Candidate {
    /// The manifest's path, or the note that contains it.
    pub fn path(&self) -> PathBuf {
        match &self.place {
            Place::File(path) => path.clone(),
            Place::Note { commit, .. } => format!("{NOTES_REF} of {commit}").into(),
        }
    }

    /// The manifest's bytes.
    pub fn bytes(&self) -> Result<Vec<u8>, FileError> {
        match &self.place {
            Place::File(path) => files::read(path, MANIFEST_BYTES_MAX),
            Place::Note { line, .. } => Ok(line.as_bytes().to_vec()),
        }
    }
}

/// The candidate manifests for deployed code.
#[derive(Debug, Default)]
pub struct Candidates {
    hashes: BTreeSet<Sha256>,
    names: BTreeSet<Named>,
    fitting: BTreeMap<(Kind, ArtifactName, Sha256), Vec<Arc<Candidate>>>,
    of_hash: BTreeMap<Sha256, Arc<Candidate>>,
    of_name: BTreeMap<Named, Arc<Candidate>>,
    newer: BTreeMap<Sha256, Vec<Arc<Candidate>>>,
    more_newer: BTreeSet<Sha256>,
    /// How many manifests were read.
    pub count: usize,
    /// Notes for the user that change no verdict.
    pub notes: Vec<String>,
}

impl Candidates {
    /// Creates an empty set of candidates for deployed code with these names and hashes.
    pub fn of(names: impl Iterator<Item = Named>, hashes: impl Iterator<Item = Sha256>) -> Self {
        Self { names: names.collect(), hashes: hashes.collect(), ..Self::default() }
    }

    /// Adds every manifest below a folder: the files with the suffix `.sigstore.json`.
    pub fn add_folder(&mut self, folder: &Path, threads: Threads) -> Result<(), AuditError> {
        let paths = manifests_below(folder)?;
        let batches: Vec<&[PathBuf]> = paths.chunks(BATCH).collect();
        let claim = |path: &PathBuf| match files::read(path, MANIFEST_BYTES_MAX) {
            Ok(bytes) => Ok((path.clone(), Claimed::of(&bytes))),
            Err(FileError::TooLarge { .. } | FileError::NotAFile { .. }) => Ok((path.clone(), None)),
            Err(error) => Err(AuditError::from(error)),
        };
        let work = |batch: &&[PathBuf]| batch.iter().map(claim).collect::<Result<Vec<_>, _>>();
        let mut malformed = 0;
        // A thread holds one manifest at a time, whose size is limited.
        in_order(
            threads,
            u64::MAX,
            &batches,
            |_| 0,
            work,
            |claims| {
                for (path, claim) in claims {
                    match claim {
                        Some(claimed) => self.add_claimed(claimed, || Place::File(path)),
                        None => malformed += 1,
                    }
                }
                Ok::<_, AuditError>(())
            },
        )?;
        if malformed > 0 {
            let below = folder.display();
            self.notes
                .push(format!("{malformed} of the files `*{ENDING}` below `{below}` are not manifests"));
        }
        Ok(())
    }

    /// Adds the manifests attached to a commit.
    pub fn add_note(&mut self, notes: &Notes<'_>, commit: &str) -> Result<(), AuditError> {
        let Some(note) = notes.of(commit)? else { return Ok(()) };
        let short: String = commit.chars().take(12).collect();
        let mut malformed = 0;
        for line in attached::lines(&note) {
            match Claimed::of(line).zip(std::str::from_utf8(line).ok()) {
                Some((claimed, line)) => {
                    self.add_claimed(claimed, || Place::Note { commit: short.clone(), line: line.into() });
                }
                None => malformed += 1,
            }
        }
        if malformed > 0 {
            self.notes.push(format!("{malformed} of the notes of commit {short} are not manifests"));
        }
        Ok(())
    }

    fn add_claimed(&mut self, claimed: Claimed, place: impl FnOnce() -> Place) {
        match claimed {
            Claimed::Claim(claim) => self.add(claim, place),
            Claimed::Newer(sha256) => self.add_newer(sha256, place),
        }
    }

    /// Adds a manifest that is newer than this program: only which package it is about is known.
    fn add_newer(&mut self, sha256: Sha256, place: impl FnOnce() -> Place) {
        self.count += 1;
        if self.hashes.contains(&sha256) {
            let newer = self.newer.entry(sha256).or_default();
            if newer.len() < CANDIDATES_MAX {
                newer.push(Arc::new(Candidate { sha256, signed_at: None, place: place() }));
            } else {
                self.more_newer.insert(sha256);
            }
        }
    }

    fn add(&mut self, claim: Claim, place: impl FnOnce() -> Place) {
        self.count += 1;
        let Claim { kind, name, sha256, signed_at } = claim;
        let named = (kind, name);
        let (runs, is_named) = (self.hashes.contains(&sha256), self.names.contains(&named));
        if !runs && !is_named {
            return;
        }
        let candidate = Arc::new(Candidate { sha256, signed_at: Some(signed_at), place: place() });
        let newer = |held: &mut Arc<Candidate>| {
            if held.signed_at < candidate.signed_at {
                *held = candidate.clone();
            }
        };
        if runs {
            self.of_hash.entry(sha256).and_modify(newer).or_insert_with(|| candidate.clone());
        }
        if is_named {
            self.of_name.entry(named.clone()).and_modify(newer).or_insert_with(|| candidate.clone());
        }
        if runs && is_named {
            let fitting = self.fitting.entry((named.0, named.1, sha256)).or_default();
            let at = fitting.partition_point(|held| held.signed_at >= candidate.signed_at);
            fitting.insert(at, candidate);
            fitting.truncate(CANDIDATES_MAX);
        }
    }

    /// The manifests of a package to verify it with under a name, by claimed time, newest first.
    ///
    /// If none claims the name, the newest manifest of the package under another name explains best what is
    /// wrong.
    pub fn of_package(&self, named: &Named, sha256: &Sha256) -> &[Arc<Candidate>] {
        let (kind, name) = named;
        let fitting = self.fitting.get(&(*kind, name.clone(), *sha256)).map(Vec::as_slice);
        let nearest = || self.of_hash.get(sha256).map(std::slice::from_ref);
        fitting.or_else(nearest).unwrap_or_default()
    }

    /// The manifests of a package that are newer than this program.
    pub fn newer_of(&self, sha256: &Sha256) -> &[Arc<Candidate>] {
        self.newer.get(sha256).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a package has more of them.
    pub fn has_more_newer(&self, sha256: &Sha256) -> bool {
        self.more_newer.contains(sha256)
    }

    /// The manifest for a name, of any package, with the newest claimed time.
    pub fn newest_of(&self, named: &Named) -> Option<&Candidate> {
        self.of_name.get(named).map(|candidate| &**candidate)
    }
}

fn manifests_below(folder: &Path) -> Result<Vec<PathBuf>, AuditError> {
    let mut paths = Vec::new();
    // Links are not followed, so that no folder is searched twice.
    for (count, entry) in walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().enumerate() {
        if count == SEARCHED_FILES_MAX {
            return Err(AuditError::TooManyFiles(folder.into()));
        }
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(folder).to_path_buf();
            FileError::Read { path, source: error.into() }
        })?;
        if !entry.file_type().is_dir() && entry.file_name().as_encoded_bytes().ends_with(ENDING.as_bytes()) {
            paths.push(entry.into_path());
        }
    }
    Ok(paths)
}
