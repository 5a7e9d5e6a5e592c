//! Does our own signature work on anybody's ZIP, and does it say that it vouches for bytes alone?

use serde_json::Value;

use crate::layers::vendor;
use crate::support::{NAME, Ran, Scene, decode, read, text, write};

const LAYER: &str = "vendor-base";

/// The scene with a vendor's ZIP beside its repository, outside of what it packages.
fn with_zip(bytes: &[u8]) -> (Scene, std::path::PathBuf) {
    let scene = Scene::new();
    let path = scene.path().join("vendor.zip");
    write(&path, bytes);
    (scene, path)
}

fn predicate(manifest: &std::path::Path) -> Value {
    let bundle: Value = serde_json::from_slice(&read(manifest)).expect("JSON");
    let statement: Value = serde_json::from_slice(&decode(&bundle["dsseEnvelope"]["payload"])).expect("JSON");
    statement["predicate"].clone()
}

fn verdict(scene: &Scene, path: &std::path::Path) -> Ran {
    scene.run(&["verify", text(path), "--csc", &scene.csc_id(), "--format", "json"])
}

#[test]
fn a_vendors_zip_is_endorsed_and_verifies() {
    for bytes in [vendor::unsigned(), vendor::signed_inside()] {
        let (scene, path) = with_zip(&bytes);
        verdict(&scene, &path).denied("mismatch", "manifest-missing");
        let ran = scene.run(&["sign", text(&path), "--layer", LAYER]);
        assert!(ran.done().out().starts_with("endorsed: "), "{ran}");
        assert_eq!(read(&path), bytes, "an endorsement leaves the ZIP as it is");
        let manifest = scene.path().join("vendor.zip.sigstore.json");
        let predicate = predicate(&manifest);
        assert_eq!(predicate["endorsement"], true);
        assert_eq!((&predicate["kind"], &predicate["name"]), (&"layer".into(), &LAYER.into()));
        for claim in ["selection", "encoder", "source"] {
            assert!(predicate[claim].is_null(), "{claim}: {predicate}");
        }
        let ran = verdict(&scene, &path);
        assert_eq!(ran.allowed().verdict()["signature"]["endorsement"], true, "{ran}");
        let shown = scene.run(&["verify", text(&path), "--csc", &scene.csc_id()]);
        assert!(shown.out().contains("\n  endorsed   the signer did not package it"), "{shown}");
        let shown = scene.run(&["inspect", text(&manifest)]);
        assert!(shown.done().out().contains("\n  endorsement          true\n"), "{shown}");
        // What is inside counts for nothing, and is as fixed as every other byte.
        let mut other = bytes.clone();
        let at = other.len() / 3;
        other[at] ^= 1;
        write(&path, other);
        verdict(&scene, &path).denied("integrity", "digest-mismatch");
    }
}

#[test]
fn what_is_packaged_here_is_no_endorsement_unless_it_is_asked_for() {
    let scene = Scene::new();
    assert!(scene.statement()["predicate"].get("endorsement").is_none(), "a release is none");
    assert_eq!(scene.verify().allowed().verdict()["signature"]["endorsement"], false);
    let ran = scene.run(&["sign", "--again", text(&scene.artifact()), "--format", "json"]);
    assert!(ran.done().out().contains("\"endorsement\": false"), "{ran}");
    assert!(scene.statement()["predicate"].get("endorsement").is_none());
    scene.run(&["sign", "--again", "--endorse", text(&scene.artifact())]).done();
    let predicate = scene.statement()["predicate"].clone();
    assert_eq!(predicate["endorsement"], true);
    assert!(predicate["selection"].is_null() && predicate["source"].is_null(), "{predicate}");
    scene.verify().allowed();
    // A release says more than the endorsement did, and so takes its place.
    scene.run(&["release", "--format", "json"]).allowed();
    assert!(scene.statement()["predicate"].get("endorsement").is_none());
}

#[test]
fn a_package_of_other_files_than_the_workspaces_is_endorsed() {
    let scene = Scene::new();
    write(&scene.repository().join("handler.py"), "print('two orders')\n");
    let ran = scene.run(&["sign", "--again", text(&scene.artifact()), "--function", NAME]);
    assert!(ran.done().out().starts_with("endorsed: "), "{ran}");
    assert_eq!(scene.statement()["predicate"]["endorsement"], true);
}

#[test]
fn an_endorsement_is_written_true_and_says_nothing_of_packaging() {
    let scene = Scene::new();
    // As it was written before there were endorsements: neither the one nor the other.
    scene.restate(|statement| {
        let predicate = statement["predicate"].as_object_mut().expect("an object");
        predicate.retain(|claim, _| !["selection", "encoder", "source"].contains(&claim.as_str()));
    });
    assert_eq!(scene.verify().allowed().verdict()["signature"]["endorsement"], false);
    scene.restate(|statement| statement["predicate"]["endorsement"] = true.into());
    assert_eq!(scene.verify().allowed().verdict()["signature"]["endorsement"], true);
    for value in [Value::from(false), Value::Null, "true".into(), 1.into()] {
        scene.restate(|statement| statement["predicate"]["endorsement"] = value);
        scene.verify().denied("integrity", "statement-malformed");
    }
    scene.restate(|statement| {
        statement["predicate"]["endorsement"] = true.into();
        statement["predicate"]["encoder"] = "zlib".into();
    });
    scene.verify().denied("integrity", "statement-malformed");
}
