//! Sparse checkouts: the `.gitignore` files that are in the index only.

use std::collections::BTreeMap;

use super::{FILE_NAME, GitError, Repository};
use crate::git::{BlobId, Blobs};
use crate::limits::IGNORE_FILE_BYTES_MAX;

/// The index's flag for a file that a sparse checkout leaves out (gitformat-index, "skip-worktree").
const SKIP_WORKTREE: u16 = 1 << 14;

/// The `.gitignore` files that a sparse checkout left out.
pub struct Sparse {
    /// By the path of their folder, as in [`super::Level::path`].
    files: BTreeMap<Vec<u8>, BlobId>,
    blobs: Blobs,
}

impl Sparse {
    /// Finds them in the index.
    pub fn of(repository: &Repository) -> Result<Self, GitError> {
        let mut index = repository.inner.index()?;
        index.read(false)?;
        let left_out = |entry: git2::IndexEntry| {
            let folder = entry.path.strip_suffix(FILE_NAME.as_bytes())?;
            let is_whole = folder.is_empty() || folder.ends_with(b"/");
            let is_sparse = entry.flags_extended & SKIP_WORKTREE != 0;
            (is_whole && is_sparse).then(|| (folder.to_vec(), BlobId(entry.id)))
        };
        Ok(Self { files: index.iter().filter_map(left_out).collect(), blobs: repository.blobs() })
    }

    /// The bytes of the file of a folder, if it was left out.
    pub fn read(&self, folder: &[u8]) -> Result<Option<Vec<u8>>, GitError> {
        let Some(blob) = self.files.get(folder) else { return Ok(None) };
        self.blobs.read(*blob, IGNORE_FILE_BYTES_MAX).map(Some)
    }
}
