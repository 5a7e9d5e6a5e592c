//! Private copies of artifacts, which no other process can change.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::artifact::Artifact;
use super::{FileError, writing};
use crate::digest::CHUNKS_BYTES;
use crate::limits::HELD_BYTES_MAX;

/// Copies an artifact to memory, or to an unnamed temporary file if it is over [`HELD_BYTES_MAX`].
///
/// Signing reads the copy, so that its files and its digests are of the same bytes.
pub fn copy(path: &Path) -> Result<Artifact, FileError> {
    copy_holding(path, HELD_BYTES_MAX)
}

fn copy_holding(path: &Path, most: u64) -> Result<Artifact, FileError> {
    let original = Artifact::open(path)?;
    if original.size() > most {
        return Ok(Artifact::in_file(path, temporary_copy(&original)?, original.size()));
    }
    let mut bytes = vec![0; original.size() as usize];
    original.read_at(&mut bytes, 0)?;
    Ok(Artifact::in_memory(path, bytes))
}

fn temporary_copy(original: &Artifact) -> Result<File, FileError> {
    let failed = |source| writing(&std::env::temp_dir())(source);
    let mut copy = tempfile::tempfile().map_err(failed)?;
    let mut piece = vec![0; CHUNKS_BYTES];
    for offset in (0..original.size()).step_by(CHUNKS_BYTES) {
        let count = (original.size() - offset).min(CHUNKS_BYTES as u64) as usize;
        original.read_at(&mut piece[..count], offset)?;
        copy.write_all(&piece[..count]).map_err(failed)?;
    }
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom};

    use super::*;
    use crate::parallel::Threads;

    /// Overwrites the file in place, as a build that runs again does.
    fn overwrite(path: &Path, bytes: &[u8]) {
        let mut file = File::options().write(true).open(path).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(bytes).unwrap();
    }

    #[test]
    fn a_copy_keeps_its_bytes_when_the_file_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("artifact");
        for (size, held) in [(0, 1), (1, 1), (5000, 5000), (5000, 4999), (2 * CHUNKS_BYTES + 1, 1)] {
            let before: Vec<u8> = (0..size).map(|place| (place % 251) as u8).collect();
            std::fs::write(&path, &before).unwrap();
            let copy = copy_holding(&path, held).unwrap();
            let digests = Artifact::open(&path).unwrap().digests(Threads::per_core()).unwrap();
            overwrite(&path, &vec![7; size]);
            let mut bytes = vec![0; size];
            copy.read_at(&mut bytes, 0).unwrap();
            assert!(bytes == before, "{size}");
            assert_eq!(copy.digests(Threads::per_core()).unwrap(), digests, "{size}");
            assert!(copy.read_at(&mut [0], size as u64).is_err(), "{size}");
        }
    }
}
