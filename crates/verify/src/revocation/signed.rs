//! Signed revocations: a job revoked without a seal, by a key with permission on its profile.
//!
//! A DSSE envelope of type [`PAYLOAD_TYPE`] with one signature, around
//! ```json
//! { "job": "arn:…", "profile": "arn:countersign:signer::ACCOUNT:/signing-profiles/NAME/*",
//!   "requested_by": "…", "revoked_at": "…", "reason_code": "superseded", "reason": "…" }
//! ```
//! It is valid if the key had `signer:RevokeSignature` on the profile at `revoked_at`, for that principal,
//! even if the key was revoked since. It can only deny, and only jobs of its own profile, so it needs no
//! seal. Anyone who deletes the file undoes it; to make it permanent, the policy owner seals the same
//! revocation. In a policy directory its file is `revocations/JOB.json`, where JOB is the job's UUID; further
//! ones of the same job are `JOB.2.json` to `JOB.16.json`. Other names are ignored.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Reason, ReasonCode, Revocation, RevokedJob};
use crate::arn::{JobArn, ProfileArn, PublisherArn};
use crate::crypto::envelope::{Envelope, OpenError};
use crate::crypto::key::{KeyId, PublicKey};
use crate::document;
use crate::document::format::{self, Format, FormatNewer};
use crate::limits::SIGNED_REVOCATIONS_MAX;
use crate::name::{JobId, Principal};
use crate::time::Timestamp;

/// The DSSE payload type of a signed revocation.
pub const PAYLOAD_TYPE: &str = "application/vnd.countersign.revocation.v1+json";

/// The folder of signed revocations in a policy directory.
pub const FOLDER: &str = "revocations";

/// The content of a signed revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRevocation {
    /// Its format number.
    #[serde(default, skip_serializing_if = "Format::is_absent")]
    pub format: Format<{ format::SIGNED_REVOCATION }>,
    /// The job.
    pub job: JobArn,
    /// Its profile, for all versions.
    pub profile: PublisherArn,
    /// The principal who revokes: the owner of the key.
    pub requested_by: Principal,
    /// When it was revoked, as the signer claims.
    pub revoked_at: Timestamp,
    /// Why, as a code.
    pub reason_code: ReasonCode,
    /// Why, in words.
    pub reason: Reason,
}

/// A revocation with a valid signature by a known key. Only [`open`] creates it.
#[derive(Debug)]
pub struct Opened {
    revocation: SignedRevocation,
    signer: KeyId,
}

/// Why a signed revocation is not valid.
#[derive(Debug, thiserror::Error)]
pub enum SignedRevocationError {
    /// It is signed by a key of the profile, and newer than this program.
    #[error("{newer}")]
    FormatNewer {
        /// How.
        newer: Box<FormatNewer>,
        /// The fingerprint of the key.
        signer: KeyId,
        /// The job, if it names one.
        job: Option<JobArn>,
    },
    /// It is not JSON of the right form.
    #[error("it is malformed: {0}")]
    Malformed(String),
    /// Its signature is invalid, or by an unknown key.
    #[error(transparent)]
    Envelope(#[from] OpenError),
}

/// Opens a signed revocation with the keys of a profile.
pub fn open<'a>(
    bytes: &[u8],
    keys: impl Iterator<Item = &'a PublicKey>,
) -> Result<Opened, SignedRevocationError> {
    let envelope: Envelope =
        document::parse_json(bytes).map_err(|error| SignedRevocationError::Malformed(error.to_string()))?;
    let keys = keys.map(|key| (key.id(), key.clone())).collect();
    let payload = envelope.opened_by(PAYLOAD_TYPE, &keys)?;
    let path = Path::new("signed revocation");
    let revocation = document::from_versioned_json(format::SIGNED_REVOCATION, path, payload.bytes());
    let revocation = revocation.map_err(|error| match error.newer() {
        Some(newer) => {
            let signer = payload.signer().clone();
            let job = job_in(payload.bytes());
            SignedRevocationError::FormatNewer { newer: Box::new(newer.clone()), signer, job }
        }
        None => SignedRevocationError::Malformed(error.message().to_owned()),
    })?;
    Ok(Opened { revocation, signer: payload.signer().clone() })
}

/// The job in the header of a signed revocation of any format.
fn job_in(payload: &[u8]) -> Option<JobArn> {
    #[derive(Deserialize)]
    struct Header {
        job: serde_json::Value,
    }
    let Header { job } = document::parse_foreign_json(payload).ok()?;
    job.as_str()?.parse().ok()
}

impl Opened {
    /// The content.
    pub fn revocation(&self) -> &SignedRevocation {
        &self.revocation
    }

    /// The fingerprint of the key that signed it.
    pub fn signer(&self) -> &KeyId {
        &self.signer
    }

    /// Whether it is for this job of this profile.
    pub fn is_about(&self, job: &JobArn, profile: &ProfileArn) -> bool {
        self.revocation.job == *job && self.revocation.profile.allows(profile)
    }

    /// The same revocation in the form of `revocations.toml`.
    pub fn as_revocation(&self) -> Revocation {
        let SignedRevocation { job, revoked_at, reason_code, reason, .. } = self.revocation.clone();
        Revocation::Job(RevokedJob { job, revoked_at, reason_code, reason })
    }
}

/// The path of the first signed revocation of a job in a policy directory.
pub fn path(directory: &Path, job: &JobId) -> PathBuf {
    directory.join(FOLDER).join(format!("{job}.json"))
}

/// All paths where a policy directory can have a signed revocation of a job.
pub fn places(directory: &Path, job: &JobId) -> impl Iterator<Item = PathBuf> {
    let folder = directory.join(FOLDER);
    let more = (2..=SIGNED_REVOCATIONS_MAX).map(move |number| folder.join(format!("{job}.{number}.json")));
    std::iter::once(path(directory, job)).chain(more)
}

/// The job whose revocation has this file name, if any.
pub fn job_of(file_name: &str) -> Option<JobId> {
    let stem = file_name.strip_suffix(".json")?;
    let Some((job, number)) = stem.split_once('.') else { return stem.parse().ok() };
    let is_number = (2..=SIGNED_REVOCATIONS_MAX).any(|each| each.to_string() == number);
    job.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_a_jobs_and_no_other_name_is() {
        let job: JobId = "3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10".parse().unwrap();
        let places: Vec<PathBuf> = places(Path::new("policy"), &job).collect();
        assert_eq!(places.len(), SIGNED_REVOCATIONS_MAX as usize);
        for place in &places {
            assert!(place.starts_with("policy/revocations"));
            assert_eq!(job_of(place.file_name().unwrap().to_str().unwrap()), Some(job.clone()));
        }
        for end in
            ["", ".1.json", ".02.json", ".17.json", ".2", ".2.2.json", ".bob.json", "..json", ".json.json"]
        {
            assert_eq!(job_of(&format!("{job}{end}")), None, "{end}");
        }
        assert_eq!(job_of("other.json"), None);
    }
}
