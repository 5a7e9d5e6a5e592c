//! Sparse checkouts: the `.gitignore` files that are in the index only.

use std::collections::BTreeMap;

use super::{FILE_NAME, GitError, Repository};
use crate::git::{BlobId, Blobs, Index};
use crate::limits::IGNORE_FILE_BYTES_MAX;

/// The `.gitignore` files that a sparse checkout left out.
pub struct Sparse {
    /// By the path of their folder, as in [`super::Level::path`].
    files: BTreeMap<Vec<u8>, BlobId>,
    blobs: Blobs,
}

impl Sparse {
    /// Finds them in the index.
    pub fn of(repository: &Repository, index: &Index) -> Self {
        let files = index.left_out(FILE_NAME).map(|(folder, blob)| (folder.to_vec(), blob));
        Self { files: files.collect(), blobs: repository.blobs() }
    }

    /// The bytes of the file of a folder, if it was left out.
    pub fn read(&self, folder: &[u8]) -> Result<Option<Vec<u8>>, GitError> {
        let Some(blob) = self.files.get(folder) else { return Ok(None) };
        self.blobs.read(*blob, IGNORE_FILE_BYTES_MAX).map(Some)
    }
}
