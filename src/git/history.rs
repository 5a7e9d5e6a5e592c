//! History: the commits that a push would bring, read from the commits' own bytes.
//!
//! Neither `info/grafts`, `shallow`, `refs/replace/` nor a commit-graph file changes what a commit's parents are here.
//! Where a parent is not in the repository, the history ends, and the caller learns it.

use std::collections::{BTreeMap, BinaryHeap};

use git2::Oid;

use super::object;
use super::{Commit, GitError, Repository};
use crate::limits::HISTORY_COMMITS_MAX;

/// Commits that a commit leads to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Their ids, newest first.
    pub commits: Vec<String>,
    /// Whether the repository lacks a parent of one of them, as a shallow clone does.
    pub cut: bool,
}

impl Repository {
    /// The commits that a commit leads to and no ref that matches `known` does, newest first, as by
    /// `git rev-list COMMIT --not --glob=KNOWN`; at most `limit`.
    pub fn reached_from(&self, commit: &Commit, known: &str, limit: usize) -> Result<Reached, GitError> {
        let mut walk = Walk { repository: self, seen: BTreeMap::new(), queue: BinaryHeap::new(), new: 0 };
        walk.add(Oid::from_str(&commit.id)?, false);
        for reference in self.inner.references_glob(known)? {
            let Some(target) = reference?.target() else { continue };
            if let Ok(Some(commit)) = object::peel(&self.inner, target) {
                walk.add(Oid::from_str(&commit.id)?, true);
            }
        }
        walk.run(limit)
    }
}

/// A walk from the newest commit to the oldest, that carries `known` from commits to their parents.
struct Walk<'r> {
    repository: &'r Repository,
    /// The commits that were seen.
    seen: BTreeMap<Oid, Seen>,
    /// What is still to be read, by time.
    queue: BinaryHeap<(i64, Oid)>,
    /// How many commits of the queue are not known.
    new: usize,
}

#[derive(Clone, Copy)]
struct Seen {
    /// Whether a known ref leads to it.
    known: bool,
    queued: bool,
}

impl Walk<'_> {
    fn run(mut self, limit: usize) -> Result<Reached, GitError> {
        let mut reached = Reached::default();
        let mut commits = Vec::new();
        let mut left = HISTORY_COMMITS_MAX;
        while let Some((_, id)) = self.queue.pop().filter(|_| self.new > 0 && left > 0) {
            left -= 1;
            let Some(seen) = self.seen.get_mut(&id).filter(|seen| seen.queued) else { continue };
            seen.queued = false;
            let is_known = seen.known;
            if !is_known {
                self.new -= 1;
                commits.push(id);
                if commits.len() == limit {
                    break;
                }
            }
            // A commit of long ago that is not as git writes it ends the history: what leads there is not judged.
            let Ok(commit) = object::commit(&self.repository.inner, id) else { continue };
            for parent in commit.parents {
                reached.cut |= !self.add(parent, is_known) && !is_known;
            }
        }
        // A wrong clock can make a commit appear before what shows that it is known.
        commits.retain(|id| self.seen.get(id).is_some_and(|seen| !seen.known));
        reached.commits = commits.iter().map(Oid::to_string).collect();
        Ok(reached)
    }

    /// Adds a commit to the queue, unless it was there with the same answer; false if the repository lacks it.
    fn add(&mut self, id: Oid, known: bool) -> bool {
        let before = self.seen.get(&id).copied();
        if before.is_some_and(|seen| seen.known || !known) {
            return true;
        }
        let Ok(commit) = object::commit(&self.repository.inner, id) else {
            return self.repository.inner.odb().is_ok_and(|odb| odb.exists(id));
        };
        self.seen.insert(id, Seen { known, queued: true });
        // What becomes known while it is in the queue is in it twice, and is read once.
        self.new += usize::from(!known);
        self.new -= usize::from(before.is_some_and(|seen| seen.queued));
        self.queue.push((commit.time, id));
        true
    }
}
