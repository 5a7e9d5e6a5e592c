//! Why an audit has no result.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::digest::Sha256;
use crate::document::format::FormatNewer;
use crate::files::FileError;
use crate::git::GitError;
use crate::hint::Hint;
use crate::limits::{CANDIDATES_MAX, DEPLOYED_BYTES_MAX, DEPLOYED_MAX, SEARCHED_FILES_MAX};
use crate::policy::error::PolicyError;
use crate::verify::VerifyError;

/// Why nothing was decided about deployed code.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// An input is not output of `aws lambda`.
    #[error("cannot read `{}` as output of `aws lambda`: {message}", path.display())]
    Answer {
        /// The input.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A list has no last page.
    #[error("the list of `{command}` in `{}` is incomplete: its last page is missing", path.display())]
    GoesOn {
        /// The input.
        path: PathBuf,
        /// The command that printed it.
        command: &'static str,
    },
    /// An input is too large.
    #[error("`{}` is larger than {DEPLOYED_BYTES_MAX} bytes", .0.display())]
    TooLarge(PathBuf),
    /// There are too many functions and layer versions.
    #[error("more than {DEPLOYED_MAX} functions and layer versions are deployed")]
    TooMuch,
    /// A folder has too many files.
    #[error("`{}` has more than {SEARCHED_FILES_MAX} files and folders", .0.display())]
    TooManyFiles(PathBuf),
    /// Nothing was decided about some code.
    #[error(transparent)]
    Undecidable(Undecidable),
    /// The policy is not trusted.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Git's data cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Why nothing was decided about some code, while other code has verdicts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecidable {
    /// A manifest that could cover it is newer than this program.
    #[error(transparent)]
    FormatNewer(FormatNewer),
    /// There are too many manifests newer than this program to look for one by an allowed publisher.
    #[error("more than {CANDIDATES_MAX} manifests of the code with SHA-256 {0} are newer than this program")]
    TooManyNewer(Sha256),
}

impl Hint for AuditError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Answer { .. } => {
                "save the output of `aws lambda list-functions --output json`, or of another command that \
                `countersign audit --help` lists"
            }
            Self::GoesOn { .. } => {
                "pass every page with `--deployed`, or run it again without `--no-paginate` and `--max-items`"
            }
            Self::TooLarge(_) | Self::TooMuch => "audit one region at a time, or a part of one",
            Self::TooManyFiles(_) => "pass a folder that has only manifests with `--manifests`",
            Self::Policy(error) => return error.hint(),
            Self::Undecidable(Undecidable::FormatNewer(newer)) => return newer.hint(),
            Self::Undecidable(Undecidable::TooManyNewer(_)) => {
                "update countersign, or pass only the folders and notes that have your manifests"
            }
            Self::File(_) | Self::Git(_) => return None,
        };
        Some(hint.into())
    }
}

impl From<VerifyError> for AuditError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Policy(error) => Self::Policy(error),
            VerifyError::FormatNewer(newer) => Self::Undecidable(Undecidable::FormatNewer(newer)),
            VerifyError::File(error) => Self::File(error),
        }
    }
}
