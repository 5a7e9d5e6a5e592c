//! Edit errors: why a document was not changed, and what to do about it.

use super::super::diff::Difference;
use super::super::error::PolicyError;
use crate::function::Pattern;
use crate::name::{AccountName, CscId};

/// Why a document was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// There is no such document.
    #[error("there is no {0}")]
    Absent(String),
    /// The name is taken.
    #[error("there is a {0} already")]
    Taken(String),
    /// Somebody changed the document since its maker looked at it.
    #[error("`{path}` is at revision {found}, not {expected}: somebody changed it since")]
    Conflict {
        /// The document.
        path: String,
        /// The revision it has.
        found: u64,
        /// The revision that was expected.
        expected: u64,
    },
    /// The CSC governs functions.
    #[error("CSC `{id}` governs functions: {}", list(patterns))]
    Attached {
        /// The CSC.
        id: CscId,
        /// The patterns that are attached to it.
        patterns: Vec<Pattern>,
    },
    /// Documents name the account.
    #[error("account `{account}` is named by {}", by.join(", "))]
    Named {
        /// The account.
        account: AccountName,
        /// The documents, and what names it there.
        by: Vec<String>,
    },
    /// The table forbids the change.
    #[error("{}: {}", .0.text, .0.forbidden.as_deref().unwrap_or_default())]
    Forbidden(Difference),
    /// It is as it was asked to be.
    #[error("nothing would change in `{0}`")]
    Same(String),
    /// The policy or a document could not be read or written.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

fn list(patterns: &[Pattern]) -> String {
    patterns.iter().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(", ")
}

impl EditError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Absent(_) => Some("look at what there is with `list`"),
            Self::Taken(_) => Some("choose another name; a name is never used twice"),
            Self::Conflict { path, .. } if path == "functions.toml" => {
                Some("look at it with `countersign function list`, and give the revision that you have seen")
            }
            Self::Conflict { .. } => Some("look at it with `show`, and give the revision that you have seen"),
            Self::Attached { .. } => {
                Some("attach them to another CSC with `countersign function attach`, or detach them")
            }
            Self::Named { .. } => Some(
                "take it out there first: `countersign csc update --remove-publisher`, `layer forbid` or `account leave`",
            ),
            Self::Forbidden(Difference { path, .. }) if path.starts_with("accounts/") => Some(
                "ask its owner which of the two is right: what serves it may be an old copy, or somebody else's",
            ),
            Self::Forbidden(Difference { path, .. }) if path == "revocations.toml" => Some(
                "give an earlier time than `revocations.toml` says; one that was not sealed yet can be restored from the policy's repository",
            ),
            Self::Forbidden(_) => Some(
                "look at it with `show`; what was not sealed yet can be restored from the policy's repository",
            ),
            Self::Same(path) if path == "functions.toml" => {
                Some("look at it with `countersign function list`")
            }
            Self::Same(path) if path == "revocations.toml" => Some(
                "it is revoked already, for the same reason code and from the same time on; if `countersign policy diff` lists it, it waits for a seal",
            ),
            Self::Same(_) => Some("look at it with `show`"),
            Self::Policy(error) => error.hint(),
        }
    }
}
