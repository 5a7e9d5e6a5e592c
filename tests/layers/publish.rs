//! Is a published version the artifact that it was made from, and nothing that could be read in two ways?

use std::fs;

use countersign::digest::{Sha256, Sha384};
use serde_json::Value;

use crate::layers::vendor;
use crate::support::{NAME, Ran, Scene, read, text, write};

const PUBLISH: [&str; 3] = ["layer", "publish", "base"];

fn document(scene: &Scene) -> toml::Table {
    scene.document("layers/base.toml").parse().expect("TOML")
}

#[test]
fn a_version_is_its_artifacts_digests() {
    let scene = Scene::new();
    let artifact = scene.artifact();
    let bytes = read(&artifact);
    let more =
        ["--artifact", text(&artifact), "--compatible-runtimes", "python3.13,nodejs22.x", "--format", "json"];
    let ran = scene.run(&[&PUBLISH[..], &more].concat());
    let said: Value = serde_json::from_str(&ran.done().out()).expect("JSON");
    assert_eq!(said["published"]["arn"], "arn:countersign:lambda::acme:layer:base:1");
    let version = document(&scene)["version"][0].clone();
    assert_eq!(version["sha256"].as_str(), Some(&*Sha256::of(&bytes).to_string()));
    assert_eq!(version["sha384"].as_str(), Some(&*Sha384::of(&bytes).to_string()));
    assert_eq!(version["size"].as_integer(), Some(bytes.len() as i64));
    assert_eq!(version["unpacked_size"].as_integer(), Some(19), "{version}");
    assert_eq!(version["compatible_runtimes"].to_string(), r#"["nodejs22.x", "python3.13"]"#);
    assert_eq!(version["signed"].as_bool(), Some(true));
    scene.seal();
}

#[test]
fn whether_it_is_signed_is_about_these_very_bytes() {
    let scene = Scene::new();
    let vendors = scene.path().join("vendor.zip");
    write(&vendors, vendor::unsigned());
    let publish = |more: &[&str]| scene.run(&[&PUBLISH[..], &["--artifact", text(&vendors)], more].concat());
    let signed = |number: usize| document(&scene)["version"][number - 1]["signed"].as_bool();
    let ran = publish(&[]);
    assert!(ran.done().err().contains("layer-not-signed") && ran.err().contains("endorse it"), "{ran}");
    assert_eq!(signed(1), Some(false));
    // Another artifact's manifest beside it is none; named, it is an error.
    let beside = scene.path().join("vendor.zip.sigstore.json");
    fs::copy(scene.manifest(), &beside).expect("a copy");
    let ran = publish(&[]);
    assert!(ran.done().err().contains("is for other content, and is ignored"), "{ran}");
    assert_eq!(signed(2), Some(false));
    publish(&["--manifest", text(&beside)]).undecided("is for other content than");
    write(&beside, "{}");
    publish(&[]).undecided("not a manifest");
    fs::remove_file(&beside).expect("it was there");
    scene.run(&["sign", text(&vendors), "--layer", "base"]).done();
    let elsewhere = scene.path().join("elsewhere.json");
    fs::rename(&beside, &elsewhere).expect("moved");
    publish(&["--manifest", text(&elsewhere)]).done();
    assert_eq!(signed(3), Some(true));
}

#[test]
fn what_two_readers_could_read_differently_is_not_published() {
    let scene = Scene::new();
    let path = scene.path().join("vendor.zip");
    let plain = vendor::unsigned();
    for (bytes, code) in [
        ([&b"MZ"[..], &plain].concat(), "bytes-before"),
        ([&plain[..], b"more"].concat(), "bytes-after"),
        (plain[..plain.len() - 30].to_vec(), "("),
        (b"no ZIP at all".to_vec(), "not-a-zip"),
    ] {
        write(&path, bytes);
        scene.run(&[&PUBLISH[..], &["--artifact", text(&path)]].concat()).undecided(code);
    }
    assert!(!scene.policy().join("layers").exists());
}

/// It is signed, and as something that no consumer can deploy it as.
#[test]
fn a_manifest_that_says_another_name_is_noted() {
    let scene = Scene::new();
    let publish = || scene.run(&[&PUBLISH[..], &["--artifact", text(&scene.artifact())]].concat());
    let ran = publish();
    assert!(
        ran.done().err().contains("signs it as function `orders`, so verification as layer `base` fails"),
        "{ran}"
    );
    scene.run(&["sign", "--again", text(&scene.artifact()), "--layer", "base"]).done();
    let ran = publish();
    assert!(!ran.done().err().contains("signs it as"), "{ran}");
}

#[test]
fn names_and_places_that_mean_harm_are_refused() {
    let scene = Scene::new();
    let artifact = scene.artifact();
    for name in ["../x", "/abs", "a/b", "CON", "nul", "", "a\\b", "a.b", "\u{202e}", &"a".repeat(65)] {
        for command in [
            vec!["layer", "publish", name, "--artifact", text(&artifact)],
            vec!["layer", "permit", name, "--layer-version", "1", "--principal", "shop"],
            vec!["layer", "show", name],
            vec!["sign", "--again", text(&artifact), "--layer", name],
        ] {
            let ran = scene.run(&command);
            assert!(ran.code == Some(2) && ran.out().is_empty(), "{command:?}: {ran}");
        }
        let arn = format!("arn:countersign:lambda::acme:layer:{name}:1");
        assert_eq!(scene.run(&["layer", "fetch", &arn]).code, Some(2), "{arn}");
    }
    for place in
        ["../x.zip", "/x.zip", "file:///x", "http://a.example/x", "https://u:p@a.example/x", "s3://b", "-o"]
    {
        let at = format!("--location={place}");
        let ran = scene.run(&[&PUBLISH[..], &["--artifact", text(&artifact), &at]].concat());
        assert!(ran.code == Some(2) && ran.err().contains("is not a layer location"), "{place}: {ran}");
    }
    for runtime in ["", "-x", "a b", "p\u{1b}[31m", "Python"] {
        let at = format!("--compatible-runtimes={runtime}");
        let ran = scene.run(&[&PUBLISH[..], &["--artifact", text(&artifact), &at]].concat());
        assert!(ran.code == Some(2) && !ran.err().contains('\u{1b}'), "{runtime:?}: {ran}");
    }
    assert!(!scene.policy().join("layers").exists());
}

#[test]
fn an_organisation_is_this_account_or_one_that_is_known() {
    let scene = Scene::new();
    scene.run(&[&PUBLISH[..], &["--artifact", text(&scene.artifact())]].concat()).done();
    let permit = |organization: &str| {
        let who = ["--principal", "*", "--organization", organization];
        scene.run(&[&["layer", "permit", "base", "--layer-version", "1"], &who[..]].concat())
    };
    permit("acme").done();
    permit("acme-group").undecided("does not trust account `acme-group`");
    let pin = scene.pin();
    let known = format!(
        "account = 'acme-group'\nrevision = 1\nroot = '{pin}'\nfrom = '/nowhere'\nroot_version = 1\nsnapshot = 1\n\
        snapshot_sha384 = '{}'\n",
        "1".repeat(96)
    );
    write(&scene.policy().join("accounts/acme-group.toml"), known);
    permit("acme-group").done();
    scene
        .run(&["layer", "permit", "base", "--layer-version", "1", "--principal", "acme"])
        .undecided("its own layers");
}

/// An account's name may be the number of an AWS account; what AWS publishes under it is not ours.
#[test]
fn a_layer_of_an_aws_account_with_our_name_is_not_ours() {
    let scene = Scene::of_account("123456789012");
    let artifact = scene.artifact();
    scene.run(&["sign", text(&artifact), "--layer", "base", "--again"]).done();
    scene.run(&[&PUBLISH[..], &["--artifact", text(&artifact)]].concat()).done();
    scene.seal();
    let verify = |arn: &str| {
        scene.run(&[
            "verify",
            "dist/orders.zip",
            "--function",
            NAME,
            "--layer",
            &format!("{arn}=dist/orders.zip"),
            "--format",
            "json",
        ])
    };
    let published = |ran: &Ran| !ran.out().contains("layer-unpublished");
    let ours = verify("arn:countersign:lambda::123456789012:layer:base:1");
    assert!(published(&ours) && !ours.out().is_empty(), "{ours}");
    let theirs = verify("arn:aws:lambda:eu-west-1:123456789012:layer:base:1");
    assert!(!published(&theirs) && theirs.code == Some(1), "{theirs}");
    assert!(theirs.out().contains("is published by AWS"), "{theirs}");
}
