//! Does a verification make every check, each by the documents of the right account?

#![cfg(test)]

use std::fs::File;

use serde_json::json;

use super::sample::{at, job_with, package, profile_for, records};
use super::*;
use crate::crypto::envelope::Envelope;
use crate::crypto::sample::SecretKey;
use crate::digest::Sha384;
use crate::document::{self, format::Format};
use crate::limits::PLAIN_SHA384_BYTES_MAX;
use crate::manifest::bundle::Bundle;
use crate::manifest::{self, Job, Statement};
use crate::policy::sample::Sample;
use crate::revocation::ReasonCode;
use crate::revocation::signed::{self, SignedRevocation};

const NOW: &str = "2026-03-02T00:00:00Z";
const JOB: &str = "00000000-0000-4000-8000-000000000001";
const FILES: [(&str, &str); 2] = [("a.py", "a"), ("b.py", "bb")];

/// An account with profile `release`, whose key signs and revokes.
struct Account {
    name: &'static str,
    sample: Sample,
    key: SecretKey,
}

impl Account {
    fn new(name: &'static str) -> Self {
        Self::with(name, &[])
    }

    fn with(name: &'static str, documents: &[(&str, &str)]) -> Self {
        let both = "signer:StartSigningJob', 'signer:RevokeSignature";
        let (profile, key) = profile_for("Active", "12 months", both);
        let profile = ("profiles/release.toml".into(), profile.to_toml());
        let cscs =
            [OURS, BOTH].map(|allowed| (format!("csc/{}.toml", csc_id(allowed)), csc(allowed).to_toml()));
        let own = cscs.into_iter().chain([profile]).collect::<Vec<(String, String)>>();
        let own = own.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        let documents: Vec<(&str, &str)> = own.chain(documents.iter().copied()).collect();
        Self { name, sample: Sample::of(name, &documents), key }
    }

    fn policy(&self) -> Policy {
        self.sample.open(NOW).unwrap()
    }

    fn arn(&self, path: &str) -> String {
        format!("arn:countersign:signer::{}:/{path}", self.name)
    }

    /// A job of this account for the artifact, with this list of files.
    fn job(&self, artifact: &Artifact, files: Vec<FileRecord>) -> Job {
        let mut job = job_with(&[
            ("job", json!(self.arn(&format!("signing-jobs/{JOB}")))),
            ("profile", json!(self.arn("signing-profiles/release/a1b2c3d4e5"))),
            ("size", json!(artifact.size())),
        ]);
        job.chunk_digest = artifact.digests(Threads::one()).unwrap().chunk;
        job.files = files;
        job
    }

    /// The artifact's manifest, as this account signs it.
    fn sign(&self, artifact: &Artifact) -> Loaded {
        manifest(artifact, self.job(artifact, records(&FILES)), &self.key)
    }

    /// This account's revocation of its job.
    fn revocation(&self) -> Loaded {
        let says = SignedRevocation {
            format: Format::default(),
            job: self.arn(&format!("signing-jobs/{JOB}")).parse().unwrap(),
            profile: self.arn("signing-profiles/release/*").parse().unwrap(),
            requested_by: "ci@acme.example".parse().unwrap(),
            revoked_at: at(NOW),
            reason_code: ReasonCode::Superseded,
            reason: "old".parse().unwrap(),
        };
        let envelope = Envelope::sign(signed::PAYLOAD_TYPE, document::to_json(&says), &[&self.key]);
        Loaded { path: "revocation.json".into(), bytes: document::to_json(&envelope) }
    }
}

fn manifest(artifact: &Artifact, job: Job, key: &SecretKey) -> Loaded {
    let statement = Statement::new("orders.zip", &artifact.digests(Threads::one()).unwrap(), job);
    let envelope = Envelope::sign(manifest::PAYLOAD_TYPE, statement.to_payload(), &[key]);
    let bundle = Bundle::new(envelope, &key.public().id());
    Loaded { path: "orders.zip.sigstore.json".into(), bytes: document::to_json(&bundle) }
}

/// The signed artifact; another tool can have packed its files in any order.
fn artifact() -> Artifact {
    Artifact::in_memory("orders.zip".as_ref(), package(&[FILES[1], FILES[0]]))
}

/// The accounts whose profile `release` a sealed CSC allows.
const OURS: &[&str] = &["acme"];
const BOTH: &[&str] = &["acme", "vendor"];

fn csc(allowed: &[&str]) -> Csc {
    let arn = |name: &&str| format!("arn:countersign:signer::{name}:/signing-profiles/release/*").parse();
    let publishers: Vec<_> = allowed.iter().map(|name| arn(name).unwrap()).collect();
    Csc::new(csc_id(allowed), "", publishers.try_into().unwrap(), Untrusted::Enforce)
}

fn csc_id(allowed: &[&str]) -> CscId {
    format!("csc-{:017}", allowed.len()).parse().unwrap()
}

fn publishers<'p>(policy: &'p Policy, allowed: &[&str]) -> Publishers<'p> {
    Publishers::read(policy, &csc_id(allowed)).unwrap().unwrap()
}

fn ask<S>(subject: S, manifest: &Loaded) -> Question<'_, S> {
    let (digests, threads) = (Digests::Quick, Threads::one());
    Question { subject, manifest: Some(manifest), asked: None, revocations: &[], digests, threads }
}

/// The document of one revocation.
fn revocations(kind: &str, subject: &str) -> String {
    let when = "revoked_at = '2026-03-01T00:00:00Z'\nreason_code = 'superseded'\nreason = 'old'\n";
    format!("revision = 2\n[[{kind}]]\n{subject}\n{when}")
}

fn codes(evidence: &Evidence) -> Vec<&'static str> {
    evidence.checks().iter().flat_map(|result| &result.findings).map(|finding| finding.code).collect()
}

#[test]
fn a_signed_artifact_passes_every_check() {
    let (ours, artifact) = (Account::new("acme"), artifact());
    let manifest = ours.sign(&artifact);
    let policy = ours.policy();
    let evidence = verify(&publishers(&policy, OURS), &ask(Here::Artifact(&artifact), &manifest)).unwrap();
    assert_eq!(Check::VERDICT.map(|check| evidence.outcome(check)), [CheckOutcome::Passed; 4]);
    assert_eq!(evidence.facts().unwrap().job.to_string(), ours.arn(&format!("signing-jobs/{JOB}")));
    assert_eq!(evidence.unzipped(), Some(3));
    assert!(codes(&evidence).is_empty() && evidence.notes().is_empty());
}

#[test]
fn the_name_and_the_commit_are_those_asked_about() {
    let (ours, artifact) = (Account::new("acme"), artifact());
    let (policy, manifest) = (ours.policy(), ours.sign(&artifact));
    for (name, expected) in [("orders", vec![]), ("billing", vec!["name-mismatch"])] {
        let asked = Some((Kind::Function, name.parse().unwrap()));
        let question = Question { asked, ..ask(Here::Artifact(&artifact), &manifest) };
        let evidence = verify(&publishers(&policy, OURS), &question).unwrap();
        assert_eq!(codes(&evidence), expected);
        assert_eq!(evidence.asked(), question.asked.as_ref());
    }
    for (files, expected) in [(&FILES[..], vec![]), (&FILES[..1], vec!["source-differs"])] {
        let commit = CommitFiles { commit: "HEAD".into(), files: records(files) };
        let commit = OfCommit::Files(&commit);
        let question = ask(Here::OfCommit(&artifact, commit), &manifest);
        assert_eq!(codes(&verify(&publishers(&policy, OURS), &question).unwrap()), expected);
        let publishers = publishers(&policy, OURS);
        let reported = report(&Library, &publishers, &ask(Elsewhere::Commit(commit), &manifest)).unwrap();
        assert_eq!(codes(reported.found()), expected);
    }
}

#[test]
fn the_list_that_is_compared_with_a_commit_is_that_of_the_artifact() {
    let (ours, artifact) = (Account::new("acme"), artifact());
    let (policy, listed) = (ours.policy(), records(&FILES[..1]));
    let manifest = manifest(&artifact, ours.job(&artifact, listed.clone()), &ours.key);
    let commit = CommitFiles { commit: "HEAD".into(), files: listed };
    for (subject, expected) in [
        (Here::OfCommit(&artifact, OfCommit::Files(&commit)), vec!["inventory-false"]),
        // The digests bind every byte, so the list changes nothing here.
        (Here::Artifact(&artifact), vec![]),
    ] {
        let evidence = verify(&publishers(&policy, OURS), &ask(subject, &manifest)).unwrap();
        assert_eq!(codes(&evidence), expected);
    }
}

#[test]
fn a_signature_for_another_account_needs_its_key_and_a_csc_that_allows_it() {
    let (ours, vendor, artifact) = (Account::new("acme"), Account::new("vendor"), artifact());
    ours.sample.bring(&vendor.sample, 2);
    let policy = ours.policy();
    let by_us = manifest(&artifact, vendor.job(&artifact, records(&FILES)), &ours.key);
    for (allowed, manifest, expected) in [
        (BOTH, vendor.sign(&artifact), vec![]),
        (BOTH, by_us.clone(), vec!["permission-missing"]),
        (OURS, by_us, vec!["publisher-not-allowed", "account-mismatch"]),
        (OURS, vendor.sign(&artifact), vec!["key-unknown"]),
    ] {
        let evidence =
            verify(&publishers(&policy, allowed), &ask(Here::Artifact(&artifact), &manifest)).unwrap();
        assert_eq!(codes(&evidence), expected);
    }
}

#[test]
fn no_key_is_unknown_while_an_account_of_the_csc_cannot_be_asked() {
    let (ours, vendor, artifact) = (Account::new("acme"), Account::new("vendor"), artifact());
    ours.sample.bring(&vendor.sample, 2);
    for copy in std::fs::read_dir(ours.sample.directory().join("accounts/vendor")).unwrap() {
        std::fs::remove_file(copy.unwrap().path().join("snapshot.json")).unwrap();
    }
    let policy = ours.policy();
    let of =
        |manifest: &Loaded| verify(&publishers(&policy, BOTH), &ask(Here::Artifact(&artifact), manifest));
    let unknown = manifest(&artifact, ours.job(&artifact, records(&FILES)), &SecretKey::new());
    for manifest in [unknown, vendor.sign(&artifact)] {
        let error = of(&manifest).unwrap_err();
        assert!(matches!(error, VerifyError::Policy(PolicyError::Account { .. })), "{error}");
    }
    assert!(codes(&of(&ours.sign(&artifact)).unwrap()).is_empty());
}

#[test]
fn every_digest_is_computed_if_an_account_concerned_revokes_artifacts() {
    let revocation = revocations("artifact", &format!("sha384 = '{}'", Sha384::of(b"other")));
    let revokes = [("revocations.toml", revocation.as_str())];
    let (none, artifact) = (&[][..], artifact());
    for (we, they, of_us, of_them) in
        [(none, none, false, false), (&revokes[..], none, true, true), (none, &revokes[..], false, true)]
    {
        let (ours, vendor) = (Account::with("acme", we), Account::with("vendor", they));
        ours.sample.bring(&vendor.sample, 2);
        let policy = ours.policy();
        let publishers = publishers(&policy, BOTH);
        for (signer, expected) in [(&ours, of_us), (&vendor, of_them)] {
            let (manifest, mut asked) = (signer.sign(&artifact), None);
            verify_with(&Library, &publishers, &ask((), &manifest), |opened, all| {
                asked = Some(all);
                Ok(Ok((opened, None)))
            })
            .unwrap();
            assert_eq!(asked, Some(expected), "{}", signer.name);
        }
    }
}

#[test]
fn the_plain_sha384_of_a_large_artifact_is_computed_if_one_may_be_revoked() {
    let revocation = revocations("artifact", &format!("sha384 = '{}'", Sha384::of(b"other")));
    let revokes = [("revocations.toml", revocation.as_str())];
    let (every, quick) =
        ("one in: size, SHA-256, SHA-384, chunk digest", "one in: size, SHA-256, chunk digest");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.zip");
    for (over, documents, expected) in [(0, &[][..], every), (1, &[], quick), (1, &revokes, every)] {
        let ours = Account::with("acme", documents);
        let manifest = ours.sign(&artifact());
        // Zeros, which take no space on the disk.
        File::create(&path).unwrap().set_len(PLAIN_SHA384_BYTES_MAX + over).unwrap();
        let large = Artifact::open(&path).unwrap();
        let threads = Threads::per_core();
        let question = Question { threads, ..ask(Here::Artifact(&large), &manifest) };
        let policy = ours.policy();
        let evidence = verify(&publishers(&policy, OURS), &question).unwrap();
        let message = &evidence.checks()[0].findings[0].message;
        assert!(message.ends_with(expected), "{message}");
    }
}

#[test]
fn a_signed_revocation_counts_once_by_the_profile_of_its_account() {
    let (ours, vendor, artifact) = (Account::new("acme"), Account::new("vendor"), artifact());
    ours.sample.bring(&vendor.sample, 2);
    let policy = ours.policy();
    for signer in [&ours, &vendor] {
        for revoker in [&ours, &vendor] {
            let (manifest, given) = (signer.sign(&artifact), [revoker.revocation()]);
            let question = Question { revocations: &given, ..ask(Here::Artifact(&artifact), &manifest) };
            let evidence = verify(&publishers(&policy, BOTH), &question).unwrap();
            let counts = signer.name == revoker.name;
            assert_eq!(codes(&evidence), if counts { vec!["job-revoked"] } else { vec![] });
            assert_eq!(evidence.notes().len(), usize::from(!counts), "{:?}", evidence.notes());
        }
    }
}

#[test]
fn a_sealed_revocation_in_either_policy_denies() {
    let artifact = artifact();
    let job = |account: &str| format!("job = 'arn:countersign:signer::{account}:/signing-jobs/{JOB}'");
    let revoked = revocations("job", &job("vendor"));
    let revokes = [("revocations.toml", revoked.as_str())];
    for (we, they, expected) in [(&[][..], &revokes[..], 1), (&revokes, &[], 1), (&revokes, &revokes, 2)] {
        let (ours, vendor) = (Account::with("acme", we), Account::with("vendor", they));
        ours.sample.bring(&vendor.sample, 2);
        let manifest = vendor.sign(&artifact);
        let question = ask(Here::Artifact(&artifact), &manifest);
        let policy = ours.policy();
        let evidence = verify(&publishers(&policy, BOTH), &question).unwrap();
        assert_eq!(codes(&evidence), vec!["job-revoked"; expected]);
    }
}

#[test]
fn a_signed_revocation_in_either_policy_denies_and_a_malformed_one_is_noted() {
    let (ours, vendor, artifact) = (Account::new("acme"), Account::new("vendor"), artifact());
    ours.sample.bring(&vendor.sample, 2);
    let place = |policy: &Policy| signed::path(policy.directory(), &JOB.parse().unwrap());
    for account in [&ours, &vendor] {
        let policy = ours.policy();
        let other = policy.of_account(&"vendor".parse().unwrap()).unwrap().unwrap();
        let path = place(if account.name == "acme" { &policy } else { &other });
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let manifest = account.sign(&artifact);
        let question = ask(Here::Artifact(&artifact), &manifest);
        let verified = || verify(&publishers(&policy, BOTH), &question).unwrap();
        std::fs::write(&path, account.revocation().bytes).unwrap();
        assert_eq!(codes(&verified()), ["job-revoked"], "{}", account.name);
        std::fs::write(&path, "{}").unwrap();
        let evidence = verified();
        assert!(codes(&evidence).is_empty());
        assert_eq!(evidence.notes().len(), 1, "{:?}", evidence.notes());
        assert!(evidence.notes()[0].starts_with("ignoring the revocation in `"));
        std::fs::remove_file(&path).unwrap();
    }
}
