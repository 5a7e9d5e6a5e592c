//! Export errors: what cannot be said in AWS without permitting more.

use crate::arn::PublisherArn;
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
    /// A profile is in AWS already, and one of its publishers has no place there.
    #[error("`{publisher}` has no place in AWS, and others of its profile have")]
    Unplaced {
        /// The publisher.
        publisher: PublisherArn,
    },
    /// No publisher of the CSC can be said.
    #[error(
        "no publisher of CSC `{0}` is left in AWS: each is canceled, revoked, not the newest or not there"
    )]
    NoPublisher(CscId),
    /// AWS takes shorter descriptions only.
    #[error("the description of CSC `{0}` is over {AWS_DESCRIPTION_CHARS_MAX} characters")]
    LongDescription(CscId),
    /// CloudFormation would not take the description as it is.
    #[error("the description of CSC `{0}` holds `{{{{` or `${{`, which CloudFormation reads as a reference")]
    DynamicDescription(CscId),
    /// AWS does not end permissions.
    #[error("permission `{statement}` of `{profile}` ends at {end}, and in AWS it would not")]
    Ends {
        /// The profile.
        profile: ProfileName,
        /// The permission.
        statement: StatementId,
        /// Its end.
        end: Timestamp,
    },
    /// Nobody has the mapped name.
    #[error("no permission names the principal `{0}`")]
    UnknownPrincipal(Principal),
    /// No CSC has the mapped publisher.
    #[error("no CSC allows the publisher `{0}`")]
    UnknownPublisher(PublisherArn),
    /// There are too many resources for one template.
    #[error("{0} resources where a template has {TEMPLATE_RESOURCES_MAX} at most")]
    Resources(usize),
    /// The template is too large.
    #[error("the template has {size} bytes where {limit} are allowed")]
    Size {
        /// Its bytes.
        size: usize,
        /// The most there may be.
        limit: usize,
    },
}

impl ExportError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unsayable { .. } | Self::Unplaced { .. } => {
                "name its profile version in AWS with `--publisher PUBLISHER=ARN`"
            }
            Self::NoPublisher(_) => {
                "allow a profile that signs with `countersign csc update`, or name its version in AWS with `--publisher PUBLISHER=ARN`"
            }
            Self::LongDescription(_) => "shorten it with `countersign csc update --description`, and seal",
            Self::DynamicDescription(_) => {
                "describe it without with `countersign csc update --description`, and seal"
            }
            Self::Ends { .. } => {
                "leave out its `--principal`, and give the permission in AWS for as long as it is meant"
            }
            Self::UnknownPrincipal(_) => "look at the principals with `countersign profile show`",
            Self::UnknownPublisher(_) => "look at the publishers with `countersign csc show`",
            Self::Resources(_) => "split the account's profiles and CSCs among several accounts",
            Self::Size { .. } => {
                "put the template of `countersign export cloudformation` on S3, and give its address with `--template-url`"
            }
        }
    }
}
