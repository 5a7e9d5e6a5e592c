//! Seal errors: why a policy cannot be sealed, and what to do about it.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::hint::Hint;
use crate::ledger::LedgerError;
use crate::limits::SEAL_SECONDS_MAX;
use crate::policy::diff::{self, Difference};
use crate::policy::error::PolicyError;
use crate::policy::rotation::Count;
use crate::time::Timestamp;

/// Why a policy cannot be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// None of the keys has the policy role.
    #[error("none of the given keys has the policy role; the role's keys are: {}", holders.join(", "))]
    NoHolder {
        /// The fingerprints of the role's keys.
        holders: Vec<String>,
    },
    /// Documents have changes that are not allowed.
    #[error("the documents contain changes that are not allowed:{}", diff::listed(.0))]
    Forbidden(Vec<Difference>),
    /// The documents differ from the sealed ones, and a renewal seals nothing new.
    #[error("the policy has unsealed changes: {}", .0.join(", "))]
    Unsealed(Vec<String>),
    /// There is no draft.
    #[error("no seal is waiting for signatures")]
    NoDraft,
    /// The draft has no signature of a key holder.
    #[error("`{}` is not signed by a key of the policy role", .0.display())]
    DraftUnsigned(PathBuf),
    /// The draft seals other documents.
    #[error("the waiting seal is for other documents than those in the directory")]
    DraftDiffers,
    /// There is a draft for the same documents.
    #[error("a seal of these documents is already waiting, with {} of {} signatures", .0.given, .0.needed)]
    DraftWaits(Count),
    /// The seal would be valid for too long.
    #[error("a seal from {created} until {expires} is valid for more than {} days", SEAL_SECONDS_MAX / 86_400)]
    TooLong {
        /// When it would start.
        created: Timestamp,
        /// When it would expire.
        expires: Timestamp,
    },
    /// The ledger is malformed.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The documents cannot be sealed, or the policy is not trusted.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Hint for SealError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::NoHolder { .. } => "pass a key of the policy role with `--key`, once per key",
            Self::Forbidden(_) => "fix each line, or restore the documents as they were sealed",
            Self::Unsealed(_) => {
                "ask the policy owners to review them with `countersign policy diff` and run `countersign policy seal`"
            }
            Self::NoDraft => "start a seal with `countersign policy seal`",
            Self::DraftUnsigned(_) => {
                "get the draft from the key holder who started it, or start a seal with `countersign policy seal`"
            }
            Self::DraftDiffers => {
                "get the documents and `snapshot.draft.json` from the same commit, or start over with `countersign policy seal`"
            }
            Self::TooLong { .. } => {
                "pass a shorter validity; extend the seal later with `countersign policy renew`"
            }
            Self::DraftWaits(_) => {
                "review `countersign policy diff` and add a signature with `countersign policy seal --add`, or start over with `--replace`"
            }
            Self::Ledger(_) => {
                "restore `ledger.jsonl` from the policy's repository, and record the jobs again"
            }
            Self::Policy(error) => return error.hint(),
        };
        Some(hint.into())
    }
}

impl From<LedgerError> for SealError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Document(error) if error.newer().is_some() => Self::Policy(error.into()),
            error => Self::Ledger(error),
        }
    }
}
