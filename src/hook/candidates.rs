//! Candidates: the manifests by which a commit's packages are judged, nearest first.
//!
//! Those attached to the commit come before those attached to other commits of the same push, newest
//! first: a merge that leaves a function as it was needs no signature of its own. Nothing here is
//! verified; a candidate is only worth a question.

use std::collections::BTreeMap;

use crate::digest::Sha384;
use crate::git::notes::Notes;
use crate::git::{Commit, GitError, Repository};
use crate::inventory;
use crate::limits::{CANDIDATES_MAX, PUSHED_COMMITS_MAX, PUSHED_NOTES_BYTES_MAX};
use crate::manifest::attached::{self, Attached};
use crate::name::ArtifactName;
use crate::provenance::Kind;

/// What an item is called.
pub type Named = (Kind, ArtifactName);

/// A manifest and the commit that it is attached to.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The manifest.
    pub manifest: Attached,
    /// The beginning of the commit's id.
    pub commit: String,
    /// The digest of the files that it claims.
    pub inventory: Sha384,
}

/// The candidates of a commit's items.
#[derive(Debug, Default)]
pub struct Candidates {
    by_name: BTreeMap<Named, Vec<Candidate>>,
    /// Things worth saying that change no verdict.
    pub notes: Vec<String>,
}

impl Candidates {
    /// What is attached to the commit itself.
    pub fn of(notes: &Notes<'_>, commit: &Commit) -> Result<Self, GitError> {
        let mut found = Self::default();
        found.add(notes, &commit.id)?;
        Ok(found)
    }

    /// Adds what is attached to the other commits of the push, until each of the packages that miss one
    /// has a manifest of its very files. `known` are the refs whose commits are not of the push, as a glob.
    ///
    /// Where the history ends before that because the repository is shallow, nothing can be said.
    pub fn search(
        &mut self,
        repository: &Repository,
        notes: &Notes<'_>,
        commit: &Commit,
        known: &str,
        mut missing: Vec<(Named, Sha384)>,
    ) -> Result<(), GitError> {
        let mut read = 0;
        let reached = repository.reached_from(commit, known, PUSHED_COMMITS_MAX)?;
        for id in reached.commits.iter().filter(|id| **id != commit.id) {
            missing.retain(|(name, files)| !self.has(name, files));
            if missing.is_empty() || read > PUSHED_NOTES_BYTES_MAX {
                return Ok(());
            }
            read += self.add(notes, id)?;
        }
        missing.retain(|(name, files)| !self.has(name, files));
        match missing.first() {
            Some(((kind, name), _)) if reached.cut => Err(GitError::Shallow(format!(
                "no manifest of {} `{name}` is attached to the commits that this shallow clone has after commit {}",
                kind.name(),
                commit.short(),
            ))),
            _ => Ok(()),
        }
    }

    /// Whether some candidate claims to be about these very files.
    pub fn has(&self, name: &Named, files: &Sha384) -> bool {
        self.named(name).iter().any(|candidate| candidate.inventory == *files)
    }

    /// The candidates of an item, nearest first.
    pub fn named(&self, name: &Named) -> &[Candidate] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, notes: &Notes<'_>, commit: &str) -> Result<u64, GitError> {
        let Some(note) = notes.of(commit)? else { return Ok(0) };
        let short: String = commit.chars().take(12).collect();
        let attached::Lines { manifests, malformed } = attached::read(&note);
        if malformed > 0 {
            self.notes.push(format!("{malformed} of what is attached to commit {short} is no manifest"));
        }
        for manifest in manifests {
            let (kind, name) = manifest.claimed_name();
            let named = self.by_name.entry((kind, name.clone())).or_default();
            if named.len() < CANDIDATES_MAX {
                let inventory = inventory::digest(&manifest.claimed().files);
                named.push(Candidate { manifest, commit: short.clone(), inventory });
            }
        }
        Ok(note.len() as u64)
    }
}
