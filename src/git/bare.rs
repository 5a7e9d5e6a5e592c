//! A bare repository for fetched commits; it is read folder by folder and never checked out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use git2::{ObjectType, Oid};

use super::branch::Branch;
use super::program::{self, FETCHED, Limit, ProgramError};
use super::source::{RefName, RemoteUrl};
use super::tree::{self, Kind, Tree};
use super::{BlobId, Commit, GitError, object};
use crate::inventory::FileMode;
use crate::limits::CLOCKS_DIFFER_SECONDS;

/// A bare repository that only countersign uses.
pub struct Bare {
    pub(super) inner: git2::Repository,
    path: PathBuf,
    limit: Limit,
}

/// The name of a folder in the object database.
#[derive(Debug, Clone, Copy)]
pub struct FolderId(pub(super) Oid);

/// What an entry of a folder refers to.
#[derive(Debug, Clone, Copy)]
pub enum Node {
    /// A folder.
    Folder(FolderId),
    /// A regular file.
    File(BlobId),
    /// Anything else: a symbolic link, a submodule.
    Other,
}

/// An entry of a folder. The name is untrusted and can be any bytes.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name.
    pub name: Vec<u8>,
    /// What it leads to.
    pub node: Node,
}

impl Bare {
    /// Opens the bare repository in a folder, and creates it if it does not exist.
    ///
    /// The caller ensures that no other process creates it at the same time.
    pub fn open_or_create(path: &Path) -> Result<Self, GitError> {
        let make = |_| {
            // A process that was killed here leaves the lock behind.
            let _ = std::fs::remove_file(path.join("config.lock"));
            // The user's templates, such as hooks, are for repositories with a work tree.
            let mut options = git2::RepositoryInitOptions::new();
            git2::Repository::init_opts(path, options.bare(true).external_template(false))
        };
        let inner = git2::Repository::open_bare(path).or_else(make)?;
        Ok(Self { inner, path: path.into(), limit: None })
    }

    /// Sets a time limit for each call of the git program.
    pub fn within(self, limit: Duration) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Whether a remote repository has a branch.
    pub fn has_branch(&self, url: &RemoteUrl, branch: &Branch) -> Result<bool, ProgramError> {
        program::has(&self.path, url, &branch.full(), self.limit)
    }

    /// Pushes a local commit on top of a remote branch, or creates the branch.
    pub fn push(&self, url: &RemoteUrl, commit: &Commit, branch: &Branch) -> Result<(), ProgramError> {
        program::push(&self.path, url, &commit.id, branch, self.limit)
    }

    /// Fetches the commit that a remote ref names, and returns it.
    ///
    /// The caller ensures that no other process fetches into this repository at the same time.
    pub fn fetch(&self, url: &RemoteUrl, reference: &RefName) -> Result<Commit, FetchedError> {
        self.unlock();
        program::fetch(&self.path, url, reference, self.limit)?;
        self.fetched()
    }

    /// Whether a fetched commit is in the history of a remote branch, by commit times.
    ///
    /// Fetches only history that is not much older than the commit, since a commit is newer than its parents.
    pub fn is_in(&self, url: &RemoteUrl, commit: &Commit, branch: &Branch) -> Result<bool, FetchedError> {
        let newest = self.fetch(url, &branch.full())?;
        let time = |commit: &Commit| -> Result<i64, GitError> {
            Ok(object::commit(&self.inner, Oid::from_str(&commit.id)?)?.time)
        };
        let since = time(commit)?.saturating_sub(CLOCKS_DIFFER_SECONDS).max(1);
        // For a branch that is older than this, the server sends nothing.
        if time(&newest)? < since {
            return Ok(false);
        }
        self.unlock();
        program::fetch_since(&self.path, url, &branch.full(), since, self.limit)?;
        let newest = self.fetched()?;
        Ok(program::is_ancestor(&self.path, &commit.id, &newest.id, self.limit)?)
    }

    /// Removes the lock files of a git process that was killed; each would block the next fetch.
    fn unlock(&self) {
        for left in ["shallow.lock".to_owned(), format!("{FETCHED}.lock")] {
            let _ = std::fs::remove_file(self.path.join(left));
        }
    }

    fn fetched(&self) -> Result<Commit, FetchedError> {
        self.inner.odb().and_then(|odb| odb.refresh()).map_err(GitError::from)?;
        let found = self.inner.revparse_single(FETCHED).map_err(GitError::from)?;
        let commit = object::peel(&self.inner, found.id())?;
        Ok(commit.ok_or_else(|| GitError::Revision(FETCHED.into()))?)
    }

    /// The root folder of a commit.
    pub fn top(&self, commit: &Commit) -> Result<FolderId, GitError> {
        Ok(FolderId(Oid::from_str(&commit.tree)?))
    }

    /// The entries of a folder, in git's order.
    pub fn entries(&self, folder: FolderId) -> Result<Vec<Entry>, GitError> {
        let tree = Tree::read(&self.inner, folder.0)?;
        Ok(tree.entries().map(|entry| Entry { name: entry.name.into(), node: node(&entry) }).collect())
    }

    /// What a name in a folder refers to, if the name exists.
    pub fn entry(&self, folder: FolderId, name: &str) -> Result<Option<Node>, GitError> {
        Ok(Tree::read(&self.inner, folder.0)?.get(name.as_bytes()).map(|entry| node(&entry)))
    }

    /// The id of the blob with these bytes, whether or not the repository has it.
    pub fn blob_of(bytes: &[u8]) -> Result<BlobId, GitError> {
        Ok(BlobId(Oid::hash_object(ObjectType::Blob, bytes)?))
    }

    /// A blob's size in bytes, without reading it.
    pub fn size(&self, blob: BlobId) -> Result<u64, GitError> {
        Ok(self.inner.odb()?.read_header(blob.0)?.0 as u64)
    }

    /// Passes a blob's bytes to `to` without a copy; the caller has checked the size.
    pub fn lend<T>(&self, blob: BlobId, to: impl FnOnce(&[u8]) -> T) -> Result<T, GitError> {
        Ok(to(self.inner.find_blob(blob.0)?.content()))
    }
}

fn node(entry: &tree::Entry<'_>) -> Node {
    match entry.kind {
        Kind::Folder => Node::Folder(FolderId(entry.id)),
        Kind::File(FileMode::Regular | FileMode::Executable) => Node::File(BlobId(entry.id)),
        Kind::File(_) | Kind::Submodule => Node::Other,
    }
}

/// Why a commit cannot be fetched or read.
#[derive(Debug, thiserror::Error)]
pub enum FetchedError {
    /// The git program failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The fetched commit cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}
