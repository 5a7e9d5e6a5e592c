//! The walk: the files in a folder of a commit, with a bound on expansion.
//!
//! A tree that contains another ten times, which contains another ten times, names 10^12 files with few
//! objects. Each visit of a tree counts, and the count can exceed the number of stored entries only by a
//! small factor. Nothing recurses, and only the paths of folders that are still to read are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use git2::Oid;

use super::tree::{Kind, Tree};
use super::{BlobId, Commit, GitError, GitFile, Repository};
use crate::limits::{
    PATH_BYTES_MAX, WALKED_NAMES_EACH, WALKED_NAMES_FREE, WALKED_PATH_BYTES_EACH, WALKED_PATH_BYTES_FREE,
};

/// Counts the visits of a walk.
#[derive(Debug, Default)]
pub struct Walk {
    names: u64,
    path_bytes: u64,
    seen: BTreeSet<Oid>,
    stored_names: u64,
    stored_bytes: u64,
}

impl Walk {
    /// Counts a visit of a tree whose paths have a prefix of this many bytes.
    pub fn visit(&mut self, id: Oid, tree: &Tree, prefix: usize) -> Result<(), GitError> {
        // A folder counts too, since there can be as many empty ones.
        let names = tree.count() as u64 + 1;
        let bytes: u64 = tree.entries().map(|entry| (entry.name.len() + prefix) as u64).sum();
        self.names = self.names.saturating_add(names);
        self.path_bytes = self.path_bytes.saturating_add(bytes);
        if self.seen.insert(id) {
            self.stored_names += names;
            self.stored_bytes += tree.size();
        }
        let names_max = WALKED_NAMES_FREE + WALKED_NAMES_EACH * self.stored_names;
        let bytes_max = WALKED_PATH_BYTES_FREE + WALKED_PATH_BYTES_EACH * self.stored_bytes;
        if self.names > names_max || self.path_bytes > bytes_max {
            return Err(GitError::Unfolds { names: self.names, stored: self.stored_names });
        }
        Ok(())
    }
}

/// The folders of commits that were searched for, so that each is searched for once.
#[derive(Debug, Default)]
pub struct Folders(Mutex<BTreeMap<(String, String), Option<Oid>>>);

impl Folders {
    fn known(&self) -> MutexGuard<'_, BTreeMap<(String, String), Option<Oid>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all of them.
    pub fn clear(&self) {
        self.known().clear();
    }
}

impl Repository {
    /// Passes each file in a folder of a commit to `each`, in no particular order.
    pub fn committed<E: From<GitError>>(
        &self,
        commit: &Commit,
        folder: &str,
        each: impl FnMut(GitFile) -> Result<(), E>,
    ) -> Result<(), E> {
        self.committed_in(&Folders::default(), commit, folder, |_| Ok(()), each)
    }

    /// Like [`Self::committed`], with a folder that may be known. `read` gets the number of names in each
    /// tree that is read, plus one.
    pub fn committed_in<E: From<GitError>>(
        &self,
        folders: &Folders,
        commit: &Commit,
        folder: &str,
        mut read: impl FnMut(u64) -> Result<(), E>,
        mut each: impl FnMut(GitFile) -> Result<(), E>,
    ) -> Result<(), E> {
        self.find_folders(folders, commit, &[folder], &mut read)?;
        let key = (commit.tree.clone(), folder.to_owned());
        let Some(top) = folders.known().get(&key).copied().flatten() else { return Ok(()) };
        let mut walk = Walk::default();
        let mut open = vec![(String::new(), true, top)];
        while let Some((prefix, is_utf8, id)) = open.pop() {
            let tree = Tree::read(&self.inner, id)?;
            walk.visit(id, &tree, prefix.len())?;
            read(tree.count() as u64 + 1)?;
            for entry in tree.entries() {
                let name = String::from_utf8_lossy(entry.name);
                let is_utf8 = is_utf8 && std::str::from_utf8(entry.name).is_ok();
                let path = format!("{prefix}{name}");
                if path.len() > PATH_BYTES_MAX {
                    return Err(GitError::PathTooLong(path.chars().take(200).collect()).into());
                }
                let mode = match entry.kind {
                    Kind::Folder => {
                        open.push((path + "/", is_utf8, entry.id));
                        continue;
                    }
                    Kind::File(mode) => Some(mode),
                    Kind::Submodule => None,
                };
                each(GitFile { path, is_utf8, mode, blob: BlobId(entry.id) })?;
            }
        }
        Ok(())
    }

    /// Finds folders of a commit in one walk: a tree on the way to several of them is read once. `read` gets
    /// the number of names in each tree that is read, plus one.
    pub fn find_folders<E: From<GitError>>(
        &self,
        folders: &Folders,
        commit: &Commit,
        paths: &[&str],
        mut read: impl FnMut(u64) -> Result<(), E>,
    ) -> Result<(), E> {
        let key = |path: &str| (commit.tree.clone(), path.to_owned());
        let mut wanted: Vec<(Vec<&str>, &str)> = {
            let known = folders.known();
            let unknown = paths.iter().filter(|path| !known.contains_key(&key(path)));
            unknown.map(|path| (path.split('/').filter(|name| !name.is_empty()).collect(), *path)).collect()
        };
        if wanted.is_empty() {
            return Ok(());
        }
        wanted.sort();
        let mut found: BTreeMap<_, _> = wanted.iter().map(|(_, path)| (key(path), None)).collect();
        let top = Oid::from_str(&commit.tree).map_err(GitError::from)?;
        // Trees, the depth of each, and the folders to find in it.
        let mut open = vec![(top, 0, wanted.as_slice())];
        while let Some((id, depth, wanted)) = open.pop() {
            let (here, below) = wanted.split_at(wanted.partition_point(|(names, _)| names.len() == depth));
            for (_, path) in here {
                found.insert(key(path), Some(id));
            }
            if below.is_empty() {
                continue;
            }
            let tree = Tree::read(&self.inner, id)?;
            read(tree.count() as u64 + 1)?;
            for same in below.chunk_by(|(a, _), (b, _)| a.get(depth) == b.get(depth)) {
                let name = same.first().and_then(|(names, _)| names.get(depth));
                let entry = name.and_then(|name| tree.get(name.as_bytes()));
                if let Some(entry) = entry.filter(|entry| entry.kind == Kind::Folder) {
                    open.push((entry.id, depth + 1, same));
                }
            }
        }
        folders.known().append(&mut found);
        Ok(())
    }
}
