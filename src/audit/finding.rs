//! Findings of an audit without a matching manifest, with advice.

use super::candidates::Candidate;
use crate::digest::Sha256;
use crate::provenance::Kind;
use crate::report::{Check, Finding};

/// No manifest claims to be for the deployed code.
pub fn unsigned() -> Finding {
    Finding::new(
        Check::Mismatch,
        "deployed-unsigned",
        "no manifest matches the deployed code: it was deployed before signing was enabled, or without the gate",
        "deploy a signed package, or sign the deployed one; or pass the location of its manifest with `--manifests`, \
        `--notes` or `--all-notes` (a line of the ledger is not a manifest)",
    )
}

/// The manifest for its name is for another package.
pub fn differs(sha256: &Sha256, newest: &Candidate) -> Finding {
    Finding::new(
        Check::Mismatch,
        "deployed-differs",
        format!(
            "no manifest matches the deployed code, SHA-256 {sha256}; the newest one for its name has {}, signed at {}",
            newest.sha256,
            newest.signed_at.map(|at| at.to_string()).unwrap_or_default()
        ),
        "deploy the signed package, or sign the deployed one if it is correct",
    )
}

/// It is a container image.
pub fn image() -> Finding {
    Finding::new(
        Check::Mismatch,
        "deployed-image",
        "the deployed code is a container image, and Lambda code signing covers only ZIP packages",
        "deploy it as a ZIP, or verify the image where it is pulled",
    )
}

/// Its hash is unknown.
pub fn untold() -> Finding {
    Finding::new(
        Check::Mismatch,
        "deployed-untold",
        "the hash of the deployed code is unknown",
        "pass the output of `aws lambda get-layer-version-by-arn --arn ARN` for a layer, or of `aws lambda \
        get-function-configuration` for a function, with `--deployed`",
    )
}

/// Its hash is invalid.
pub fn malformed(what: &str) -> Finding {
    Finding::new(
        Check::Mismatch,
        "deployed-malformed",
        format!("the input about it is invalid: {what}"),
        "run `aws lambda` again",
    )
}

/// Its name cannot be signed for.
pub fn unsignable(kind: Kind) -> Finding {
    Finding::new(
        Check::Mismatch,
        "deployed-unsignable",
        format!("no artifact can be signed for a {} of this name", kind.name()),
        "deploy it under a name of `A-Z`, `a-z`, `0-9`, `-` and `_` that is not a Windows device name",
    )
}
