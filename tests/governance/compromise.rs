//! After a key was stolen: which of its signatures are still good?

use countersign::digest::Sha384;
use countersign::ledger::{self, Line};
use countersign::time::Timestamp;

use crate::support::{Mode, Scene, read, revocation, text, write};

/// A job that was signed long ago, as the thief would have it too.
fn signed() -> Scene {
    let scene = Scene::new();
    scene.make_old();
    scene.restate(|statement| statement["predicate"]["signedAt"] = "2023-06-01T00:00:00Z".into());
    scene.verify().allowed();
    scene
}

/// Records the job, and makes the line as old as January 2024, under a seal of that time.
fn record_as_of(scene: &Scene, recorded_at: &str) {
    let ran = scene.run(&["job", "record", text(&scene.manifest())]);
    assert!(ran.done().out().contains("recorded: "), "{ran}");
    let file = scene.policy().join(ledger::FILE_NAME);
    let mut line: Line = serde_json::from_slice(read(&file).trim_ascii_end()).expect("a line");
    line.recorded_at = time(recorded_at);
    write(&file, serde_json::to_string(&line).expect("JSON") + "\n");
    let version = scene.snapshot().version + 1;
    scene.seal_as(version, line.recorded_at, now().plus_seconds(1000));
    scene.verify().allowed();
}

fn now() -> Timestamp {
    Timestamp::from_clock(std::time::SystemTime::now())
}

fn time(text: &str) -> Timestamp {
    crate::support::time(text)
}

/// Says that the key was in a thief's hands since February 2024, and seals that.
fn revoke(scene: &Scene, kind: &str) {
    let value = match kind {
        "key" => scene.key("signing").public().id().to_string(),
        _ => scene.statement()["predicate"]["profile"].as_str().expect("an ARN").to_owned(),
    };
    let entry = revocation(kind, &value).replace("unspecified", "keyCompromise");
    let entry = entry.replace("2024-01-01", "2024-06-01");
    scene.append("revocations.toml", &format!("{entry}\neffective = '2024-02-01T00:00:00Z'"));
    scene.seal_over();
}

/// TUF, key compromise: what was recorded before counts; what was not, whatever it claims, does not.
#[test]
fn a_signature_counts_if_it_was_recorded_before_the_theft() {
    for mode in Mode::BOTH {
        for kind in ["key", "profile"] {
            for (recorded, counts) in [
                (None, false),
                (Some("2024-01-31T23:59:59Z"), true),
                (Some("2024-02-01T00:00:00Z"), false),
                (Some("2024-02-02T00:00:00Z"), false),
            ] {
                let scene = signed();
                if mode == Mode::Warn {
                    scene.edit(&scene.csc(), "Enforce", "Warn");
                    scene.seal_over();
                }
                recorded.into_iter().for_each(|at| record_as_of(&scene, at));
                revoke(&scene, kind);
                let ran = scene.verify();
                if counts {
                    ran.allowed();
                } else {
                    ran.untrusted(mode, "revocation", &format!("{kind}-revoked"));
                }
            }
        }
    }
}

/// A line counts once it is sealed: before, anybody could have written it.
#[test]
fn a_line_that_is_not_sealed_gives_no_time() {
    let scene = signed();
    record_as_of(&scene, "2024-01-01T00:00:00Z");
    let file = scene.policy().join(ledger::FILE_NAME);
    let recorded = read(&file);
    std::fs::remove_file(&file).expect("it was there");
    scene.seal_over();
    revoke(&scene, "key");
    scene.verify().denied("revocation", "key-revoked");
    write(&file, &recorded);
    scene.verify().denied("revocation", "key-revoked");
    assert_eq!(scene.run(&["policy", "status"]).code, Some(1));
    // Nor is it sealed now, so long after.
    scene.run(&["policy", "seal"]).undecided("which is before the last seal or in the future");
}

/// What is recorded is one payload under one key: not its job's id, nor its artifact.
#[test]
fn a_line_gives_its_time_to_one_signature() {
    let scene = signed();
    record_as_of(&scene, "2024-01-01T00:00:00Z");
    revoke(&scene, "key");
    let good = scene.bundle();
    scene.verify().allowed();
    // The thief signs another statement under the recorded job's id.
    for (field, value) in [("toolVersion", "9.9.9"), ("signedAt", "2023-06-02T00:00:00Z")] {
        scene.restate(|statement| statement["predicate"][field] = value.into());
        let ran = scene.verify();
        assert!(ran.code == Some(1), "{field}: {ran}");
        scene.put_bundle(&good);
    }
    // The same statement, signed once more by the same key, is what was recorded.
    scene.put_signature(&crate::support::malleated(&scene.signature()));
    scene.verify().allowed();
    scene.sign_payload(scene.payload());
    scene.verify().allowed();
}

/// The recorded payload under another key has no time of its own.
#[test]
fn a_line_gives_its_time_to_no_other_key() {
    let scene = signed();
    let other = countersign::crypto::secret::SecretKey::generate().expect("a key");
    let permission = format!(
        "[[permission]]\nstatement_id = 'other'\nprincipal = 'ci@acme.example'\n\
        actions = ['signer:StartSigningJob']\nkey = '''{}'''\nnot_before = '2020-01-01T00:00:00Z'\n",
        other.public().to_pem()
    );
    scene.append("profiles/release.toml", &permission);
    scene.seal_over();
    record_as_of(&scene, "2024-01-01T00:00:00Z");
    revoke(&scene, "profile");
    scene.verify().allowed();
    let payload = scene.payload();
    scene.put_bundle(&crate::support::signed(countersign::manifest::PAYLOAD_TYPE, payload.clone(), &other));
    scene.verify().denied("revocation", "profile-revoked");
    scene.sign_payload(payload);
    scene.verify().allowed();
}

/// After the theft is known nothing is recorded for the thief, whatever date he writes.
#[test]
fn nothing_of_a_revoked_key_is_recorded() {
    for kind in ["key", "profile"] {
        let scene = signed();
        revoke(&scene, kind);
        let ran = scene.run(&["job", "record", text(&scene.manifest())]);
        assert!(ran.code == Some(1) && ran.out().contains(&format!("{kind}-revoked")), "{ran}");
        assert!(!scene.policy().join(ledger::FILE_NAME).exists());
    }
}

/// A job is recorded with everything that the line says about it, as it was signed.
#[test]
fn a_line_says_what_was_signed() {
    let scene = Scene::new();
    scene.run(&["job", "record", text(&scene.manifest())]).done();
    let file = scene.policy().join(ledger::FILE_NAME);
    let line: Line = serde_json::from_slice(read(&file).trim_ascii_end()).expect("a line");
    let predicate = &scene.statement()["predicate"];
    assert_eq!(line.recorded.payload, Sha384::of(&scene.payload()));
    assert_eq!(line.recorded.key, scene.key("signing").public().id());
    assert_eq!(line.recorded.job.to_string(), predicate["job"].as_str().expect("an ARN"));
    assert_eq!(line.recorded.profile.to_string(), predicate["profile"].as_str().expect("an ARN"));
    assert_eq!(line.recorded.signed_at.to_string(), predicate["signedAt"].as_str().expect("a time"));
    let again = scene.run(&["job", "record", text(&scene.manifest())]);
    assert!(again.done().out().contains("already recorded"), "{again}");
    assert_eq!(read(&file).iter().filter(|byte| **byte == b'\n').count(), 1);
}

/// `release` keeps a manifest for the same content; not one whose key was revoked since.
#[test]
fn a_release_after_the_theft_is_signed_anew() {
    let scene = Scene::new();
    let new = scene.path().join("new.pem");
    scene.run(&["key", "generate", "--plaintext", "--output", text(&new)]).done();
    let permission = ["--principal", "new", "--action", "signer:StartSigningJob", "--key", text(&new)];
    scene.run(&[&["profile", "permit", "release"], &permission[..]].concat()).done();
    scene.seal();
    let key = ["--key", text(&new)];
    let job = |scene: &Scene| scene.statement()["predicate"]["job"].clone();
    let before = job(&scene);
    scene.run(&[&["release", "--format", "json"], &key[..]].concat()).allowed();
    assert_eq!(job(&scene), before);

    let stolen = scene.key("signing").public().id().to_string();
    let why = ["--effective", "2024-02-01T00:00:00Z", "--reason-code", "keyCompromise", "--reason", "stolen"];
    scene.run(&[&["key", "revoke", &stolen], &why[..]].concat()).done();
    scene.seal();
    scene.verify().denied("revocation", "key-revoked");
    scene.run(&[&["release", "--format", "json"], &key[..]].concat()).allowed();
    assert_ne!(job(&scene), before);
}

/// A key that seals goes on sealing: a revocation voids signatures of artifacts, and says so.
#[test]
fn revoking_a_key_that_holds_a_role_says_what_else_to_do() {
    let scene = Scene::new();
    let key = scene.key("policy").public().id().to_string();
    let why = ["--effective", "2024-02-01T00:00:00Z", "--reason-code", "keyCompromise", "--reason", "stolen"];
    let ran = scene.run(&[&["key", "revoke", &key], &why[..]].concat());
    assert!(ran.done().err().contains("`countersign policy rotate-root --remove-policy-key`"), "{ran}");
}
