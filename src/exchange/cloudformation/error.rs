//! Export errors: what cannot be expressed in AWS without permitting more.

use std::borrow::Cow;

use crate::arn::PublisherArn;
use crate::hint::Hint;
use crate::limits::{AWS_DESCRIPTION_CHARS_MAX, TEMPLATE_RESOURCES_MAX};
use crate::name::{CscId, Principal, ProfileName, StatementId};
use crate::time::Timestamp;

/// Why there is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// AWS has no way to name the publisher.
    #[error("CSC `{csc}` allows `{publisher}`, which AWS cannot name")]
    Unsayable {
        /// The CSC.
        csc: CscId,
        /// The publisher.
        publisher: Box<PublisherArn>,
    },
    /// A profile exists in AWS already, and one of its publishers has no equivalent there.
    #[error("`{publisher}` has no equivalent in AWS, but others of its profile have one")]
    Unplaced {
        /// The publisher.
        publisher: PublisherArn,
    },
    /// No publisher of the CSC can be exported.
    #[error(
        "no publisher of CSC `{0}` can be exported: each is canceled, revoked, not the newest version, or missing"
    )]
    NoPublisher(CscId),
    /// AWS allows only shorter descriptions.
    #[error("the description of CSC `{0}` has more than {AWS_DESCRIPTION_CHARS_MAX} characters")]
    LongDescription(CscId),
    /// CloudFormation would change the description.
    #[error(
        "the description of CSC `{0}` contains `{{{{` or `${{`, which CloudFormation reads as a reference"
    )]
    DynamicDescription(CscId),
    /// Permissions in AWS do not end.
    #[error("permission `{statement}` of `{profile}` ends at {end}, but in AWS it would not end")]
    Ends {
        /// The profile.
        profile: ProfileName,
        /// The permission.
        statement: StatementId,
        /// Its end.
        end: Timestamp,
    },
    /// No permission has the mapped principal.
    #[error("no permission names the principal `{0}`")]
    UnknownPrincipal(Principal),
    /// No CSC has the mapped publisher.
    #[error("no CSC allows the publisher `{0}`")]
    UnknownPublisher(PublisherArn),
    /// There are too many resources for one template.
    #[error("{0} resources, over the limit of {TEMPLATE_RESOURCES_MAX} for a template")]
    Resources(usize),
    /// The template is too large.
    #[error("the template has {size} bytes, over the limit of {limit}")]
    Size {
        /// Its bytes.
        size: usize,
        /// The limit.
        limit: usize,
    },
}

impl Hint for ExportError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Unsayable { .. } | Self::Unplaced { .. } => {
                "pass its profile version in AWS with `--publisher PUBLISHER=ARN`"
            }
            Self::NoPublisher(_) => {
                "allow an active profile with `countersign csc update`, or pass its version in AWS with `--publisher PUBLISHER=ARN`"
            }
            Self::LongDescription(_) => "shorten it with `countersign csc update --description`, and seal",
            Self::DynamicDescription(_) => {
                "remove them with `countersign csc update --description`, and seal"
            }
            Self::Ends { .. } => "remove its `--principal`, and add a temporary permission in AWS",
            Self::UnknownPrincipal(_) => "list the principals with `countersign profile show`",
            Self::UnknownPublisher(_) => "list the publishers with `countersign csc show`",
            Self::Resources(_) => "split the profiles and CSCs into several accounts",
            Self::Size { .. } => {
                "upload the template of `countersign export cloudformation` to S3, and pass its URL with `--template-url`"
            }
        };
        Some(hint.into())
    }
}
