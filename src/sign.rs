//! Signing: signs a statement about an artifact, with a key that has permission on a profile.

pub mod standing;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use crate::arn::{JobArn, ProfileArn};
use crate::crypto::key::{KeyId, PublicKey};
use crate::crypto::secret::SecretKey;
use crate::crypto::signing;
use crate::digest::ArtifactDigests;
use crate::document;
use crate::document::format::FormatNewer;
use crate::files::Loaded;
use crate::hint::Hint;
use crate::inventory::FileRecord;
use crate::limits::MANIFEST_BYTES_MAX;
use crate::manifest::bundle::Bundle;
use crate::manifest::{self, Job, Statement, StatementError};
use crate::name::{AccountName, ArtifactName, Principal, ProfileName, ProfileVersion};
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::profile::{Action, Profile, Status};
use crate::provenance::{Builder, Endorsement, Kind, LayerRecord, Platform, SelectionRecord, Source};
use crate::revocation::{subject_of_key, subject_of_profile};
use crate::time::Timestamp;
use crate::verify::integrity::{self, Opening};

/// Why an artifact was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The account has no such profile.
    #[error("account `{account}` has no signing profile `{profile}`")]
    NoProfile {
        /// The account.
        account: AccountName,
        /// The profile.
        profile: ProfileName,
    },
    /// The profile's current version cannot sign.
    #[error("signing profile `{profile}` is {state}: version `{version}` can no longer sign")]
    NotActive {
        /// The profile.
        profile: ProfileName,
        /// Its current version.
        version: ProfileVersion,
        /// `canceled` or `revoked`.
        state: &'static str,
    },
    /// The key has no permission on the profile.
    #[error("key {key} has no permission `signer:StartSigningJob` on signing profile `{profile}` at {now}")]
    NoPermission {
        /// The key.
        key: KeyId,
        /// The profile.
        profile: ProfileName,
        /// The time.
        now: Timestamp,
    },
    /// The key is revoked.
    #[error("key {0} is revoked")]
    KeyRevoked(KeyId),
    /// The inventory is too large for a manifest.
    #[error("the manifest would have {0} bytes, over the limit of {MANIFEST_BYTES_MAX}")]
    TooLarge(usize),
    /// The policy is not trusted.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Hint for SignError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::NoProfile { .. } => {
                "list them with `countersign profile list`, and pass one with `--profile`"
            }
            Self::NotActive { .. } => {
                "ask the policy owner for a new version of the profile, or for another profile"
            }
            Self::NoPermission { .. } => {
                "ask the policy owner to permit the key with `countersign profile permit`, or pass another `--key`"
            }
            Self::KeyRevoked(_) => "sign with another key; a revoked key cannot be used again",
            Self::TooLarge(_) => "package fewer files",
            Self::Policy(error) => return error.hint(),
        };
        Some(hint.into())
    }
}

/// A key that can sign with a profile's current version now. Only [`Signer::new`] creates it.
#[derive(Debug)]
pub struct Signer<'a> {
    key: &'a SecretKey,
    arn: ProfileArn,
    profile: Profile,
    principal: Principal,
    now: Timestamp,
}

impl<'a> Signer<'a> {
    /// Checks profile, version, permission and revocations in the sealed policy.
    pub fn new(
        policy: &Policy,
        profile: &ProfileName,
        key: &'a SecretKey,
        now: Timestamp,
    ) -> Result<Self, SignError> {
        let account = policy.account().clone();
        let absent = || SignError::NoProfile { account: account.clone(), profile: profile.clone() };
        let profile = policy.profile(profile)?.ok_or_else(absent)?;
        let current = profile.current();
        let arn = ProfileArn::new(account.clone(), profile.name().clone(), current.version.clone());
        let is_revoked = |subject| Ok::<_, PolicyError>(!policy.revocations_of(&[subject])?.is_empty());
        let revoked = current.status == Status::Revoked || is_revoked(subject_of_profile(&arn))?;
        if revoked || current.status == Status::Canceled {
            let (profile, version) = (profile.name().clone(), current.version.clone());
            return Err(SignError::NotActive {
                profile,
                version,
                state: if revoked { "revoked" } else { "canceled" },
            });
        }
        let public = key.public();
        if is_revoked(subject_of_key(&public.id()))? {
            return Err(SignError::KeyRevoked(public.id()));
        }
        let permission =
            profile.permissions_of(&public).find(|each| each.permits(Action::StartSigningJob, now));
        let refused = || SignError::NoPermission { key: public.id(), profile: profile.name().clone(), now };
        let principal = permission.ok_or_else(refused)?.principal.clone();
        Ok(Self { key, arn, profile, principal, now })
    }

    /// The time at which it signs.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The keys of the profile.
    fn keys(&self) -> BTreeMap<KeyId, PublicKey> {
        self.profile.permissions().iter().map(|each| (each.key.id(), each.key.clone())).collect()
    }

    /// The profile version that signs.
    pub fn profile(&self) -> &ProfileArn {
        &self.arn
    }
}

/// The artifact to sign.
#[derive(Debug)]
pub struct Artifact<'a> {
    /// The artifact's file name.
    pub file_name: &'a str,
    /// Whether it is a function or a layer.
    pub kind: Kind,
    /// The function's or layer's name.
    pub name: &'a ArtifactName,
    /// Its digests.
    pub digests: &'a ArtifactDigests,
    /// Its files, sorted by path.
    pub files: Vec<FileRecord>,
    /// The selection of files, if it was packaged here; without it, the statement is an endorsement.
    pub selection: Option<SelectionRecord>,
    /// The encoder, if it was packaged just now.
    pub encoder: Option<String>,
    /// The source of its files, if known.
    pub source: Option<Source>,
    /// The CI run, if there is one.
    pub builder: Option<Builder>,
    /// The fields that only a layer has.
    pub layer: Option<LayerRecord>,
}

/// A new manifest.
#[derive(Debug)]
pub struct Signed {
    /// The signing job.
    pub job: JobArn,
    /// When the signature expires.
    pub expires: Timestamp,
    /// Whether it vouches for another tool's package.
    pub endorsement: Endorsement,
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
}

/// Signs a statement about the artifact, as a new job.
pub fn sign(signer: &Signer<'_>, artifact: Artifact<'_>) -> Result<Signed, SignError> {
    let account = signer.arn.owner().account().clone();
    let job = JobArn::new(account, crate::random::job());
    let expires = signer.now.plus(signer.profile.current().validity);
    let endorsement = if artifact.selection.is_some() { Endorsement::No } else { Endorsement::Yes };
    let statement = Statement::new(
        artifact.file_name,
        artifact.digests,
        Job {
            format: manifest::format_of(artifact.selection.as_ref()),
            job: job.clone(),
            profile: signer.arn.clone(),
            platform: Platform::AwsLambdaSha384Ecdsa,
            kind: artifact.kind,
            name: artifact.name.clone(),
            requested_by: signer.principal.clone(),
            signed_at: signer.now,
            signature_expires_at: expires,
            size: artifact.digests.size,
            chunk_digest: artifact.digests.chunk,
            files: artifact.files,
            endorsement,
            selection: artifact.selection,
            encoder: artifact.encoder,
            source: artifact.source,
            builder: artifact.builder,
            layer: artifact.layer,
            tool: tool(),
        },
    );
    let envelope = signing::sign(manifest::PAYLOAD_TYPE, statement.to_payload(), &[signer.key]);
    let bytes = document::to_json(&Bundle::new(envelope, &signer.key.public().id()));
    if bytes.len() as u64 > MANIFEST_BYTES_MAX {
        return Err(SignError::TooLarge(bytes.len()));
    }
    Ok(Signed { job, expires, endorsement, manifest: bytes })
}

/// This program and its version.
fn tool() -> String {
    format!("countersign {}", env!("CARGO_PKG_VERSION"))
}

/// An artifact's existing manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// The signing job that it claims.
    pub job: Job,
    /// The key of a valid signature, if it is one of the signer's profile.
    pub key: Option<KeyId>,
}

/// An existing manifest that is newer than this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingNewer {
    /// Its format, and the known one.
    pub newer: FormatNewer,
    /// Whether a key of the signer's profile signed it.
    pub is_signed: bool,
}

/// The existing manifest of exactly this artifact, no matter who signed it.
///
/// Errors: the manifest is newer than this program, and may be about it.
pub fn existing(
    signer: &Signer<'_>,
    manifest: &Loaded,
    digests: &ArtifactDigests,
) -> Result<Option<Existing>, ExistingNewer> {
    let (statement, key) = match integrity::open(Some(manifest), &signer.keys()) {
        Opening::Opened(opened) => (opened.statement().clone(), Some(opened.signer().clone())),
        Opening::FormatNewer(signed) => return Err(ExistingNewer { newer: signed.newer, is_signed: true }),
        opening @ (Opening::UnknownKey(_) | Opening::Failed(_)) => match claimed(manifest) {
            Some(Ok(statement)) => (statement, None),
            // A manifest that was changed can be replaced.
            Some(Err(StatementError::FormatNewer(newer))) if matches!(opening, Opening::UnknownKey(_)) => {
                return Err(ExistingNewer { newer: newer.at(&manifest.path), is_signed: false });
            }
            Some(Err(_)) | None => return Ok(None),
        },
    };
    let same = statement.subject().digest.sha384 == digests.sha384;
    Ok(same.then(|| Existing { job: statement.job().clone(), key }))
}

/// The unverified statement of a manifest; `None` if it is not one.
fn claimed(manifest: &Loaded) -> Option<Result<Statement, StatementError>> {
    let bundle = manifest::parse(&manifest.path, &manifest.bytes).ok()?;
    Some(Statement::parse(bundle.envelope().ok()?.unverified_payload()))
}

/// The name of an artifact's file, for the statement's subject.
pub fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
