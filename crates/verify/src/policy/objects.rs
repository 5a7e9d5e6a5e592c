//! Objects: files that a snapshot refers to by digest, named by that digest.
//!
//! `objects/ab/cdef…` has the bytes whose SHA-384 is `abcdef…`: the documents as they were sealed, and the
//! tables and pages of the index. A new seal adds objects under new names before its snapshot replaces the
//! old one, so at any interruption one of the two seals is complete.

use std::path::{Path, PathBuf};

use super::error::PolicyError;
use crate::digest::Sha384;
use crate::document::DocumentError;
use crate::files;

/// The objects of a policy directory.
#[derive(Debug, Clone)]
pub struct Objects {
    folder: PathBuf,
}

impl Objects {
    /// The objects of a policy directory.
    pub fn of(directory: &Path) -> Self {
        Self { folder: directory.join("objects") }
    }

    /// The folder of all objects.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of the object with this digest.
    pub fn path(&self, digest: &Sha384) -> PathBuf {
        let text = digest.to_string();
        self.folder.join(&text[..2]).join(&text[2..])
    }

    /// The bytes with this digest, at most `limit`, if the object exists. Different bytes under that name are
    /// an error.
    pub fn get(&self, digest: &Sha384, limit: u64) -> Result<Option<Vec<u8>>, PolicyError> {
        let path = self.path(digest);
        let Some(bytes) = files::read_if_exists(&path, limit)? else { return Ok(None) };
        if Sha384::of(&bytes) == *digest {
            return Ok(Some(bytes));
        }
        Err(DocumentError::new(&path, "content does not match its digest").into())
    }

    /// Like [`Objects::get`], for an object that a sealed document refers to; a missing one is an error.
    pub fn need(&self, digest: &Sha384, limit: u64) -> Result<Vec<u8>, PolicyError> {
        self.get(digest, limit)?.ok_or_else(|| PolicyError::ObjectMissing(self.path(digest)))
    }
}
