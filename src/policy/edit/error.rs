//! Edit errors: why a document was not changed, and what to do about it.

use std::borrow::Cow;

use super::super::diff::Difference;
use super::super::documents::{FUNCTIONS, Kind, REVOCATIONS};
use super::super::error::PolicyError;
use crate::function::Pattern;
use crate::hint::Hint;
use crate::name::{AccountName, CscId};

/// Why a document was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The document does not exist.
    #[error("{0} does not exist")]
    Absent(String),
    /// The name is taken.
    #[error("{0} already exists")]
    Taken(String),
    /// The document was changed since the caller read it.
    #[error("`{path}` is at revision {found}, not {expected}: another change was made since")]
    Conflict {
        /// The document.
        path: String,
        /// Its revision.
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
    /// Documents refer to the account.
    #[error("account `{account}` is still used by {}", by.join(", "))]
    Named {
        /// The account.
        account: AccountName,
        /// The documents, and what refers to it there.
        by: Vec<String>,
    },
    /// The table of differences forbids the change.
    #[error("{}: {}", .0.text, .0.forbidden.as_deref().unwrap_or_default())]
    Forbidden(Difference),
    /// The document already says this.
    #[error("`{0}` would not change")]
    Same(String),
    /// The policy or a document cannot be read or written.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

fn list(patterns: &[Pattern]) -> String {
    patterns.iter().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(", ")
}

/// How to list what exists instead of a document or rule that does not.
fn listing(what: &str) -> &'static str {
    match what.split_once(' ').map_or(what, |(kind, _)| kind) {
        "CSC" => "list them with `countersign csc list`",
        "signing" => "list them with `countersign profile list`",
        "layer" => "list them with `countersign layer list`",
        "trusted" => "list them with `countersign account list`",
        "rule" | "pattern" | "protected" => "list them with `countersign function list`",
        _ => "list the existing ones with `list`",
    }
}

impl Hint for EditError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Absent(what) => return Some(listing(what).into()),
            Self::Taken(_) => "choose another name; names cannot be reused",
            Self::Conflict { path, .. } if path == FUNCTIONS => {
                "review it with `countersign function list`, and pass the revision that it shows"
            }
            Self::Conflict { .. } => "review it with `show`, and pass the revision that it shows",
            Self::Attached { .. } => {
                "attach them to another CSC with `countersign function attach`, or detach them"
            }
            Self::Named { .. } => {
                "remove it there first: `countersign csc update --remove-publisher`, `layer forbid` or `account leave`"
            }
            Self::Forbidden(Difference { path, .. }) if Kind::of(path) == Some(Kind::Account) => {
                "ask the owner of the account which root and snapshot are current: the source may serve an old or a forged copy"
            }
            Self::Forbidden(Difference { path, .. }) if path == REVOCATIONS => {
                "pass an earlier time than the one in `revocations.toml`; undo an unsealed change in the policy's repository"
            }
            Self::Forbidden(_) => "review it with `show`; undo an unsealed change in the policy's repository",
            Self::Same(path) if path == FUNCTIONS => "review it with `countersign function list`",
            Self::Same(path) if path == REVOCATIONS => {
                "it is already revoked for the same reason code and from the same time; if `countersign policy diff` lists it, seal the policy"
            }
            Self::Same(_) => "review it with `show`",
            Self::Policy(error) => return error.hint(),
        };
        Some(hint.into())
    }
}
