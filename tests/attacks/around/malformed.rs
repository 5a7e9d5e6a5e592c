//! Is there any input that is not answered by a typed error and an exit status?

use std::fs;
use std::path::Path;

use countersign::crypto::envelope::Envelope;
use countersign::csc::Csc;
use countersign::document;
use countersign::function::Functions;
use countersign::manifest::{self, Statement};
use countersign::policy::root::RootFile;
use countersign::policy::snapshot::Snapshot;
use countersign::policy::state::State;
use countersign::profile::Profile;
use countersign::revocation::Revocations;
use countersign::workspace::Workspace;
use serde_json::Value;

use crate::attacks::json::{changes, places};
use crate::support::{Mode, Scene, read, write};

/// rekor CVE-2023-33199: panics on malformed input. A panic or an overflow in a parser fails this test.
#[test]
fn every_document_that_is_none_is_a_typed_error() {
    let scene = Scene::new();
    let policy = scene.policy();
    let csc = policy.join(scene.csc());
    let at = |path: &str| policy.join(path);
    let envelope = |path: &Path| -> Envelope { serde_json::from_slice(&read(path)).expect("JSON") };
    let payload = |path: &Path| envelope(path).unverified_payload().to_vec();
    let path = Path::new("document.json");
    type Parse<'a> = Box<dyn Fn(&[u8]) -> bool + 'a>;
    let documents: Vec<(&str, Vec<u8>, Parse)> = vec![
        ("manifest", read(&scene.manifest()), Box::new(|bytes| manifest::parse(path, bytes).is_ok())),
        ("statement", scene.payload(), Box::new(|bytes| Statement::parse(bytes).is_ok())),
        (
            "envelope",
            read(&at("snapshot.json")),
            Box::new(|bytes| document::from_json::<Envelope>(path, bytes).is_ok()),
        ),
        (
            "root",
            payload(&at("roots/1.json")),
            Box::new(|bytes| document::from_json::<RootFile>(path, bytes).is_ok()),
        ),
        (
            "snapshot",
            payload(&at("snapshot.json")),
            Box::new(|bytes| document::from_json::<Snapshot>(path, bytes).is_ok()),
        ),
        ("state", read(&scene.state()), Box::new(|bytes| document::from_json::<State>(path, bytes).is_ok())),
        (
            "profile",
            read(&at("profiles/release.toml")),
            Box::new(|bytes| Profile::parse(&at("profiles/release.toml"), bytes).is_ok()),
        ),
        ("CSC", read(&csc), Box::new(|bytes| Csc::parse(&csc, bytes).is_ok())),
        ("functions", read(&at("functions.toml")), Box::new(|bytes| Functions::parse(path, bytes).is_ok())),
        (
            "revocations",
            read(&at("revocations.toml")),
            Box::new(|bytes| Revocations::parse(path, bytes).is_ok()),
        ),
        (
            "workspace",
            read(&scene.repository().join("countersign.toml")),
            Box::new(|bytes| Workspace::parse(path, bytes).is_ok()),
        ),
    ];
    for (name, good, parses) in &documents {
        assert!(parses(good), "{name}");
        for bad in malformed(good) {
            assert!(!parses(&bad), "{name}: {}", String::from_utf8_lossy(&bad[..bad.len().min(200)]));
        }
        for end in 0..good.len() {
            parses(&good[..end]);
        }
        for at in 0..good.len() {
            let mut other = good.clone();
            other[at] ^= 0x80;
            assert!(!parses(&other), "{name}: byte {at} is not UTF-8");
            other[at] = b'\0';
            assert!(!parses(&other), "{name}: byte {at} is NUL");
        }
        if let Ok(value) = serde_json::from_slice::<Value>(good) {
            let changed = places(&value).into_iter().flat_map(|place| changes(&value, &place));
            changed.for_each(|changed| {
                parses(changed.to_string().as_bytes());
            });
        }
    }
}

/// What no document is.
fn malformed(good: &[u8]) -> Vec<Vec<u8>> {
    let deep = 100_000;
    let mut bad: Vec<Vec<u8>> = [
        "",
        " ",
        "null",
        "[]",
        "{}",
        "\"\"",
        "0",
        "-1",
        "1e999999",
        "true",
        "{\"\":",
        "\u{feff}",
        "\u{feff}{}",
        "a = ",
        "[a",
        "[[a]]",
        "= 1",
        "\0",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    bad.extend(
        [
            "[".repeat(deep),
            "{\"a\":".repeat(deep),
            format!("a = {}", "[".repeat(deep)),
            format!("a = {}", "{a=".repeat(deep)),
            format!("a{} = 1", ".a".repeat(deep)),
            format!("[a{}]", ".a".repeat(deep)),
            format!("a = 1{}", "0".repeat(deep)),
            format!("{{\"a\":1{}}}", "0".repeat(deep)),
        ]
        .map(String::into_bytes),
    );
    bad.extend([[good, b"x"].concat(), [good, b"\xff"].concat(), [b"\xff", good].concat(), good.repeat(2)]);
    bad
}

/// rekor CVE-2023-33199: nor does the program end in any other way than by an exit status.
#[test]
fn every_file_that_is_none_ends_in_an_exit_status() {
    let scene = Scene::of(Mode::Warn);
    scene.verify().allowed();
    let policy = scene.policy();
    let files = [
        scene.manifest(),
        scene.artifact(),
        scene.state(),
        scene.repository().join("countersign.toml"),
        policy.join("roots/1.json"),
        policy.join("roots/2.json"),
        policy.join("snapshot.json"),
        policy.join("functions.toml"),
        policy.join("revocations.toml"),
        policy.join("profiles/release.toml"),
        policy.join(scene.csc()),
        scene.repository().join(".git/config"),
    ];
    for file in &files {
        let good = fs::read(file).ok();
        for bad in ["", "null", "[]", "{}", "\0\0\0\0", &"[".repeat(100_000)] {
            write(file, bad);
            let ran = scene.verify();
            assert!(
                matches!(ran.code, Some(0..=2)) && !ran.err().contains("panicked"),
                "{}: {ran}",
                file.display()
            );
            // Only an empty git configuration is a good one; it holds no pin.
            ran.is_no();
        }
        match good {
            Some(good) => write(file, good),
            None => fs::remove_file(file).expect("it was there"),
        }
    }
    scene.verify().allowed();
}
