//! Why an audit could not decide.

use std::path::PathBuf;

use crate::files::FileError;
use crate::git::GitError;
use crate::limits::{DEPLOYED_BYTES_MAX, DEPLOYED_MAX, SEARCHED_FILES_MAX};
use crate::policy::error::PolicyError;
use crate::verify::VerifyError;

/// Why nothing could be decided about what is deployed.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// An input is not what `aws lambda` prints.
    #[error("cannot read `{}` as an answer of `aws lambda`\n  {message}", path.display())]
    Answer {
        /// The input.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A list has no last page.
    #[error("the answer of `{command}` in `{}` goes on, and the rest of it is not given", path.display())]
    GoesOn {
        /// The input.
        path: PathBuf,
        /// The command that printed it.
        command: &'static str,
    },
    /// An input is larger than any honest one.
    #[error("`{}` is larger than {DEPLOYED_BYTES_MAX} bytes", .0.display())]
    TooLarge(PathBuf),
    /// More is deployed than one audit takes.
    #[error("more than {DEPLOYED_MAX} functions and layer versions are deployed")]
    TooMuch,
    /// A folder holds more files than are searched.
    #[error("`{}` holds more than {SEARCHED_FILES_MAX} files and folders", .0.display())]
    TooManyFiles(PathBuf),
    /// The policy is not trusted.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Git's data could not be had.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl AuditError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Answer { .. } => Some(
                "save what `aws lambda list-functions --output json` prints, or one of the other commands that \
                `countersign audit --help` names",
            ),
            Self::GoesOn { .. } => Some(
                "give every page with `--deployed`, or ask again without `--no-paginate` and `--max-items`",
            ),
            Self::TooLarge(_) | Self::TooMuch => Some("audit one region, or a part of it, at a time"),
            Self::TooManyFiles(_) => Some("name a folder with manifests alone with `--manifests`"),
            Self::Policy(error) => error.hint(),
            Self::File(_) | Self::Git(_) => None,
        }
    }
}

impl From<VerifyError> for AuditError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Policy(error) => Self::Policy(error),
            VerifyError::File(error) => Self::File(error),
        }
    }
}
