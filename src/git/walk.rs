//! The walk: the files below a folder of a commit, with what is walked counted against what is stored.
//!
//! A tree that holds another ten times, which holds another ten times, names 10^12 files with few objects. Each visit
//! of a tree counts, and the count may pass what the trees that were seen hold only by a small factor. Nothing recurses,
//! and no more is kept than the paths of folders that are still to be read.

use std::collections::BTreeSet;

use git2::Oid;

use super::tree::{Kind, Tree};
use super::{BlobId, Commit, GitError, GitFile, Repository};
use crate::limits::{
    PATH_BYTES_MAX, WALKED_NAMES_EACH, WALKED_NAMES_FREE, WALKED_PATH_BYTES_EACH, WALKED_PATH_BYTES_FREE,
};

/// Counts what a walk visits.
#[derive(Debug, Default)]
pub struct Walk {
    names: u64,
    path_bytes: u64,
    seen: BTreeSet<Oid>,
    stored_names: u64,
    stored_bytes: u64,
}

impl Walk {
    /// Counts a visit of a tree whose entries have paths that begin with so many bytes.
    pub fn visit(&mut self, id: Oid, tree: &Tree, prefix: usize) -> Result<(), GitError> {
        // A folder counts too, since there may be as many empty ones.
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

impl Repository {
    /// Hands each file of a commit below a folder to `each`, in no certain order.
    pub fn committed<E: From<GitError>>(
        &self,
        commit: &Commit,
        folder: &str,
        mut each: impl FnMut(GitFile) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(top) = self.folder(commit, folder)? else { return Ok(()) };
        let mut walk = Walk::default();
        let mut folders = vec![(String::new(), top)];
        while let Some((prefix, id)) = folders.pop() {
            let tree = Tree::read(&self.inner, id)?;
            walk.visit(id, &tree, prefix.len())?;
            for entry in tree.entries() {
                let name = std::str::from_utf8(entry.name)
                    .map_err(|_| GitError::NotUtf8(String::from_utf8_lossy(entry.name).into()))?;
                let path = format!("{prefix}{name}");
                if path.len() > PATH_BYTES_MAX {
                    return Err(GitError::PathTooLong(path.chars().take(200).collect()).into());
                }
                let mode = match entry.kind {
                    Kind::Folder => {
                        folders.push((path + "/", entry.id));
                        continue;
                    }
                    Kind::File(mode) => Some(mode),
                    Kind::Submodule => None,
                };
                each(GitFile { path, mode, blob: BlobId(entry.id) })?;
            }
        }
        Ok(())
    }

    /// The tree of a folder of a commit, if the commit has the folder.
    fn folder(&self, commit: &Commit, folder: &str) -> Result<Option<Oid>, GitError> {
        let mut id = Oid::from_str(&commit.tree)?;
        for name in folder.split('/').filter(|name| !name.is_empty()) {
            let tree = Tree::read(&self.inner, id)?;
            match tree.get(name.as_bytes()) {
                Some(entry) if entry.kind == Kind::Folder => id = entry.id,
                _ => return Ok(None),
            }
        }
        Ok(Some(id))
    }
}
