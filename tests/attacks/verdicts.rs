//! Is there any way to a yes that the four checks did not give?

mod mixed;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Mode, NAME, Ran, Scene, read, revocation, signed, text, write};

/// gh CVE-2025-25204, chainloop#3397: exit 0 when there was nothing to verify.
#[test]
fn nothing_to_verify_is_never_a_yes() {
    let remove = |path: &Path| fs::remove_file(path).expect("it was there");
    let empty = |path: &Path| fs::remove_dir_all(path).and_then(|()| fs::create_dir(path)).expect("a folder");
    type Tamper<'a> = &'a dyn Fn(&Scene);
    let cases: &[(&str, Tamper, i32)] = &[
        ("no manifest", &|scene| remove(&scene.manifest()), 1),
        ("an empty manifest", &|scene| write(&scene.manifest(), ""), 1),
        ("no subject", &|scene| scene.restate(|statement| statement["subject"] = json!([])), 1),
        ("no files", &|scene| scene.restate(|statement| statement["predicate"]["files"] = json!([])), 1),
        (
            "no signature",
            &|scene| {
                let mut bundle = scene.bundle();
                bundle["dsseEnvelope"]["signatures"] = json!([]);
                scene.put_bundle(&bundle);
            },
            1,
        ),
        ("no package", &|scene| remove(&scene.artifact()), 2),
        ("an empty output folder", &|scene| empty(&scene.repository().join("dist")), 2),
        ("an empty countersign.toml", &|scene| write(&scene.repository().join("countersign.toml"), ""), 2),
        ("an empty policy", &|scene| empty(&scene.policy()), 2),
        ("no policy", &|scene| fs::remove_dir_all(scene.policy()).expect("it was there"), 2),
        ("no root", &|scene| empty(&scene.policy().join("roots")), 2),
        ("an empty root", &|scene| write(&scene.policy().join("roots/1.json"), ""), 2),
        ("no seal", &|scene| remove(&scene.policy().join("snapshot.json")), 2),
        ("an empty seal", &|scene| write(&scene.policy().join("snapshot.json"), ""), 2),
        (
            "a seal over nothing",
            &|scene| {
                let mut sealed = scene.snapshot();
                sealed.documents.clear();
                sealed.version += 1;
                scene.put_snapshot(&sealed);
            },
            2,
        ),
        ("no pin", &|scene| drop(scene.git(&["config", "--unset", "countersign.root"])), 2),
        ("an empty pin", &|scene| drop(scene.git(&["config", "countersign.root", ""])), 2),
    ];
    for (name, tamper, code) in cases {
        let scene = Scene::new();
        scene.verify().allowed();
        tamper(&scene);
        for format in ["json", "text"] {
            let ran = scene.run(&["verify", "--format", format]);
            assert_eq!(ran.is_no().code, Some(*code), "{name}: {ran}");
        }
    }
}

/// gh CVE-2025-25204: nor is an empty folder, a folder in the artifact's place, or a name that nobody has.
#[test]
fn a_question_about_nothing_is_never_a_yes() {
    let scene = Scene::new();
    scene.verify().allowed();
    let empty = scene.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    let (empty, policy, pin) = (text(&empty).to_owned(), scene.policy(), scene.pin().to_string());
    let trust = ["--policy", text(&policy), "--root", &pin];
    for question in [
        &["-C", &empty, "verify"][..],
        &["verify", &empty, "--function", NAME],
        &["verify", "dist", "--function", NAME],
        &["verify", "/dev/null", "--function", NAME],
        &["verify", "dist/none.zip", "--function", NAME],
        &["verify", "", "--function", NAME],
        &["verify", "handler.py"],
        &["verify", "--function", "billing"],
        &["verify", "dist/orders.zip", "--function", NAME, "--manifest", "none"],
        &["verify", "dist/orders.zip", "--function", NAME, "--manifest", "/dev/null"],
        &["verify", "dist/orders.zip", "--function", NAME, "--csc", "csc-00000000000000000"],
    ] {
        scene.run(&[question, &trust].concat()).is_no();
    }
}

/// chainloop#3397: in Warn a missing manifest passes, as it is meant to, but never as a plain yes.
#[test]
fn a_missing_manifest_in_warn_is_a_warning_that_counts() {
    let scene = Scene::of(Mode::Warn);
    scene.verify().allowed();
    fs::remove_file(scene.manifest()).expect("it was there");
    let ran = scene.verify();
    ran.warned("mismatch", "manifest-missing");
    assert_eq!(ran.verdict()["signature_validation_errors"], 1);
    assert!(scene.run(&["verify"]).out().starts_with("warned (mismatch): "));
}

/// gitsign CVE-2026-44310: a panic was swallowed, and the process exited 0.
///
/// A stack that no address space holds makes the start of a worker thread panic.
#[test]
fn a_panic_is_never_a_yes() {
    let scene = Scene::new();
    // Several files, and several runs of chunks of an artifact: one job alone starts no thread.
    let mut state = 1u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    });
    write(&scene.repository().join("a-noise"), noise.take(9 << 20).collect::<Vec<_>>());
    scene.run(&["release"]).done();
    for command in [&["verify"][..], &["release"], &["package"], &["inspect", "dist/orders.zip"]] {
        scene.run(command).done();
        let ran = Ran::of(scene.countersign().args(command).env("RUST_MIN_STACK", (1u64 << 47).to_string()));
        assert!(!matches!(ran.code, Some(0 | 1)), "{command:?}: {ran}");
        assert_eq!(ran.out(), "", "{command:?}: {ran}");
    }
}

/// cosign CVE-2026-39395: "Verified OK" for a malformed payload, or for a predicate of another type.
#[test]
fn a_signed_payload_that_is_no_statement_is_denied_in_warn_too() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        let good = scene.statement();
        let with = |path: &str, value: Value| {
            let mut changed = good.clone();
            let (parent, name) = path.rsplit_once('/').expect("a pointer");
            changed.pointer_mut(parent).expect("it is there")[name] = value;
            changed.to_string()
        };
        let subject = good["subject"][0].clone();
        let text = good.to_string();
        for (name, payload) in [
            ("nothing", String::new()),
            ("no JSON", "verified OK".into()),
            ("null", "null".into()),
            ("a list", format!("[{text}]")),
            ("an empty object", "{}".into()),
            ("half a statement", text[..text.len() / 2].into()),
            ("two statements", text.repeat(2)),
            ("a byte order mark", format!("\u{feff}{text}")),
            ("a NUL after it", format!("{text}\0")),
            ("deep nesting", "[".repeat(100_000)),
            ("another type", with("/_type", json!("https://in-toto.io/Statement/v0.1"))),
            ("no type", with("/_type", Value::Null)),
            ("another predicate type", with("/predicateType", json!("https://slsa.dev/provenance/v1"))),
            ("an empty predicate type", with("/predicateType", json!(""))),
            ("an empty predicate", with("/predicate", json!({}))),
            ("no predicate", with("/predicate", Value::Null)),
            ("no subject", with("/subject", json!([]))),
            ("two subjects", with("/subject", json!([subject, subject]))),
            ("an unknown field", with("/verified", json!(true))),
            ("an unknown field of the job", with("/predicate/verified", json!(true))),
            ("an unknown digest", with("/subject/0/digest/sha512", json!("00"))),
            ("another platform", with("/predicate/platform", json!("none"))),
            ("a negative size", with("/predicate/size", json!(-1))),
            ("a size in words", with("/predicate/size", json!("303"))),
        ] {
            scene.sign_payload(payload.into_bytes());
            let codes = scene.verify().denied("integrity", "statement-malformed").codes();
            assert_eq!(codes.len(), 1, "{name}");
        }
        scene.sign_payload([text.as_bytes(), b"\xff"].concat());
        scene.verify().denied("integrity", "statement-malformed");
        scene.put_bundle(&signed("text/plain", text.clone().into_bytes(), &scene.key("signing")));
        scene.verify().denied("integrity", "manifest-malformed");
        scene.sign_payload(text.into_bytes());
        scene.verify().allowed();
    }
}

/// notation CVE-2024-23332: permissive mode let expired and revoked signatures back in unseen.
#[test]
fn warn_shows_and_counts_what_expired_and_what_was_revoked() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        scene.make_old();
        scene.restate(|statement| {
            statement["predicate"]["signedAt"] = "2020-06-01T00:00:00Z".into();
        });
        scene.verify().allowed();
        scene.restate(|statement| {
            statement["predicate"]["signatureExpiresAt"] = "2021-06-01T00:00:00Z".into();
        });
        let expired = scene.verify();
        expired.untrusted(mode, "expiry", "signature-expired");
        assert_eq!(expired.verdict()["signature_validation_errors"], 1);

        let job = scene.statement()["predicate"]["job"].as_str().expect("an ARN").to_owned();
        scene.append("revocations.toml", &revocation("job", &job));
        scene.seal();
        let both = scene.verify();
        both.untrusted(mode, "expiry", "signature-expired");
        assert_eq!(both.codes(), ["signature-expired", "job-revoked"]);
        assert_eq!(both.verdict()["signature_validation_errors"], 2);
        let shown = scene.run(&["verify"]).out();
        for words in [
            "expiry     failed",
            "signature-expired: ",
            "revocation failed",
            "job-revoked: ",
            "a lost laptop",
        ] {
            assert!(shown.contains(words), "{mode:?}: no {words:?} in\n{shown}");
        }
        let first = format!("{} (expiry): ", mode.untrusted().name());
        assert!(shown.starts_with(&first), "{shown}");
    }
}

/// jarsigner: an unsigned ZIP exited 0, and bytes before or after the archive passed.
#[test]
fn unsigned_zips_and_bytes_around_them_have_codes_of_their_own() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        let good = read(&scene.artifact());
        let end = good.len() - 22;
        for (bytes, code) in [
            ([b"#!/bin/sh\n", &good[..]].concat(), "bytes-before"),
            ([&good[..], b"PK"].concat(), "bytes-after"),
            ([&good[..end], b"between", &good[end..]].concat(), "bytes-between"),
            (good[..end].to_vec(), "not-a-zip"),
            (Vec::new(), "not-a-zip"),
            ([&good[..], &good[end..]].concat(), "several-end-records"),
        ] {
            write(&scene.artifact(), bytes);
            let codes = scene.verify().denied("integrity", code).codes();
            assert_eq!(codes, ["digest-mismatch", code]);
            scene.run(&["sign", "dist/orders.zip", "--again"]).undecided(code);
        }
        write(&scene.artifact(), good);
        scene.verify().allowed();
        fs::remove_file(scene.manifest()).expect("it was there");
        scene.verify().untrusted(mode, "mismatch", "manifest-missing");
    }
}

/// TUF, wrong software: a valid signature of function A was shown for B.
#[test]
fn a_manifest_of_one_function_is_none_of_another() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let ask = |question: &[&str]| {
            scene.run(&[&["verify", "dist/orders.zip", "--format", "json"], question].concat())
        };
        ask(&["--function", NAME]).allowed();
        for other in ["billing", "orders2", "order", "Orders", "orders-eu"] {
            ask(&["--function", other]).untrusted(mode, "mismatch", "name-mismatch");
        }
        // Renaming both files changes nothing: the name is in the signed payload.
        for name in ["orders.zip", "orders.zip.sigstore.json"] {
            let renamed = name.replace(NAME, "billing");
            fs::copy(scene.repository().join("dist").join(name), scene.path().join(renamed)).expect("a copy");
        }
        let renamed = scene.path().join("billing.zip");
        scene.run(&["verify", text(&renamed), "--function", "billing", "--format", "json"]).untrusted(
            mode,
            "mismatch",
            "name-mismatch",
        );
        // A layer of the name is no function of the name.
        scene.restate(|statement| {
            statement["predicate"]["kind"] = "layer".into();
            statement["predicate"]["layer"] = json!({ "compatibleRuntimes": [] });
        });
        ask(&["--function", NAME]).untrusted(mode, "mismatch", "name-mismatch");
    }
}

/// The form of the verdict is a promise: every kind of verdict keeps to `docs/verdict.schema.json`.
#[test]
fn every_verdict_fits_its_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verdict.schema.json");
    let schema: Value = serde_json::from_slice(&read(&path)).expect("JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let check = |ran: &Ran| {
        let document: Value = serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("no JSON: {ran}"));
        let wrong: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{}\n{ran}", wrong.join("\n"));
        document
    };
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let allowed = check(scene.verify().allowed());
        let job = scene.statement()["predicate"]["job"].as_str().expect("an ARN").to_owned();
        scene.append("revocations.toml", &revocation("job", &job));
        scene.seal();
        check(scene.verify().untrusted(mode, "revocation", "job-revoked"));
        write(&scene.repository().join("handler.py"), "print('changed')\n");
        scene.run(&["package"]).done();
        check(scene.verify().denied("integrity", "digest-mismatch"));
        fs::remove_file(scene.manifest()).expect("it was there");
        check(scene.verify().untrusted(mode, "mismatch", "manifest-missing"));
        // The schema is no rubber stamp.
        for (place, value) in [
            ("/decision", json!("maybe")),
            ("/results/0/status", json!("vibes")),
            ("/results/0/checks/0/outcome", json!("skipped")),
            ("/results/0/signature_validation_errors", json!(-1)),
            ("/schema_version", json!("1")),
        ] {
            let mut wrong = allowed.clone();
            *wrong.pointer_mut(place).expect("it is there") = value;
            assert!(!validator.is_valid(&wrong), "{place}");
        }
    }
}
