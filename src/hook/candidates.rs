//! Candidates: the manifests to verify a commit's packages with, nearest first.
//!
//! Manifests attached to the commit come before those attached to other commits of the same push, newest
//! first: a merge that does not change a function needs no signature of its own. Nothing here is verified
//! yet.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;

use crate::digest::Sha384;
use crate::git::notes::Notes;
use crate::git::{Commit, GitError, History};
use crate::inventory;
use crate::limits::{
    CANDIDATES_MAX, PUSHED_COMMITS_MAX, PUSHED_HISTORIES_MAX, PUSHED_NOTES_BYTES_MAX,
    SEARCHED_NOTES_BYTES_MAX,
};
use crate::manifest::attached::{self, Attached, Newer};
use crate::name::ArtifactName;
use crate::provenance::Kind;

/// The kind and name of an item.
pub type Named = (Kind, ArtifactName);

/// A manifest and the commit that it is attached to.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The manifest.
    pub manifest: Attached,
    /// The beginning of the commit's id.
    pub commit: String,
    /// The digest of the files that it claims to describe.
    pub inventory: Sha384,
}

/// The candidate manifests of a commit's items.
#[derive(Debug, Default)]
pub struct Candidates {
    by_name: BTreeMap<Named, Vec<Candidate>>,
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
    history: OnceCell<History>,
    /// How many bytes of manifests were read.
    bytes: Cell<u64>,
}

impl<'n> Search<'n> {
    /// Creates a search.
    pub fn of(notes: &'n Notes<'n>) -> Self {
        Self { notes, history: OnceCell::new(), bytes: Cell::new(0) }
    }

    /// Reads the history of all commits of the push, if not done yet.
    pub fn history(
        &self,
        read: impl FnOnce(usize) -> Result<History, GitError>,
        commits: usize,
    ) -> Result<&History, GitError> {
        if let Some(history) = self.history.get() {
            return Ok(history);
        }
        let mut history = read(PUSHED_COMMITS_MAX * commits.clamp(1, PUSHED_HISTORIES_MAX))?;
        history.list_only(|id| self.notes.has(id))?;
        Ok(self.history.get_or_init(|| history))
    }

    fn note(&self, commit: &str) -> Result<Option<Vec<u8>>, GitError> {
        let note = self.notes.of(commit)?;
        self.bytes.set(self.bytes.get() + note.as_ref().map_or(0, |note| note.len() as u64));
        match self.bytes.get() > SEARCHED_NOTES_BYTES_MAX {
            true => Err(GitError::TooMuchToSearch),
            false => Ok(note),
        }
    }
}

impl Candidates {
    /// The manifests attached to the commit itself.
    pub fn of(search: &Search<'_>, commit: &Commit) -> Result<Self, GitError> {
        let mut found = Self::default();
        found.add(search, &commit.id)?;
        Ok(found)
    }

    /// Adds the manifests attached to other commits of the push, until each of the `missing` packages has a
    /// manifest of exactly its files.
    ///
    /// Errors: the repository is shallow, and the history ends before that.
    pub fn search(
        &mut self,
        search: &Search<'_>,
        history: &History,
        commit: &Commit,
        mut missing: Vec<(Named, Sha384)>,
    ) -> Result<(), GitError> {
        let mut read = 0;
        let reached = history.reached_from(commit, PUSHED_COMMITS_MAX)?;
        for id in reached.commits.iter().filter(|id| **id != commit.id) {
            missing.retain(|(name, files)| !self.has(name, files));
            if missing.is_empty() || read > PUSHED_NOTES_BYTES_MAX {
                return Ok(());
            }
            read += self.add(search, id)?;
        }
        missing.retain(|(name, files)| !self.has(name, files));
        match missing.first() {
            Some(((kind, name), _)) if reached.cut => Err(GitError::Shallow(format!(
                "no manifest of {} `{name}` is attached to commit {1} or to its ancestors in this shallow clone",
                kind.name(),
                commit.short(),
            ))),
            _ => Ok(()),
        }
    }

    /// Whether a candidate claims to describe exactly these files.
    pub fn has(&self, name: &Named, files: &Sha384) -> bool {
        self.named(name).iter().any(|candidate| candidate.inventory == *files)
    }

    /// The candidates of an item, nearest first.
    pub fn named(&self, name: &Named) -> &[Candidate] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, search: &Search<'_>, commit: &str) -> Result<u64, GitError> {
        let Some(note) = search.note(commit)? else { return Ok(0) };
        let short: String = commit.chars().take(12).collect();
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
