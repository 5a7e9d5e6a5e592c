//! Files: reads with a limit. The core never writes; [`FileError`] also covers writes in other crates.

pub mod artifact;
mod read;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub use self::read::{at_once, open, read, read_if_exists};
use crate::hint::Hint;
use crate::shown;

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("cannot read `{}`", shown::path(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write `{}`", shown::path(path))]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is too large.
    #[error("`{}` is larger than {limit} bytes", shown::path(path))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// The path is a file or a link, but a folder is needed.
    #[error("`{}` is not a folder", shown::path(path))]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// A private folder cannot be created.
    #[error("cannot create a temporary folder in `{}`", shown::path(folder))]
    Temporary {
        /// The system's folder for temporary files.
        folder: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Writing would replace a device, a pipe or a socket.
    #[error("cannot write `{}`: it exists and is not a regular file", shown::path(path))]
    NotReplaced {
        /// The path.
        path: PathBuf,
    },
    /// Another user could replace private files.
    #[error("cannot use `{}` for temporary files: {fault}", shown::path(folder))]
    Exposed {
        /// The system's folder for temporary files.
        folder: PathBuf,
        /// Why.
        fault: String,
    },
    /// The path is a folder, a device or a pipe.
    #[error("`{}` is not a regular file", shown::path(path))]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
}

impl Hint for FileError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Temporary { .. } => "set TMPDIR to a folder that you can write to",
            Self::Exposed { .. } => {
                "set TMPDIR to a folder that only you can write to, such as one that `mktemp -d` creates in `/tmp`"
            }
            Self::NotAFolder { .. } => {
                "move it away, or name another folder; that of packages is `output` in `countersign.toml`"
            }
            Self::NotReplaced { .. } => "pass the path of a regular file, or of a file that does not exist",
            _ => return None,
        };
        Some(hint.into())
    }
}

impl FileError {
    /// Whether the file does not exist, which includes a path through a file.
    pub fn is_absent(&self) -> bool {
        use io::ErrorKind::{NotADirectory, NotFound};
        matches!(self, Self::Read { source, .. } if matches!(source.kind(), NotFound | NotADirectory))
    }
}

/// Creates a read error for a path, for `map_err`.
pub fn reading(path: &Path) -> impl FnOnce(io::Error) -> FileError {
    |source| FileError::Read { path: path.into(), source }
}

/// Creates a write error for a path, for `map_err`.
pub fn writing(path: &Path) -> impl FnOnce(io::Error) -> FileError {
    |source| FileError::Write { path: path.into(), source }
}

/// A small file that was read: its path and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The path, as the user passed it.
    pub path: PathBuf,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Loaded {
    /// Reads a regular file of at most `limit` bytes.
    pub fn read(path: &Path, limit: u64) -> Result<Self, FileError> {
        Ok(Self { path: path.into(), bytes: read(path, limit)? })
    }

    /// Like [`Loaded::read`], but `None` if the file does not exist.
    pub fn read_if_exists(path: &Path, limit: u64) -> Result<Option<Self>, FileError> {
        Ok(read_if_exists(path, limit)?.map(|bytes| Self { path: path.into(), bytes }))
    }
}

/// The names in a folder, sorted; empty if it does not exist. Names that are not UTF-8 are left out.
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

/// Reads exactly `buffer.len()` bytes at `offset`, independently of other threads.
#[cfg(unix)]
pub fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

/// Reads exactly `buffer.len()` bytes at `offset`, independently of other threads.
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
