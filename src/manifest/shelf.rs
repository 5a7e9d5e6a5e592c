//! The shelf: manifests in folders, found by the SHA-256 that they claim to be for.
//!
//! A claim only finds a manifest, which is then verified like one next to its artifact.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::claim::{self, Claim};
use crate::digest::Sha256;
use crate::files::{self, FileError};
use crate::limits::{MANIFEST_BYTES_MAX, MANIFESTS_MAX};

/// Manifests by the SHA-256 of their subject.
#[derive(Debug, Default)]
pub struct Shelf(BTreeMap<Sha256, Vec<PathBuf>>);

/// Why the folders cannot be searched.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// A folder or a manifest cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// There are too many manifests.
    #[error("the folders have more than {MANIFESTS_MAX} manifests")]
    TooMany,
}

impl Shelf {
    /// Searches folders, without subfolders; a folder that does not exist is empty.
    ///
    /// Files that are not manifests are ignored: other tools' bundles have the same suffix.
    pub fn read(folders: &[PathBuf]) -> Result<Self, ShelfError> {
        let (mut shelf, mut newer, mut count) = (Self::default(), Vec::new(), 0);
        for folder in folders {
            let names = files::names_in(folder)?;
            for name in names.iter().filter(|name| name.ends_with(".sigstore.json")) {
                count += 1;
                if count > MANIFESTS_MAX {
                    return Err(ShelfError::TooMany);
                }
                let path = folder.join(name);
                let Some(bytes) = contents(&path)? else { continue };
                if let Some(claim) = Claim::of(&bytes) {
                    shelf.0.entry(claim.sha256).or_default().push(path);
                } else if let Some(sha256) = claim::of_newer(&bytes) {
                    newer.push((sha256, path));
                }
            }
        }
        newer.into_iter().for_each(|(sha256, path)| shelf.0.entry(sha256).or_default().push(path));
        Ok(shelf)
    }

    /// The manifests that claim to be for an artifact with this SHA-256; those newer than this program are last.
    pub fn about(&self, sha256: &Sha256) -> &[PathBuf] {
        self.0.get(sha256).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The content of a file; `None` if it is not a regular file, or too large for a manifest.
fn contents(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match files::read_if_exists(path, MANIFEST_BYTES_MAX) {
        Err(FileError::NotAFile { .. } | FileError::TooLarge { .. }) => Ok(None),
        other => other,
    }
}
