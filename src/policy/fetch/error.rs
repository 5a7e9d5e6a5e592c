//! Fetch errors: why a policy did not come, or was refused.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use super::Origin;
use crate::files::FileError;
use crate::git::GitError;
use crate::git::bare::FetchedError;
use crate::git::program::ProgramError;
use crate::pin::Pin;
use crate::policy::error::PolicyError;
use crate::report::escape::line;

/// Why a policy was not fetched. The cache and what is remembered are as they were.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The git program brought nothing.
    #[error(transparent)]
    Program(ProgramError),
    /// What it brought cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The commit has no such folder, or the folder holds no policy.
    #[error("the commit that was fetched has no `{0}`")]
    Absent(String),
    /// A policy file that is no file, or has a name that no system takes.
    #[error("`{}` in the commit that was fetched {reason}", line(path))]
    Entry {
        /// Its path in the policy directory.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A policy file, or all of them together, are larger than any honest policy.
    #[error("`{}` in the commit that was fetched is over the limit of {limit}", line(path))]
    TooMuch {
        /// The path at which it is too much.
        path: String,
        /// What is allowed.
        limit: String,
    },
    /// There is no pin, so nothing is trusted.
    #[error("no root is pinned for the policy from {origin}\n  found  {found}")]
    Unpinned {
        /// Where it is from.
        origin: Box<Origin>,
        /// The digest of its first root.
        found: Pin,
    },
    /// The policy does not hold.
    #[error("the policy from {origin} is refused\n  {}", said(draft, origin, error))]
    Refused {
        /// Where it is from.
        origin: Box<Origin>,
        /// The folder in which it was judged, which is gone.
        draft: PathBuf,
        /// Why it does not hold.
        error: Box<PolicyError>,
    },
    /// The cache could not be read or written, or its policy was outdated meanwhile.
    #[error(transparent)]
    Cache(#[from] PolicyError),
}

impl FetchError {
    pub(super) fn refused(origin: &Origin, draft: &Path, error: PolicyError) -> Self {
        Self::Refused { origin: Box::new(origin.clone()), draft: draft.into(), error: Box::new(error) }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Program(error) => return error.hint(),
            Self::Git(error) => return error.hint(),
            Self::Absent(_) => "name the folder that holds `roots` and `snapshot.json`: `URL#REF:FOLDER`",
            Self::Entry { .. } | Self::TooMuch { .. } => {
                "have the owner of the policy mend it; nothing here was changed"
            }
            Self::Unpinned { .. } => {
                "compare the digest with the one that the owner of the policy publishes; if it is the same, \
                give it with `--root`"
            }
            Self::Refused { error, .. } => return error.hint(),
            Self::Cache(error) => return error.hint(),
        })
    }
}

/// What is wrong with a policy, with paths in the policy and not in the folder that is gone.
fn said(draft: &Path, origin: &Origin, error: &PolicyError) -> String {
    let draft = draft.display().to_string();
    let text = error.to_string().replace(&format!("{draft}{MAIN_SEPARATOR}"), "");
    text.replace(&draft, &origin.source.url().to_string())
}

impl From<FetchedError> for FetchError {
    fn from(error: FetchedError) -> Self {
        match error {
            FetchedError::Program(error) => Self::Program(error),
            FetchedError::Git(error) => Self::Git(error),
        }
    }
}

impl From<FileError> for FetchError {
    fn from(error: FileError) -> Self {
        Self::Cache(error.into())
    }
}
