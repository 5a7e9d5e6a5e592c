//! What an audit finds before any manifest is asked: each with what to do about it.

use super::candidates::Candidate;
use crate::digest::Sha256;
use crate::provenance::Kind;
use crate::report::{Check, Finding};

/// No manifest claims to be about what runs.
pub fn unsigned() -> Finding {
    Finding::new(
        Check::Mismatch,
        "deployed-unsigned",
        "no manifest was found for what runs: it was deployed before signing was switched on, or past it",
        "deploy a signed package, or sign the one that runs; or name where its manifest is with `--manifests`, \
        `--notes` or `--all-notes`: a line of the ledger is none",
    )
}

/// The manifest of its name claims to be about another package.
pub fn differs(sha256: &Sha256, newest: &Candidate) -> Finding {
    Finding::new(
        Check::Mismatch,
        "deployed-differs",
        format!(
            "no manifest was found for what runs, SHA-256 {sha256}; the newest of its name claims {}, signed at {}",
            newest.sha256, newest.signed_at
        ),
        "deploy the package that was signed, or sign the one that runs if it is the right one",
    )
}

/// It is a container image.
pub fn image() -> Finding {
    Finding::new(
        Check::Mismatch,
        "deployed-image",
        "a container image runs, which code signing of ZIPs does not cover, here or in AWS",
        "deploy it as a ZIP, or have its image verified where it is pulled",
    )
}

/// Nothing tells its hash.
pub fn untold() -> Finding {
    Finding::new(
        Check::Mismatch,
        "deployed-untold",
        "nothing tells the hash of what runs",
        "give the answer of `aws lambda get-layer-version-by-arn --arn ARN` for a layer, and of `aws lambda \
        get-function-configuration` for a function, with `--deployed` too",
    )
}

/// Its hash is none.
pub fn malformed(what: &str) -> Finding {
    Finding::new(
        Check::Mismatch,
        "deployed-malformed",
        format!("what is told of it cannot be: {what}"),
        "get the answer of `aws lambda` again",
    )
}

/// Its name is none.
pub fn unsignable(kind: Kind) -> Finding {
    Finding::new(
        Check::Mismatch,
        "deployed-unsignable",
        format!("nothing can be signed for a {} of this name", kind.name()),
        "deploy it under a name of `A-Z`, `a-z`, `0-9`, `-` and `_` that is no device of Windows",
    )
}
