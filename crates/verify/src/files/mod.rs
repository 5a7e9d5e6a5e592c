//! Files: reads with a limit. A check never writes; [`FileError`] names what writes elsewhere fail by, too.

pub mod artifact;
mod read;

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub use self::read::{at_once, open, read, read_if_there};
use crate::shown;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file could not be read.
    #[error("cannot read `{}`", shown::path(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file could not be written.
    #[error("cannot write `{}`", shown::path(path))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is larger than any honest one.
    #[error("`{}` is larger than {limit} bytes", shown::path(path))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes read.
        limit: u64,
    },
    /// The path leads to a file or a link where a folder is needed.
    #[error("`{}` is not a folder", shown::path(path))]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// There is no place for a private folder.
    #[error("cannot create a temporary folder in `{}`", shown::path(folder))]
    Temporary {
        /// The folder that the system names for temporary files.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of this name would take the place of a device, a pipe or a socket.
    #[error("cannot write `{}`: it exists and is not a regular file", shown::path(path))]
    NotReplaced {
        /// The path.
        path: PathBuf,
    },
    /// Another user could put other files in the place of private ones.
    #[error("cannot use `{}` for temporary files: {fault}", shown::path(folder))]
    Exposed {
        /// The folder that the system names for temporary files.
        folder: PathBuf,
        /// Why.
        fault: String,
    },
    /// The path leads to a folder, a device or a pipe.
    #[error("`{}` is not a regular file", shown::path(path))]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
}

impl FileError {
    /// What to do about it, if there is something to do.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Temporary { .. } => Some("set TMPDIR to a folder that you can write to"),
            Self::Exposed { .. } => Some(
                "set TMPDIR to a folder that only you can write to, such as one that `mktemp -d` creates in `/tmp`",
            ),
            Self::NotReplaced { .. } => {
                Some("pass the path of a regular file, or of a file that does not exist")
            }
            _ => None,
        }
    }

    /// Whether the file was simply not there; a path through a file leads nowhere either.
    pub fn is_absent(&self) -> bool {
        use io::ErrorKind::{NotADirectory, NotFound};
        matches!(self, Self::Read { source, .. } if matches!(source.kind(), NotFound | NotADirectory))
    }
}

/// Makes a read failure from a path, for `map_err`.
pub fn reading(path: &Path) -> impl FnOnce(io::Error) -> FileError {
    |source| FileError::Read { path: path.into(), source }
}

/// Makes a write failure from a path, for `map_err`.
pub fn writing(path: &Path) -> impl FnOnce(io::Error) -> FileError {
    |source| FileError::Write { path: path.into(), source }
}

/// A small file as it was read: its path and all of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The path, as it was given.
    pub path: PathBuf,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Loaded {
    /// Reads a regular file of at most `limit` bytes.
    pub fn read(path: &Path, limit: u64) -> Result<Self, FileError> {
        Ok(Self { path: path.into(), bytes: read(path, limit)? })
    }

    /// As [`Loaded::read`], but a file that does not exist is `None`.
    pub fn read_if_exists(path: &Path, limit: u64) -> Result<Option<Self>, FileError> {
        Ok(read_if_there(path, limit)?.map(|bytes| Self { path: path.into(), bytes }))
    }
}

/// The names of what a folder holds, sorted; none if it is not there. A name that is not UTF-8 is left out.
pub fn names_in(folder: &Path) -> Result<BTreeSet<String>, FileError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(reading(folder)(error)),
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        names.extend(entry.map_err(reading(folder))?.file_name().into_string());
    }
    Ok(names)
}

/// Reads exactly `buffer.len()` bytes at `offset`, wherever other threads read.
#[cfg(unix)]
pub fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

/// Reads exactly `buffer.len()` bytes at `offset`, wherever other threads read.
#[cfg(windows)]
pub fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, buffer, offset)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = &mut buffer[count..];
        offset += count as u64;
    }
    Ok(())
}
