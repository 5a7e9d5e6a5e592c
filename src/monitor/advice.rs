//! Advice: the next step for each cause and each function. None of it makes the policy weaker.

use super::answer::Csc;
use super::readiness::{Criteria, Evidence, Readiness};
use super::tally::Subject;
use crate::arn::ProfileArn;
use crate::name::{CscId, FindingCode};
use crate::report::Check;
use crate::time::DAY_SECONDS;

/// What to do about findings of one code.
pub fn of_cause(
    code: &FindingCode,
    check: Check,
    subject: &Subject,
    csc: Option<&CscId>,
    profile: Option<&ProfileArn>,
) -> String {
    let name = &subject.name;
    let csc = csc.map_or("CSC".into(), ToString::to_string);
    let profile = profile.map_or("PROFILE".into(), |arn| arn.profile().to_string());
    match (code.as_str(), check) {
        ("manifest-missing", _) => format!(
            "run `countersign release {name}` where it is built, and take `{name}.zip.sigstore.json` along to \
            where it is deployed"
        ),
        ("key-unknown", _) => format!(
            "see whose key it is with `countersign inspect MANIFEST`; sign with a publisher's key that `countersign \
            csc show {csc}` leads to, or have the publisher's new key permitted with `countersign profile permit`"
        ),
        ("publisher-not-allowed", _) => format!(
            "sign it with a profile that `countersign csc show {csc}` lists; if `{profile}` is to publish it, the \
            owner of the policy says so with `countersign csc update {csc} --add-publisher {profile}`"
        ),
        ("permission-missing", _) => format!(
            "ask the owner of the policy for `countersign profile permit {profile}` with the signer's key, and \
            release it again"
        ),
        ("version-unknown" | "signed-before-version", _) => format!(
            "release it again with the version that `countersign profile show {profile}` names last"
        ),
        ("account-mismatch", _) => {
            "sign it with a profile of the account whose policy governs it".into()
        }
        ("name-mismatch", _) => format!(
            "look for the pipeline that deploys another artifact as `{name}`; each is signed for one name"
        ),
        ("source-differs", _) => format!(
            "run `countersign release {name}` on the commit that is pushed, and attach that manifest"
        ),
        ("signature-expired", _) => format!(
            "run `countersign release {name}`, and do so before its signature ends from now on"
        ),
        ("signed-in-future", _) => "set the clocks of the machines that sign and verify".into(),
        ("function-ungoverned", _) => ungoverned(subject),
        (_, Check::Revocation) => format!(
            "take it out of service: deploy a version of `{name}` whose signature was not revoked"
        ),
        (_, Check::Integrity) => {
            "find what changes the artifact or its manifest after it is signed; Warn denies this too, so Enforce \
            changes nothing here"
                .into()
        }
        _ => format!("ask `countersign verify --function {name}` for the details"),
    }
}

fn ungoverned(subject: &Subject) -> String {
    format!("the owner of the policy runs `countersign function attach {} --csc ID`", subject.name)
}

/// Why a function is as ready as it is, in one sentence.
pub fn reason(readiness: Readiness, evidence: Option<&Evidence>, criteria: &Criteria) -> String {
    let Some(evidence) = evidence else { return "no CSC governs it: every deployment is denied".into() };
    let Criteria { clean_verdicts, clean_days } = criteria;
    let days = evidence.clean_seconds / DAY_SECONDS;
    let passed = format!(
        "{} of {clean_verdicts} verdicts passed since, over {days} of {clean_days} days",
        evidence.clean_verdicts
    );
    match (readiness, evidence.last_warned) {
        (Readiness::Enforced, _) => "its CSC enforces".into(),
        (Readiness::Safe, None) => {
            format!("{} verdicts passed and none was warned, over {days} days", evidence.clean_verdicts)
        }
        (Readiness::Safe, Some(last)) => {
            format!("{} verdicts passed since the last warning at {last}", evidence.clean_verdicts)
        }
        (_, None) => format!("nothing was warned, but the time is short: {passed}"),
        (_, Some(last)) => {
            let count = evidence.warned;
            let verdicts = if count == 1 { "verdict" } else { "verdicts" };
            format!("Enforce would have denied {count} {verdicts}, the last at {last}; {passed}")
        }
    }
}

/// What to do next about a function, given how ready the others of its CSC are.
pub fn next(readiness: Readiness, subject: &Subject, csc: Option<&Csc>) -> String {
    let of_csc = match csc {
        Some(csc) if csc.safe => {
            format!("`countersign csc update {} --untrusted Enforce`, and seal it", csc.id)
        }
        Some(csc) => {
            format!(
                "`countersign function attach {} --csc ID` with a CSC that enforces, since others under `{}` are not \
                safe yet",
                subject.name, csc.id
            )
        }
        None => ungoverned(subject),
    };
    match readiness {
        Readiness::Safe | Readiness::Ungoverned => of_csc,
        Readiness::Unproven => "deploy on under Warn, and ask again".into(),
        Readiness::Unsafe => "mend the causes below, deploy on under Warn, and ask again".into(),
        Readiness::Enforced => "nothing: what was found was denied".into(),
    }
}
