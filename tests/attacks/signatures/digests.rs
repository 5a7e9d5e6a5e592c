//! Does a well signed statement with a wrong digest count?

use countersign::files::artifact::Artifact;
use countersign::parallel::Threads;
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
            assert!(message.contains(&format!("signed: {name} differ")), "{message}");
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
fn one_wrong_digest_of_a_large_artifact_is_an_integrity_failure() {
    let scene = Scene::of(Mode::Warn);
    scene.verify().allowed();
    let file = std::fs::File::create(scene.artifact()).expect("a file");
    file.set_len(65 << 20).expect("a sparse file");
    let artifact = Artifact::open(&scene.artifact()).expect("it opens");
    let digests = artifact.digests(Threads::per_core()).expect("digests");
    scene.restate(|statement| {
        statement["subject"][0]["digest"] = json!({ "sha256": digests.sha256, "sha384": digests.sha384 });
        statement["predicate"]["chunkDigest"] = json!(digests.chunk);
        statement["predicate"]["size"] = json!(digests.size);
    });
    scene.append("revocations.toml", &revocation("artifact", &digests.sha384.to_string()));
    scene.seal();
    scene.verify().warned("revocation", "artifact-revoked");
    scene.restate(|statement| {
        statement["subject"][0]["digest"]["sha384"] = other_digit(&digests.sha384.to_string()).into();
    });
    scene.verify().denied("integrity", "digest-mismatch");
}

/// The digest with another last digit.
fn other_digit(digest: &str) -> String {
    let (head, last) = digest.split_at(digest.len() - 1);
    format!("{head}{}", if last == "0" { "1" } else { "0" })
}
