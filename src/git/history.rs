//! History: the ancestors of a commit, newest first, read from the bytes of the commits.
//!
//! `info/grafts`, `shallow`, `refs/replace/` and commit-graph files do not change the parents of a commit
//! here. Where the repository lacks a parent, the history ends and the walk says so. Which refs exist, here or
//! elsewhere, makes no difference: the ancestors of a commit are the same in every complete clone.

use std::collections::{BTreeMap, BinaryHeap};

use git2::Oid;

use super::object;
use super::{Commit, GitError, Repository};
use crate::limits::{
    ANCESTORS_MAX, COMMIT_BYTES_MAX, HISTORY_BYTES_MAX, HISTORY_COMMITS_MAX, HISTORY_PARENTS_MAX,
    PUSHED_STEPS_MAX,
};

/// The commits that were read for any walk, each once.
pub struct History<'r> {
    repository: &'r Repository,
    commits: Vec<Read>,
    places: BTreeMap<Oid, Found>,
    /// How many more bytes of commits, parents, and steps from commits to parents there can be.
    bytes: u64,
    parents: usize,
    steps: usize,
}

/// A walk through the ancestors of one commit: the newest [`ANCESTORS_MAX`], by the time of their committer.
pub struct Ancestors {
    /// The commits still to visit, by time.
    queue: BinaryHeap<(i64, Oid, usize)>,
    seen: Vec<bool>,
    left: usize,
    cut: bool,
}

/// What the repository has under the id of a parent.
#[derive(Clone, Copy)]
enum Found {
    /// A commit, at this place of the list.
    At(usize),
    /// An object that is not as git writes commits: the history ends there.
    Odd,
    /// Nothing, as beyond the boundary of a shallow clone.
    Missing,
}

struct Read {
    id: Oid,
    time: i64,
    parents: Parents,
    /// Whether the caller lists it, once asked.
    listed: Option<bool>,
}

enum Parents {
    /// Their ids.
    Named(Box<[Oid]>),
    /// Their places, and whether the repository lacks one of them.
    At { places: Box<[usize]>, cut: bool },
}

impl Ancestors {
    /// Whether the repository lacks a parent of a visited commit, as a shallow clone does.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Adds a commit, unless it was added before.
    fn add(&mut self, commit: &Read, place: usize) {
        if self.seen.len() <= place {
            self.seen.resize(place + 1, false);
        }
        if !std::mem::replace(&mut self.seen[place], true) {
            self.queue.push((commit.time, commit.id, place));
        }
    }
}

impl<'r> History<'r> {
    /// A history of which nothing is read yet.
    pub fn of(repository: &'r Repository) -> Self {
        Self {
            repository,
            commits: Vec::new(),
            places: BTreeMap::new(),
            bytes: HISTORY_BYTES_MAX,
            parents: HISTORY_PARENTS_MAX,
            steps: PUSHED_STEPS_MAX,
        }
    }

    /// Starts a walk through the ancestors of a commit, without the commit.
    pub fn ancestors(&mut self, commit: &Commit) -> Result<Ancestors, GitError> {
        let mut walk =
            Ancestors { queue: BinaryHeap::new(), seen: Vec::new(), left: ANCESTORS_MAX, cut: false };
        if let Found::At(place) = self.find(Oid::from_str(&commit.id)?)? {
            walk.add(&self.commits[place], place);
            walk.queue.clear();
            self.step(&mut walk, place)?;
        }
        Ok(walk)
    }

    /// The next ancestor that `listed` accepts, which is asked once for each commit of the history; `None` at the
    /// end.
    ///
    /// Errors: all walks together take more work than the limits allow.
    pub fn next(
        &mut self,
        walk: &mut Ancestors,
        mut listed: impl FnMut(&str) -> Result<bool, GitError>,
    ) -> Result<Option<String>, GitError> {
        while walk.left > 0
            && let Some((_, id, place)) = walk.queue.pop()
        {
            walk.left -= 1;
            self.step(walk, place)?;
            let is_listed = match self.commits[place].listed {
                Some(is_listed) => is_listed,
                None => listed(&id.to_string())?,
            };
            self.commits[place].listed = Some(is_listed);
            if is_listed {
                return Ok(Some(id.to_string()));
            }
        }
        Ok(None)
    }

    /// Adds the parents of a commit to a walk.
    fn step(&mut self, walk: &mut Ancestors, place: usize) -> Result<(), GitError> {
        if let Parents::Named(ids) = &self.commits[place].parents {
            let ids = ids.clone();
            let (mut places, mut cut) = (Vec::with_capacity(ids.len()), false);
            for id in &ids {
                match self.find(*id)? {
                    Found::At(place) => places.push(place),
                    Found::Odd => {}
                    Found::Missing => cut = true,
                }
            }
            self.commits[place].parents = Parents::At { places: places.into(), cut };
        }
        let Parents::At { places, cut } = &self.commits[place].parents else { return Ok(()) };
        walk.cut |= cut;
        self.steps = self.steps.checked_sub(1 + places.len()).ok_or(GitError::TooMuchToSearch)?;
        for place in places {
            walk.add(&self.commits[*place], *place);
        }
        Ok(())
    }

    fn find(&mut self, id: Oid) -> Result<Found, GitError> {
        if let Some(found) = self.places.get(&id) {
            return Ok(*found);
        }
        if self.places.len() == HISTORY_COMMITS_MAX {
            return Err(GitError::TooMuchToSearch);
        }
        let found = match self.read(id)? {
            Some(commit) => {
                self.commits.push(commit);
                Found::At(self.commits.len() - 1)
            }
            None if self.repository.inner.odb().is_ok_and(|odb| odb.exists(id)) => Found::Odd,
            None => Found::Missing,
        };
        self.places.insert(id, found);
        Ok(found)
    }

    /// Reads a commit; `None` if it does not exist, or is not as git writes it.
    fn read(&mut self, id: Oid) -> Result<Option<Read>, GitError> {
        let header = self.repository.inner.odb()?.read_header(id);
        let Some((size, _)) = header.ok().filter(|(size, _)| *size as u64 <= COMMIT_BYTES_MAX) else {
            return Ok(None);
        };
        self.bytes = self.bytes.checked_sub(size as u64).ok_or(GitError::TooMuchToSearch)?;
        let Ok(object::CommitObject { mut parents, time, .. }) = object::commit(&self.repository.inner, id)
        else {
            return Ok(None);
        };
        parents.sort_unstable();
        parents.dedup();
        self.parents = self.parents.checked_sub(parents.len()).ok_or(GitError::TooMuchToSearch)?;
        Ok(Some(Read { id, time, parents: Parents::Named(parents.into()), listed: None }))
    }
}
