//! Seal errors: why a policy could not be sealed, and what to do about it.

use std::path::PathBuf;

use crate::ledger::LedgerError;
use crate::limits::SEAL_SECONDS_MAX;
use crate::policy::diff::Difference;
use crate::policy::error::PolicyError;
use crate::policy::rotation::Count;
use crate::time::Timestamp;

/// Why a policy could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// None of the keys given holds the policy role.
    #[error("none of the keys given holds the policy role: {}", holders.join(", "))]
    NoHolder {
        /// The fingerprints that hold the role.
        holders: Vec<String>,
    },
    /// Documents changed as they may not.
    #[error("the documents changed as they may not:{}", list(.0))]
    Forbidden(Vec<Difference>),
    /// No seal waits for signatures.
    #[error("no seal waits for a signature")]
    NoDraft,
    /// Somebody without a key wrote what looks like a seal that waits.
    #[error("`{}` is signed by no holder of the policy role", .0.display())]
    DraftUnsigned(PathBuf),
    /// The waiting seal is not over the documents that are here.
    #[error("the seal that waits is not over the documents that are here")]
    DraftDiffers,
    /// The same documents wait for signatures already.
    #[error("a seal over these documents waits already, with {} of {} signatures", .0.given, .0.needed)]
    DraftWaits(Count),
    /// The seal would count for too long.
    #[error("a seal from {created} until {expires} counts for over {} days", SEAL_SECONDS_MAX / 86_400)]
    TooLong {
        /// When it is made.
        created: Timestamp,
        /// When it would end.
        expires: Timestamp,
    },
    /// The ledger is malformed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The documents are not fit to be sealed, or the policy is not trusted.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

fn list(forbidden: &[Difference]) -> String {
    let line = |each: &Difference| {
        format!("\n  {}: {}: {}", each.path, each.text, each.forbidden.as_deref().unwrap_or_default())
    };
    forbidden.iter().map(line).collect()
}

impl SealError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoHolder { .. } => {
                Some("give a key that holds the policy role with `--key`, once for each")
            }
            Self::Forbidden(_) => Some("do as each line says, or restore the documents as they were sealed"),
            Self::NoDraft => Some("start one with `countersign policy seal`"),
            Self::DraftUnsigned(_) => {
                Some("get the draft from whoever started it, or start one with `countersign policy seal`")
            }
            Self::DraftDiffers => Some(
                "get the documents and `snapshot.draft.json` of one state, or start over with `countersign policy seal`",
            ),
            Self::TooLong { .. } => {
                Some("choose a shorter one; `countersign policy renew` seals again in time")
            }
            Self::DraftWaits(_) => Some(
                "look at `countersign policy diff`, and add a signature with `countersign policy seal --add`; or start over with `--replace`",
            ),
            Self::Ledger(_) => {
                Some("restore `ledger.jsonl` from the policy's repository, and record the jobs again")
            }
            Self::Policy(error) => error.hint(),
        }
    }
}
