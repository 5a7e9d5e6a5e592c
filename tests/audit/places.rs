//! Where do the manifests come from, and what of those that match nothing?

use super::{NAME, Ran, Scene, audit_with, function, read, text, write};

const NOTES: &str = "refs/notes/countersign";

/// A scene whose manifest is attached to the commit and nowhere else.
fn attached() -> Scene {
    let scene = Scene::new();
    scene.run(&["manifest", "attach", "HEAD", text(&scene.manifest())]).done();
    std::fs::remove_file(scene.manifest()).expect("removed");
    scene
}

#[test]
fn manifests_in_notes_cover() {
    let scene = attached();
    let covered = |arguments: &[&str]| audit_with(&scene, &[function(&scene)], arguments).code == Some(0);
    assert!(!covered(&[]) && covered(&["--all-notes"]) && covered(&["--notes", "HEAD"]));
    write(&scene.repository().join("other"), "x");
    scene.commit();
    assert!(
        !covered(&["--notes", "HEAD"]) && covered(&["--notes", "HEAD", "HEAD^"]) && covered(&["--all-notes"])
    );
}

#[test]
fn a_tree_of_notes_without_end_ends() {
    let scene = attached();
    let empty = Ran::of(scene.command("git").args(["hash-object", "-w", "-t", "tree", "/dev/null"]));
    let mut tree = empty.out().trim().to_owned();
    for _ in 0..19 {
        let lines: String = (0..256).map(|n| format!("040000 tree {tree}\t{n:02x}\n")).collect();
        let list = scene.path().join("tree");
        write(&list, lines);
        tree = scene.shell(&format!("git mktree < {}", text(&list))).done().out().trim().to_owned();
    }
    let commit = scene.git(&["commit-tree", "-m", "notes", &tree]);
    scene.git(&["update-ref", NOTES, commit.trim()]);
    audit_with(&scene, &[function(&scene)], &["--all-notes"])
        .undecided("contain one another and expand to more than");
}

#[test]
fn manifests_are_found_at_any_depth_and_links_are_not_followed() {
    let scene = Scene::new();
    let place = scene.path().join("released/2026/01").join(format!("{NAME}.zip.sigstore.json"));
    write(&place, read(&scene.manifest()));
    std::os::unix::fs::symlink("..", scene.path().join("released/2026/again")).expect("a link");
    let ran = audit_with(&scene, &[function(&scene)], &["--manifests", "../released"]);
    assert!(ran.code == Some(0) && ran.out().contains("; 1 manifest read"), "{ran}");
    let elsewhere = audit_with(&scene, &[function(&scene)], &["--manifests", "../policy"]);
    assert_eq!(elsewhere.code, Some(1), "{elsewhere}");
    audit_with(&scene, &[function(&scene)], &["--manifests", "nowhere"])
        .undecided("folder `nowhere` does not exist");
}

#[test]
fn manifests_by_the_thousand_that_match_nothing_change_nothing() {
    let scene = Scene::new();
    let bundle = scene.bundle().to_string();
    let other = scene.statement().to_string().replace("\"name\":\"orders\"", "\"name\":\"others\"");
    let unlike = other
        .replace(scene.statement()["subject"][0]["digest"]["sha256"].as_str().expect("one"), &"0".repeat(64));
    scene.sign_payload(unlike.into_bytes());
    let unlike = scene.bundle().to_string();
    scene.put_bundle(&serde_json::from_str(&bundle).expect("JSON"));
    for number in 0..2000 {
        let text = if number % 2 == 0 { unlike.as_str() } else { "null" };
        write(&scene.repository().join(format!("dist/many/{number}.sigstore.json")), text);
    }
    let ran = audit_with(&scene, &[function(&scene)], &[]);
    assert!(ran.code == Some(0) && ran.out().contains("; 1001 manifests read"), "{ran}");
    assert!(ran.err().contains("note: 1000 of the files `*.sigstore.json` below"), "{ran}");
}
