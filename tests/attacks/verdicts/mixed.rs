//! Do parts and neighbours of good manifests add up to another yes?

use std::fs;

use countersign::crypto::secret::SecretKey;
use countersign::files::artifact::Artifact;
use countersign::parallel::Threads;
use countersign::report::{Check, Decision};
use serde_json::json;

use crate::attacks::json::{changes, places};
use crate::support::{Mode, Scene, read, said, text, write};

/// cosign CVE-2022-35929: any attestation, of any type and artifact, was enough.
#[test]
fn a_manifest_of_another_artifact_never_passes() {
    for mode in Mode::BOTH {
        let (scene, other) = (Scene::of(mode), scene_of_another_artifact());
        scene.verify().allowed();
        let own = read(&scene.manifest());
        write(&scene.manifest(), read(&other.manifest()));
        scene.verify().denied("integrity", "digest-mismatch");
        write(&scene.manifest(), own);
        write(&scene.artifact(), read(&other.artifact()));
        scene.verify().denied("integrity", "digest-mismatch");
        write(&scene.manifest(), read(&other.manifest()));
        scene.verify().allowed();
    }
}

/// The same account's release of other bytes.
fn scene_of_another_artifact() -> Scene {
    let scene = Scene::new();
    write(&scene.repository().join("handler.py"), "print('another order')\n");
    scene.run(&["release", "--format", "json"]).allowed();
    scene
}

/// notation-go CVE-2023-33959: one artifact was verified and another used.
///
/// The gate command has tests of its own; this is what it stands on.
#[test]
fn an_open_artifact_stays_what_was_opened() {
    let (scene, other) = (Scene::new(), scene_of_another_artifact());
    let opened = Artifact::open(&scene.artifact()).expect("it opens");
    let before = opened.digests(Threads::per_core()).expect("digests");
    let swapped = scene.path().join("swapped.zip");
    write(&swapped, read(&other.artifact()));
    fs::rename(&swapped, scene.artifact()).expect("renamed");
    let replaced = Artifact::open(&scene.artifact()).expect("it opens");
    assert_ne!(replaced.digests(Threads::per_core()).expect("digests"), before);
    assert_eq!(opened.digests(Threads::per_core()).expect("digests"), before);
}

/// cosign CVE-2022-36056: parts of two bundles mixed.
#[test]
fn parts_of_two_manifests_do_not_mix() {
    const PAYLOAD: &str = "/dsseEnvelope/payload";
    const SIGNATURE: &str = "/dsseEnvelope/signatures/0/sig";
    const KEY_ID: &str = "/dsseEnvelope/signatures/0/keyid";
    const HINT: &str = "/verificationMaterial/publicKey/hint";
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        let first = scene.bundle();
        let second_key = permit_a_second_key(&scene);
        scene.run(&["sign", "dist/orders.zip", "--again", "--key", &second_key]).done();
        scene.verify().allowed();
        let second = scene.bundle();
        let parts = [PAYLOAD, SIGNATURE, KEY_ID, HINT];
        for chosen in 0..1u32 << parts.len() {
            let mut mixed = first.clone();
            for (bit, part) in parts.iter().enumerate().filter(|(bit, _)| chosen >> bit & 1 == 1) {
                assert_ne!(first.pointer(part), second.pointer(part), "{bit}");
                *mixed.pointer_mut(part).expect("it is there") = second.pointer(part).cloned().expect("too");
            }
            scene.put_bundle(&mixed);
            let ran = scene.verify();
            match chosen {
                0 | 0b1111 => ran.allowed(),
                _ if (chosen >> 2).count_ones() == 1 => ran.denied("integrity", "manifest-malformed"),
                _ => ran.denied("integrity", "signature-invalid"),
            };
        }
    }
}

/// Lets a second key sign for the same principal; tells its file.
fn permit_a_second_key(scene: &Scene) -> String {
    let key = SecretKey::generate().expect("a key");
    let path = scene.path().join("second.pem");
    write(&path, key.to_pem(None).expect("PEM").as_bytes());
    scene.append("profiles/release.toml", &permission("second", &key.public().to_pem()));
    scene.seal();
    text(&path).to_owned()
}

fn permission(id: &str, pem: &str) -> String {
    format!(
        "[[permission]]\nstatement_id = '{id}'\nprincipal = 'ci@acme.example'\n\
        actions = ['signer:StartSigningJob']\nkey = '''\n{pem}'''\nnot_before = '2020-01-01T00:00:00Z'"
    )
}

/// slsa-verifier GHSA-r2xv: unsigned fields were used.
///
/// Each value of the manifest is replaced, doubled and removed, and each object gets one more
/// field; payload and signature are among them.
#[test]
fn no_change_outside_the_signed_payload_leads_to_another_yes() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let (good, verdict) = (scene.bundle(), scene.judge());
        assert_eq!(verdict.decision, Decision::Allowed);
        let mut tried = 0;
        for place in places(&good) {
            for changed in changes(&good, &place).into_iter().filter(|changed| *changed != good) {
                scene.put_bundle(&changed);
                let (decision, status, _) = said(&scene.judge());
                let expected = (Decision::Denied, Some(Check::Integrity));
                assert_eq!((decision, status), expected, "{mode:?} {place}: {changed}");
                tried += 1;
            }
        }
        assert!(tried > 100, "{tried}");
        // Spaces between the tokens are no value: they change nothing.
        write(&scene.manifest(), serde_json::to_string_pretty(&good).expect("JSON"));
        assert_eq!(json!(scene.judge()), json!(verdict));
    }
}

/// slsa-verifier GHSA-r2xv: naming an unknown key in every place makes a stranger's manifest of it.
#[test]
fn a_manifest_that_names_an_unknown_key_has_no_facts() {
    let stranger = SecretKey::generate().expect("a key").public().id();
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        assert_eq!(scene.judge().decision, Decision::Allowed);
        let mut bundle = scene.bundle();
        bundle["dsseEnvelope"]["signatures"][0]["keyid"] = stranger.as_str().into();
        bundle["verificationMaterial"]["publicKey"]["hint"] = stranger.as_str().into();
        scene.put_bundle(&bundle);
        let verdict = scene.judge();
        assert_eq!(said(&verdict), (mode.untrusted(), Some(Check::Mismatch), vec!["key-unknown"]));
        assert!(verdict.signature.is_none());
    }
}
