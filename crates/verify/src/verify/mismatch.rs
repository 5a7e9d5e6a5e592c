//! Mismatch: the signature is by an allowed publisher who had permission, for the requested artifact.

use super::integrity::Opened;
use super::{CommitFiles, OfCommit};
use crate::arn::Owner;
use crate::crypto::key::KeyId;
use crate::csc::Csc;
use crate::function::Build;
use crate::inventory::by_path;
use crate::manifest::{Job, Statement};
use crate::name::{AccountName, ArtifactName};
use crate::profile::{Action, Profile};
use crate::provenance::Kind;
use crate::report::{Check, FileChanges, Finding};
use crate::shown::shortened;

/// Checks publisher, account and permission; returns every mismatch.
///
/// `known` is whether the CSC allows a profile of the account that the artifact was signed for and we know
/// that account; `profile` is the document of the signed profile, if the CSC allows any version of it.
pub fn check(
    opened: &Opened,
    account: &AccountName,
    csc: &Csc,
    known: bool,
    profile: Option<&Profile>,
) -> Vec<Finding> {
    let job = opened.job();
    let mut findings = Vec::new();
    if !csc.allows(&job.profile) {
        findings.push(mismatch(
            "publisher-not-allowed",
            format!("CSC `{}` does not allow publisher `{}`", csc.id(), job.profile),
            "sign with an allowed profile, or ask the policy owner to allow this one",
        ));
    }
    let owner = job.profile.owner();
    if job.job.owner() != owner {
        findings.push(mismatch(
            "account-mismatch",
            format!("its job `{}` and its profile `{}` are of different accounts", job.job, job.profile),
            "sign it with a profile that the CSC allows",
        ));
    }
    if *owner != Owner::countersign(account.clone()) && !known {
        findings.push(mismatch(
            "account-mismatch",
            // An account of ours and one of AWS with the same name differ in the part before it.
            format!(
                "it was signed for {owner}, not for {} or another account of its CSC",
                Owner::countersign(account.clone())
            ),
            "sign it with a profile that the CSC allows",
        ));
    }
    if let Some(profile) = profile {
        findings.extend(permission(job, opened.signer(), profile));
    }
    findings
}

/// Checks that the signature is for the requested function or layer.
pub fn name(job: &Job, (kind, name): &(Kind, ArtifactName)) -> Option<Finding> {
    if (job.kind, &job.name) == (*kind, name) {
        return None;
    }
    let (message, signed) =
        (format!("signed as {} `{}`, not as {} `{name}`", job.kind.name(), job.name, kind.name()), &job.name);
    let hint = match job.kind {
        Kind::Function => format!("pass `--function {signed}`, or sign the artifact for `{name}`"),
        Kind::Layer => {
            "this is a layer: verify it with `countersign verify`, without a file, or with `--csc ID`".into()
        }
    };
    Some(mismatch("name-mismatch", message, &hint))
}

/// Checks that the manifest describes what the requested commit makes.
pub fn commit(statement: &Statement, source: OfCommit<'_>) -> Option<Finding> {
    match source {
        OfCommit::Files(source) => files(statement, source),
        OfCommit::Build(build) => self::build(statement.job(), build),
    }
}

/// Checks that the signed files are those of the commit.
fn files(statement: &Statement, source: &CommitFiles) -> Option<Finding> {
    if statement.job().files == source.files {
        return None;
    }
    let changes = FileChanges::between(&statement.inventory(), &by_path(&source.files));
    let CommitFiles { commit, .. } = source;
    let finding = match &statement.job().selection {
        Some(selection) if selection.ignored => {
            ignored(&statement.job().name, &format!("commit {commit} does not give them"))
        }
        _ => mismatch(
            "source-differs",
            format!("commit {commit} does not match the signed package"),
            "sign the package of this commit, or use the commit that was signed",
        ),
    };
    Some(finding.with_files(changes))
}

/// The finding that no commit gives a package, because it has files that git ignores.
pub fn ignored(name: &ArtifactName, why: &str) -> Finding {
    mismatch(
        "source-ignored",
        format!("the signed package has files that git ignores: {why}"),
        &format!(
            "commit these files, or ask the policy owner to accept builds: `countersign function attach {name} --csc ID \
             --source artifact`, then `countersign policy seal`"
        ),
    )
}

/// Checks that the signer claims to have built the package from exactly this commit.
fn build(job: &Job, build: Build<'_>) -> Option<Finding> {
    let message = match &job.source {
        None => "the manifest does not name a commit".into(),
        Some(source) if source.commit != build.commit() => {
            format!("the manifest names commit `{}`, not `{}`", shortened(&source.commit), build.commit())
        }
        Some(source) if source.dirty => {
            format!("the package was built from other files than commit `{}` has", build.commit())
        }
        Some(_) => return None,
    };
    let hint = "check this commit out, without changes, build it, and run `countersign release --attach`";
    Some(mismatch("source-unconfirmed", message, hint))
}

/// Checks that the key had permission to sign with the profile, for its principal, at the time of signing.
pub fn permission(job: &Job, signer: &KeyId, profile: &Profile) -> Option<Finding> {
    let ask = "ask the policy owner for `signer:StartSigningJob` on the profile, and sign again";
    let Some(version) = profile.version(job.profile.version()) else {
        return Some(mismatch(
            "version-unknown",
            format!("profile `{}` has no version `{}`", profile.name(), job.profile.version()),
            "sign with the profile's current version",
        ));
    };
    if job.signed_at < version.created {
        return Some(mismatch(
            "signed-before-version",
            format!(
                "it claims {}, before its profile version was created at {}",
                job.signed_at, version.created
            ),
            "sign it again",
        ));
    }
    if profile.lets(&job.requested_by, signer, Action::StartSigningJob, job.signed_at) {
        return None;
    }
    let message = format!(
        "`{}` with key {} had no permission `signer:StartSigningJob` on `{}` at {}",
        job.requested_by,
        signer,
        profile.name(),
        job.signed_at,
    );
    Some(mismatch("permission-missing", message, ask))
}

fn mismatch(code: &'static str, message: String, hint: &str) -> Finding {
    Finding::new(Check::Mismatch, code, message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::path::Path;

    use crate::crypto::key::PublicKey;
    use crate::crypto::sample::SecretKey;

    fn job(version: &str, signed_at: &str) -> Job {
        let profile = format!("arn:countersign:signer::acme:/signing-profiles/release/{version}");
        serde_json::from_value(serde_json::json!({
            "job": "arn:countersign:signer::acme:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10",
            "profile": profile, "platform": "AWSLambda-SHA384-ECDSA", "kind": "function", "name": "orders",
            "requestedBy": "ci@acme.example", "signedAt": signed_at,
            "signatureExpiresAt": "2030-01-01T00:00:00Z", "size": 1, "chunkDigest": "a".repeat(96),
            "files": [], "tool": "countersign 0.1.0"
        }))
        .unwrap()
    }

    fn profile(key: &PublicKey) -> Profile {
        let text = format!(
            "name = 'release'\nplatform = 'AWSLambda-SHA384-ECDSA'\nrevision = 1\n\
            [[version]]\nversion = 'a1b2c3d4e5'\nstatus = 'Active'\ncreated = '2026-01-31T12:00:00Z'\n\
            validity = '135 months'\n\
            [[permission]]\nstatement_id = 'ci'\nprincipal = 'ci@acme.example'\n\
            actions = ['signer:StartSigningJob']\nnot_before = '2026-02-01T00:00:00Z'\nkey = \"\"\"\n{}\"\"\"\n",
            key.to_pem()
        );
        Profile::parse(Path::new("profiles/release.toml"), text.as_bytes()).unwrap()
    }

    #[test]
    fn a_signature_needs_the_permission_of_its_key_when_it_was_made() {
        let (key, other) = (SecretKey::new().public(), SecretKey::new().public());
        let profile = profile(&key);
        let found = |job: &Job, key: &PublicKey| permission(job, &key.id(), &profile).map(|found| found.code);
        let good = job("a1b2c3d4e5", "2026-02-10T00:00:00Z");
        assert_eq!(found(&good, &key), None);
        assert_eq!(found(&good, &other), Some("permission-missing"));
        assert_eq!(found(&job("a1b2c3d4e5", "2026-01-31T12:00:00Z"), &key), Some("permission-missing"));
        assert_eq!(found(&job("a1b2c3d4e5", "2026-01-31T11:59:59Z"), &key), Some("signed-before-version"));
        assert_eq!(found(&job("zzzzzzzzzz", "2026-02-10T00:00:00Z"), &key), Some("version-unknown"));
        let mut eve = good;
        eve.requested_by = "eve@acme.example".parse().unwrap();
        assert_eq!(found(&eve, &key), Some("permission-missing"));
    }
}

#[cfg(test)]
mod checks {
    use serde_json::json;

    use super::*;
    use crate::csc::{Publishers, Untrusted};
    use crate::function::Functions;
    use crate::verify::integrity::opened;
    use crate::verify::sample::{job, job_with, profile, records};

    fn csc(allowed: &str) -> Csc {
        let allowed = format!("arn:countersign:signer::{allowed}");
        let publishers: Publishers = vec![allowed.parse().unwrap()].try_into().unwrap();
        Csc::new("csc-00000000000000001".parse().unwrap(), "", publishers, Untrusted::Enforce)
    }

    /// What is found of a job that is asked about under this name, by a CSC of `acme` that allows this profile.
    fn codes(job: Job, allowed: &str, asked: Option<(Kind, &str)>, known: bool) -> Vec<&'static str> {
        let opened = opened(job);
        let mut findings = check(&opened, &"acme".parse().unwrap(), &csc(allowed), known, None);
        findings.extend(asked.and_then(|(kind, asked)| name(opened.job(), &(kind, asked.parse().unwrap()))));
        findings.iter().map(|finding| finding.code).collect()
    }

    const ALLOWED: &str = "acme:/signing-profiles/release/*";

    #[test]
    fn the_profile_is_an_allowed_publisher() {
        assert!(codes(job(), ALLOWED, None, true).is_empty());
        assert_eq!(codes(job(), "acme:/signing-profiles/other/*", None, true), ["publisher-not-allowed"]);
    }

    #[test]
    fn the_account_is_ours_or_one_that_the_csc_names() {
        let of = |profile: &str, job: &str| {
            let profile = format!("arn:countersign:signer::{profile}:/signing-profiles/release/a1b2c3d4e5");
            let id = "00000000-0000-4000-8000-000000000001";
            let job = format!("arn:countersign:signer::{job}:/signing-jobs/{id}");
            job_with(&[("profile", json!(profile)), ("job", json!(job))])
        };
        let other = "other:/signing-profiles/release/*";
        // Our own account is known even where no profile of it was found.
        assert!(codes(of("acme", "acme"), ALLOWED, None, false).is_empty());
        assert!(codes(of("other", "other"), other, None, true).is_empty());
        assert_eq!(codes(of("other", "other"), other, None, false), ["account-mismatch"]);
        assert_eq!(codes(of("other", "acme"), other, None, true), ["account-mismatch"]);
        assert_eq!(codes(of("acme", "other"), ALLOWED, None, true), ["account-mismatch"]);
    }

    #[test]
    fn the_profile_permits_the_key() {
        let opened = opened(job());
        // Another key than the one that signed.
        let profile = profile("Active", "12 months").0;
        let found = check(&opened, &"acme".parse().unwrap(), &csc(ALLOWED), true, Some(&profile));
        assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["permission-missing"]);
    }

    #[test]
    fn the_files_are_those_of_the_commit() {
        let opened = opened(job());
        let of = |files: &[(&str, &str)]| {
            let source = CommitFiles { commit: "HEAD".into(), files: records(files) };
            commit(opened.statement(), OfCommit::Files(&source)).map(|finding| finding.code)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("a.py", "a")]), Some("source-differs"));
    }

    /// A source record of a clean build of this commit.
    fn source(commit: &str, dirty: bool) -> serde_json::Value {
        json!({ "commit": commit, "tree": "2".repeat(40), "path": "", "dirty": dirty })
    }

    #[test]
    fn a_package_with_ignored_files_is_not_the_commits_unless_its_files_are() {
        let selection = json!({ "include": [], "exclude": [], "untracked": true, "ignored": true });
        let fields = [("selection", selection), ("source", source(&"1".repeat(40), false))];
        let opened = opened(job_with(&fields));
        let of = |files: &[(&str, &str)]| {
            let source = CommitFiles { commit: "HEAD".into(), files: records(files) };
            commit(opened.statement(), OfCommit::Files(&source)).map(|finding| finding.code)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("a.py", "a")]), Some("source-ignored"));
    }

    #[test]
    fn a_build_names_the_very_commit_and_is_not_dirty() {
        let id = "1".repeat(40);
        let functions = "format = 2\nrevision = 1\nprotected_refs = []\n[[function]]\npattern = '*'\n\
            csc = 'csc-00000000000000001'\nsource = 'artifact'\n";
        let functions = Functions::parse("functions.toml".as_ref(), functions.as_bytes()).unwrap();
        let build = functions.build_of(&"orders".parse().unwrap(), &id).unwrap();
        let of = |fields: &[(&str, serde_json::Value)]| {
            commit(opened(job_with(fields)).statement(), OfCommit::Build(build)).map(|finding| finding.code)
        };
        assert_eq!(of(&[("source", source(&id, false))]), None);
        for source in
            [source(&id, true), source(&"2".repeat(40), false), source(&id[..12], false), source("", false)]
        {
            assert_eq!(of(&[("source", source)]), Some("source-unconfirmed"));
        }
        assert_eq!(of(&[]), Some("source-unconfirmed"));
        assert_eq!(of(&[("endorsement", json!(true))]), Some("source-unconfirmed"));
    }

    #[test]
    fn the_kind_and_the_name_are_those_asked_about() {
        assert!(codes(job(), ALLOWED, Some((Kind::Function, "orders")), true).is_empty());
        for asked in [(Kind::Function, "billing"), (Kind::Layer, "orders")] {
            assert_eq!(codes(job(), ALLOWED, Some(asked), true), ["name-mismatch"]);
        }
    }
}
