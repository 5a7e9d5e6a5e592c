//! Handles: one repository, read by several threads.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::{BlobId, GitError, Repository, Way};

/// A repository for several threads, each with its own handle.
pub struct Handles {
    way: Way,
    top: PathBuf,
    promised_at: Option<String>,
    idle: Mutex<Vec<Repository>>,
}

impl Handles {
    pub(super) fn new(way: Way, top: PathBuf, promised_at: Option<String>) -> Self {
        Self { way, top, promised_at, idle: Mutex::new(Vec::new()) }
    }

    /// Calls `work` with a handle that no other thread uses at the same time.
    pub fn with<T, E: From<GitError>>(&self, work: impl FnOnce(&Repository) -> Result<T, E>) -> Result<T, E> {
        let lock = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = lock().pop();
        let repository = match idle {
            Some(repository) => repository,
            None => Repository {
                inner: self.way.open().map_err(GitError::from)?,
                top: self.top.clone(),
                place: self.top.clone(),
                way: self.way.clone(),
                promised_at: self.promised_at.clone(),
            },
        };
        let result = work(&repository);
        lock().push(repository);
        result
    }
}

/// A reader of blobs for several threads.
pub struct Blobs(Handles);

impl Blobs {
    pub(super) fn new(handles: Handles) -> Self {
        Self(handles)
    }

    /// The repository for several threads.
    pub fn handles(&self) -> &Handles {
        &self.0
    }

    /// A blob's size in bytes.
    pub fn size(&self, blob: BlobId) -> Result<u64, GitError> {
        self.0.with(|repository| repository.blob_size(blob))
    }

    /// A blob's bytes, at most `limit`.
    pub fn read(&self, blob: BlobId, limit: u64) -> Result<Vec<u8>, GitError> {
        self.0.with(|repository| repository.blob(blob, limit))
    }

    /// Passes a blob's bytes, at most `limit`, to `to` without a copy.
    pub fn lend<T>(&self, blob: BlobId, limit: u64, to: impl FnOnce(&[u8]) -> T) -> Result<T, GitError> {
        self.0.with(|repository| repository.lend(blob, limit, to))
    }
}
