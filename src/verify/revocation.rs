//! Revocation: neither the job, the artifact, the profile version nor the key was revoked.

use super::integrity::Intact;
use crate::profile::{Profile, Status};
use crate::report::{Check, Finding};
use crate::revocation::{ReasonCode, Revocations};

/// Checks the values inside the signed payload, and the key, against the revocations.
///
/// After a key compromise no claimed time counts, so such a revocation voids every signature of
/// the profile version or key. A version that is `Revoked` without a revocation saying from when is
/// void altogether.
pub fn check(intact: &Intact, revocations: &Revocations, profile: Option<&Profile>) -> Vec<Finding> {
    let job = intact.job();
    let artifact = intact.statement().subject().digest.sha384;
    let mut findings = Vec::new();
    if let Some(each) = revocations.of_job(&job.job) {
        findings.push(revoked(
            "job-revoked",
            format!("job {}", job.job.job()),
            each.reason_code,
            each.reason.as_str(),
        ));
    }
    if let Some(each) = revocations.of_artifact(&artifact) {
        findings.push(revoked(
            "artifact-revoked",
            "the artifact".into(),
            each.reason_code,
            each.reason.as_str(),
        ));
    }
    for each in revocations.of_profile(&job.profile) {
        if each.reason_code.voids(job.signed_at, each.effective) {
            let what = format!("profile version `{}`, from {} on,", job.profile, each.effective);
            findings.push(revoked("profile-revoked", what, each.reason_code, each.reason.as_str()));
        }
    }
    let version = profile.and_then(|profile| profile.version(job.profile.version()));
    let is_revoked = version.is_some_and(|version| version.status == Status::Revoked);
    if is_revoked && revocations.of_profile(&job.profile).next().is_none() {
        let what = format!("profile version `{}`", job.profile);
        findings.push(revoked(
            "profile-revoked",
            what,
            ReasonCode::Unspecified,
            "no revocation says from when",
        ));
    }
    for each in revocations.of_key(intact.signer()) {
        if each.reason_code.voids(job.signed_at, each.effective) {
            let what = format!("key {}, from {} on,", intact.signer(), each.effective);
            findings.push(revoked("key-revoked", what, each.reason_code, each.reason.as_str()));
        }
    }
    findings
}

fn revoked(code: &'static str, what: String, reason_code: ReasonCode, reason: &str) -> Finding {
    let hint = match reason_code {
        ReasonCode::KeyCompromise => {
            "sign it again with a profile version and a key that were not compromised"
        }
        _ => "sign a version that is not revoked, with a profile version that is not",
    };
    Finding::new(Check::Revocation, code, format!("{what} was revoked: {reason}"), hint)
}
