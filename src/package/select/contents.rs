//! Contents: a candidate's bytes, as git would commit them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::check::name_error;
use super::{Candidate, InCommit, Origin, SelectError, secrets};
use crate::digest::Sha384;
use crate::files::{self, reading};
use crate::git::{BlobId, Blobs, Folders, GitError};
use crate::inventory::{FileMode, FileRecord};
use crate::limits::{FILE_BYTES_MAX, KNOWN_BLOBS_MAX, LINK_BYTES_MAX, PUSHED_FILTER_STEPS_MAX};
use crate::package::name::check_link;

/// Reads candidates' bytes, for several threads.
pub struct Contents {
    blobs: Option<Arc<Blobs>>,
}

/// What was read of a candidate.
#[derive(Debug)]
pub struct Read {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether they are those of the commit, and the mode is too. For a file of the work tree this compares the
    /// id of the very bytes that were read, whatever the index or the time stamps say. A file that git ignores and the
    /// commit lacks is no difference from the commit.
    pub is_committed: bool,
}

impl Contents {
    /// A reader of candidates outside git.
    pub fn outside() -> Self {
        Self { blobs: None }
    }

    /// A reader of candidates of a repository.
    pub fn of(blobs: Arc<Blobs>) -> Self {
        Self { blobs: Some(blobs) }
    }

    /// A candidate's record, without its bytes, and [`Read::is_committed`]; blobs in `known` are not read again.
    pub fn record(&self, candidate: &Candidate, known: &Known) -> Result<(FileRecord, bool), SelectError> {
        let record = |Digested { size, sha384, .. }: Digested| {
            let (path, mode) = (candidate.path.clone(), candidate.mode);
            FileRecord { path, mode, size, sha384 }
        };
        let needs_bytes = candidate.mode == FileMode::Link || secrets::is_by_content(&candidate.path);
        let (Origin::Blob(blob), Some(blobs), false) = (&candidate.origin, &self.blobs, needs_bytes) else {
            let Read { bytes, is_committed } = self.read(candidate)?;
            return Ok((record(Digested::of(&bytes)), is_committed));
        };
        let digested = match known.get(*blob) {
            Some(digested) => digested,
            None => {
                let digested = blobs.lend(*blob, FILE_BYTES_MAX, Digested::of);
                let digested = digested.map_err(|error| error.at(&candidate.path))?;
                known.put(*blob, digested);
                digested
            }
        };
        if digested.is_pointer {
            return Err(SelectError::LfsPointer(candidate.path.clone()));
        }
        refuse_secret(candidate, digested.secret)?;
        Ok((record(digested), true))
    }

    /// A candidate's bytes: what git would commit, or the commit's own.
    pub fn read(&self, candidate: &Candidate) -> Result<Read, SelectError> {
        let is_link = candidate.mode == FileMode::Link;
        let read = match &candidate.origin {
            Origin::File { path, indexed, in_commit } => {
                let bytes = if is_link { link_target(path)? } else { files::read(path, FILE_BYTES_MAX)? };
                let indexed = if is_link { None } else { *indexed };
                self.as_committed(bytes, indexed, *in_commit)?
            }
            Origin::Blob(blob) => {
                let limit = if is_link { LINK_BYTES_MAX } else { FILE_BYTES_MAX };
                let read = |blobs: &Arc<Blobs>| blobs.read(*blob, limit);
                let bytes = self.blobs.as_ref().map_or(Ok(Vec::new()), read);
                let bytes = bytes.map_err(|error| error.at(&candidate.path))?;
                Read { bytes, is_committed: true }
            }
            Origin::Other(content) => Read { bytes: content.bytes()?, is_committed: false },
        };
        let bytes = &read.bytes;
        if is_link {
            let target = std::str::from_utf8(bytes);
            let target = target.map_err(|_| GitError::NotUtf8(String::from_utf8_lossy(bytes).into()))?;
            check_link(&candidate.path, target).map_err(|fault| name_error(&candidate.path, fault))?;
        } else if is_lfs_pointer(bytes) {
            return Err(SelectError::LfsPointer(candidate.path.clone()));
        } else {
            refuse_secret(candidate, secrets::of_content(&candidate.path, bytes))?;
        }
        Ok(read)
    }

    /// The bytes of a file of the work tree, as git would commit them.
    ///
    /// If a tracked file differs from its blob only in line endings that a checkout wrote as CR LF, the blob
    /// is used, so that `core.autocrlf` does not change packages.
    fn as_committed(
        &self,
        bytes: Vec<u8>,
        indexed: Option<BlobId>,
        in_commit: InCommit,
    ) -> Result<Read, SelectError> {
        let is_committed = |bytes: &[u8]| match in_commit {
            InCommit::Blob(blob) => BlobId::of(bytes) == blob,
            InCommit::Differs => false,
            InCommit::Ignored => true,
        };
        let (Some(blob), Some(blobs)) = (indexed, &self.blobs) else {
            return Ok(Read { is_committed: is_committed(&bytes), bytes });
        };
        if is_committed(&bytes) {
            return Ok(Read { bytes, is_committed: true });
        }
        let bytes = undo_checkout_line_endings(bytes, |size| {
            if blobs.size(blob)? >= size {
                return Ok(None);
            }
            blobs.read(blob, FILE_BYTES_MAX).map(Some)
        })?;
        Ok(Read { is_committed: is_committed(&bytes), bytes })
    }
}

/// What was read of commits: the digests of blobs, so that a blob is read once even if a commit has it a
/// thousand times, and the commits' folders.
#[derive(Debug, Default)]
pub struct Known {
    digests: Mutex<BTreeMap<BlobId, Digested>>,
    folders: Folders,
    /// The steps that matching the patterns of all items took.
    steps: AtomicU64,
}

#[derive(Debug, Clone, Copy)]
struct Digested {
    size: u64,
    sha384: Sha384,
    is_pointer: bool,
    /// What the bytes are, if they are a secret under any name.
    secret: Option<&'static str>,
}

impl Digested {
    fn of(bytes: &[u8]) -> Self {
        Self {
            size: bytes.len() as u64,
            sha384: Sha384::of(bytes),
            is_pointer: is_lfs_pointer(bytes),
            secret: secrets::of_bytes(bytes),
        }
    }
}

impl Known {
    /// The folders that were searched for.
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// Counts steps of matching patterns. Each item has a limit of its own, and a commit can have thousands of items.
    ///
    /// Errors: all items together took too many.
    pub(super) fn count_steps(&self, steps: u64) -> Result<(), SelectError> {
        let taken = self.steps.fetch_add(steps, Ordering::Relaxed).saturating_add(steps);
        match taken > PUSHED_FILTER_STEPS_MAX {
            true => Err(SelectError::Patterns(
                "`include` and `exclude` of all functions and layers take too long to match; list folders instead of using \
                 wildcards"
                    .into(),
            )),
            false => Ok(()),
        }
    }

    /// Forgets the folders, and the digests if there are more than [`KNOWN_BLOBS_MAX`]; called before another
    /// commit.
    pub fn trim(&self) {
        self.folders.clear();
        let mut digests = self.digests();
        if digests.len() > KNOWN_BLOBS_MAX {
            digests.clear();
        }
    }

    /// The size of a blob that was read.
    pub(super) fn size(&self, blob: BlobId) -> Option<u64> {
        self.get(blob).map(|digested| digested.size)
    }

    fn get(&self, blob: BlobId) -> Option<Digested> {
        self.digests().get(&blob).copied()
    }

    fn put(&self, blob: BlobId, digested: Digested) {
        self.digests().insert(blob, digested);
    }

    fn digests(&self) -> MutexGuard<'_, BTreeMap<BlobId, Digested>> {
        self.digests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refuse_secret(candidate: &Candidate, found: Option<&'static str>) -> Result<(), SelectError> {
    match found {
        Some(what) if !candidate.is_allowed_secret => {
            Err(SelectError::Secret { path: candidate.path.clone(), what })
        }
        _ => Ok(()),
    }
}

/// The blob, if the file is the blob with CR LF for LF; otherwise the file.
pub fn undo_checkout_line_endings(
    bytes: Vec<u8>,
    blob: impl FnOnce(u64) -> Result<Option<Vec<u8>>, GitError>,
) -> Result<Vec<u8>, SelectError> {
    if !bytes.windows(2).any(|pair| pair == b"\r\n") {
        return Ok(bytes);
    }
    let Some(blob) = blob(bytes.len() as u64)? else {
        return Ok(bytes);
    };
    let mut rest = bytes.as_slice();
    let same = blob.iter().all(|byte| {
        let skip = usize::from(*byte == b'\n' && rest.starts_with(b"\r\n"));
        let matches = rest.get(skip) == Some(byte);
        rest = rest.get(skip + 1..).unwrap_or_default();
        matches
    });
    Ok(if same && rest.is_empty() { blob } else { bytes })
}

/// Whether the bytes are a Git LFS pointer (Git LFS specification, "The Pointer").
fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.len() < 1024
        && bytes.starts_with(b"version https://git-lfs.github.com/spec/")
        && bytes.windows(11).any(|part| part == b"\noid sha256")
}

fn link_target(path: &Path) -> Result<Vec<u8>, SelectError> {
    let metadata = path.symlink_metadata().map_err(reading(path))?;
    if metadata.is_file() {
        return Ok(files::read(path, LINK_BYTES_MAX)?);
    }
    let target = std::fs::read_link(path).map_err(reading(path))?;
    Ok(target.into_os_string().into_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_of_all_items_have_one_limit() {
        let known = Known::default();
        assert!(known.count_steps(PUSHED_FILTER_STEPS_MAX).is_ok());
        assert!(known.count_steps(1).is_err());
        known.trim();
        assert!(known.count_steps(0).is_err(), "another commit of the push");
    }

    #[test]
    fn only_what_a_checkout_did_to_line_endings_is_undone() {
        let undo = |bytes: &[u8], blob: &[u8]| {
            undo_checkout_line_endings(bytes.to_vec(), |_| Ok(Some(blob.to_vec()))).unwrap()
        };
        assert_eq!(undo(b"a\r\nb\r\n", b"a\nb\n"), b"a\nb\n");
        assert_eq!(undo(b"a\r\nb\r\n", b"a\r\nb\n"), b"a\r\nb\n");
        assert_eq!(undo(b"a\r\nc\r\n", b"a\nb\n"), b"a\r\nc\r\n");
        assert_eq!(undo(b"a\r\nb\r\nc", b"a\nb\n"), b"a\r\nb\r\nc");
        assert_eq!(undo(b"a\r\n", b"a\nb\n"), b"a\r\n");
    }

    #[test]
    fn a_pointer_is_told_from_a_file_about_pointers() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n";
        assert!(is_lfs_pointer(pointer));
        assert!(!is_lfs_pointer(b"version https://git-lfs.github.com/spec/v1 is the first line"));
    }
}
