//! History: the commits that a push would bring, read from the commits' own bytes.
//!
//! Neither `info/grafts`, `shallow`, `refs/replace/` nor a commit-graph file changes what a commit's parents are here.
//! Where a parent is not in the repository, the history ends, and the caller learns it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use git2::Oid;

use super::object;
use super::{Commit, GitError, Repository};
use crate::limits::{
    COMMIT_BYTES_MAX, HISTORY_BYTES_MAX, HISTORY_COMMITS_MAX, HISTORY_PARENTS_MAX, PUSHED_STEPS_MAX,
};

/// Commits that a commit leads to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Their ids, newest first.
    pub commits: Vec<String>,
    /// Whether the repository lacks a parent of one of them, as a shallow clone does.
    pub cut: bool,
}

/// The commits that some commits lead to, read in one walk.
#[derive(Debug, Default)]
pub struct History {
    /// Newest first.
    commits: Vec<New>,
    places: BTreeMap<Oid, usize>,
    /// How many commits and parents may still be visited.
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
    /// Lists only the commits that `listed` accepts, when it is asked what a commit leads to. It hears them in the order
    /// of their ids.
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

    /// The commits of the walk that a commit leads to; of the newest `limit`, those that are listed.
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
    /// The commits that a commit leads to and no ref that matches `known` does, newest first, as by
    /// `git rev-list COMMIT --not --glob=KNOWN`; at most `limit`.
    pub fn reached_from(&self, commit: &Commit, known: &str, limit: usize) -> Result<Reached, GitError> {
        self.history([commit], known, limit)?.reached_from(commit, limit)
    }

    /// The commits that some commits lead to and no ref that matches `known` does; the newest `limit` of them.
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

/// A walk from the newest commit to the oldest, that carries `known` from commits to their parents.
struct Walk<'r> {
    repository: &'r Repository,
    /// The commits that were seen.
    seen: BTreeMap<Oid, Seen>,
    /// What is not a commit that can be read, and whether it exists.
    odd: BTreeMap<Oid, bool>,
    /// What is still to be read, by time.
    queue: BinaryHeap<(i64, Oid)>,
    /// How many commits of the queue are not known.
    new: usize,
    /// How many bytes of commits, and how many parents of new commits, may still be read.
    bytes: u64,
    parents: usize,
}

#[derive(Clone, Copy)]
struct Seen {
    /// Whether a known ref leads to it.
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
            // A commit of long ago that is not as git writes it ends the history: what leads there is not judged.
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
        // A wrong clock can make a commit appear before what shows that it is known.
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

    /// Adds a commit to the queue, unless it was there with the same answer; false if the repository lacks it.
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
        // What becomes known while it is in the queue is in it twice, and is read once.
        self.new += usize::from(!known);
        self.new -= usize::from(before.is_some_and(|seen| seen.queued));
        self.queue.push((commit.time, id));
        true
    }

    /// Reads a commit; nothing if it is not as git writes it, or if enough was read.
    fn read(&mut self, id: Oid) -> Option<object::CommitObject> {
        let (size, _) = self.repository.inner.odb().ok()?.read_header(id).ok()?;
        if size as u64 <= COMMIT_BYTES_MAX {
            self.bytes = self.bytes.checked_sub(size as u64)?;
        }
        object::commit(&self.repository.inner, id).ok()
    }
}
