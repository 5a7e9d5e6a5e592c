//! Expiry: the signature is inside its validity period, and not from the future.

use crate::limits::CLOCK_SKEW_SECONDS;
use crate::manifest::Job;
use crate::profile::Profile;
use crate::report::{Check, Finding};
use crate::time::Timestamp;

/// Checks that `now` is before the end that the signature names and the end of the profile's validity.
///
/// Where the profile version is not known, the signature's own end is all there is to go by.
pub fn check(job: &Job, profile: Option<&Profile>, now: Timestamp) -> Vec<Finding> {
    let version = profile.and_then(|profile| profile.version(job.profile.version()));
    let by_profile = version.map(|version| job.signed_at.plus(version.validity));
    let expires = by_profile.map_or(job.signature_expires_at, |end| end.min(job.signature_expires_at));
    let mut findings = Vec::new();
    if now >= expires {
        findings.push(Finding::new(
            Check::Expiry,
            "signature-expired",
            format!("the signature expired at {expires}"),
            "sign the package again",
        ));
    }
    if job.signed_at > now.plus_seconds(CLOCK_SKEW_SECONDS) {
        findings.push(Finding::new(
            Check::Expiry,
            "signed-in-future",
            format!("the signature claims {}, and it is {now}", job.signed_at),
            "set the clocks of both machines, and sign the package again",
        ));
    }
    findings
}
