//! Exchange with AWS: exports a sealed policy to CloudFormation, stack sets and IAM, and imports AWS answers
//! as documents.
//!
//! Two rules: what AWS cannot express is a note or an error, never ignored; and nothing that is exported or
//! imported permits more than its origin does.

pub mod aws;
pub mod cloudformation;
pub mod iam;
pub mod import;
pub mod sealed;
pub mod stackset;
