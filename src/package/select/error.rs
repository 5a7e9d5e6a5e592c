//! Why a folder cannot be packaged.

use std::path::PathBuf;

use crate::files::FileError;
use crate::git::GitError;
use crate::limits::FILE_BYTES_MAX;
use crate::package::name::NameFault;
use crate::shown::{self, name};

/// Why a folder cannot be packaged.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// A path or link does not mean the same on every system.
    #[error("`{}` {}", name(path), fault.message)]
    Name {
        /// The path.
        path: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// Two paths would be the same.
    #[error("`{}` {}: `{}`", name(path), fault.message, name(other))]
    Collision {
        /// The path.
        path: String,
        /// What is wrong with it.
        fault: NameFault,
        /// The other path.
        other: String,
    },
    /// The folder's path leads through a link.
    #[error(
        "cannot package `{}`: the link `{}` leads to `{}`; set `path` to a folder of the repository without links",
        shown::path(folder),
        shown::path(link),
        shown::path(to)
    )]
    Link {
        /// The folder.
        folder: PathBuf,
        /// The link in its path.
        link: PathBuf,
        /// Where the link leads.
        to: PathBuf,
    },
    /// A submodule: its files are not in this repository.
    #[error("`{}` is a submodule; exclude it, or package it in its own repository", name(.0))]
    Submodule(String),
    /// A pipe, device or socket.
    #[error("`{}` is not a file, a folder or a symbolic link; exclude or remove it", name(.0))]
    Special(String),
    /// A Git LFS pointer in place of the file.
    #[error("`{}` is a Git LFS pointer, not the file; run `git lfs pull` and package the work tree", name(.0))]
    LfsPointer(String),
    /// A file that is too large.
    #[error("`{}` has {size} bytes, over the limit of {FILE_BYTES_MAX} for one file", name(path))]
    FileTooLarge {
        /// The file.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// Too many files, or too many bytes.
    #[error("{0}")]
    TooMuch(String),
    /// No file is left to package.
    #[error("no files to package in `{}`", shown::path(.0))]
    Nothing(PathBuf),
    /// A pattern is malformed.
    #[error("the pattern `{pattern}` is malformed: {message}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        message: String,
    },
    /// Git's data cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A `.gitignore` cannot be used.
    #[error("cannot use `{}`: {message}", shown::path(path))]
    IgnoreFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The patterns together are too complex.
    #[error("cannot use the patterns: {0}")]
    Patterns(String),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A folder cannot be read.
    #[error("cannot read the folder: {0}")]
    Walk(String),
}
