//! The artifact: an open file whose bytes are digested once.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{FileError, reading};
use crate::digest::{self, ArtifactDigests, CHUNKS_BYTES, QuickDigests, Sha256Hasher, Sha384, Sha384Hasher};
use crate::limits::HASH_WINDOW_BYTES;
use crate::parallel::{Threads, in_order_beside};

/// A regular file that is kept open, so that the digested file is also the one that is read, even if its path
/// changes.
///
/// Other processes with write access can still change its bytes between two reads, but not those of a copy.
#[derive(Debug)]
pub struct Artifact {
    path: PathBuf,
    bytes: Bytes,
    size: u64,
}

/// The source of the bytes.
#[derive(Debug)]
enum Bytes {
    /// An open file.
    File(File),
    Memory(Vec<u8>),
}

impl Artifact {
    /// Opens an artifact.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let (file, size) = super::open(path)?;
        Ok(Self { path: path.into(), bytes: Bytes::File(file), size })
    }

    /// An artifact whose bytes are in memory, where no other process can change them.
    pub fn in_memory(path: &Path, bytes: Vec<u8>) -> Self {
        Self { path: path.into(), size: bytes.len() as u64, bytes: Bytes::Memory(bytes) }
    }

    /// An artifact whose bytes are in an open file of this size; the path only names it.
    pub fn in_file(path: &Path, file: File, size: u64) -> Self {
        Self { path: path.into(), bytes: Bytes::File(file), size }
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
        let read = match &self.bytes {
            Bytes::File(file) => super::read_exact_at(file, buffer, offset),
            Bytes::Memory(bytes) => copy_at(bytes, buffer, offset),
        };
        read.map_err(reading(&self.path))
    }

    /// Every digest of the artifact.
    pub fn digests(&self, threads: Threads) -> Result<ArtifactDigests, FileError> {
        let (mut sha256, mut sha384) = (Sha256Hasher::default(), Sha384Hasher::default());
        let chunk = self.chunk_digest(threads, |bytes| {
            sha256.update(bytes);
            sha384.update(bytes);
        })?;
        Ok(ArtifactDigests { size: self.size, sha256: sha256.finish(), sha384: sha384.finish(), chunk })
    }

    /// The digests that can be computed in parallel, and SHA-256, for which processors have instructions.
    pub fn quick_digests(&self, threads: Threads) -> Result<QuickDigests, FileError> {
        let mut sha256 = Sha256Hasher::default();
        let chunk = self.chunk_digest(threads, |bytes| sha256.update(bytes))?;
        Ok(QuickDigests { size: self.size, sha256: sha256.finish(), chunk })
    }

    /// The chunk digest; each byte is read once, and also passed to `each` in order, on the caller's thread.
    ///
    /// `each` computes a digest that takes about as long as reading and the leaves, so its thread counts.
    fn chunk_digest(&self, threads: Threads, mut each: impl FnMut(&[u8])) -> Result<Sha384, FileError> {
        let runs: Vec<u64> = (0..self.size).step_by(CHUNKS_BYTES).collect();
        let mut leaves: Vec<Sha384> = Vec::new();
        let buffers = Buffers::default();
        let hash = |offset: &u64| {
            let mut bytes = buffers.take((self.size - offset).min(CHUNKS_BYTES as u64) as usize);
            self.read_at(&mut bytes, *offset)?;
            Ok((digest::leaves(&bytes), bytes))
        };
        in_order_beside(
            threads,
            HASH_WINDOW_BYTES,
            &runs,
            |_| CHUNKS_BYTES as u64,
            hash,
            |(run, bytes)| {
                leaves.extend(run);
                each(&bytes);
                buffers.put_back(bytes);
                Ok(())
            },
        )?;
        Ok(digest::chunk_digest(self.size, &leaves))
    }
}

fn copy_at(bytes: &[u8], buffer: &mut [u8], offset: u64) -> io::Result<()> {
    let from = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..));
    let there = from.and_then(|bytes| bytes.get(..buffer.len())).ok_or(io::ErrorKind::UnexpectedEof)?;
    buffer.copy_from_slice(there);
    Ok(())
}

/// Buffers that the threads share, so that each is allocated once.
#[derive(Default)]
struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    fn take(&self, length: usize) -> Vec<u8> {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut buffer = spare.unwrap_or_default();
        buffer.resize(length, 0);
        buffer
    }

    fn put_back(&self, buffer: Vec<u8>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}
