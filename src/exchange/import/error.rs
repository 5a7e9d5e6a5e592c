//! Import errors: what in AWS answers cannot be imported.

use std::borrow::Cow;

use crate::csc::PublishersError;
use crate::document::DocumentError;
use crate::hint::Hint;
use crate::limits::VALIDITY_MONTHS;
use crate::name::{CscId, Principal, ProfileName, ProfileVersion};
use crate::policy::edit::EditError;

/// Why nothing is imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file is not an AWS answer.
    #[error(transparent)]
    Answer(#[from] DocumentError),
    /// Two answers contradict each other.
    #[error("the files contradict each other about {0}")]
    Contradiction(String),
    /// The publishers are not valid for a CSC.
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
    /// A version cannot change.
    #[error("version {version} of signing profile `{name}` has a different validity in the policy")]
    Validity {
        /// The profile.
        name: ProfileName,
        /// Its version.
        version: ProfileVersion,
    },
    /// A validity is too long for a profile.
    #[error("the validity of signing profile `{0}` is longer than {VALIDITY_MONTHS} months")]
    TooLong(ProfileName),
    /// The profile is not of the account that `--as-own` names.
    #[error("signing profile `{0}` is not of the AWS account that `--as-own` names")]
    Foreign(ProfileName),
    /// The answer does not name the profile of the permissions.
    #[error("a list of permissions does not name its signing profile")]
    Nameless,
    /// The profile is neither in the policy nor in the files.
    #[error("signing profile `{0}` of the permissions does not exist")]
    NoProfile(ProfileName),
    /// A key was passed for a principal without a permission in the files.
    #[error("no permission in the files names the principal `{0}`")]
    UnknownPrincipal(Principal),
    /// The policy does not allow the change.
    #[error(transparent)]
    Edit(#[from] EditError),
}

impl Hint for ImportError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Answer(_) => {
                "save the complete output of one command as JSON: `aws … --output json > FILE`"
            }
            Self::Contradiction(_) => "import only the newer file",
            Self::Publishers { .. } => "list each publisher once",
            Self::Revoked { is_here: true, .. } => {
                "revoke it in the policy too with `countersign profile revoke`, which sets the effective time"
            }
            Self::Revoked { is_here: false, .. } => {
                "remove the file: the policy has no signatures of this version"
            }
            Self::Validity { .. } => "review it with `countersign profile show`; a version cannot change",
            Self::TooLong(_) => "create the profile with `countersign profile create` and a shorter validity",
            Self::Foreign(_) => "import only profiles of that account",
            Self::Nameless => "pass it with `--profile NAME`",
            Self::NoProfile(_) => {
                "import its `aws signer get-signing-profile` too, or create it with `countersign profile create`"
            }
            Self::UnknownPrincipal(_) => "pass keys only for principals in the files, with the same names",
            Self::Edit(error) => return error.hint(),
        };
        Some(hint.into())
    }
}
