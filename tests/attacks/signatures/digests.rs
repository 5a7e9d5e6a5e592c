//! Does a well signed statement with a wrong digest count?

use countersign::digest::{Sha384, chunk_digest};
use countersign::limits::{CHUNK_BYTES, PLAIN_SHA384_BYTES_MAX};
use serde_json::{Value, json};

use crate::support::{Mode, Scene, revocation};

/// cosign's tolerance: one right digest of several was enough.
#[test]
fn one_wrong_digest_among_right_ones_is_an_integrity_failure() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        let good = scene.statement();
        for (place, name) in [
            ("/subject/0/digest/sha256", "SHA-256"),
            ("/subject/0/digest/sha384", "SHA-384"),
            ("/predicate/chunkDigest", "chunk digest"),
            ("/predicate/size", "size"),
        ] {
            scene.restate(|statement| {
                *statement = good.clone();
                let value = statement.pointer_mut(place).expect("it is there");
                *value = match value.as_u64() {
                    Some(size) => json!(size + 1),
                    None => json!(other_digit(value.as_str().expect("a digest"))),
                };
            });
            let ran = scene.verify();
            ran.denied("integrity", "digest-mismatch");
            let message = ran.verdict()["checks"][0]["findings"][0]["message"].to_string();
            assert!(message.ends_with(&format!("signed one in: {name}\"")), "{message}");
            // Nor is it enough to name fewer.
            scene.restate(|statement| {
                *statement = good.clone();
                let (parent, field) = place.rsplit_once('/').expect("a pointer");
                let fields = statement.pointer_mut(parent).and_then(Value::as_object_mut).expect("fields");
                fields.remove(field).expect("it was there");
            });
            scene.verify().denied("integrity", "statement-malformed");
        }
        scene.restate(|statement| *statement = good.clone());
        scene.verify().allowed();
    }
}

/// cosign's tolerance, where an artifact is so large that somebody would rather not hash it twice.
#[test]
fn a_large_artifact_does_not_hide_behind_a_wrong_digest() {
    let scene = Scene::of(Mode::Warn);
    scene.verify().allowed();
    // One zero more than is hashed in every way without being asked: `head -c 67108865 /dev/zero | sha384sum`.
    let size = PLAIN_SHA384_BYTES_MAX + 1;
    let sha384 =
        "e21a332e186fb3f8ad366c2f5e882ac58fcf4664ea9c8e5606cf439232f513c3ee7ef798964dd99d0adb264735058b7c";
    let sha256 = "91990977345985aaf03af1358f4f989d7eaf985b58529efb72f613c588f6599a";
    let leaves = [vec![Sha384::of(&vec![0; CHUNK_BYTES]); 64], vec![Sha384::of(&[0])]].concat();
    let chunk = chunk_digest(size, &leaves).to_string();
    let file = std::fs::File::create(scene.artifact()).expect("a file");
    file.set_len(size).expect("a sparse file");
    // What is revoked by its SHA-384 has that checked without being asked for.
    scene.append("revocations.toml", &revocation("artifact", sha384));
    scene.seal();
    scene.restate(|statement| {
        statement["subject"][0]["digest"] = json!({ "sha256": sha256, "sha384": other_digit(sha384) });
        statement["predicate"]["chunkDigest"] = chunk.into();
        statement["predicate"]["size"] = size.into();
    });
    let ran = scene.verify();
    ran.denied("integrity", "digest-mismatch");
    // The message shows that the other digests were right.
    let message = ran.verdict()["checks"][0]["findings"][0]["message"].to_string();
    assert!(message.ends_with("signed one in: SHA-384\""), "{message}");
}

/// The digest with another last digit.
fn other_digit(digest: &str) -> String {
    let (head, last) = digest.split_at(digest.len() - 1);
    format!("{head}{}", if last == "0" { "1" } else { "0" })
}
