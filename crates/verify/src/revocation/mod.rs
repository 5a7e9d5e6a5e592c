//! Revocations: jobs, profile versions, artifacts and keys whose signatures are no longer valid.
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
//! A revocation names a value inside the signed payload, or a key; never a hash of a signature or of a file,
//! since one ECDSA signature can be turned into another valid one.

pub mod signed;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::arn::{JobArn, ProfileArn};
use crate::crypto::key::KeyId;
use crate::digest::Sha384;
use crate::document::format::{self, Format};
use crate::document::{self, DocumentError};
use crate::limits::REASON_CHARS_MAX;
use crate::name::UnknownWord;
use crate::time::Timestamp;

/// An account's revocations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocations {
    #[serde(default, skip_serializing_if = "Format::is_absent")]
    format: Format<{ format::REVOCATIONS }>,
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

/// A part of a `revocations.toml`; the first has the revision.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    #[serde(default)]
    format: Format<{ format::REVOCATIONS }>,
    revision: Option<u64>,
    #[serde(default)]
    job: Vec<RevokedJob>,
    #[serde(default)]
    artifact: Vec<RevokedArtifact>,
    #[serde(default)]
    profile: Vec<RevokedProfile>,
    #[serde(default)]
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

/// A revoked artifact, no matter who signed it.
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

/// A profile version that is revoked from a time on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedProfile {
    /// The profile version.
    pub profile: ProfileArn,
    /// The time from which signatures are void.
    pub effective: Timestamp,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// Why, as a code.
    pub reason_code: ReasonCode,
    /// Why, in words.
    pub reason: Reason,
}

/// A key that is revoked from a time on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedKey {
    /// The key's fingerprint.
    pub key: KeyId,
    /// The time from which signatures are void.
    pub effective: Timestamp,
    /// When it was revoked.
    pub revoked_at: Timestamp,
    /// Why, as a code.
    pub reason_code: ReasonCode,
    /// Why, in words.
    pub reason: Reason,
}

/// The reason for a revocation, by RFC 5280's reason codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReasonCode {
    /// Another user could have the key: claimed times are not trusted.
    KeyCompromise,
    /// It was replaced.
    Superseded,
    /// It is no longer needed.
    CessationOfOperation,
    /// Its owner has left.
    AffiliationChanged,
    /// None of these reasons.
    Unspecified,
}

/// The known times of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureTimes {
    /// The time that the signer claims.
    pub claimed: Timestamp,
    /// When the sealed ledger recorded it, if it did: a time that the signer did not choose.
    pub trusted: Option<Timestamp>,
}

impl ReasonCode {
    /// Every code, in the order of RFC 5280.
    pub const ALL: [Self; 5] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
    ];

    /// The code in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::KeyCompromise => "keyCompromise",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Unspecified => "unspecified",
        }
    }

    /// Whether a signature is void under a revocation from `effective` on.
    ///
    /// After a key compromise a thief can claim any time, so only a trusted time counts, and a signature
    /// without one is void. For the other reasons, the claimed time counts.
    pub fn voids(self, times: SignatureTimes, effective: Timestamp) -> bool {
        match self {
            Self::KeyCompromise => times.trusted.is_none_or(|trusted| trusted >= effective),
            Self::Superseded | Self::CessationOfOperation | Self::AffiliationChanged | Self::Unspecified => {
                times.claimed >= effective
            }
        }
    }
}

impl FromStr for ReasonCode {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|code| code.name() == text);
        found.ok_or_else(|| UnknownWord::new("a reason code", text, Self::ALL.map(Self::name)))
    }
}

/// A reason in words: 1 to 500 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a reason is not valid: its number of characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the reason has {0} characters, expected 1 to {REASON_CHARS_MAX}")]
pub struct ReasonError(usize);

impl FromStr for Reason {
    type Err = ReasonError;

    fn from_str(text: &str) -> Result<Self, ReasonError> {
        match text.chars().count() {
            1..=REASON_CHARS_MAX => Ok(Self(text.into())),
            count => Err(ReasonError(count)),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

crate::text_form!(Reason);

impl Revocations {
    /// The revocations of a new account: none.
    pub fn none() -> Self {
        Self { revision: 1, ..Self::default() }
    }

    /// Parses `revocations.toml`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut all: Option<Self> = None;
        document::from_toml_lists(format::REVOCATIONS, path, bytes, |part: Part| {
            let Part { format, revision, job, artifact, profile, key } = part;
            let Some(all) = &mut all else {
                let revision = revision.ok_or("missing field `revision`")?;
                all = Some(Self { format, revision, job, artifact, profile, key });
                return Ok(());
            };
            all.job.extend(job);
            all.artifact.extend(artifact);
            all.profile.extend(profile);
            all.key.extend(key);
            Ok(())
        })?;
        let revocations = all.unwrap_or_default();
        let profiles = revocations.profile.iter().map(|each| (each.effective, each.revoked_at));
        let keys = revocations.key.iter().map(|each| (each.effective, each.revoked_at));
        match profiles.chain(keys).find(|(effective, revoked_at)| effective > revoked_at) {
            Some((effective, _)) => Err(DocumentError::new(
                path,
                format!("`effective` is {effective}, which is after `revoked_at`"),
            )),
            None => Ok(revocations),
        }
    }

    /// The document.
    pub fn to_toml(&self) -> String {
        document::to_toml(self)
    }

    /// The document's revision.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The same revocations as the next revision.
    pub fn next_revision(self) -> Self {
        Self { revision: document::next_revision(self.revision), ..self }
    }

    /// Every revocation.
    pub fn all(&self) -> Vec<Revocation> {
        self.clone().into_all()
    }

    /// Every revocation, by value.
    pub fn into_all(self) -> Vec<Revocation> {
        let jobs = self.job.into_iter().map(Revocation::Job);
        let artifacts = self.artifact.into_iter().map(Revocation::Artifact);
        let profiles = self.profile.into_iter().map(Revocation::Profile);
        let keys = self.key.into_iter().map(Revocation::Key);
        jobs.chain(artifacts).chain(profiles).chain(keys).collect()
    }

    /// Adds a revocation.
    pub fn add(&mut self, revocation: Revocation) {
        match revocation {
            Revocation::Job(each) => self.job.push(each),
            Revocation::Artifact(each) => self.artifact.push(each),
            Revocation::Profile(each) => self.profile.push(each),
            Revocation::Key(each) => self.key.push(each),
        }
    }

    /// Removes a revocation, to replace it.
    pub fn take(&mut self, revocation: &Revocation) {
        match revocation {
            Revocation::Job(taken) => self.job.retain(|each| each != taken),
            Revocation::Artifact(taken) => self.artifact.retain(|each| each != taken),
            Revocation::Profile(taken) => self.profile.retain(|each| each != taken),
            Revocation::Key(taken) => self.key.retain(|each| each != taken),
        }
    }
}

/// One revocation, of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revocation {
    /// Of a signing job.
    Job(RevokedJob),
    /// Of an artifact.
    Artifact(RevokedArtifact),
    /// Of a profile version.
    Profile(RevokedProfile),
    /// Of a key.
    Key(RevokedKey),
}

impl Revocation {
    /// What it revokes: `job ARN`, `artifact SHA-384`, `profile ARN` or `key FINGERPRINT`.
    pub fn subject(&self) -> String {
        match self {
            Self::Job(each) => subject_of_job(&each.job),
            Self::Artifact(each) => subject_of_artifact(&each.sha384),
            Self::Profile(each) => subject_of_profile(&each.profile),
            Self::Key(each) => subject_of_key(&each.key),
        }
    }

    /// The time from which signatures are void; `None` if all are.
    pub fn effective(&self) -> Option<Timestamp> {
        match self {
            Self::Job(_) | Self::Artifact(_) => None,
            Self::Profile(each) => Some(each.effective),
            Self::Key(each) => Some(each.effective),
        }
    }

    /// Changes the effective time, if the revocation has one.
    pub fn effective_from(self, effective: Timestamp) -> Self {
        match self {
            Self::Profile(each) => Self::Profile(RevokedProfile { effective, ..each }),
            Self::Key(each) => Self::Key(RevokedKey { effective, ..each }),
            other => other,
        }
    }

    /// When it was written.
    pub fn revoked_at(&self) -> Timestamp {
        match self {
            Self::Job(each) => each.revoked_at,
            Self::Artifact(each) => each.revoked_at,
            Self::Profile(each) => each.revoked_at,
            Self::Key(each) => each.revoked_at,
        }
    }

    /// Why, as a code.
    pub fn reason_code(&self) -> ReasonCode {
        match self {
            Self::Job(each) => each.reason_code,
            Self::Artifact(each) => each.reason_code,
            Self::Profile(each) => each.reason_code,
            Self::Key(each) => each.reason_code,
        }
    }

    /// Why, in words.
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Job(each) => &each.reason,
            Self::Artifact(each) => &each.reason,
            Self::Profile(each) => &each.reason,
            Self::Key(each) => &each.reason,
        }
    }

    /// Whether it makes a signature void: always for a job or an artifact, otherwise by its reason and the
    /// times.
    pub fn voids(&self, times: SignatureTimes) -> bool {
        self.effective().is_none_or(|effective| self.reason_code().voids(times, effective))
    }
}

/// `job ARN`
pub fn subject_of_job(job: &JobArn) -> String {
    format!("job {job}")
}

/// `artifact SHA-384`
pub fn subject_of_artifact(sha384: &Sha384) -> String {
    format!("artifact {sha384}")
}

/// `profile ARN`
pub fn subject_of_profile(profile: &ProfileArn) -> String {
    format!("profile {profile}")
}

/// `key FINGERPRINT`
pub fn subject_of_key(key: &KeyId) -> String {
    format!("key {key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_one_revocation_leaves_the_others() {
        let revoked = |version: &str| {
            let arn = format!("arn:countersign:signer::acme:/signing-profiles/release/{version}");
            format!(
                "[[profile]]\nprofile = '{arn}'\neffective = '2026-01-31T12:00:00Z'\n\
                revoked_at = '2026-02-01T12:00:00Z'\nreason_code = 'superseded'\nreason = 'x'\n"
            )
        };
        let key = |id: &str| {
            format!(
                "[[key]]\nkey = 'SHA256:{id}{}'\neffective = '2026-01-31T12:00:00Z'\n\
                revoked_at = '2026-02-01T12:00:00Z'\nreason_code = 'superseded'\nreason = 'x'\n",
                "A".repeat(42)
            )
        };
        let job = |digit: char| {
            format!(
                "[[job]]\njob = 'arn:countersign:signer::acme:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b1{digit}'\n\
                revoked_at = '2026-02-01T12:00:00Z'\nreason_code = 'superseded'\nreason = 'x'\n"
            )
        };
        let artifact = |digit: &str| {
            format!(
                "[[artifact]]\nsha384 = '{}'\nrevoked_at = '2026-02-01T12:00:00Z'\n\
                reason_code = 'superseded'\nreason = 'x'\n",
                digit.repeat(96)
            )
        };
        let text = ["revision = 1\n".into(), job('0'), job('1'), artifact("a"), artifact("b")].concat()
            + &[revoked("aaaaaaaaaa"), revoked("bbbbbbbbbb"), key("A"), key("E")].concat();
        let all = Revocations::parse(Path::new("revocations.toml"), text.as_bytes()).unwrap();
        assert_eq!(all.all().len(), 8);
        for taken in all.all() {
            let mut rest = all.clone();
            rest.take(&taken);
            assert_eq!(rest.all().len(), 7, "{}", taken.subject());
            assert!(!rest.all().contains(&taken));
            rest.add(taken);
            assert_eq!(rest.all().len(), 8);
        }
    }

    #[test]
    fn long_revocations_are_read_in_parts() {
        let one = "[[artifact]]\nsha384 = 'SHA'\nrevoked_at = '2026-02-01T12:00:00Z'\n\
            reason_code = 'superseded'\nreason = 'x'\n"
            .replace("SHA", &"a".repeat(96));
        let text = format!("revision = 7\n{}", one.repeat(20_000));
        let parse = |text: &str| Revocations::parse(Path::new("revocations.toml"), text.as_bytes());
        let all = parse(&text).unwrap();
        assert_eq!((all.revision(), all.all().len()), (7, 20_000));
        let error = parse(&text.replace("revision = 7\n", "")).unwrap_err().to_string();
        assert!(error.contains("missing field `revision`"), "{error}");
        let error = parse(&format!("{text}[job]\nx = 1\n")).unwrap_err().to_string();
        assert!(error.contains("line 100002: invalid type"), "{error}");
    }
}
