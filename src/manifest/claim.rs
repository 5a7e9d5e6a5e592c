//! The claim: which artifact a manifest says it is about, to find the manifests that are worth a question.
//!
//! Nothing of it is verified, and it is read loosely: what a claim leads to is verified like any manifest.

use serde::Deserialize;

use super::Subject;
use super::bundle::Bundle;
use crate::digest::Sha256;
use crate::document;
use crate::name::ArtifactName;
use crate::provenance::Kind;
use crate::time::Timestamp;

/// What a manifest claims to be about.
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
    /// The claim of a manifest's bytes; nothing if they are no manifest.
    pub fn of(manifest: &[u8]) -> Option<Self> {
        let bundle: Bundle = document::parse_foreign_json(manifest).ok()?;
        let payload = bundle.envelope().ok()?.unverified_payload();
        let StatementFile { subject: [subject], predicate } = document::parse_foreign_json(payload).ok()?;
        let Predicate { kind, name, signed_at } = predicate;
        Some(Self { kind, name, sha256: subject.digest.sha256, signed_at })
    }
}
