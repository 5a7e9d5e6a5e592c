//! Advice: the next step for each cause and each function. None of it weakens the policy.

use super::readiness::{Criteria, CscReadiness, Evidence, Readiness};
use crate::arn::ProfileArn;
use crate::name::{ArtifactName, CscId, FindingCode};
use crate::report::Check;
use crate::time::DAY_SECONDS;

/// What to do about findings with one code.
pub fn of_cause(
    code: &FindingCode,
    check: Check,
    name: &ArtifactName,
    csc: Option<&CscId>,
    profile: Option<&ProfileArn>,
) -> String {
    let csc = csc.map_or("CSC".into(), ToString::to_string);
    let profile = profile.map_or("PROFILE".into(), |arn| arn.profile().to_string());
    match (code.as_str(), check) {
        ("manifest-missing", _) => format!(
            "run `countersign release {name}` where it is built, and copy `{name}.zip.sigstore.json` to \
            the place of the deployment"
        ),
        ("key-unknown", _) => format!(
            "find the key's owner with `countersign inspect MANIFEST`; sign with a key of a publisher in `countersign \
            csc show {csc}`, or ask the policy owner to permit the new key with `countersign profile permit`"
        ),
        ("publisher-not-allowed", _) => format!(
            "sign it with a profile that `countersign csc show {csc}` lists, or ask the policy owner to allow `{profile}`: \
            countersign csc update {csc} --add-publisher {profile}"
        ),
        ("permission-missing", _) => format!(
            "ask the policy owner to run `countersign profile permit {profile}` with the signer's key, and \
            release it again"
        ),
        ("version-unknown" | "signed-before-version", _) => format!(
            "release it again with the version that `countersign profile show {profile}` lists last"
        ),
        ("account-mismatch", _) => {
            "sign it with a profile of the account whose policy governs it".into()
        }
        ("name-mismatch", _) => format!(
            "find the pipeline that deploys another artifact as `{name}`; each artifact is signed for one name"
        ),
        ("source-differs", _) => format!(
            "run `countersign release {name}` on the pushed commit, and attach the manifest"
        ),
        ("source-ignored", _) => format!(
            "commit the files of `{name}` that git ignores, or ask the policy owner whether its builds are accepted"
        ),
        ("source-unconfirmed", _) => format!(
            "build `{name}` in a clean checkout of the pushed commit, and run `countersign release {name} --attach` there"
        ),
        ("signature-expired", _) => format!(
            "run `countersign release {name}`, and repeat it before each signature expires"
        ),
        ("signed-in-future", _) => "correct the clocks of the machines that sign and verify".into(),
        ("function-ungoverned", _) => ungoverned(name),
        (_, Check::Revocation) => format!(
            "replace it: deploy a version of `{name}` whose signature is not revoked"
        ),
        (_, Check::Integrity) => {
            "find out what changes the artifact or its manifest after signing; Warn denies this too, so Enforce \
            makes no difference"
                .into()
        }
        _ => format!("run `countersign verify --function {name}` for details"),
    }
}

fn ungoverned(name: &ArtifactName) -> String {
    format!("ask the policy owner to run `countersign function attach {} --csc ID`", name)
}

/// The reason for a function's readiness, in one sentence.
pub fn reason(readiness: Readiness, evidence: Option<&Evidence>, criteria: &Criteria) -> String {
    let Some(evidence) = evidence else { return "no CSC governs it: every deployment is denied".into() };
    let Criteria { clean_verdicts, clean_days } = criteria;
    let days = evidence.clean_seconds / DAY_SECONDS;
    let passed = format!(
        "{} of {clean_verdicts} required verdicts passed, over {days} of {clean_days} required days",
        evidence.clean_verdicts
    );
    match (readiness, evidence.last_warned) {
        (Readiness::Enforced, _) => "its CSC enforces".into(),
        (Readiness::Safe, None) => {
            format!("{} verdicts passed without a warning, over {days} days", evidence.clean_verdicts)
        }
        (Readiness::Safe, Some(last)) => {
            format!("{} verdicts passed since the last warning at {last}", evidence.clean_verdicts)
        }
        (_, None) => format!("no warnings, but too few verdicts or days: {passed}"),
        (_, Some(last)) => {
            let count = evidence.warned;
            let verdicts = if count == 1 { "verdict" } else { "verdicts" };
            format!("Enforce would have denied {count} {verdicts}, the last at {last}; since then, {passed}")
        }
    }
}

/// The next step for a function, given the readiness of the others of its CSC and how many verdicts denied it.
pub fn next(readiness: Readiness, name: &ArtifactName, csc: Option<&CscReadiness>, denied: u64) -> String {
    let of_csc = match csc {
        Some(csc) if csc.safe => {
            format!("run `countersign csc update {} --untrusted Enforce`, and seal", csc.id)
        }
        Some(csc) => {
            format!(
                "run `countersign function attach {} --csc ID` with a CSC that enforces: other functions under `{}` are not \
                ready yet",
                name, csc.id
            )
        }
        None => ungoverned(name),
    };
    match readiness {
        Readiness::Safe | Readiness::Ungoverned => of_csc,
        Readiness::Unproven => {
            "keep deploying under Warn, and run `countersign monitor` again later; verdicts of `verify`, `gate` and the \
            hooks count, those of `release` do not"
                .into()
        }
        Readiness::Unsafe => {
            "fix the causes below, keep deploying under Warn, and run `countersign monitor` again later"
                .into()
        }
        Readiness::Enforced if denied == 0 => "nothing: no deployment was denied".into(),
        Readiness::Enforced => {
            let verdicts = if denied == 1 { "verdict" } else { "verdicts" };
            format!("fix the causes below, and deploy again: {denied} {verdicts} denied `{name}`")
        }
    }
}
