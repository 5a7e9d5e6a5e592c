//! The artifact: an open file whose bytes are digested once and then known.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::FileError;
use crate::digest::{ArtifactDigests, PlainHasher, Sha256, Sha384, chunk_digest};
use crate::limits::CHUNK_BYTES;
use crate::parallel::{Threads, in_order};

/// A regular file, held open: what was digested stays what is read, whatever its path says later.
#[derive(Debug)]
pub struct Artifact {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Artifact {
    /// Opens an artifact.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let (file, size) = super::open(path)?;
        Ok(Self { path: path.into(), file, size })
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes when it was opened.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Fills the buffer with the bytes at an offset.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), FileError> {
        super::read_exact_at(&self.file, buffer, offset).map_err(super::reading(&self.path))
    }

    /// Digests the artifact on all cores, each byte read once.
    ///
    /// Workers hash the chunks; the caller's thread adds them, in order, to the plain digests.
    pub fn digests(&self, threads: Threads) -> Result<ArtifactDigests, FileError> {
        let chunks: Vec<u64> = (0..self.size).step_by(CHUNK_BYTES).collect();
        let mut leaves: Vec<Sha384> = Vec::with_capacity(chunks.len());
        let mut plain = PlainHasher::default();
        let hash = |offset: &u64| {
            let chunk = self.chunk(*offset)?;
            Ok((Sha384::of(&chunk), chunk))
        };
        in_order(
            threads,
            &chunks,
            |_| CHUNK_BYTES as u64,
            hash,
            |(leaf, chunk)| {
                leaves.push(leaf);
                plain.update(&chunk);
                Ok(())
            },
        )?;
        let (sha256, sha384): (Sha256, Sha384) = plain.finish();
        Ok(ArtifactDigests { size: self.size, sha256, sha384, chunk: chunk_digest(self.size, &leaves) })
    }

    fn chunk(&self, offset: u64) -> Result<Vec<u8>, FileError> {
        let mut chunk = vec![0; (self.size - offset).min(CHUNK_BYTES as u64) as usize];
        self.read_at(&mut chunk, offset)?;
        Ok(chunk)
    }
}
