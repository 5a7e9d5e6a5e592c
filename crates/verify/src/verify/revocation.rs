//! Revocation: the job, the artifact, the profile version and the key are not revoked.

use super::integrity::{Opened, SignedNewer};
use super::publishers::Publishers;
use crate::arn::{JobArn, ProfileArn};
use crate::crypto::key::KeyId;
use crate::digest::Sha384;
use crate::document::format::FormatNewer;
use crate::files::Loaded;
use crate::limits::CLOCK_SKEW_SECONDS;
use crate::manifest::Job;
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::profile::{Action, Profile, Status};
use crate::report::{Check, Finding};
use crate::revocation::signed::{self, SignedRevocationError};
use crate::revocation::{
    ReasonCode, Revocation, SignatureTimes, subject_of_artifact, subject_of_job, subject_of_key,
    subject_of_profile,
};
use crate::time::Timestamp;

/// What the policy knows about a signed payload and its key.
#[derive(Debug, Default)]
pub struct Known {
    /// The revocations of any of them.
    pub revocations: Vec<Revocation>,
    /// When the sealed ledger recorded the signature, if it did.
    pub recorded_at: Option<Timestamp>,
}

impl Known {
    /// Looks up a signed payload and its key in the policy.
    pub fn of(policy: &Policy, job: &Job, artifact: &Sha384, signer: &KeyId) -> Result<Self, PolicyError> {
        let subjects = [
            subject_of_job(&job.job),
            subject_of_artifact(artifact),
            subject_of_profile(&job.profile),
            subject_of_key(signer),
        ];
        Ok(Self { revocations: policy.revocations_of(&subjects)?, recorded_at: None })
    }

    /// Adds the valid signed revocations of the job; returns notes on the others.
    pub fn add_signed(
        &mut self,
        policy: &Policy,
        job: &Job,
        profile: &Profile,
        given: &[Loaded],
        now: Timestamp,
    ) -> Result<Vec<String>, PolicyError> {
        let mut notes = Vec::new();
        for Loaded { path, bytes } in policy.signed_revocations(job.job.job())?.iter().chain(given) {
            match counted(&job.job, &job.profile, profile, bytes, now) {
                Ok(Some(opened)) => self.revocations.push(opened.as_revocation()),
                Ok(None) => {}
                Err(Uncounted::FormatNewer(newer)) => return Err(PolicyError::FormatNewer(newer.at(path))),
                Err(Uncounted::Other(why)) => {
                    notes.push(format!("ignoring the revocation in `{}`: {why}", path.display()));
                }
            }
        }
        Ok(notes)
    }
}

/// The result of the check.
#[derive(Debug, Default)]
pub struct Revoked {
    /// The findings for what is revoked.
    pub findings: Vec<Finding>,
    /// Notes for the user that change no verdict.
    pub notes: Vec<String>,
}

/// Checks our policy, and the policy of the signed profile's account if it is another one.
///
/// A trusted time in another account's ledger counts only against that account's revocations: against ours,
/// it would let another account's document grant something here.
pub fn of_both(
    policy: &Policy,
    other: Option<&Policy>,
    opened: &Opened,
    profile: Option<&Profile>,
    given: &[Loaded],
) -> Result<Revoked, PolicyError> {
    let recorded_at = |policy: &Policy| policy.recorded_at(&opened.payload(), opened.signer());
    let ours = recorded_at(policy)?;
    let mut revoked = of_one(policy, ours, opened, profile, given)?;
    if let Some(other) = other {
        let in_other = |error: PolicyError| error.of_account(other.account());
        let theirs = recorded_at(other).map_err(in_other)?;
        let more = of_one(other, earliest(ours, theirs), opened, profile, given).map_err(in_other)?;
        revoked.findings.extend(more.findings);
        revoked.notes.extend(more.notes);
    }
    Ok(revoked)
}

/// The findings if our policy, or the policy of another account that permits the key, revokes the key that signed a
/// statement newer than this program.
///
/// The time that the statement claims cannot be read, so only a ledger's record can show that the signature is older
/// than the revocation.
pub fn of_newer(publishers: &Publishers<'_>, signed: &SignedNewer) -> Result<Vec<Finding>, PolicyError> {
    let SignedNewer { payload, signer, .. } = signed;
    let subject = [subject_of_key(signer)];
    let policy = publishers.policy();
    let find = |in_policy: &Policy, recorded_at: Option<Timestamp>| -> Result<Vec<Finding>, PolicyError> {
        let times = SignatureTimes { claimed: recorded_at.unwrap_or(policy.now()), trusted: recorded_at };
        let revocations = in_policy.revocations_of(&subject)?;
        let voiding = revocations.iter().filter(|revocation| revocation.voids(times));
        Ok(voiding.map(|revocation| finding(revocation, times)).collect())
    };
    let ours = policy.recorded_at(payload, signer)?;
    let mut findings = find(policy, ours)?;
    for other in publishers.others_of(signer) {
        let theirs = other.recorded_at(payload, signer);
        let found = theirs.and_then(|theirs| find(other, earliest(ours, theirs)));
        findings.extend(found.map_err(|error| error.of_account(other.account()))?);
    }
    Ok(findings)
}

/// The time at which either ledger first recorded the signature; it need not be in both.
fn earliest(ours: Option<Timestamp>, theirs: Option<Timestamp>) -> Option<Timestamp> {
    [ours, theirs].into_iter().flatten().min()
}

fn of_one(
    policy: &Policy,
    recorded_at: Option<Timestamp>,
    opened: &Opened,
    profile: Option<&Profile>,
    given: &[Loaded],
) -> Result<Revoked, PolicyError> {
    let (job, artifact) = (opened.job(), &opened.statement().subject().digest.sha384);
    let mut known = Known { recorded_at, ..Known::of(policy, job, artifact, opened.signer())? };
    // The account's own document of the profile has more detail, and who can revoke its jobs.
    let own = profile.filter(|_| policy.account() == job.profile.owner().account());
    let notes = match own {
        Some(profile) => known.add_signed(policy, job, profile, given, policy.now())?,
        None => Vec::new(),
    };
    Ok(Revoked { findings: check(job, &known, own), notes })
}

/// Why a signed revocation is ignored, or cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Uncounted {
    /// It is newer than this program and signed by a key that may revoke: it may revoke the job.
    #[error(transparent)]
    FormatNewer(FormatNewer),
    /// It is malformed, or its signer has no permission.
    #[error("{0}")]
    Other(String),
}

/// A valid signed revocation of a job that was signed with this profile version; `None` if it is about
/// another job.
///
/// It can only deny, so it counts even if its key was revoked since.
pub fn counted(
    job: &JobArn,
    version: &ProfileArn,
    profile: &Profile,
    bytes: &[u8],
    now: Timestamp,
) -> Result<Option<signed::Opened>, Uncounted> {
    let keys = profile.permissions().iter().map(|each| &each.key);
    let opened = match signed::open(bytes, keys) {
        Ok(opened) => opened,
        // When and for which principal cannot be read.
        Err(SignedRevocationError::FormatNewer { newer, signer, job: named })
            if may_revoke(profile, &signer) =>
        {
            return match named {
                Some(named) if named != *job => Ok(None),
                _ => Err(Uncounted::FormatNewer(*newer)),
            };
        }
        Err(error) => return Err(Uncounted::Other(error.to_string())),
    };
    let (says, signer) = (opened.revocation(), opened.signer());
    if !opened.is_about(job, version) {
        return Ok(None);
    }
    if says.revoked_at > now.plus_seconds(CLOCK_SKEW_SECONDS) {
        let why = format!("it is from the future: it claims {}, and it is now {now}", says.revoked_at);
        return Err(Uncounted::Other(why));
    }
    if !profile.lets(&says.requested_by, signer, Action::RevokeSignature, says.revoked_at) {
        return Err(Uncounted::Other(format!(
            "`{}` with key {signer} had no permission `signer:RevokeSignature` on `{}` at {}",
            says.requested_by,
            profile.name(),
            says.revoked_at
        )));
    }
    Ok(Some(opened))
}

/// Whether a permission lets the key revoke signatures of the profile, at any time.
fn may_revoke(profile: &Profile, key: &KeyId) -> bool {
    let permissions = profile.permissions().iter().filter(|each| each.key.id() == *key);
    permissions.into_iter().any(|each| each.actions.contains(&Action::RevokeSignature))
}

/// Checks the signed payload and its key against the revocations.
///
/// If a version is `Revoked` without a revocation that has an effective time, all of its signatures are void.
pub fn check(job: &Job, known: &Known, profile: Option<&Profile>) -> Vec<Finding> {
    let times = SignatureTimes { claimed: job.signed_at, trusted: known.recorded_at };
    let voiding = known.revocations.iter().filter(|revocation| revocation.voids(times));
    let mut findings: Vec<Finding> = voiding.map(|revocation| finding(revocation, times)).collect();
    let version = profile.and_then(|profile| profile.version(job.profile.version()));
    let is_revoked = version.is_some_and(|version| version.status == Status::Revoked);
    let says_from_when = known.revocations.iter().any(|each| matches!(each, Revocation::Profile(_)));
    if is_revoked && !says_from_when {
        let message = format!(
            "profile version `{}` was revoked without an effective time, so all its signatures are void",
            job.profile
        );
        findings.push(Finding::new(Check::Revocation, "profile-revoked", message, SIGN_ANEW));
    }
    findings
}

const SIGN_ANEW: &str = "ask the policy owner for a profile version that is not revoked, then run `countersign sign FILE --again`";

fn finding(revocation: &Revocation, times: SignatureTimes) -> Finding {
    let (code, what) = match revocation {
        Revocation::Job(each) => ("job-revoked", format!("job {} was revoked", each.job.job())),
        Revocation::Artifact(_) => ("artifact-revoked", "the artifact was revoked".into()),
        Revocation::Profile(each) => (
            "profile-revoked",
            format!("profile version `{}` was revoked from {}", each.profile, each.effective),
        ),
        Revocation::Key(each) => {
            ("key-revoked", format!("key {} was revoked from {}", each.key, each.effective))
        }
    };
    let mut message = format!("{what}: {}", revocation.reason().as_str());
    let compromised = revocation.reason_code() == ReasonCode::KeyCompromise;
    // Void although it claims to be older: only after a key compromise.
    if revocation.effective().is_some_and(|effective| times.claimed < effective) {
        message.push_str(match times.trusted {
            None => "; its earlier claimed time is not trusted, since no ledger recorded it in time",
            Some(_) => "; its earlier claimed time is not trusted, since the ledger recorded it later",
        });
    }
    let hint = match revocation {
        Revocation::Artifact(_) => {
            "change the code and run `countersign release`: another signature does not make a revoked artifact valid"
        }
        _ if compromised => "sign it again with a profile version and a key that are not compromised",
        Revocation::Job(_) => "if the code is still correct, sign it again: `countersign sign FILE --again`",
        Revocation::Profile(_) => SIGN_ANEW,
        Revocation::Key(_) => "sign it again with a key that is not revoked: `countersign sign FILE --again`",
    };
    Finding::new(Check::Revocation, code, message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_that_either_ledger_recorded_in_time_is_recorded_in_time() {
        let time = |text: &str| -> Option<Timestamp> { Some(text.parse().unwrap()) };
        let (early, late) = (time("2026-01-01T00:00:00Z"), time("2026-02-01T00:00:00Z"));
        assert_eq!(earliest(early, late), early);
        assert_eq!(earliest(late, early), early);
        assert_eq!(earliest(early, None), early);
        assert_eq!(earliest(None, early), early);
        assert_eq!(earliest(None, None), None);
    }
}

#[cfg(test)]
mod checks {
    use super::*;
    use crate::crypto::envelope::Envelope;
    use crate::crypto::sample::SecretKey;
    use crate::csc::{Csc, Untrusted};
    use crate::document;
    use crate::document::format::Format;
    use crate::policy::sample::Sample;
    use crate::profile::Permission;
    use crate::revocation::signed::SignedRevocation;
    use crate::revocation::{RevokedArtifact, RevokedJob, RevokedKey, RevokedProfile};
    use crate::verify::sample::{SIGNED_AT, at, job, job_with, profile, profile_for};

    const LATER: &str = "2026-04-01T12:00:00Z";

    fn of_profile(effective: &str, reason_code: ReasonCode) -> Revocation {
        Revocation::Profile(RevokedProfile {
            profile: job().profile,
            effective: at(effective),
            revoked_at: at(LATER),
            reason_code,
            reason: "lost".parse().unwrap(),
        })
    }

    fn known(revocation: Revocation, recorded_at: Option<&str>) -> Known {
        Known { revocations: vec![revocation], recorded_at: recorded_at.map(at) }
    }

    fn codes(known: &Known, status: &str) -> Vec<&'static str> {
        let profile = profile(status, "12 months").0;
        check(&job(), known, Some(&profile)).iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn each_kind_of_revocation_has_its_code() {
        let (revoked_at, effective) = (at(LATER), at(SIGNED_AT));
        let reason = || "lost".parse().unwrap();
        let reason_code = ReasonCode::Superseded;
        let key = profile("Active", "1 month").1;
        let sha384 = Sha384::of(b"artifact");
        for (revocation, code) in [
            (
                Revocation::Job(RevokedJob { job: job().job, revoked_at, reason_code, reason: reason() }),
                "job-revoked",
            ),
            (
                Revocation::Artifact(RevokedArtifact { sha384, revoked_at, reason_code, reason: reason() }),
                "artifact-revoked",
            ),
            (
                Revocation::Key(RevokedKey { key, effective, revoked_at, reason_code, reason: reason() }),
                "key-revoked",
            ),
            (of_profile(SIGNED_AT, reason_code), "profile-revoked"),
        ] {
            assert_eq!(codes(&known(revocation, None), "Active"), [code]);
        }
        assert!(codes(&Known::default(), "Active").is_empty());
    }

    #[test]
    fn a_revoked_version_is_void_altogether_unless_a_revocation_says_from_when() {
        assert_eq!(codes(&Known::default(), "Revoked"), ["profile-revoked"]);
        assert!(codes(&Known::default(), "Canceled").is_empty());
        let later = known(of_profile(LATER, ReasonCode::Superseded), None);
        assert!(codes(&later, "Revoked").is_empty());
    }

    #[test]
    fn says_why_a_claim_to_be_older_counts_for_nothing() {
        let said = |effective: &str, code: ReasonCode, recorded_at: Option<&str>| {
            let findings = check(&job(), &known(of_profile(effective, code), recorded_at), None);
            findings.into_iter().map(|finding| (finding.message, finding.hint)).next()
        };
        let (message, hint) = said(LATER, ReasonCode::KeyCompromise, None).unwrap();
        assert!(message.ends_with("no ledger recorded it in time"), "{message}");
        assert!(hint.contains("a key that are not compromised"), "{hint}");
        let (message, _) = said(LATER, ReasonCode::KeyCompromise, Some(LATER)).unwrap();
        assert!(message.ends_with("the ledger recorded it later"), "{message}");
        assert_eq!(said(LATER, ReasonCode::KeyCompromise, Some(SIGNED_AT)), None);
        // Here the claim itself is not older.
        let (message, _) = said(SIGNED_AT, ReasonCode::KeyCompromise, None).unwrap();
        assert!(message.contains(" was revoked from ") && message.ends_with(": lost"), "{message}");
        let (message, hint) = said(SIGNED_AT, ReasonCode::Superseded, None).unwrap();
        assert!(message.contains(" was revoked from ") && message.ends_with(": lost"), "{message}");
        assert_eq!(hint, SIGN_ANEW);
        assert_eq!(said(LATER, ReasonCode::Superseded, None), None);
    }

    #[test]
    fn a_version_that_the_profile_does_not_have_is_not_revoked() {
        let arn = "arn:countersign:signer::acme:/signing-profiles/release/0000000000";
        let other = job_with(&[("profile", serde_json::json!(arn))]);
        let profile = profile("Revoked", "12 months").0;
        assert!(check(&other, &Known::default(), Some(&profile)).is_empty());
    }

    #[test]
    fn a_job_revoked_after_a_compromise_makes_no_claim_to_be_older() {
        let revoked = RevokedJob {
            job: job().job,
            revoked_at: at(LATER),
            reason_code: ReasonCode::KeyCompromise,
            reason: "lost".parse().unwrap(),
        };
        let known = known(Revocation::Job(revoked), None);
        assert!(check(&job(), &known, None)[0].message.ends_with("was revoked: lost"));
        // It says nothing of the profile version, which stays void altogether.
        assert_eq!(codes(&known, "Revoked"), ["job-revoked", "profile-revoked"]);
    }

    /// Whether a signed revocation by this key counts, and why not.
    fn signed_by(says: &SignedRevocation, key: &SecretKey) -> Vec<u8> {
        document::to_json(&Envelope::sign(signed::PAYLOAD_TYPE, document::to_json(says), &[key]))
    }

    fn counts(
        key: &SecretKey,
        profile: &Profile,
        now: &str,
        change: fn(&mut SignedRevocation),
    ) -> Result<bool, String> {
        let mut says = SignedRevocation {
            format: Format::default(),
            job: job().job,
            profile: "arn:countersign:signer::acme:/signing-profiles/release/*".parse().unwrap(),
            requested_by: "ci@acme.example".parse().unwrap(),
            revoked_at: at(LATER),
            reason_code: ReasonCode::Superseded,
            reason: "old".parse().unwrap(),
        };
        change(&mut says);
        counted(&job().job, &job().profile, profile, &signed_by(&says, key), at(now))
            .map(|found| found.is_some())
            .map_err(|why| why.to_string())
    }

    #[test]
    fn a_revoked_key_of_a_newer_statement_is_found_in_either_policy() {
        let key = |key: &KeyId, effective: &str| {
            format!(
                "revision = 1\n[[key]]\nkey = '{key}'\neffective = '{effective}'\nrevoked_at = '{SIGNED_AT}'\n\
                reason_code = 'superseded'\nreason = 'rotated'\n"
            )
        };
        let (now, later) = ("2026-03-01T00:00:00Z", "2026-03-01T00:00:01Z");
        for (revokes_here, effective, found) in [(true, now, 1), (false, now, 1), (false, later, 0)] {
            let (theirs, signer) = profile("Active", "12 months");
            let none = || "revision = 1\n".to_owned();
            let revoked = key(&signer, effective);
            let (here, there) = if revokes_here { (revoked, none()) } else { (none(), revoked) };
            let sample = Sample::new(&[("revocations.toml", &here)]);
            let vendor = [("profiles/release.toml", theirs.to_toml()), ("revocations.toml", there)];
            let vendor = Sample::of("vendor", &vendor.each_ref().map(|(path, text)| (*path, text.as_str())));
            sample.bring(&vendor, 2);
            let policy = sample.open(now).unwrap();
            let publisher = "arn:countersign:signer::vendor:/signing-profiles/release/*".parse().unwrap();
            let allowed: crate::csc::Publishers = vec![publisher].try_into().unwrap();
            let csc = Csc::new("csc-00000000000000001".parse().unwrap(), "", allowed, Untrusted::Enforce);
            let publishers = Publishers::of(&policy, csc).unwrap();
            let newer = FormatNewer { path: None, format: 2, known: 1, needs: None };
            let signed = SignedNewer { newer, payload: Sha384::of(b"payload"), signer };
            let codes: Vec<_> =
                of_newer(&publishers, &signed).unwrap().iter().map(|each| each.code).collect();
            assert_eq!(codes, vec!["key-revoked"; found], "{revokes_here} {effective}");
        }
    }

    #[test]
    fn one_of_a_newer_format_is_no_note_if_its_key_may_revoke() {
        let payload = || br#"{"format":2,"needs":"0.3.0"}"#.to_vec();
        let of = |profile: &Profile, key: &SecretKey| {
            let envelope = Envelope::sign(signed::PAYLOAD_TYPE, payload(), &[key]);
            let bytes = document::to_json(&envelope);
            counted(&job().job, &job().profile, profile, &bytes, at(LATER)).unwrap_err()
        };
        let (profile, key) = profile_for("Active", "12 months", "signer:RevokeSignature");
        assert!(matches!(of(&profile, &key), Uncounted::FormatNewer(newer) if newer.format == 2));
        let stranger = of(&profile, &SecretKey::new());
        assert!(matches!(&stranger, Uncounted::Other(why) if why.contains("is not known")), "{stranger}");
        let (signs, key) = profile_for("Active", "12 months", "signer:StartSigningJob");
        assert!(matches!(of(&signs, &key), Uncounted::Other(_)));
        // One that permits another key is none for this one, and one of several is enough.
        let signs = signs.permitting(profile.permissions()[0].clone());
        assert!(matches!(of(&signs, &key), Uncounted::Other(_)));
        let may_sign = Permission { key: key.public(), ..signs.permissions()[0].clone() };
        let may_revoke = Permission { key: key.public(), ..profile.permissions()[0].clone() };
        let profile = profile.permitting(may_sign).permitting(may_revoke);
        assert!(matches!(of(&profile, &key), Uncounted::FormatNewer(_)));
    }

    #[test]
    fn a_signed_revocation_counts_if_its_signer_may_revoke_and_it_is_about_the_job() {
        let (profile, key) = profile_for("Active", "12 months", "signer:RevokeSignature");
        let counts = |change| counts(&key, &profile, LATER, change);
        assert_eq!(counts(|_| {}), Ok(true));
        let other_job = |says: &mut SignedRevocation| {
            says.job = "arn:countersign:signer::acme:/signing-jobs/00000000-0000-4000-8000-000000000002"
                .parse()
                .unwrap();
        };
        assert_eq!(counts(other_job), Ok(false));
        let other_profile = |says: &mut SignedRevocation| {
            says.profile = "arn:countersign:signer::acme:/signing-profiles/other/*".parse().unwrap();
        };
        assert_eq!(counts(other_profile), Ok(false));
        assert!(counts(|says| says.requested_by = "eve@acme.example".parse().unwrap()).is_err());
        assert!(counts(|says| says.revoked_at = at("2025-12-31T00:00:00Z")).is_err());
    }

    #[test]
    fn a_signer_without_the_permission_and_another_key_revoke_nothing() {
        let (profile, signing) = profile_for("Active", "12 months", "signer:StartSigningJob");
        assert!(counts(&signing, &profile, LATER, |_| {}).is_err());
        let (revoking, _) = profile_for("Active", "12 months", "signer:RevokeSignature");
        assert!(counts(&signing, &revoking, LATER, |_| {}).is_err());
    }

    #[test]
    fn a_signed_revocation_from_more_than_the_clock_skew_ahead_does_not_count() {
        let (profile, key) = profile_for("Active", "12 months", "signer:RevokeSignature");
        assert_eq!(counts(&key, &profile, "2026-04-01T11:55:00Z", |_| {}), Ok(true));
        let error = counts(&key, &profile, "2026-04-01T11:54:59Z", |_| {}).unwrap_err();
        assert!(error.starts_with("it is from the future: it claims"), "{error}");
    }
}
