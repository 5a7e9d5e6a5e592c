//! Does an audit find everything that runs and is not covered today, and say yes to nothing else?

mod answers;
mod places;

use base64ct::{Base64, Encoding};
use countersign::digest::Sha256;
use countersign::manifest;
use serde_json::{Value, json};

use crate::support::{Mode, NAME, Ran, Scene, read, revocation, signed, text, write};

/// The `CodeSha256` of these bytes.
fn code_sha256(bytes: &[u8]) -> String {
    Base64::encode_string(Sha256::of(bytes).as_bytes())
}

/// What `list-functions` says of the released package.
fn function(scene: &Scene) -> Value {
    let bytes = read(&scene.artifact());
    json!({
        "FunctionName": NAME,
        "FunctionArn": format!("arn:aws:lambda:eu-west-1:123456789012:function:{NAME}"),
        "Version": "$LATEST",
        "LastModified": "2026-01-31T12:00:00.000+0000",
        "PackageType": "Zip",
        "CodeSha256": code_sha256(&bytes),
        "CodeSize": bytes.len(),
    })
}

/// The function with another value.
fn with(scene: &Scene, field: &str, value: impl Into<Value>) -> Value {
    let mut function = function(scene);
    function[field] = value.into();
    function
}

/// Audits what is listed, with more arguments.
fn audit_with(scene: &Scene, functions: &[Value], arguments: &[&str]) -> Ran {
    let path = scene.path().join("functions.json");
    write(&path, json!({ "Functions": functions }).to_string());
    scene.run(&[&["audit", "--deployed", text(&path)], arguments].concat())
}

/// The report on what is listed.
fn audit(scene: &Scene, functions: &[Value]) -> (Option<i32>, Value) {
    let ran = audit_with(scene, functions, &["--format", "json"]);
    let report: Value = serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("no JSON: {ran}"));
    assert_eq!(report["covered"], ran.code == Some(0), "{ran}");
    (ran.code, report)
}

/// What a verdict of a report says: its decision, its status, and the codes of its findings.
fn said(verdict: &Value) -> (String, Option<String>, Vec<String>) {
    let string = |value: &Value| value.as_str().map(str::to_owned);
    let checks = verdict["checks"].as_array().into_iter().flatten();
    let findings = checks.flat_map(|check| check["findings"].as_array().into_iter().flatten());
    let codes = findings.filter_map(|finding| string(&finding["code"])).collect();
    (string(&verdict["decision"]).expect("a decision"), string(&verdict["status"]), codes)
}

/// Asserts that the one function is denied by this check and code.
#[track_caller]
fn denied(scene: &Scene, function: Value, status: &str, code: &str) {
    let (exit, report) = audit(scene, &[function]);
    let (decision, found, codes) = said(&report["deployed"][0]["verdict"]);
    assert_eq!((exit, decision.as_str(), found.as_deref()), (Some(1), "denied", Some(status)), "{report:#}");
    assert!(codes.iter().any(|each| each == code), "no {code}: {report:#}");
    assert_eq!(
        report["summary"],
        json!({ "deployed": 1, "covered": 0, "warned": 0, "denied": 1, "manifests": report["summary"]["manifests"] })
    );
}

#[test]
fn what_was_signed_and_runs_is_covered() {
    let scene = Scene::new();
    let (exit, report) = audit(&scene, &[function(&scene)]);
    assert_eq!(exit, Some(0), "{report:#}");
    assert_eq!(said(&report["deployed"][0]["verdict"]), ("allowed".into(), None, vec![]));
    assert_eq!(report["deployed"][0]["sha256"], Sha256::of(&read(&scene.artifact())).to_string());
}

#[test]
fn what_was_deployed_past_the_signing_is_found() {
    let scene = Scene::new();
    let hash = code_sha256(b"another");
    denied(&scene, with(&scene, "CodeSha256", hash.clone()), "mismatch", "deployed-differs");
    denied(&scene, with(&scene, "FunctionName", "payments"), "mismatch", "name-mismatch");
    denied(&scene, with(&scene, "PackageType", "Image"), "mismatch", "deployed-image");
    denied(&scene, with(&scene, "CodeSha256", "AAAA"), "mismatch", "deployed-malformed");
    denied(&scene, with(&scene, "CodeSha256", Value::Null), "mismatch", "deployed-untold");
    denied(&scene, with(&scene, "FunctionName", "nul"), "mismatch", "deployed-unsignable");
    std::fs::remove_file(scene.manifest()).expect("removed");
    denied(&scene, function(&scene), "mismatch", "deployed-unsigned");
    scene.edit("functions.toml", "\"*\"", "\"other\"");
    scene.seal();
    denied(&scene, function(&scene), "mismatch", "function-ungoverned");
}

#[test]
fn what_counts_no_more_since_it_was_deployed_is_found() {
    let scene = Scene::new();
    let job = scene.statement()["predicate"]["job"].as_str().expect("a job").to_owned();
    let expired = scene.copy();
    expired.make_old();
    expired.restate(|statement| {
        statement["predicate"]["signedAt"] = "2021-01-01T00:00:00Z".into();
        statement["predicate"]["signatureExpiresAt"] = "2022-01-01T00:00:00Z".into();
    });
    denied(&expired, function(&expired), "expiry", "signature-expired");
    let forged = scene.copy();
    forged.put_signature(&{
        let mut der = forged.signature();
        *der.last_mut().expect("bytes") ^= 1;
        der
    });
    denied(&forged, function(&forged), "integrity", "signature-invalid");
    for (kind, value, code) in [
        ("job", job.clone(), "job-revoked"),
        (
            "artifact",
            scene.statement()["subject"][0]["digest"]["sha384"].as_str().expect("one").into(),
            "artifact-revoked",
        ),
    ] {
        let revoked = scene.copy();
        revoked.append("revocations.toml", &revocation(kind, &value));
        revoked.seal();
        denied(&revoked, function(&revoked), "revocation", code);
    }
    // The same bytes, signed anew, are covered again.
    let again = scene.copy();
    again.append("revocations.toml", &revocation("job", &job));
    again.seal();
    let released = again.path().join("kept/first.sigstore.json");
    write(&released, read(&again.manifest()));
    again.run(&["sign", text(&again.artifact()), "--again"]).done();
    let both = ["--manifests", "dist", "../kept", "--format", "json"];
    assert_eq!(audit_with(&again, &[function(&again)], &both).code, Some(0));
}

#[test]
fn a_warning_covers_nothing() {
    let scene = Scene::of(Mode::Warn);
    let (exit, report) = audit(&scene, &[with(&scene, "FunctionName", "payments"), function(&scene)]);
    assert_eq!(exit, Some(1));
    assert_eq!(said(&report["deployed"][0]["verdict"]).0, "warned");
    assert_eq!(report["summary"]["warned"], 1);
    let sarif = audit_with(&scene, &[with(&scene, "FunctionName", "payments")], &["--format", "sarif"]);
    let log: Value = serde_json::from_str(&sarif.out()).expect("JSON");
    assert_eq!((sarif.code, &log["runs"][0]["invocations"][0]["exitCode"]), (Some(1), &json!(1)));
    assert_eq!(log["runs"][0]["results"][0]["level"], "warning");
}

#[test]
fn the_worst_come_first() {
    let scene = Scene::new();
    let listed: Vec<Value> = ["b", "orders", "a"].map(|name| with(&scene, "FunctionName", name)).into();
    let ran = audit_with(&scene, &listed, &[]);
    let lines: Vec<String> = ran.out().lines().map(str::to_owned).collect();
    assert_eq!(ran.code, Some(1));
    assert!(
        lines[0].starts_with("not covered: 3 functions of account `acme`: 1 covered, 0 warned, 2 denied"),
        "{ran}"
    );
    assert!(lines[1].contains(" a ") && lines[2].contains(" b ") && lines[3].starts_with("allowed"), "{ran}");
    assert!(lines.iter().any(|line| line.starts_with("  name-mismatch  ")), "{ran}");
    // On any number of threads it says the same.
    let count = |count| audit_with(&scene, &listed, &["--threads", count]).out();
    assert_eq!(count("1"), count("7"));
}

#[test]
fn layers_are_under_their_functions_csc() {
    let scene = Scene::new();
    let arn = "arn:aws:lambda:eu-west-1:123456789012:layer:base:3";
    let using = with(&scene, "Layers", json!([{ "Arn": arn, "CodeSize": 4 }]));
    let version = scene.path().join("base.json");
    let tell = |bytes: &[u8]| {
        let content =
            json!({ "CodeSha256": code_sha256(bytes), "CodeSize": scene.statement()["predicate"]["size"] });
        write(&version, json!({ "LayerVersionArn": arn, "Version": 3, "Content": content }).to_string());
    };
    let codes = |arguments: &[&str]| {
        let ran =
            audit_with(&scene, std::slice::from_ref(&using), &[&["--format", "json"], arguments].concat());
        let report: Value = serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("no JSON: {ran}"));
        assert_eq!(report["deployed"].as_array().expect("entries").len(), 1, "{ran}");
        assert_eq!(said(&report["deployed"][0]["verdict"]).0, "allowed");
        (ran.code, said(&report["deployed"][0]["layers"][0]["verdict"]).2)
    };
    assert_eq!(codes(&[]), (Some(1), vec!["deployed-untold".into()]));
    tell(b"base");
    let told = ["--deployed", text(&version)];
    assert_eq!(codes(&told), (Some(1), vec!["deployed-unsigned".into()]));
    let mut statement = scene.statement();
    statement["subject"][0]["digest"]["sha256"] = Sha256::of(b"base").to_string().into();
    statement["predicate"]["kind"] = "layer".into();
    statement["predicate"]["name"] = "base".into();
    let manifest = signed(manifest::PAYLOAD_TYPE, statement.to_string().into_bytes(), &scene.key("signing"));
    write(&scene.repository().join("dist/base.zip.sigstore.json"), manifest.to_string());
    assert_eq!(codes(&told), (Some(0), vec![]));
    tell(b"changed");
    assert_eq!(codes(&told), (Some(1), vec!["deployed-differs".into()]));
    // One that no function uses is judged by its own name.
    let alone = scene.run(&["audit", "--deployed", text(&version), "--format", "json"]);
    let report: Value = serde_json::from_str(&alone.out()).expect("JSON");
    assert_eq!((alone.code, &report["deployed"][0]["kind"]), (Some(1), &json!("layer")));
}
