//! Commits: what a revision names, read from the object database without a checkout.

use git2::Oid;

use super::object;
use super::tree::{Kind, Tree};
use super::{BlobId, GitError, Repository};
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
    /// The short form of its id, for people.
    pub fn short(&self) -> String {
        self.id.chars().take(12).collect()
    }
}

impl Repository {
    /// The commit that a revision names.
    ///
    /// `info/grafts` changes what `main~1` means, so such a revision is refused if that file has an entry.
    /// Refs and ids do not depend on it.
    pub fn commit(&self, revision: &str) -> Result<Commit, GitError> {
        let grafts = self.common_dir().join("info").join("grafts");
        if revision.contains(['~', '^', ':']) && std::fs::metadata(&grafts).is_ok_and(|file| file.len() > 0) {
            return Err(GitError::Grafts { path: grafts, revision: revision.into() });
        }
        let absent = |_| match self.inner.is_shallow() {
            true => GitError::Shallow(format!("`{revision}` is not a commit that this shallow clone has")),
            false => GitError::Revision(revision.into()),
        };
        let found = self.inner.revparse_single(revision).map_err(absent)?;
        let commit = object::peel(&self.inner, found.id())?;
        commit.ok_or_else(|| GitError::Revision(revision.into()))
    }

    /// A file at the top of a commit, if it exists and is a regular file.
    pub fn committed_file(
        &self,
        commit: &Commit,
        name: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, GitError> {
        let tree = Tree::read(&self.inner, Oid::from_str(&commit.tree)?)?;
        match tree.get(name.as_bytes()).map(|entry| (entry.kind, entry.id)) {
            Some((Kind::File(FileMode::Regular | FileMode::Executable), id)) => {
                self.blob(BlobId(id), limit).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The commit with this id, or the one that this tag names; `None` for a tree, a blob or an object that
    /// does not exist.
    pub fn peeled(&self, id: &str) -> Result<Option<Commit>, GitError> {
        match Oid::from_str(id) {
            Ok(id) if self.inner.odb()?.exists(id) => object::peel(&self.inner, id),
            _ => Ok(None),
        }
    }

    /// Refs below `refs/replace/`, by which git reads a different object for an id; at most a few.
    pub fn replacements(&self) -> Result<Vec<String>, GitError> {
        let names = self.inner.references_glob("refs/replace/*")?;
        let name = |reference: Result<git2::Reference<'_>, git2::Error>| {
            Ok(String::from_utf8_lossy(reference?.name_bytes()).into_owned())
        };
        names.take(3).map(name).collect()
    }
}
