//! The claim: the artifact that a manifest claims to be for, to find manifests that are worth verifying.
//!
//! Nothing is verified, and the parser is lenient: the manifests that it finds are verified as usual.

use serde::Deserialize;

use super::Subject;
use super::bundle::Bundle;
use crate::digest::Sha256;
use crate::document;
use crate::name::ArtifactName;
use crate::provenance::Kind;
use crate::time::Timestamp;

/// The artifact that a manifest claims to be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whether a function or a layer was signed.
    pub kind: Kind,
    /// The function's or layer's name.
    pub name: ArtifactName,
    /// SHA-256 of the artifact.
    pub sha256: Sha256,
    /// When it was signed.
    pub signed_at: Timestamp,
}

#[derive(Deserialize)]
struct StatementFile {
    subject: [Subject; 1],
    predicate: Predicate,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Predicate {
    kind: Kind,
    name: ArtifactName,
    signed_at: Timestamp,
}

impl Claim {
    /// The claim in a manifest's bytes; `None` if they are not a manifest, or newer than this program.
    pub fn of(manifest: &[u8]) -> Option<Self> {
        let bundle: Bundle = document::parse_foreign_json(manifest).ok()?;
        let payload = bundle.envelope().ok()?.unverified_payload();
        let StatementFile { subject: [subject], predicate } = document::parse_foreign_json(payload).ok()?;
        let Predicate { kind, name, signed_at } = predicate;
        Some(Self { kind, name, sha256: subject.digest.sha256, signed_at })
    }
}

/// SHA-256 of the artifact that a manifest claims to be about which is newer than this program; nothing of any other.
pub fn of_newer(manifest: &[u8]) -> Option<Sha256> {
    #[derive(Deserialize)]
    struct Head {
        subject: [Digested; 1],
    }
    #[derive(Deserialize)]
    struct Digested {
        digest: Digest,
    }
    #[derive(Deserialize)]
    struct Digest {
        sha256: Sha256,
    }
    let bundle: Bundle = document::parse_foreign_json(manifest).ok()?;
    let payload = bundle.envelope().ok()?.unverified_payload();
    super::newer(payload)?;
    let Head { subject: [Digested { digest }] } = document::parse_foreign_json(payload).ok()?;
    Some(digest.sha256)
}
