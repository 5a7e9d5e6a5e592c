//! Revocations: jobs, profile versions, artifacts and keys whose signatures no longer count.
//!
//! ```toml
//! revision = 1
//!
//! [[profile]]
//! profile = "arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5"
//! effective = "2026-01-31T12:00:00Z"   # signatures from then on are void
//! revoked_at = "2026-02-01T09:00:00Z"  # when this was written
//! reason_code = "keyCompromise"
//! reason = "laptop stolen"
//!
//! [[job]]        # job = "arn:…", and the last three fields
//! [[artifact]]   # sha384 = "…", and the last three
//! [[key]]        # key = "SHA256:…", and all four
//! ```
//! A revocation names a value inside the signed payload, or a key; never a hash of a signature or
//! of a file, since one ECDSA signature can be turned into another valid one.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::arn::{JobArn, ProfileArn};
use crate::crypto::key::KeyId;
use crate::digest::Sha384;
use crate::document::{self, DocumentError};
use crate::limits::REASON_CHARS_MAX;
use crate::time::Timestamp;

/// An account's revocations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocations {
    revision: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    job: Vec<RevokedJob>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    artifact: Vec<RevokedArtifact>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    profile: Vec<RevokedProfile>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    key: Vec<RevokedKey>,
}

/// A revoked signing job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedJob {
    /// The job.
    pub job: JobArn,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// Why, as a code.
    pub reason_code: ReasonCode,
    /// Why, in words.
    pub reason: Reason,
}

/// A revoked artifact, whoever signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedArtifact {
    /// The artifact's SHA-384.
    pub sha384: Sha384,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// Why, as a code.
    pub reason_code: ReasonCode,
    /// Why, in words.
    pub reason: Reason,
}

/// A profile version revoked from an instant on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedProfile {
    /// The profile version.
    pub profile: ProfileArn,
    /// The first instant whose signatures are void.
    pub effective: Timestamp,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// Why, as a code.
    pub reason_code: ReasonCode,
    /// Why, in words.
    pub reason: Reason,
}

/// A key revoked from an instant on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedKey {
    /// The key's fingerprint.
    pub key: KeyId,
    /// The first instant whose signatures are void.
    pub effective: Timestamp,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// Why, as a code.
    pub reason_code: ReasonCode,
    /// Why, in words.
    pub reason: Reason,
}

/// Why something was revoked, by RFC 5280's reason codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReasonCode {
    /// Somebody else may hold the key: no claimed time counts.
    KeyCompromise,
    /// Something newer took its place.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
    /// Its holder has moved on.
    AffiliationChanged,
    /// No reason of these.
    Unspecified,
}

impl ReasonCode {
    /// Whether a signature with this claimed time is void, for a revocation from `effective` on.
    ///
    /// After a key compromise the claim counts for nothing, so every signature is void: a thief
    /// can write any time.
    pub fn voids(self, claimed_time: Timestamp, effective: Timestamp) -> bool {
        match self {
            Self::KeyCompromise => true,
            Self::Superseded | Self::CessationOfOperation | Self::AffiliationChanged | Self::Unspecified => {
                claimed_time >= effective
            }
        }
    }
}

/// A reason in words: 1 to 500 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

impl Reason {
    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.chars().count() {
            1..=REASON_CHARS_MAX => Ok(Self(text)),
            count => Err(format!("a reason of {count} characters where 1 to {REASON_CHARS_MAX} are allowed")),
        }
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

impl Revocations {
    /// An account's first revocations: none.
    pub fn none() -> Self {
        Self { revision: 1, ..Self::default() }
    }

    /// Reads `revocations.toml`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let revocations: Self = document::from_toml(path, bytes)?;
        let profiles = revocations.profile.iter().map(|each| (each.effective, each.revoked_at));
        let keys = revocations.key.iter().map(|each| (each.effective, each.revoked_at));
        match profiles.chain(keys).find(|(effective, revoked_at)| effective > revoked_at) {
            Some((effective, _)) => Err(DocumentError::new(
                path,
                format!("an effective time of {effective} lies after the revocation itself"),
            )),
            None => Ok(revocations),
        }
    }

    /// The document.
    pub fn to_toml(&self) -> String {
        document::to_toml(self)
    }

    /// The revocation of a job.
    pub fn of_job(&self, job: &JobArn) -> Option<&RevokedJob> {
        self.job.iter().find(|each| each.job == *job)
    }

    /// Whether any artifact is revoked by its digest.
    pub fn name_artifacts(&self) -> bool {
        !self.artifact.is_empty()
    }

    /// The revocation of an artifact.
    pub fn of_artifact(&self, sha384: &Sha384) -> Option<&RevokedArtifact> {
        self.artifact.iter().find(|each| each.sha384 == *sha384)
    }

    /// The revocations of a profile version.
    pub fn of_profile(&self, profile: &ProfileArn) -> impl Iterator<Item = &RevokedProfile> {
        self.profile.iter().filter(move |each| each.profile == *profile)
    }

    /// The revocations of a key.
    pub fn of_key(&self, key: &KeyId) -> impl Iterator<Item = &RevokedKey> {
        self.key.iter().filter(move |each| each.key == *key)
    }
}
