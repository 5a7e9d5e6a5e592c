//! The deployed: what is told of code that runs somewhere, whose bytes are not here.

use crate::digest::Sha256;

/// The package that runs, as the cloud tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deployment {
    /// SHA-256 of the whole package, as AWS Lambda's `CodeSha256`.
    pub sha256: Sha256,
    /// The package's size in bytes, if it is told.
    pub size: Option<u64>,
}
