//! Does a manifest or a policy of a newer format ever get a verdict?

use std::process::Stdio;

use countersign::crypto::secret::SecretKey;
use countersign::document::format;
use countersign::manifest;
use countersign::name::JobId;
use countersign::policy::{root, snapshot};
use countersign::revocation::signed as revocations;
use serde_json::{Value, json};

use crate::support::{Mode, Ran, Scene, next_revision, read, reseal, signed, text, write};

const NEWER: &str = "format-newer: ";
const HINT: &str = "hint: update countersign";

/// A statement of the next format: more fields, fewer fields, other types.
fn of_tomorrow(statement: &mut Value) {
    statement["newField"] = json!({ "a": [1, null] });
    statement["subject"][0]["digest"]["sha512"] = json!("00");
    let predicate = statement["predicate"].as_object_mut().expect("a predicate");
    predicate.insert("format".into(), json!(format::STATEMENT + 1));
    predicate.insert("tool".into(), json!("countersign 0.3.0"));
    predicate.insert("name".into(), json!({ "not": "a text" }));
    predicate.remove("size");
}

/// Asserts that a command decided nothing because of a newer format.
#[track_caller]
fn newer(ran: &Ran, names: &str) {
    ran.undecided(NEWER);
    assert!(ran.err().contains(names) && ran.err().contains(HINT), "no {names:?} or no hint: {ran}");
    let has = |number: u32| ran.err().contains(&format!("has format {number}, and countersign "));
    assert!(has(2) || has(3), "{ran}");
}

#[test]
fn a_new_manifest_has_format_1_and_so_has_one_without_a_number() {
    let scene = Scene::new();
    let payload = String::from_utf8(scene.payload()).expect("JSON");
    assert!(payload.contains(r#""predicate":{"format":1,"job":"#), "{payload}");
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.restate(|statement| {
            drop(statement["predicate"].as_object_mut().expect("fields").remove("format"))
        });
        scene.verify().allowed();
    }
}

#[test]
fn a_manifest_of_tomorrow_gets_no_verdict() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.restate(of_tomorrow);
        newer(&scene.verify(), "; it needs countersign 0.3.0 or later");
        newer(&scene.verify(), "orders.zip.sigstore.json` has format 3");
        // The number alone is enough, and so is the version of the type.
        let scene = Scene::of(mode);
        scene.restate(|statement| statement["predicate"]["format"] = json!(format::STATEMENT + 1));
        newer(&scene.verify(), "orders.zip.sigstore.json");
        let scene = Scene::of(mode);
        scene.restate(|statement| statement["predicateType"] = json!("urn:countersign:signing-job:v3"));
        newer(&scene.verify(), "orders.zip.sigstore.json");
        scene.restate(|statement| statement["predicateType"] = json!("urn:countersign:signing-job:v03"));
        scene.verify().denied("integrity", "statement-malformed");
    }
}

#[test]
fn a_format_that_is_not_a_higher_number_is_malformed() {
    for format in
        [json!(0), json!("2"), json!(2.5), json!(-2), json!(null), json!([2]), json!(4_294_967_296_u64)]
    {
        let scene = Scene::of(Mode::Warn);
        scene.restate(|statement| statement["predicate"]["format"] = format.clone());
        scene.verify().denied("integrity", "statement-malformed");
    }
    // An unknown field in format 1 is still malformed.
    let scene = Scene::of(Mode::Warn);
    scene.restate(|statement| statement["predicate"]["needs"] = json!("0.3.0"));
    scene.verify().denied("integrity", "statement-malformed");
}

/// Without a key, no one can turn a denial into an error.
#[test]
fn only_a_known_key_can_sign_a_newer_format() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let signature = scene.signature();
        scene.restate(of_tomorrow);
        let (newer, good) = (scene.payload(), scene.bundle());
        scene.put_signature(&signature);
        scene.verify().denied("integrity", "signature-invalid");
        let stranger = SecretKey::generate().expect("a key");
        scene.put_bundle(&signed(manifest::PAYLOAD_TYPE, newer.clone(), &stranger));
        scene.verify().untrusted(mode, "mismatch", "key-unknown");
        scene.put_bundle(&signed("application/other", newer, &scene.key("signing")));
        scene.verify().denied("integrity", "manifest-malformed");
        let mut other = good;
        other["mediaType"] = json!("application/vnd.dev.sigstore.bundle.v0.4+json");
        scene.put_bundle(&other);
        scene.verify().denied("integrity", "manifest-malformed");
    }
}

#[test]
fn no_command_ignores_a_manifest_of_tomorrow() {
    let scene = Scene::of(Mode::Warn);
    scene.restate(of_tomorrow);
    let (bytes, path) = (read(&scene.manifest()), scene.manifest());
    let path = text(&path);
    let gate = ["gate", "--function", "orders", "--env", "--", "touch", "ran"];
    newer(&scene.run(&gate), path_in(path));
    assert!(!scene.repository().join("ran").exists(), "the gate ran something");
    newer(&scene.run(&["release"]), path_in(path));
    newer(&scene.run(&["sign", "dist/orders.zip"]), path_in(path));
    newer(&scene.run(&["job", "record", path]), path_in(path));
    newer(&scene.run(&["inspect", path]), path_in(path));
    let revoke = ["job", "revoke", path, "--reason-code", "superseded", "--reason", "x"];
    newer(&scene.run(&revoke), path_in(path));
    assert_eq!(read(&scene.manifest()), bytes, "the manifest was written over");
    let attach = scene.run(&["manifest", "attach", "HEAD", path]);
    newer(&attach, "cannot attach");
    let plan = scene.path().join("plan.yaml");
    write(
        &plan,
        "Resources:\n  Orders:\n    Type: AWS::Lambda::Function\n    Properties:\n      FunctionName: orders\n      \
        Code: orders/dist/orders.zip\n      Role: x\n      Handler: handler.main\n      Runtime: python3.13\n",
    );
    // Next to the artifact, and found on a shelf.
    newer(&scene.run(&["gate", "--plan", text(&plan)]), path_in(path));
    write(&scene.path().join("shelf/one.sigstore.json"), &bytes);
    std::fs::remove_file(scene.manifest()).expect("removed");
    let shelf = scene.path().join("shelf");
    let gate = ["gate", "--plan", text(&plan), "--manifests", text(&shelf)];
    newer(&scene.run(&gate), "one.sigstore.json");
}

/// Writes a list of two deployed functions: the released package, and other code.
fn deployed(scene: &Scene) -> String {
    let of = |name: &str, sha256: &str| {
        json!({ "FunctionName": name, "Version": "$LATEST", "PackageType": "Zip", "CodeSha256": sha256,
            "FunctionArn": format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}") })
    };
    let sha256 = decode_hex(scene.statement()["subject"][0]["digest"]["sha256"].as_str().expect("a digest"));
    let path = scene.path().join("functions.json");
    write(
        &path,
        json!({ "Functions": [of("orders", &sha256), of("other", &decode_hex(&"00".repeat(32)))] })
            .to_string(),
    );
    text(&path).into()
}

#[test]
fn an_audit_reports_all_code_but_that_of_a_manifest_of_tomorrow() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.restate(of_tomorrow);
        let seen = deployed(&scene);
        let audit = ["audit", "--deployed", &seen, "--manifests", "dist"];
        let ran = scene.run(&[&audit[..], &["--format", "json"]].concat());
        let says = "orders.zip.sigstore.json` has format 3";
        assert!(ran.code == Some(2) && ran.err().contains(NEWER) && ran.err().contains(HINT), "{ran}");
        let report: Value = serde_json::from_str(&ran.out()).expect("JSON");
        assert_eq!(report["covered"], false, "{ran}");
        assert_eq!((&report["summary"]["deployed"], &report["summary"]["undecided"]), (&json!(2), &json!(1)));
        assert_eq!((&report["deployed"][0]["name"], &report["deployed"][1]), (&json!("other"), &Value::Null));
        assert_eq!(report["undecided"][0]["name"], "orders", "{ran}");
        assert!(report["undecided"][0]["error"].as_str().expect("a text").contains(says), "{ran}");
        let ran = scene.run(&audit);
        let line = |line: &str| line.starts_with("undecided  function orders  ") && line.contains(says);
        assert!(ran.code == Some(2) && ran.out().lines().any(line), "{ran}");
        assert!(
            ran.out().starts_with("not covered: 2 functions") && ran.out().contains("1 undecided"),
            "{ran}"
        );
        let ran = scene.run(&[&audit[..], &["--format", "sarif"]].concat());
        assert!(ran.code == Some(2) && ran.out().contains("could not decide on `orders`"), "{ran}");
        assert!(ran.out().contains(r#""exitCode": 2"#), "{ran}");
    }
}

/// A revoked key does not turn a denial into an error.
#[test]
fn a_revoked_key_is_a_finding_in_a_manifest_of_tomorrow_too() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.run(&["function", "protect", "refs/heads/main"]).done();
        scene.seal();
        scene.run(&["release", "--format", "json"]).allowed();
        scene.restate(of_tomorrow);
        note(&scene, &[&read(&scene.manifest())]);
        let key = scene.key("signing").public().id().to_string();
        let revoke = |effective: &str, reason_code: &str| {
            let reason = ["--reason-code", reason_code, "--reason", "stolen"];
            scene.run(&[&["key", "revoke", &key, "--effective", effective][..], &reason].concat()).done();
            scene.seal();
        };
        revoke("2020-01-01T00:00:00Z", "keyCompromise");
        scene.verify().untrusted(mode, "revocation", "key-revoked");
        push(&scene).untrusted(mode, "mismatch", "manifest-missing");
        let seen = deployed(&scene);
        let audit = ["audit", "--deployed", &seen, "--manifests", "dist", "--format", "json"];
        let ran = scene.run(&audit);
        assert!(ran.code == Some(1) && ran.out().contains(r#""code": "key-revoked""#), "{ran}");
    }
}

#[test]
fn a_line_of_tomorrow_blocks_no_command_on_a_note() {
    let scene = Scene::new();
    scene.run(&["release", "--format", "json"]).allowed();
    let today = read(&scene.manifest());
    scene.restate(of_tomorrow);
    let stranger = SecretKey::generate().expect("a key");
    let strange = signed(manifest::PAYLOAD_TYPE, scene.payload(), &stranger).to_string();
    note(&scene, &[&today, strange.as_bytes()]);
    let told = "note: 1 attached line is newer than this program";
    let listed = scene.run(&["manifest", "list"]);
    assert!(listed.done().err().contains(told) && listed.out().contains("1 manifest"), "{listed}");
    let listed: Value =
        serde_json::from_str(&scene.run(&["manifest", "list", "--format", "json"]).out()).expect("JSON");
    assert_eq!((&listed["newer"], &listed["malformed"]), (&json!(1), &json!(0)));
    scene.run(&["manifest", "list", "--output", "written"]).done();
    assert!(read(&scene.repository().join("written/orders.zip.sigstore.json")).starts_with(b"{"));
    let detached = scene.run(&["manifest", "detach", "HEAD", "orders"]);
    assert!(detached.done().err().contains(told) && detached.err().contains("kept"), "{detached}");
    scene.run(&["manifest", "detach", "HEAD", "orders"]).undecided("no such manifest is attached");
    let detached = scene.run(&["manifest", "detach", "HEAD"]);
    assert_eq!(detached.done().out(), "detached: 1 manifest with a newer format\n");
    let listed = scene.run(&["manifest", "list"]);
    assert!(listed.done().out().contains("0 manifests") && listed.err().is_empty(), "{listed}");
}

#[test]
fn a_manifest_of_tomorrow_by_an_unknown_key_does_not_block_signing() {
    let scene = Scene::new();
    scene.restate(of_tomorrow);
    let stranger = SecretKey::generate().expect("a key");
    let strange = signed(manifest::PAYLOAD_TYPE, scene.payload(), &stranger);
    scene.put_bundle(&strange);
    let ran = scene.run(&["sign", "dist/orders.zip"]);
    newer(&ran, "or replace the manifest with `--again`");
    scene.run(&["sign", "dist/orders.zip", "--again"]).done();
    scene.verify().allowed();
    scene.put_bundle(&strange);
    scene.run(&["release", "--format", "json"]).allowed();
    scene.verify().allowed();
}

/// The part of a path that every way of naming it has.
fn path_in(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn decode_hex(text: &str) -> String {
    use base64ct::{Base64, Encoding};
    let digits: Vec<u8> =
        text.bytes().map(|digit| char::from(digit).to_digit(16).expect("hex") as u8).collect();
    Base64::encode_string(&digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect::<Vec<_>>())
}

/// Puts a line into the note on the last commit.
fn note(scene: &Scene, lines: &[&[u8]]) {
    let file = scene.path().join("note");
    write(&file, lines.join(&b"\n"[..]));
    scene.git(&["notes", "--ref", "countersign", "add", "-f", "-F", text(&file), "HEAD"]);
}

fn push(scene: &Scene) -> Ran {
    let head = scene.git(&["rev-parse", "HEAD"]);
    let input = scene.path().join("updates");
    write(&input, format!("refs/heads/main {} refs/heads/main {}\n", head.trim(), "0".repeat(40)));
    let mut command = scene.countersign();
    command.args(["hook", "pre-push", "origin", "url", "--format", "json"]);
    Ran::of(command.stdin(Stdio::from(std::fs::File::open(input).expect("a file"))))
}

#[test]
fn the_push_hook_rejects_a_commit_that_only_a_manifest_of_tomorrow_covers() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.run(&["function", "protect", "refs/heads/main"]).done();
        scene.seal();
        scene.run(&["release", "--format", "json"]).allowed();
        let today = read(&scene.manifest());
        scene.restate(of_tomorrow);
        let tomorrow = read(&scene.manifest());
        note(&scene, &[&tomorrow]);
        newer(&push(&scene), "refs/notes/countersign:");
        let source = ["verify", "--source", "HEAD", "--format", "json"];
        newer(&scene.run(&source), "refs/notes/countersign:");
        scene.run(&["manifest", "list", "--output", "written"]).undecided("no manifest is attached");
        assert!(!scene.repository().join("written").exists());
        // Another manifest that covers the commit is enough; one by an unknown key has no effect.
        note(&scene, &[&tomorrow, &today]);
        push(&scene).allowed();
        let stranger = SecretKey::generate().expect("a key");
        let strange = signed(manifest::PAYLOAD_TYPE, scene.payload(), &stranger).to_string();
        note(&scene, &[strange.as_bytes()]);
        push(&scene).untrusted(mode, "mismatch", "manifest-missing");
    }
}

/// Lines that anyone can write do not push out the one that counts.
#[test]
fn more_forged_lines_of_tomorrow_than_are_verified_are_an_error() {
    let scene = Scene::of(Mode::Warn);
    scene.run(&["function", "protect", "refs/heads/main"]).done();
    scene.seal();
    scene.run(&["release", "--format", "json"]).allowed();
    let today = read(&scene.manifest());
    scene.restate(of_tomorrow);
    let forged = |number: usize| {
        let mut bundle = scene.bundle();
        bundle["dsseEnvelope"]["signatures"][0]["keyid"] = json!(format!("SHA256:{number:042}A"));
        bundle["verificationMaterial"]["publicKey"]["hint"] = json!(format!("SHA256:{number:042}A"));
        bundle.to_string().into_bytes()
    };
    let forged: Vec<Vec<u8>> = (0..65).map(forged).collect();
    let all: Vec<&[u8]> = forged.iter().map(Vec::as_slice).collect();
    let seen = deployed(&scene);
    let audit = ["audit", "--deployed", &seen, "--notes", "HEAD", "--format", "json"];
    note(&scene, &all[..64]);
    push(&scene).warned("mismatch", "manifest-missing");
    assert_eq!(scene.run(&audit).code, Some(1));
    note(&scene, &all);
    push(&scene).undecided("more than 64 manifests for commit ");
    let ran = scene.run(&audit);
    assert!(ran.code == Some(2) && ran.err().contains("more than 64 manifests of the code"), "{ran}");
    let report: Value = serde_json::from_str(&ran.out()).expect("JSON");
    assert_eq!(report["undecided"][0]["name"], "orders", "{ran}");
    // Unless a manifest allows it.
    note(&scene, &[&all[..], &[&today]].concat());
    push(&scene).allowed();
    let ran = scene.run(&audit);
    let report: Value = serde_json::from_str(&ran.out()).expect("JSON");
    assert!(ran.code == Some(1) && report["summary"]["covered"] == 1, "{ran}");
}

#[test]
fn a_policy_document_of_tomorrow_gives_no_verdict() {
    for mode in Mode::BOTH {
        for path in ["functions.toml", "profiles/release.toml", "csc"] {
            let scene = Scene::of(mode);
            let path = if path == "csc" { scene.csc() } else { path.into() };
            // The format after the newest known one: 3 for `functions.toml`, and too high for the others as well.
            let document = format!("format = 3\nneeds = '0.3.0'\nnew_field = 1\n{}", scene.document(&path));
            write(&scene.policy().join(&path), next_revision(&document));
            newer(&scene.run(&["policy", "seal"]), "it needs countersign 0.3.0 or later");
            newer(&scene.run(&["policy", "diff"]), &path);
            put_sealed(&scene, &path);
            newer(&scene.verify(), &path);
            newer(&scene.run(&["gate", "--function", "orders", "--env", "--", "touch", "ran"]), &path);
            assert!(!scene.repository().join("ran").exists());
        }
    }
}

/// Puts a document under the seal as it is.
fn put_sealed(scene: &Scene, path: &str) {
    let mut snapshot = scene.snapshot();
    let bytes = read(&scene.policy().join(path));
    let sealed = snapshot.documents.iter_mut().find(|each| each.path == path).expect("it is sealed");
    (sealed.size, sealed.sha384) = (bytes.len() as u64, countersign::digest::Sha384::of(&bytes));
    snapshot.version += 1;
    scene.put_snapshot(&snapshot);
}

#[test]
fn every_kind_of_document_has_a_format() {
    let scene = Scene::new();
    let known = format!(
        "format = 2\naccount = 'vendor'\nrevision = 1\nroot = '{}'\nfrom = '../x'\nroot_version = 1\nsnapshot = 1\n",
        scene.pin()
    );
    for (path, text) in [
        ("accounts/vendor.toml", known.as_str()),
        ("account.toml", "format = 2\nrevision = 1\n"),
        ("organization.toml", "format = 2\nrevision = 1\n"),
        ("stackset.toml", "format = 2\nrevision = 1\n"),
        ("layers/base.toml", "format = 2\nname = 'base'\nrevision = 1\n"),
        ("revocations.toml", "format = 2\nrevision = 2\n[[new]]\nx = 1\n"),
    ] {
        let scene = Scene::new();
        write(&scene.policy().join(path), text);
        newer(&scene.run(&["policy", "seal"]), path);
    }
    // An explicit format 1 is kept by edits.
    for path in ["functions.toml", "revocations.toml", "profiles/release.toml", &scene.csc()] {
        let text = format!("format = 1\n{}", scene.document(path));
        write(&scene.policy().join(path), next_revision(&text));
    }
    scene.seal();
    scene.verify().allowed();
    scene.run(&["csc", "update", &scene.csc_id(), "--description", "x"]).done();
    assert!(scene.document(&scene.csc()).starts_with("format = 1\n"));
}

#[test]
fn a_seal_of_tomorrow_gives_no_verdict() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let file = snapshot::path(&scene.policy());
        let tomorrow = |snapshot: &mut Value| {
            snapshot["format"] = json!(2);
            snapshot["needs"] = json!("0.3.0");
            snapshot["documents"] = json!({});
        };
        let good = read(&file);
        reseal(&file, snapshot::PAYLOAD_TYPE, &scene.key("policy"), tomorrow);
        for command in
            [&["verify"][..], &["policy", "status"], &["policy", "seal"], &["inspect", "../policy"]]
        {
            newer(&scene.run(command), "it needs countersign 0.3.0 or later");
        }
        newer(&scene.run(&["gate", "--function", "orders", "--env", "--", "touch", "ran"]), "snapshot.json");
        assert!(!scene.repository().join("ran").exists());
        // An unknown key does not count.
        write(&file, good);
        reseal(&file, snapshot::PAYLOAD_TYPE, &SecretKey::generate().expect("a key"), tomorrow);
        scene.verify().undecided("is not signed by enough keys of the policy role");
    }
}

/// A newer program may deny by a document that this one does not know.
#[test]
fn a_sealed_document_of_an_unknown_kind_gives_no_verdict_and_is_not_dropped() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let file = snapshot::path(&scene.policy());
        write(&scene.policy().join("quarantine.toml"), "abc");
        let mut sealed = scene.snapshot();
        let sha384 = countersign::digest::Sha384::of(b"abc");
        sealed.documents.push(snapshot::SealedDocument { path: "quarantine.toml".into(), size: 3, sha384 });
        sealed.documents.sort_by(|a, b| a.path.cmp(&b.path));
        sealed.version += 1;
        scene.put_snapshot(&sealed);
        let bytes = read(&file);
        for command in [&["verify"][..], &["policy", "diff"], &["policy", "seal"], &["policy", "renew"]] {
            let ran = scene.run(command);
            ran.undecided("sealed document `quarantine.toml` is of a kind that this program does not know");
            assert!(ran.err().contains(HINT), "{ran}");
        }
        assert_eq!(read(&file), bytes, "the document was dropped");
    }
}

#[test]
fn a_root_of_tomorrow_gives_no_verdict() {
    let scene = Scene::new();
    let (first, second) = (root::path(&scene.policy(), 1), root::path(&scene.policy(), 2));
    let tomorrow = |root: &mut Value| {
        root["format"] = json!(2);
        root["version"] = json!(2);
        root["policy"] = json!("another form");
    };
    write(&second, read(&first));
    reseal(&second, root::PAYLOAD_TYPE, &scene.key("root"), tomorrow);
    newer(&scene.verify(), "2.json");
    newer(&scene.run(&["policy", "rotate-root"]), "2.json");
    reseal(&second, root::PAYLOAD_TYPE, &SecretKey::generate().expect("a key"), |_| {});
    scene.verify().undecided("is not signed by enough keys of the root role");
    std::fs::remove_file(&second).expect("removed");
    scene.verify().allowed();
    // The pin alone vouches for the first root.
    reseal(&first, root::PAYLOAD_TYPE, &scene.key("root"), tomorrow);
    let pin = scene.pin().to_string();
    newer(&scene.run(&["verify", "--root", &pin, "--format", "json"]), "1.json");
}

#[test]
fn a_signed_revocation_of_tomorrow_gives_no_verdict() {
    let scene = Scene::of(Mode::Warn);
    let job = scene.statement()["predicate"]["job"].as_str().expect("an ARN").to_owned();
    let id: JobId = job.rsplit('/').next().expect("an id").parse().expect("an id");
    let file = revocations::path(&scene.policy(), &id);
    let put = |payload: Value, key: &SecretKey| {
        let payload = payload.to_string().into_bytes();
        let envelope = countersign::crypto::signing::sign(revocations::PAYLOAD_TYPE, payload, &[key]);
        write(&file, serde_json::to_vec(&envelope).expect("JSON"));
    };
    let other = job.replace(&id.to_string(), "3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10");
    for named in
        [json!({ "jobs": [job] }), json!({ "job": job }), json!({ "job": [other] }), json!({ "job": "x" })]
    {
        let mut payload = named;
        payload["format"] = json!(2);
        put(payload, &scene.key("signing"));
        newer(&scene.verify(), path_in(text(&file)));
    }
    // One of another job has no effect on this one.
    put(json!({ "format": 2, "job": other }), &scene.key("signing"));
    assert_eq!(scene.verify().allowed().err(), "");
    put(json!({ "format": 2, "jobs": [job] }), &SecretKey::generate().expect("a key"));
    let ran = scene.verify();
    assert!(ran.allowed().err().contains("ignoring the revocation"), "{ran}");
}

#[test]
fn a_ledger_of_tomorrow_is_not_sealed() {
    let scene = Scene::new();
    let ledger = scene.policy().join("ledger.jsonl");
    scene.run(&["job", "record", text(&scene.manifest())]).done();
    let line = scene.document("ledger.jsonl");
    write(&ledger, format!("{line}{}\n", json!({ "format": 2, "new": true })));
    for command in [&["policy", "seal"][..], &["policy", "diff"], &["job", "list"]] {
        newer(&scene.run(command), "ledger.jsonl");
    }
    write(&ledger, line);
    scene.seal();
    scene.verify().allowed();
}
