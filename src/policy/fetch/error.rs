//! Fetch errors: why a policy cannot be fetched, or is refused.

use std::borrow::Cow;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use super::Origin;
use crate::files::FileError;
use crate::git::GitError;
use crate::git::bare::FetchedError;
use crate::git::program::ProgramError;
use crate::hint::Hint;
use crate::pin::Pin;
use crate::policy::error::PolicyError;
use crate::report::escape::line;

/// Why a policy was not fetched. The cache and the remembered state did not change.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The git program failed.
    #[error(transparent)]
    Program(ProgramError),
    /// The fetched repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The commit has no such folder, or the folder has no policy.
    #[error("the fetched commit has no `{0}`")]
    Absent(String),
    /// A policy file is not a regular file, or its name is not portable.
    #[error("`{}` in the fetched commit {reason}", line(path))]
    Entry {
        /// Its path in the policy directory.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A policy file, or all of them together, are too large.
    #[error("`{}` in the fetched commit is over the limit of {limit}", line(path))]
    TooMuch {
        /// The path at which the limit is exceeded.
        path: String,
        /// The limit.
        limit: String,
    },
    /// There is no pin.
    #[error("no root is pinned for the policy from {origin}; its first root is {found}")]
    Unpinned {
        /// Where the policy is from.
        origin: Box<Origin>,
        /// The digest of its first root.
        found: Pin,
    },
    /// The policy is not trusted.
    #[error("the policy from {origin} is refused: {}", said(draft, origin, error))]
    Refused {
        /// Where the policy is from.
        origin: Box<Origin>,
        /// The folder in which it was checked, which no longer exists.
        draft: PathBuf,
        /// Why it is not trusted.
        error: Box<PolicyError>,
    },
    /// The cache cannot be read or written, or another process replaced its policy.
    #[error(transparent)]
    Cache(#[from] PolicyError),
}

impl Hint for FetchError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Program(error) => return error.hint(),
            Self::Git(error) => return error.hint(),
            Self::Absent(_) => "pass the folder that contains `roots` and `snapshot.json`: `URL#REF:FOLDER`",
            Self::Entry { .. } | Self::TooMuch { .. } => {
                "ask the policy owner to fix it; the local copy was not changed"
            }
            Self::Unpinned { .. } => {
                "compare the digest with the one that the policy owner publishes; if they are equal, \
                pass it with `--root`"
            }
            Self::Refused { error, .. } => return error.hint(),
            Self::Cache(error) => return error.hint(),
        };
        Some(hint.into())
    }
}

impl FetchError {
    pub(super) fn refused(origin: &Origin, draft: &Path, error: PolicyError) -> Self {
        Self::Refused { origin: Box::new(origin.clone()), draft: draft.into(), error: Box::new(error) }
    }
}

/// The error, with paths in the policy in place of the removed folder.
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
