//! Is what a manifest claims compared with bytes, and how many manifests are looked at?

use countersign::limits::{CANDIDATES_MAX, NOTE_BYTES_MAX};
use serde_json::{Value, json};

use crate::support::{Mode, Scene, read, text, write};

/// The manifest of the scene's package, with other values of its statement, as one line.
fn restated(scene: &Scene, change: impl FnOnce(&mut Value)) -> String {
    let before = scene.bundle();
    scene.restate(change);
    let line = scene.bundle().to_string();
    scene.put_bundle(&before);
    line
}

/// Attaches lines to a commit, in their order.
fn attach(scene: &Scene, commit: &str, lines: &[String]) {
    let path = scene.path().join("note");
    write(&path, lines.join("\n") + "\n");
    scene.git(&["notes", "--ref", "countersign", "add", "-f", "-F", text(&path), commit]);
}

fn job(number: usize) -> Value {
    json!(format!("arn:countersign:signer::acme:/signing-jobs/00000000-0000-4000-8000-{number:012x}"))
}

/// A manifest of other files than the commit has.
fn decoy(scene: &Scene, number: usize) -> String {
    restated(scene, |statement| {
        statement["predicate"]["job"] = job(number);
        statement["predicate"]["files"][0]["size"] = json!(123_456);
    })
}

#[test]
fn a_signer_cannot_sign_one_artifact_with_the_files_of_another() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let lying = scene.path().join("orders.zip");
        write(&lying, read(&scene.artifact()));
        let before = scene.statement();
        write(&scene.repository().join("handler.py"), "print('what the commit has')\n");
        scene.commit();
        scene.run(&["release", "--format", "json"]);
        let ask = |artifact: &str, manifest: &str| {
            let files = [artifact, "--manifest", manifest, "--function", "orders"];
            scene.run(&[&["verify", "--format", "json", "--source", "HEAD"], &files[..]].concat())
        };
        let (artifact, manifest) = (scene.artifact(), scene.manifest());
        ask(text(&artifact), text(&manifest)).allowed();
        // A permitted key signs the earlier bytes with the files of the commit.
        scene.restate(|statement| {
            statement["subject"][0]["digest"] = before["subject"][0]["digest"].clone();
            for field in ["size", "chunkDigest"] {
                statement["predicate"][field] = before["predicate"][field].clone();
            }
        });
        let denied = ask(text(&lying), text(&manifest));
        denied.denied("integrity", "inventory-false");
        let files = &denied.verdict()["checks"][0]["findings"][0]["files"];
        assert_eq!(files["changed"], json!(["handler.py"]), "{denied}");
        // The bytes of the commit under that manifest are not what was signed.
        ask(text(&artifact), text(&manifest)).denied("integrity", "digest-mismatch");
    }
}

#[test]
fn a_list_of_files_must_be_whole_and_exact() {
    type Change = fn(&mut Value);
    let changes: [Change; 4] = [
        |files| files.as_array_mut().expect("files").truncate(1),
        |files| files[0]["size"] = json!(1),
        |files| files[0]["mode"] = json!("100755"),
        |files| files[0]["path"] = json!("a.py"),
    ];
    for change in changes {
        let scene = Scene::new();
        write(&scene.repository().join("second.py"), "print('second')\n");
        scene.commit();
        scene.run(&["release", "--format", "json"]).allowed();
        scene.restate(|statement| change(&mut statement["predicate"]["files"]));
        let files = [text(&scene.artifact()).to_owned(), text(&scene.manifest()).to_owned()];
        let arguments =
            ["verify", "--format", "json", "--source", "HEAD", &files[0], "--manifest", &files[1]];
        let ran = scene.run(&[&arguments[..], &["--function", "orders"]].concat());
        ran.denied("integrity", "inventory-false");
    }
}

#[test]
fn a_manifest_of_other_files_hides_no_later_one() {
    let scene = Scene::new();
    scene.run(&["release", "--attach"]).done();
    let first = scene.git(&["rev-parse", "HEAD"]);
    // The next commit packages the same, and has a manifest of other files.
    scene.git(&["commit", "-q", "--allow-empty", "-m", "the same"]);
    attach(&scene, "HEAD", &[decoy(&scene, 1)]);
    let verified = scene.run(&["verify", "--source", "HEAD", "--format", "json"]);
    verified.allowed();
    assert!(verified.out().contains(&format!("refs/notes/countersign of {}", &first[..12])), "{verified}");
}

#[test]
fn as_many_manifests_of_one_commit_are_looked_at_as_the_limit_says() {
    let scene = Scene::new();
    let good = scene.bundle().to_string();
    let decoys: Vec<String> = (0..CANDIDATES_MAX).map(|number| decoy(&scene, number)).collect();
    let ask = |decoys: &[String]| {
        attach(&scene, "HEAD", &[decoys, std::slice::from_ref(&good)].concat());
        scene.run(&["verify", "--source", "HEAD", "--format", "json"])
    };
    ask(&decoys[1..]).allowed();
    ask(&decoys).denied("mismatch", "source-differs");
}

#[test]
fn nothing_is_read_beyond_the_manifest_that_was_sought() {
    let scene = Scene::new();
    attach(&scene, "HEAD", &["not a manifest".into()]);
    scene.git(&["commit", "-q", "--allow-empty", "-m", "signed"]);
    attach(&scene, "HEAD", &[scene.bundle().to_string()]);
    scene.git(&["commit", "-q", "--allow-empty", "-m", "the same"]);
    let ran = scene.run(&["verify", "--source", "HEAD", "--format", "json"]);
    ran.allowed();
    assert!(!ran.err().contains("are not manifests"), "{ran}");
    // Where it is not found before, what is attached there is read, and said.
    scene.git(&["notes", "--ref", "countersign", "remove", "HEAD~1"]);
    let ran = scene.run(&["verify", "--source", "HEAD", "--format", "json"]);
    assert!(ran.is_no().err().contains("are not manifests"), "{ran}");
}

#[test]
fn notes_beyond_the_limit_of_all_together_are_not_read() {
    let scene = Scene::new();
    attach(&scene, "HEAD", &[scene.bundle().to_string()]);
    let half = "x".repeat(usize::try_from(NOTE_BYTES_MAX / 2 + 10).expect("a size"));
    for number in 0..3 {
        scene.git(&["commit", "-q", "--allow-empty", "-m", &format!("{number}")]);
        if number < 2 {
            attach(&scene, "HEAD", std::slice::from_ref(&half));
        }
        if number == 0 {
            // One large note before it is within the limit.
            scene.git(&["tag", "near"]);
        }
    }
    scene.git(&["checkout", "-q", "-b", "near", "near"]);
    scene.git(&["commit", "-q", "--allow-empty", "-m", "near"]);
    scene.run(&["verify", "--source", "HEAD", "--format", "json"]).allowed();
    scene.git(&["checkout", "-q", "-"]);
    scene.run(&["verify", "--source", "HEAD", "--format", "json"]).denied("mismatch", "manifest-missing");
}
