//! Expiry: the signature is in its validity period, and not from the future.

use crate::limits::CLOCK_SKEW_SECONDS;
use crate::manifest::Job;
use crate::profile::Profile;
use crate::report::{Check, Finding};
use crate::time::Timestamp;

/// Checks that `now` is before the expiry in the signature and the end of the profile's validity.
///
/// If the profile version is not known, only the signature's own expiry is checked.
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
            format!("the signature is from the future: it claims {}, and it is now {now}", job.signed_at),
            "correct the clocks of both machines, and sign the package again",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::verify::sample::{SIGNED_AT, at, job, job_with, profile};

    fn codes(job: &Job, profile: Option<&Profile>, now: Timestamp) -> Vec<&'static str> {
        check(job, profile, now).iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn denies_from_the_instant_that_the_signature_names() {
        let end = at("2026-06-01T12:00:00Z");
        for profile in [None, Some(&profile("Active", "12 months").0)] {
            assert!(codes(&job(), profile, end.plus_seconds(-1)).is_empty());
            assert_eq!(codes(&job(), profile, end), ["signature-expired"]);
        }
    }

    #[test]
    fn denies_from_the_end_of_the_profile_s_validity() {
        let (end, profile) = (at("2026-04-01T12:00:00Z"), profile("Active", "1 month").0);
        assert!(codes(&job(), Some(&profile), end.plus_seconds(-1)).is_empty());
        assert_eq!(codes(&job(), Some(&profile), end), ["signature-expired"]);
        // A version that the profile does not have has no validity.
        let arn = "arn:countersign:signer::acme:/signing-profiles/release/0000000000";
        let other = job_with(&[("profile", json!(arn))]);
        assert!(codes(&other, Some(&profile), end).is_empty());
    }

    #[test]
    fn denies_a_signature_from_more_than_the_clock_skew_ahead() {
        let earliest = at(SIGNED_AT).plus_seconds(-CLOCK_SKEW_SECONDS);
        assert!(codes(&job(), None, earliest).is_empty());
        assert_eq!(codes(&job(), None, earliest.plus_seconds(-1)), ["signed-in-future"]);
    }
}
