//! Commits: what they hold, read from the object database and never checked out.

use std::collections::BTreeSet;

use git2::{ObjectType, Oid};

use super::{BlobId, GitError, GitFile, Repository};
use crate::inventory::FileMode;

/// A commit, with its tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Commit {
    /// The commit's id.
    pub id: String,
    /// Its tree's id.
    pub tree: String,
}

impl Commit {
    /// The beginning of its id, for people.
    pub fn short(&self) -> String {
        self.id.chars().take(12).collect()
    }
}

impl Repository {
    /// The commit that a revision names.
    pub fn commit(&self, revision: &str) -> Result<Commit, GitError> {
        let commit = self.find_commit(revision)?;
        Ok(Commit { id: commit.id().to_string(), tree: commit.tree_id().to_string() })
    }

    /// The files of a commit below a folder, from the object database.
    pub fn committed(&self, revision: &str, folder: &str) -> Result<Vec<GitFile>, GitError> {
        let mut tree = self.tree(self.find_commit(revision)?.tree_id())?;
        for name in folder.split('/').filter(|name| !name.is_empty()) {
            let next = tree.get_name(name).filter(|entry| entry.kind() == Some(ObjectType::Tree));
            let Some(next) = next.map(|entry| entry.id()) else {
                return Ok(Vec::new());
            };
            tree = self.tree(next)?;
        }
        let mut files = Vec::new();
        self.add_tree(&tree, "", &mut files)?;
        Ok(files)
    }

    fn add_tree(&self, tree: &git2::Tree<'_>, above: &str, files: &mut Vec<GitFile>) -> Result<(), GitError> {
        for entry in tree {
            let name = std::str::from_utf8(entry.name_bytes())
                .map_err(|_| GitError::NotUtf8(String::from_utf8_lossy(entry.name_bytes()).into()))?;
            if name.is_empty()
                || name.contains('/')
                || matches!(name, "." | "..")
                || name.eq_ignore_ascii_case(".git")
            {
                return Err(GitError::HostileName(name.into()));
            }
            let path = if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") };
            if entry.kind() == Some(ObjectType::Tree) {
                self.add_tree(&self.tree(entry.id())?, &path, files)?;
            } else {
                let mode = u32::try_from(entry.filemode()).ok().and_then(FileMode::from_git);
                files.push(GitFile { path, mode, blob: BlobId(entry.id()) });
            }
        }
        Ok(())
    }

    /// A tree in which a lookup, a walk and a checkout see the same: each name once, in git's order.
    ///
    /// Git sorts a folder as if its name ended in a slash (`base_name_compare`), and `receive-pack` takes
    /// trees that are not so, unless `receive.fsckObjects` is set.
    fn tree(&self, id: Oid) -> Result<git2::Tree<'_>, GitError> {
        let tree = self.inner.find_tree(id)?;
        let (mut last, mut names) = (Vec::new(), BTreeSet::new());
        for entry in &tree {
            let slash: &[u8] = if entry.kind() == Some(ObjectType::Tree) { b"/" } else { b"" };
            let key = [entry.name_bytes(), slash].concat();
            if key <= last || !names.insert(entry.name_bytes().to_vec()) {
                return Err(GitError::HostileTree(id.to_string()));
            }
            last = key;
        }
        Ok(tree)
    }

    /// A file at the top of a commit, if the commit has a regular file of this name.
    pub fn committed_file(
        &self,
        revision: &str,
        name: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, GitError> {
        let tree = self.tree(self.find_commit(revision)?.tree_id())?;
        let Some(entry) = tree.get_name(name) else { return Ok(None) };
        let mode = u32::try_from(entry.filemode()).ok().and_then(FileMode::from_git);
        match mode {
            Some(FileMode::Regular | FileMode::Executable) => self.blob(BlobId(entry.id()), limit).map(Some),
            _ => Ok(None),
        }
    }

    /// The commit that an object is, or that a tag leads to; nothing for a tree, a blob or what is not there.
    pub fn peeled(&self, id: &str) -> Option<Commit> {
        let object = self.inner.find_object(Oid::from_str(id).ok()?, None).ok()?;
        let commit = object.peel_to_commit().ok()?;
        Some(Commit { id: commit.id().to_string(), tree: commit.tree_id().to_string() })
    }

    /// The commits that a commit leads to and no ref below `known` does, newest first, as by
    /// `git rev-list COMMIT --not --glob=KNOWN`; at most `limit`.
    pub fn reached_from(&self, commit: &Commit, known: &str, limit: usize) -> Result<Vec<String>, GitError> {
        let mut walk = self.inner.revwalk()?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::TIME)?;
        walk.push(Oid::from_str(&commit.id)?)?;
        walk.hide_glob(known)?;
        walk.take(limit).map(|id| Ok(id?.to_string())).collect()
    }

    pub(super) fn find_commit(&self, revision: &str) -> Result<git2::Commit<'_>, GitError> {
        let found = self.inner.revparse_single(revision).and_then(|object| object.peel_to_commit());
        found.map_err(|_| GitError::Revision(revision.into()))
    }
}
