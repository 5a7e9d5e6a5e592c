//! Candidates: the manifests to verify a commit's packages with, nearest first.
//!
//! Manifests attached to the commit come before those attached to its ancestors, newest first: a commit that
//! does not change a function needs no signature of its own. Ancestors are searched only for functions that
//! the commit's own manifests do not cover, and only manifests of exactly the sought files are kept. Nothing
//! here is verified yet.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Sha384;
use crate::function::CoveredBy;
use crate::git::notes::Notes;
use crate::git::{Ancestors, Commit, GitError, History, Repository};
use crate::inventory;
use crate::limits::{ANCESTORS_NOTES_BYTES_MAX, CANDIDATES_MAX, SEARCHED_NOTES_BYTES_MAX};
use crate::manifest::attached::{self, Attached, Newer};
use crate::name::ArtifactName;
use crate::provenance::Kind;

/// The kind and name of an item.
pub type Named = (Kind, ArtifactName);

/// Items, each with what a manifest must describe.
pub type Wanted = BTreeMap<Named, Selected>;

/// The files of an item in a commit, and how they are selected.
///
/// A manifest of the same files counts only if its signer selected them in the same way. Otherwise a commit could keep the
/// files of an earlier package, and hide other code from it with `exclude` or another `path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// The digest of the files.
    pub files: Sha384,
    /// The patterns of `include`.
    pub include: Vec<String>,
    /// The patterns of `exclude`.
    pub exclude: Vec<String>,
    /// The folder in the repository.
    pub folder: String,
}

impl Selected {
    /// Whether a candidate claims the same files, selected in the same way.
    pub fn is_of(&self, candidate: &Candidate) -> bool {
        let job = candidate.manifest.claimed();
        let (Some(selection), Some(source)) = (&job.selection, &job.source) else { return false };
        candidate.inventory == self.files
            && (candidate.is_own || !selection.ignored)
            && (&selection.include, &selection.exclude) == (&self.include, &self.exclude)
            && source.path == self.folder
    }
}

/// A manifest and the commit that it is attached to.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The manifest.
    pub manifest: Attached,
    /// The beginning of the commit's id.
    pub commit: String,
    /// Whether that is the very commit that is verified, and not an ancestor.
    pub is_own: bool,
    /// The digest of the files that it claims to describe.
    pub inventory: Sha384,
}

/// The candidate manifests of a commit's items.
pub struct Candidates {
    commit: Commit,
    covered_by: CoveredBy,
    by_name: BTreeMap<Named, Vec<Candidate>>,
    /// The walk through its ancestors, once they are searched.
    walk: Option<Ancestors>,
    /// How many bytes of manifests of its ancestors were read.
    read: u64,
    /// Manifests that are newer than this program, each with the abbreviated id of its commit.
    pub newer: Vec<(Newer, String)>,
    /// Whether there are more of them than are verified.
    pub has_more_newer: bool,
    /// Notes for the user that change no verdict.
    pub notes: Vec<String>,
}

/// What is searched for the manifests of all commits of a push: read once, with a limit.
pub struct Search<'n> {
    notes: &'n Notes<'n>,
    history: History<'n>,
    covered_by: CoveredBy,
    /// How many bytes of manifests were read.
    bytes: u64,
}

impl<'n> Search<'n> {
    /// Creates a search.
    pub fn of(repository: &'n Repository, notes: &'n Notes<'n>, covered_by: CoveredBy) -> Self {
        Self { notes, history: History::of(repository), covered_by, bytes: 0 }
    }

    fn note(&mut self, commit: &str) -> Result<Option<Vec<u8>>, GitError> {
        let note = self.notes.of(commit)?;
        self.bytes += note.as_ref().map_or(0, |note| note.len() as u64);
        match self.bytes > SEARCHED_NOTES_BYTES_MAX {
            true => Err(GitError::TooMuchToSearch),
            false => Ok(note),
        }
    }
}

impl Candidates {
    /// The manifests attached to the commit itself.
    pub fn of(search: &mut Search<'_>, commit: &Commit) -> Result<Self, GitError> {
        let mut candidates = Self {
            commit: commit.clone(),
            covered_by: search.covered_by,
            by_name: BTreeMap::new(),
            walk: None,
            read: 0,
            newer: Vec::new(),
            has_more_newer: false,
            notes: Vec::new(),
        };
        candidates.read_note(search, &commit.id, |candidates, candidate| {
            // A note can be copied to a commit without a key: only what was signed names the commit.
            let source = candidate.manifest.claimed().source.as_ref();
            let is_of_commit = source.is_some_and(|source| source.commit == commit.id && !source.dirty);
            if candidates.covered_by == CoveredBy::Commit && !is_of_commit {
                return;
            }
            let (kind, name) = candidate.manifest.claimed_name();
            let named = candidates.by_name.entry((kind, name.clone())).or_default();
            if named.len() < CANDIDATES_MAX {
                named.push(candidate);
            }
        })?;
        Ok(candidates)
    }

    /// Reads on through the ancestors until each of the wanted items has another manifest of exactly its files;
    /// returns those that have one. The policy can rule ancestors out.
    ///
    /// Errors: the repository is shallow, and the history ends before an item has any such manifest.
    pub fn search(&mut self, search: &mut Search<'_>, wanted: &Wanted) -> Result<BTreeSet<Named>, GitError> {
        let mut found = BTreeSet::new();
        let is_ruled_out = self.covered_by == CoveredBy::Commit || search.notes.is_empty();
        if wanted.is_empty() || is_ruled_out {
            return Ok(found);
        }
        let mut walk = match self.walk.take() {
            Some(walk) => walk,
            None => search.history.ancestors(&self.commit)?,
        };
        while found.len() < wanted.len() && self.read <= ANCESTORS_NOTES_BYTES_MAX {
            let notes = search.notes;
            let Some(id) = search.history.next(&mut walk, |id| notes.has(id))? else {
                self.check_whole(&walk, wanted)?;
                break;
            };
            self.read += self.read_note(search, &id, |candidates, candidate| {
                let (kind, name) = candidate.manifest.claimed_name();
                let named = (kind, name.clone());
                if wanted.get(&named).is_some_and(|wanted| wanted.is_of(&candidate))
                    && candidates.add(&named, candidate)
                {
                    found.insert(named);
                }
            })?;
        }
        self.walk = Some(walk);
        Ok(found)
    }

    /// Checks that no manifest of an item can be hidden by the boundary of a shallow clone.
    fn check_whole(&mut self, walk: &Ancestors, wanted: &Wanted) -> Result<(), GitError> {
        if !walk.is_cut() {
            return Ok(());
        }
        let short = self.commit.short();
        if let Some(((kind, name), _)) = wanted.iter().find(|(named, selected)| !self.has(named, selected)) {
            return Err(GitError::Shallow(format!(
                "no manifest of the files of {} `{name}` is attached to commit {short} or to its ancestors in \
                 this shallow clone",
                kind.name(),
            )));
        }
        self.notes.push(format!(
            "this clone is shallow: an older ancestor of commit {short} can have another manifest of the same files"
        ));
        Ok(())
    }

    /// Adds a candidate of an ancestor; false if there are enough of its files.
    fn add(&mut self, named: &Named, candidate: Candidate) -> bool {
        let of_name = self.by_name.entry(named.clone()).or_default();
        let alike = of_name.iter().filter(|each| each.inventory == candidate.inventory).count();
        let has_room = alike < CANDIDATES_MAX;
        if has_room {
            of_name.push(candidate);
        }
        has_room
    }

    /// Whether manifests of ancestors count.
    pub fn are_of_ancestors(&self) -> bool {
        self.covered_by == CoveredBy::Ancestor
    }

    /// Whether a candidate claims to describe exactly these files, selected in the same way.
    pub fn has(&self, name: &Named, selected: &Selected) -> bool {
        self.named(name).iter().any(|candidate| selected.is_of(candidate))
    }

    /// The candidates of an item, nearest first.
    pub fn named(&self, name: &Named) -> &[Candidate] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// Reads the note of a commit, and passes on each of its manifests; returns its size in bytes.
    fn read_note(
        &mut self,
        search: &mut Search<'_>,
        commit: &str,
        mut take: impl FnMut(&mut Self, Candidate),
    ) -> Result<u64, GitError> {
        let Some(note) = search.note(commit)? else { return Ok(0) };
        let short: String = commit.chars().take(12).collect();
        let is_own = commit == self.commit.id;
        let attached::Lines { manifests, newer, malformed } = attached::read(&note);
        if !newer.is_empty() {
            self.notes.push(format!(
                "{} of what is attached to commit {short} has a newer format than this version of countersign reads",
                newer.len()
            ));
        }
        let room = CANDIDATES_MAX.saturating_sub(self.newer.len());
        self.has_more_newer |= newer.len() > room;
        self.newer.extend(newer.into_iter().take(room).map(|newer| (newer, short.clone())));
        if malformed > 0 {
            self.notes.push(format!("{malformed} of the notes of commit {short} are not manifests"));
        }
        for manifest in manifests {
            let inventory = inventory::digest(&manifest.claimed().files);
            take(self, Candidate { manifest, commit: short.clone(), is_own, inventory });
        }
        Ok(note.len() as u64)
    }
}
