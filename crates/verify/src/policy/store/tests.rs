//! Does a policy open only as it was sealed, and does it answer only from that?

#![cfg(test)]

use super::*;
use crate::policy::sample::{Sample, at, keys};

const NOW: &str = "2026-03-01T00:00:00Z";
const CSC: &str = "id = 'csc-00000000000000001'\ndescription = ''\nrevision = 1\nallowed_publishers = \
    ['arn:countersign:signer::acme:/signing-profiles/release/*']\n\
    untrusted_artifact_on_deployment = 'Enforce'\n";
const CSC_PATH: &str = "csc/csc-00000000000000001.toml";
const JOB: &str = "3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10";

fn revocations(kind: &str, subject: &str) -> String {
    let when = "revoked_at = '2026-01-15T00:00:00Z'\nreason_code = 'superseded'\nreason = 'old'\n";
    format!("revision = 2\n[[{kind}]]\n{subject}\n{when}")
}

#[test]
fn a_policy_needs_a_pin_and_ends_with_its_seal_or_its_root() {
    let sample = Sample::new(&[]);
    let unpinned = Location { pin: None, ..sample.location() };
    assert!(matches!(Policy::open(&unpinned, at(NOW)), Err(PolicyError::Unpinned(_))));
    assert!(sample.open("2026-07-31T23:59:59Z").is_ok());
    let after = sample.open("2026-08-01T00:00:00Z");
    assert!(matches!(after, Err(PolicyError::Expired { role: "policy", .. })));
    let mut long = sample.prepared(2);
    long.expires = at("2027-06-01T00:00:00Z");
    sample.put(&long, &[sample.key()]);
    assert!(sample.open("2026-12-31T23:59:59Z").is_ok());
    let after = sample.open("2027-01-01T00:00:00Z");
    assert!(matches!(after, Err(PolicyError::Expired { role: "root", .. })));
}

#[test]
fn a_seal_needs_the_threshold_of_the_policy_role() {
    let (sample, [other]) = (Sample::new(&[]), keys());
    sample.put(&sample.prepared(1), &[&other]);
    assert!(matches!(sample.open(NOW), Err(PolicyError::Threshold { role: "policy", .. })));
    sample.put(&sample.prepared(1), &[&other, sample.key()]);
    assert!(sample.open(NOW).is_ok());
}

#[test]
fn nothing_older_than_what_is_remembered_is_opened() {
    let sample = Sample::new(&[]);
    sample.seal(5);
    let policy = sample.open(NOW).unwrap();
    assert!(policy.notes().is_empty() && !sample.state().exists());
    std::fs::write(sample.state(), document::to_json(policy.state())).unwrap();
    assert!(sample.open(NOW).is_ok());
    sample.seal(4);
    assert!(matches!(sample.open(NOW), Err(PolicyError::RolledBack { what: "snapshot", .. })));
    // Where nothing is remembered, nothing is compared.
    let forgetful = Location { state: None, ..sample.location() };
    let older = Policy::open(&forgetful, at(NOW)).unwrap();
    assert!(older.check_follows(policy.state()).is_err());
    sample.seal(6);
    assert!(sample.open(NOW).unwrap().check_follows(policy.state()).is_ok());
}

#[test]
fn an_end_is_warned_about_30_days_before_or_a_quarter_of_its_time() {
    let notes = |expires: &str, now: &str| {
        let sample = Sample::new(&[]);
        let sealed = Snapshot { expires: at(expires), ..sample.prepared(1) };
        sample.put(&sealed, &[sample.key()]);
        sample.open(now).unwrap().notes().join("\n")
    };
    assert_eq!(notes("2026-08-01T00:00:00Z", "2026-07-01T23:59:59Z"), "");
    let note = notes("2026-08-01T00:00:00Z", "2026-07-02T00:00:00Z");
    assert!(note.starts_with("the seal expires at 2026-08-01"), "{note}");
    assert_eq!(notes("2026-02-05T00:00:00Z", "2026-02-03T23:59:59Z"), "");
    assert!(notes("2026-02-05T00:00:00Z", "2026-02-04T00:00:00Z").starts_with("the seal expires"));
    assert_eq!(notes("2027-06-01T00:00:00Z", "2026-12-01T23:59:59Z"), "");
    let note = notes("2027-06-01T00:00:00Z", "2026-12-02T00:00:00Z");
    assert!(note.starts_with("the root expires at 2027-01-01"), "{note}");
}

#[test]
fn a_document_is_read_only_as_it_was_sealed() {
    let sample = Sample::new(&[(CSC_PATH, CSC)]);
    let policy = sample.open(NOW).unwrap();
    let id: CscId = "csc-00000000000000001".parse().unwrap();
    assert_eq!(policy.csc_ids(), std::slice::from_ref(&id));
    assert_eq!(policy.csc(&id).unwrap().unwrap().id(), &id);
    assert!(policy.csc(&"csc-00000000000000002".parse().unwrap()).unwrap().is_none());
    let changed = CSC.replace("Enforce", "Warn");
    for text in [&changed, &CSC.replace("Enforce", "enforce"), &CSC[..CSC.len() - 1]] {
        sample.write(CSC_PATH, text);
        let error = policy.csc(&id).unwrap_err();
        assert!(matches!(&error, PolicyError::Unsealed { paths, .. } if paths == &[CSC_PATH]), "{error}");
    }
    assert_eq!(policy.sealers(), [sample.key().public().id()]);
}

#[test]
fn a_document_has_the_sealed_size_and_the_sealed_digest() {
    let sample = Sample::new(&[(CSC_PATH, CSC)]);
    let id: CscId = "csc-00000000000000001".parse().unwrap();
    let changes: [fn(&mut SealedDocument); 2] = [|each| each.size += 1, |each| each.sha384 = Sha384::of(b"")];
    for (version, change) in (2..).zip(changes) {
        let mut sealed = sample.prepared(version);
        sealed.documents.iter_mut().filter(|each| each.path == CSC_PATH).for_each(change);
        sample.put(&sealed, &[sample.key()]);
        assert!(sample.open(NOW).unwrap().csc(&id).is_err());
    }
}

#[test]
fn names_are_those_of_sealed_documents() {
    let [key] = keys();
    let profile = format!(
        "name = 'release'\nplatform = 'AWSLambda-SHA384-ECDSA'\nrevision = 1\n[[version]]\n\
        version = 'a1b2c3d4e5'\nstatus = 'Active'\ncreated = '2026-01-01T00:00:00Z'\nvalidity = '12 months'\n\
        [[permission]]\nstatement_id = 'ci'\nprincipal = 'ci@acme.example'\n\
        actions = ['signer:StartSigningJob']\nkey = '''\n{}'''\nnot_before = '2026-01-01T00:00:00Z'\n",
        key.public().to_pem()
    );
    let sample = Sample::new(&[("profiles/release.toml", &profile)]);
    let policy = sample.open(NOW).unwrap();
    let names: Vec<String> = policy.profile_names().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["release"]);
    assert!(policy.profile(&policy.profile_names()[0]).unwrap().is_some());
    assert!(policy.layer_names().is_empty() && policy.account_names().is_empty());
    assert!(policy.membership().unwrap().is_none());
}

#[test]
fn revocations_are_found_by_what_they_revoke() {
    let subject = format!("arn:countersign:signer::acme:/signing-jobs/{JOB}");
    let job = revocations("job", &format!("job = '{subject}'"));
    let sample = Sample::new(&[("revocations.toml", &job)]);
    let policy = sample.open(NOW).unwrap();
    let found = policy.revocations_of(&["job other".into(), format!("job {subject}")]).unwrap();
    assert_eq!(found, policy.revocations().unwrap().all());
    assert_eq!(found.len(), 1);
    assert!(!policy.revokes_artifacts().unwrap());
    let artifact = revocations("artifact", &format!("sha384 = '{}'", Sha384::of(b"artifact")));
    let sample = Sample::new(&[("revocations.toml", &artifact)]);
    assert!(sample.open(NOW).unwrap().revokes_artifacts().unwrap());
}

#[test]
fn an_unsealed_change_of_the_revocations_is_noticed_once() {
    let sample = Sample::new(&[]);
    let ask = |policy: &Policy| policy.revocations_of(&["job other".into()]).map(|found| found.len());
    for text in ["revision = 2\n", "revision = 1\n\n", "revision = 1"] {
        sample.write("revocations.toml", text);
        let policy = sample.open(NOW).unwrap();
        assert!(matches!(ask(&policy), Err(PolicyError::Unsealed { .. })), "{text:?}");
        assert!(ask(&policy).is_err(), "{text:?}");
    }
    sample.write("revocations.toml", "revision = 1\n");
    let policy = sample.open(NOW).unwrap();
    assert_eq!(ask(&policy).unwrap(), 0);
    // It is compared once for all questions.
    sample.write("revocations.toml", "revision = 2\n");
    assert_eq!(ask(&policy).unwrap(), 0);
}

#[test]
fn of_revocations_over_a_mebibyte_only_the_size_is_compared() {
    let comment = "#".repeat(NOTICED_BYTES_MAX as usize - "revision = 1\n".len());
    let ask = |sample: &Sample| sample.open(NOW).unwrap().revocations_of(&["job other".into()]).is_ok();
    for (longer, is_noticed) in [("", true), ("#", false)] {
        let text = format!("revision = 1\n{comment}{longer}");
        let sample = Sample::new(&[("revocations.toml", &text)]);
        assert!(ask(&sample));
        sample.write("revocations.toml", &text.replace("= 1", "= 2"));
        assert_eq!(ask(&sample), !is_noticed, "{} bytes", text.len());
        sample.write("revocations.toml", &format!("{text}#"));
        assert!(!ask(&sample));
    }
}

/// A ledger with a line for each of these times and keys, all of one payload.
fn ledger(lines: &[(&str, &KeyId)]) -> String {
    let mut previous = Sha384::of(b"countersign ledger 1 acme\n");
    let mut text = String::new();
    for (at, key) in lines {
        let payload = Sha384::of(b"payload").to_string();
        let line = serde_json::from_value::<ledger::Line>(serde_json::json!({
            "previous": previous.to_string(), "recorded_at": at, "recorded": {
                "job": format!("arn:countersign:signer::acme:/signing-jobs/{JOB}"), "payload": payload,
                "key": key.as_str(), "profile": "arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5",
                "requested_by": "ci@acme.example", "signed_at": "2026-01-02T00:00:00Z",
                "expires_at": "2027-01-02T00:00:00Z", "kind": "function", "name": "orders", "artifact": payload,
            }
        }));
        let line = format!("{}\n", String::from_utf8(document::to_json(&line.unwrap())).unwrap());
        previous = Sha384::of(line.as_bytes());
        text.push_str(&line);
    }
    text
}

#[test]
fn a_time_is_trusted_from_the_earliest_record_of_the_key() {
    let [a, b] = keys().map(|key| key.public().id());
    let times = ["2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z", "2026-01-12T00:00:00Z"];
    let lines = ledger(&[(times[0], &b), (times[1], &a), (times[2], &a)]);
    let sample = Sample::new(&[(ledger::FILE_NAME, &lines)]);
    let payload = Sha384::of(b"payload");
    let recorded = |key: &KeyId| sample.open(NOW).unwrap().recorded_at(&payload, key);
    assert_eq!(recorded(&a).unwrap(), Some(at(times[1])));
    assert_eq!(recorded(&b).unwrap(), Some(at(times[0])));
    assert_eq!(recorded(&sample.key().public().id()).unwrap(), None);
    assert_eq!(sample.open(NOW).unwrap().recorded_at(&Sha384::of(b""), &a).unwrap(), None);
    // The ledger grows; what was sealed of it stays.
    sample.write(ledger::FILE_NAME, &format!("{lines}more\n"));
    assert_eq!(recorded(&a).unwrap(), Some(at(times[1])));
    sample.write(ledger::FILE_NAME, &lines[..lines.len() - 1]);
    assert!(recorded(&a).is_err());
    sample.write(ledger::FILE_NAME, &lines.replace("orders", "others"));
    assert!(recorded(&a).is_err());
    // A policy without a sealed ledger records nothing, whatever lies there.
    let sample = Sample::new(&[]);
    sample.write(ledger::FILE_NAME, &lines);
    assert_eq!(sample.open(NOW).unwrap().recorded_at(&payload, &a).unwrap(), None);
}

#[test]
fn signed_revocations_of_a_job_are_found_at_their_places() {
    let sample = Sample::new(&[]);
    let job: JobId = JOB.parse().unwrap();
    assert!(sample.open(NOW).unwrap().signed_revocations(&job).unwrap().is_empty());
    sample.write(&format!("revocations/{JOB}.2.json"), "{}");
    let found = sample.open(NOW).unwrap().signed_revocations(&job).unwrap();
    let path = sample.directory().join(format!("revocations/{JOB}.2.json"));
    assert_eq!(found, [files::Loaded { path, bytes: b"{}".to_vec() }]);
}

#[test]
fn an_index_that_is_not_whole_is_noticed() {
    let artifact = revocations("artifact", &format!("sha384 = '{}'", Sha384::of(b"artifact")));
    let sample = Sample::new(&[("revocations.toml", &artifact)]);
    sample.open(NOW).unwrap().check_index().unwrap();
    std::fs::remove_dir_all(sample.directory().join("objects")).unwrap();
    assert!(sample.open(NOW).unwrap().check_index().is_err());
}
