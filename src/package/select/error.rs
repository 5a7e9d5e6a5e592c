//! Why a folder cannot be packaged.

use std::borrow::Cow;
use std::path::PathBuf;

use super::notices::listed;
use crate::files::FileError;
use crate::git::GitError;
use crate::hint::Hint;
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
        "cannot package `{}`: the link `{}` leads to `{}`",
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
    #[error("`{}` is a submodule", name(.0))]
    Submodule(String),
    /// A pipe, device or socket.
    #[error("`{}` is not a file, a folder or a symbolic link", name(.0))]
    Special(String),
    /// A Git LFS pointer in place of the file.
    #[error("`{}` is a Git LFS pointer, not the file", name(.0))]
    LfsPointer(String),
    /// Files of the folder that a sparse checkout leaves out of the work tree.
    #[error("the sparse checkout lacks {} of the package", listed(&paths.iter().map(String::as_str).collect::<Vec<_>>()))]
    Sparse {
        /// The folder, relative to the top.
        folder: String,
        /// The files.
        paths: Vec<String>,
    },
    /// A file that nobody means to deploy.
    #[error("`{}` is {what}", name(path))]
    Secret {
        /// The file.
        path: String,
        /// What it is.
        what: &'static str,
    },
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
    #[error("no files to package in `{}`{}", shown::path(folder), if *ignored > 0 { ": git ignores all of them" } else { "" })]
    Nothing {
        /// The folder.
        folder: PathBuf,
        /// How many files and folders of it git ignores.
        ignored: usize,
    },
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

impl Hint for SelectError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Name { fault, .. } if fault.code.starts_with("symlink") => {
                "replace it with a link to a path in the package, or with a copy of the file, or keep it out with \
                 `exclude` in `countersign.toml`"
            }
            Self::Name { .. } | Self::Collision { .. } => {
                "rename it, or keep it out with `exclude` in `countersign.toml`"
            }
            Self::Link { .. } => {
                "set `path` in `countersign.toml` to a folder of the repository without links"
            }
            Self::Submodule(_) => {
                "keep it out with `exclude` in `countersign.toml`, or package it in its own repository"
            }
            Self::Special(_) => "remove it, or keep it out with `exclude` in `countersign.toml`",
            Self::LfsPointer(_) => "run `git lfs pull`, and package the work tree",
            Self::Sparse { folder, .. } if folder.is_empty() => {
                "check out every file with `git sparse-checkout disable`"
            }
            Self::Sparse { folder, .. } => {
                let folder = name(folder);
                let hint = format!(
                    "check it out with `git sparse-checkout add '{folder}'`, or everything with `git sparse-checkout disable`"
                );
                return Some(hint.into());
            }
            Self::Secret { path, .. } => {
                let path = name(path);
                let hint = format!(
                    "keep it out with `exclude = [\"/{path}\"]` in `countersign.toml`; if it must be deployed, such as a \
                     test's key, name it there: `allow_secrets = [\"{path}\"]`"
                );
                return Some(hint.into());
            }
            Self::FileTooLarge { .. } | Self::TooMuch(_) => {
                "keep out what is not deployed with `exclude` in `countersign.toml`, or split the package"
            }
            Self::Nothing { ignored: 0, .. } => {
                "add files to it, or fix `path`, `include` and `exclude` in `countersign.toml`"
            }
            Self::Nothing { .. } => {
                "set `path` in `countersign.toml` to the build folder itself, or name what is ignored in `include`"
            }
            Self::Git(error) => return error.hint(),
            Self::File(error) => return error.hint(),
            _ => return None,
        };
        Some(hint.into())
    }
}
