//! Import errors: what of AWS's answers cannot be carried.

use crate::csc::PublishersError;
use crate::document::DocumentError;
use crate::limits::VALIDITY_MONTHS;
use crate::name::{CscId, Principal, ProfileName, ProfileVersion};
use crate::policy::edit::EditError;

/// Why nothing is imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file is no answer of AWS's.
    #[error(transparent)]
    Answer(#[from] DocumentError),
    /// Two answers say different things of one.
    #[error("the files say two different things of {0}")]
    Contradiction(String),
    /// The publishers cannot be a CSC's.
    #[error("CSC `{csc}`: {error}")]
    Publishers {
        /// The CSC.
        csc: CscId,
        /// Why.
        error: Box<PublishersError>,
    },
    /// The profile is revoked in AWS.
    #[error("version {version} of signing profile `{name}` is revoked in AWS")]
    Revoked {
        /// The profile.
        name: ProfileName,
        /// Its version.
        version: ProfileVersion,
        /// Whether the version is in the policy.
        is_here: bool,
    },
    /// A version never changes.
    #[error("version {version} of signing profile `{name}` has another validity here")]
    Validity {
        /// The profile.
        name: ProfileName,
        /// Its version.
        version: ProfileVersion,
    },
    /// A validity is longer than a profile may have.
    #[error("the validity of signing profile `{0}` is over {VALIDITY_MONTHS} months")]
    TooLong(ProfileName),
    /// The profile is not of the account that is said to be ours.
    #[error("signing profile `{0}` is another AWS account's than `--as-own` names")]
    Foreign(ProfileName),
    /// AWS does not say whose permissions they are.
    #[error("a list of permissions does not say which signing profile they are of")]
    Nameless,
    /// There is no such profile, in the policy or the files.
    #[error("there is no signing profile `{0}` to give permissions to")]
    NoProfile(ProfileName),
    /// A key was given of somebody who has no permission in the files.
    #[error("no permission in the files names the principal `{0}`")]
    UnknownPrincipal(Principal),
    /// The policy does not allow it.
    #[error(transparent)]
    Edit(#[from] EditError),
}

impl ImportError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Answer(_) => "save the whole answer of one command as JSON: `aws … --output json > FILE`",
            Self::Contradiction(_) => "import the newer file alone",
            Self::Publishers { .. } => "name each publisher once",
            Self::Revoked { is_here: true, .. } => {
                "revoke it here too with `countersign profile revoke`, which says from when on"
            }
            Self::Revoked { is_here: false, .. } => {
                "leave the file out: nothing that counts here was signed with it"
            }
            Self::Validity { .. } => "look at it with `countersign profile show`; a version never changes",
            Self::TooLong(_) => "make the profile with `countersign profile create` and a shorter validity",
            Self::Foreign(_) => "import profiles of that account alone",
            Self::Nameless => "name it with `--profile NAME`",
            Self::NoProfile(_) => "import its `aws signer get-signing-profile` too, or make it",
            Self::UnknownPrincipal(_) => "give keys of principals in the files, by their names there",
            Self::Edit(error) => return error.hint(),
        })
    }
}
