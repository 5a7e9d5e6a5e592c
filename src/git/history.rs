//! History: the commits that a push adds, read from the bytes of the commits.
//!
//! `info/grafts`, `shallow`, `refs/replace/` and commit-graph files do not change the parents of a commit
//! here. Where the repository lacks a parent, the history ends and the result says so.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use git2::Oid;

use super::object;
use super::{Commit, GitError, Repository};
use crate::limits::{
    COMMIT_BYTES_MAX, HISTORY_BYTES_MAX, HISTORY_COMMITS_MAX, HISTORY_PARENTS_MAX, PUSHED_STEPS_MAX,
};

/// The commits that are reachable from a commit.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Their ids, newest first.
    pub commits: Vec<String>,
    /// Whether the repository lacks a parent of one of them, as a shallow clone does.
    pub cut: bool,
}

/// The commits that are reachable from several commits, read in one walk.
#[derive(Debug, Default)]
pub struct History {
    /// Newest first.
    commits: Vec<New>,
    places: BTreeMap<Oid, usize>,
    /// How many more commits and parents can be visited.
    steps: Cell<usize>,
}

#[derive(Debug)]
struct New {
    id: Oid,
    parents: Vec<usize>,
    /// Whether the repository lacks a parent.
    cut: bool,
    listed: bool,
}

impl History {
    /// Limits later results to the commits that `listed` accepts. `listed` gets them in the order of their
    /// ids.
    pub fn list_only(
        &mut self,
        mut listed: impl FnMut(&str) -> Result<bool, GitError>,
    ) -> Result<(), GitError> {
        for (id, place) in &self.places {
            if let Some(commit) = self.commits.get_mut(*place) {
                commit.listed = listed(&id.to_string())?;
            }
        }
        Ok(())
    }

    /// The commits of the walk that are reachable from a commit: of the newest `limit`, those that are
    /// listed.
    pub fn reached_from(&self, commit: &Commit, limit: usize) -> Result<Reached, GitError> {
        let mut reached = Reached::default();
        let Some(start) = self.places.get(&Oid::from_str(&commit.id)?) else { return Ok(reached) };
        let mut seen = vec![false; self.commits.len()];
        let (mut open, mut found) = (vec![*start], Vec::new());
        while let Some(place) = open.pop() {
            let Some(commit) = self.commits.get(place) else { continue };
            if std::mem::replace(&mut seen[place], true) {
                continue;
            }
            let left = self.steps.get().checked_sub(1 + commit.parents.len());
            self.steps.set(left.ok_or(GitError::TooMuchToSearch)?);
            found.push(place);
            open.extend(commit.parents.iter().filter(|parent| !seen[**parent]));
        }
        found.sort_unstable();
        found.truncate(limit);
        for commit in found.into_iter().filter_map(|place| self.commits.get(place)) {
            reached.cut |= commit.cut;
            if commit.listed {
                reached.commits.push(commit.id.to_string());
            }
        }
        Ok(reached)
    }
}

impl Repository {
    /// The commits that are reachable from a commit and from no ref that matches `known`, newest first, as in
    /// `git rev-list COMMIT --not --glob=KNOWN`; at most `limit`.
    pub fn reached_from(&self, commit: &Commit, known: &str, limit: usize) -> Result<Reached, GitError> {
        self.history([commit], known, limit)?.reached_from(commit, limit)
    }

    /// The commits that are reachable from several commits and from no ref that matches `known`; the newest
    /// `limit` of them.
    pub fn history<'c>(
        &self,
        commits: impl IntoIterator<Item = &'c Commit>,
        known: &str,
        limit: usize,
    ) -> Result<History, GitError> {
        let mut walk = Walk::of(self);
        for commit in commits {
            walk.add(Oid::from_str(&commit.id)?, false);
        }
        let mut tips = BTreeSet::new();
        for reference in self.inner.references_glob(known)? {
            let Some(target) = reference?.target().filter(|target| tips.insert(*target)) else { continue };
            if let Ok(Some(commit)) = object::peel(&self.inner, target) {
                walk.add(Oid::from_str(&commit.id)?, true);
            }
        }
        Ok(walk.run(limit))
    }
}

/// A walk from the newest commit to the oldest that passes `known` from commits to their parents.
struct Walk<'r> {
    repository: &'r Repository,
    /// The commits that were seen.
    seen: BTreeMap<Oid, Seen>,
    /// Objects that cannot be read as a commit, and whether they exist.
    odd: BTreeMap<Oid, bool>,
    /// The commits still to read, by time.
    queue: BinaryHeap<(i64, Oid)>,
    /// How many commits of the queue are not known.
    new: usize,
    /// How many more bytes of commits, and parents of new commits, can be read.
    bytes: u64,
    parents: usize,
}

#[derive(Clone, Copy)]
struct Seen {
    /// Whether a known ref reaches it.
    known: bool,
    queued: bool,
}

impl<'r> Walk<'r> {
    fn of(repository: &'r Repository) -> Self {
        Self {
            repository,
            seen: BTreeMap::new(),
            odd: BTreeMap::new(),
            queue: BinaryHeap::new(),
            new: 0,
            bytes: HISTORY_BYTES_MAX,
            parents: HISTORY_PARENTS_MAX,
        }
    }

    fn run(mut self, limit: usize) -> History {
        let mut commits: Vec<(Oid, Vec<Oid>, bool)> = Vec::new();
        let mut left = HISTORY_COMMITS_MAX;
        while let Some((_, id)) = self.queue.pop().filter(|_| self.new > 0 && left > 0) {
            left -= 1;
            let Some(seen) = self.seen.get_mut(&id).filter(|seen| seen.queued) else { continue };
            seen.queued = false;
            let is_known = seen.known;
            if !is_known {
                self.new -= 1;
                commits.push((id, Vec::new(), false));
                if commits.len() == limit {
                    break;
                }
            }
            // An old commit that is not as git writes it ends the history.
            let Some(mut commit) = self.read(id) else { continue };
            commit.parents.sort_unstable();
            commit.parents.dedup();
            let exist: Vec<bool> = commit.parents.iter().map(|parent| self.add(*parent, is_known)).collect();
            let Some(last) = commits.last_mut().filter(|_| !is_known) else { continue };
            let Some(parents) = self.parents.checked_sub(commit.parents.len()) else { break };
            self.parents = parents;
            last.2 = exist.contains(&false);
            last.1 = commit.parents;
        }
        // With a wrong clock, a commit can come before the one that shows it to be known.
        commits.retain(|(id, ..)| self.seen.get(id).is_some_and(|seen| !seen.known));
        let places: BTreeMap<Oid, usize> =
            commits.iter().enumerate().map(|(place, (id, ..))| (*id, place)).collect();
        let new = |(id, parents, cut): (Oid, Vec<Oid>, bool)| {
            let parents = parents.iter().filter_map(|parent| places.get(parent).copied()).collect();
            New { id, parents, cut, listed: true }
        };
        let commits = commits.into_iter().map(new).collect();
        History { commits, places, steps: Cell::new(PUSHED_STEPS_MAX) }
    }

    /// Adds a commit to the queue, unless it is there with the same flag; false if the repository lacks it.
    fn add(&mut self, id: Oid, known: bool) -> bool {
        let before = self.seen.get(&id).copied();
        if before.is_some_and(|seen| seen.known || !known) {
            return true;
        }
        if let Some(exists) = self.odd.get(&id) {
            return *exists;
        }
        let Some(commit) = self.read(id) else {
            let exists = self.repository.inner.odb().is_ok_and(|odb| odb.exists(id));
            self.odd.insert(id, exists);
            return exists;
        };
        self.seen.insert(id, Seen { known, queued: true });
        // A commit that becomes known while it is queued is in the queue twice, and is read once.
        self.new += usize::from(!known);
        self.new -= usize::from(before.is_some_and(|seen| seen.queued));
        self.queue.push((commit.time, id));
        true
    }

    /// Reads a commit; `None` if it is not as git writes it, or if a limit is reached.
    fn read(&mut self, id: Oid) -> Option<object::CommitObject> {
        let (size, _) = self.repository.inner.odb().ok()?.read_header(id).ok()?;
        if size as u64 <= COMMIT_BYTES_MAX {
            self.bytes = self.bytes.checked_sub(size as u64)?;
        }
        object::commit(&self.repository.inner, id).ok()
    }
}
