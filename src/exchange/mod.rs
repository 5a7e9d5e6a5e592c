//! Exchange with AWS: a sealed policy as CloudFormation, stack sets and IAM, and AWS's answers as documents.
//!
//! Two rules: what AWS cannot say is a note or a refusal, never silence; and nothing that is exported or
//! imported permits more than its origin does.

pub mod aws;
pub mod cloudformation;
pub mod iam;
pub mod import;
pub mod sealed;
pub mod stackset;
