//! Does what is attached to a commit stay there, travel, and unite?

use std::path::PathBuf;
use std::process::Stdio;

use crate::push::place::Place;
use crate::support::{Mode, Ran, Scene, read, text, write};

/// A scene whose last commit is released; nothing is attached.
fn released() -> Scene {
    let scene = Scene::new();
    scene.run(&["release", "--format", "json"]).allowed();
    scene
}

fn notes(scene: &Scene) -> String {
    scene.git(&["notes", "--ref", "countersign", "show", "HEAD"])
}

#[test]
fn a_manifest_is_attached_once_and_git_shows_it() {
    let scene = released();
    let manifest = scene.manifest();
    let attach = || scene.run(&["manifest", "attach", "HEAD", text(&manifest)]).done().out();
    assert!(attach().starts_with("attached: 1 manifest to commit "));
    assert!(attach().contains("attached: 0 manifests") && attach().contains("(1 already attached)"));
    let (line, file) = (notes(&scene), String::from_utf8(read(&manifest)).expect("text"));
    assert_eq!(line.trim(), file.trim());
    let listed = scene.run(&["manifest", "list", "--format", "json"]).done().out();
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(listed["manifests"][0]["name"], "orders");
    assert_eq!(listed["manifests"].as_array().expect("a list").len(), 1);
}

#[test]
fn what_is_no_manifest_is_not_attached() {
    let scene = released();
    let other = scene.path().join("other.json");
    for bytes in ["", "null", "[]", "{}", "\n", "not json"] {
        write(&other, bytes);
        scene.run(&["manifest", "attach", "HEAD", text(&other)]).undecided("cannot attach");
    }
    // All of them or none.
    scene
        .run(&["manifest", "attach", "HEAD", text(&scene.manifest()), text(&other)])
        .undecided("cannot attach");
    scene
        .run(&["manifest", "attach", "nowhere", text(&scene.manifest())])
        .undecided("`nowhere` is not a commit");
    assert!(scene.run(&["manifest", "list"]).done().out().contains("0 manifests"));
}

#[test]
fn a_manifest_is_detached_by_name_and_the_rest_stays() {
    let scene = released();
    scene.run(&["manifest", "attach", "HEAD", text(&scene.manifest())]).done();
    scene.run(&["manifest", "detach", "HEAD", "invoices"]).undecided("no such manifest is attached");
    assert!(
        scene
            .run(&["manifest", "detach", "HEAD", "orders"])
            .done()
            .out()
            .starts_with("detached: function `orders`")
    );
    assert!(scene.run(&["manifest", "list"]).done().out().contains("0 manifests"));
    scene.run(&["manifest", "detach", "HEAD"]).undecided("no such manifest is attached");
}

#[test]
fn somebody_elses_lines_stay_and_count_for_nothing() {
    let scene = released();
    scene.git(&["notes", "--ref", "countersign", "add", "-m", "a note by hand", "HEAD"]);
    scene.run(&["manifest", "attach", "HEAD", text(&scene.manifest())]).done();
    assert!(notes(&scene).contains("a note by hand"));
    let listed = scene.run(&["manifest", "list"]);
    assert!(listed.done().err().contains("1 attached line is not a manifest"), "{listed}");
    scene.run(&["verify", "--source", "HEAD", "--format", "json"]).allowed();
    scene.run(&["manifest", "detach", "HEAD"]).done();
    assert_eq!(notes(&scene).trim(), "a note by hand");
}

#[test]
fn notes_are_found_however_git_has_cut_their_names() {
    let scene = released();
    scene.run(&["manifest", "attach", "HEAD", text(&scene.manifest())]).done();
    let head = scene.git(&["rev-parse", "HEAD"]);
    let blob = scene.git(&["notes", "--ref", "countersign", "list", "HEAD"]);
    for cuts in [&[2][..], &[2, 4], &[2, 4, 6]] {
        let mut path = head.trim().to_owned();
        cuts.iter().rev().for_each(|at| path.insert(*at, '/'));
        let index = scene.path().join("index");
        let _ = std::fs::remove_file(&index);
        let git = |arguments: &[&str]| {
            let mut command = scene.command("git");
            command.env("GIT_INDEX_FILE", &index).args([
                "-c",
                "user.name=A",
                "-c",
                "user.email=a@example.org",
            ]);
            Ran::of(command.args(arguments)).done().out().trim().to_owned()
        };
        git(&["update-index", "--add", "--cacheinfo", &format!("100644,{},{path}", blob.trim())]);
        let tree = git(&["write-tree"]);
        let commit = git(&["commit-tree", "-m", "notes", &tree]);
        git(&["update-ref", "refs/notes/countersign", &commit]);
        scene.run(&["verify", "--source", "HEAD", "--format", "json"]).allowed();
    }
}

#[test]
fn nothing_is_lost_when_many_attach_at_once() {
    let scene = released();
    let manifests: Vec<_> = (0..8)
        .map(|number| {
            scene.run(&["sign", "--again", text(&scene.artifact())]).done();
            let copy = scene.path().join(format!("{number}.json"));
            write(&copy, read(&scene.manifest()));
            copy
        })
        .collect();
    let start = |manifest: &PathBuf| {
        scene.countersign().args(["manifest", "attach", "HEAD", text(manifest)]).spawn().expect("it starts")
    };
    let running: Vec<_> = manifests.iter().map(start).collect();
    for mut each in running {
        assert!(each.wait().expect("it ends").success());
    }
    assert_eq!(notes(&scene).lines().filter(|line| !line.is_empty()).count(), 8);
}

#[test]
fn what_two_people_attached_is_united() {
    let place = Place::new(Mode::Enforce);
    place.change("for two");
    place.release();
    // The other person signs the same commit on another machine.
    let other = place.scene.copy();
    other.git(&["update-ref", "-d", "refs/notes/countersign"]);
    other.run(&["sign", "--again", "--attach", text(&other.artifact())]).done();
    place.scene.run(&["manifest", "push"]).done();
    // The second push merges what the first one brought. What is attached already makes no commit.
    other.run(&["manifest", "push"]).done();
    let before = other.git(&["rev-parse", "refs/notes/countersign"]);
    other.run(&["manifest", "attach", "HEAD", text(&other.manifest())]).done();
    other.run(&["manifests", "--push"]).done();
    assert_eq!(other.git(&["rev-parse", "refs/notes/countersign"]), before);
    let united = other.run(&["manifest", "list"]);
    assert!(united.done().out().contains(": 2 manifests"), "{united}");
    place.scene.run(&["manifest", "fetch", "origin"]).done();
    let both = place.scene.run(&["manifest", "list"]);
    assert!(both.done().out().contains(": 2 manifests"), "{both}");
    assert_eq!(notes(&place.scene), notes(&other));
}

#[test]
fn nothing_is_lost_when_many_fetch_and_attach_at_once() {
    let place = Place::new(Mode::Enforce);
    place.change("for many");
    place.release();
    let signed = |scene: &Scene, number: usize| {
        scene.run(&["sign", "--again", text(&scene.artifact())]).done();
        let copy = scene.path().join(format!("{number}.json"));
        write(&copy, read(&scene.manifest()));
        copy
    };
    // Another clone's notes are on the server, and not here.
    let other = place.scene.copy();
    other.run(&["manifest", "attach", "HEAD", text(&signed(&other, 0))]).done();
    other.run(&["manifest", "push"]).done();
    let manifests: Vec<_> = (1..5).map(|number| signed(&place.scene, number)).collect();
    let attach = manifests.iter().map(|manifest| vec!["manifest", "attach", "HEAD", text(manifest)]);
    let fetch = std::iter::repeat(vec!["manifest", "fetch"]);
    // A git process that has the ref locked for longer than git waits by itself.
    let lock = place.scene.repository().join(".git/refs/countersign/notes.lock");
    std::fs::create_dir_all(lock.parent().expect("a folder")).expect("a folder");
    write(&lock, "");
    let start = |arguments: Vec<&str>| {
        place.scene.countersign().args(arguments).stderr(Stdio::piped()).spawn().expect("it starts")
    };
    let running: Vec<_> = attach.zip(fetch).flat_map(|(one, other)| [one, other]).map(start).collect();
    std::thread::sleep(std::time::Duration::from_millis(500));
    std::fs::remove_file(&lock).expect("it was there");
    for each in running {
        let ended = each.wait_with_output().expect("it ends");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    let lines = notes(&place.scene).lines().filter(|line| !line.is_empty()).count();
    assert_eq!(lines, 6, "one released, one fetched, four attached");
}

#[test]
fn a_remote_without_manifests_is_no_error() {
    let place = Place::new(Mode::Enforce);
    let fetched = place.scene.run(&["manifest", "fetch"]);
    assert!(fetched.done().err().contains("`origin` has no `refs/notes/countersign` yet"), "{fetched}");
    for remote in ["nowhere", "--upload-pack=touch x", "ext::sh -c touch% x"] {
        place
            .scene
            .run(&["manifest", "fetch", "--", remote])
            .undecided("git cannot fetch `refs/notes/countersign` from");
    }
    assert!(!place.scene.repository().join("x").exists());
}

#[test]
fn what_is_attached_can_be_had_beside_the_artifact() {
    let scene = released();
    let manifest = read(&scene.manifest());
    scene.run(&["manifest", "attach", "HEAD", text(&scene.manifest())]).done();
    std::fs::remove_file(scene.manifest()).expect("it was there");
    scene.verify().denied("mismatch", "manifest-missing");
    scene.run(&["manifest", "list", "--output", "dist"]).done();
    scene.verify().allowed();
    assert_eq!(read(&scene.manifest()), manifest);
}

#[test]
fn a_release_of_what_is_not_committed_is_not_attached() {
    let scene = released();
    let before = crate::support::contents(&scene.repository().join("dist"));
    write(&scene.repository().join("handler.py"), "print('not committed')\n");
    scene.run(&["release", "--attach"]).undecided("differ from commit").told("`--from HEAD`");
    assert_eq!(crate::support::contents(&scene.repository().join("dist")), before);
    scene.run(&["release", "--attach", "--from", "HEAD", "--format", "json"]).allowed();
    scene.run(&["verify", "--source", "HEAD", "--format", "json"]).allowed();
}

#[test]
fn a_machine_without_a_name_attaches_too() {
    let scene = released();
    scene.run(&["manifest", "attach", "HEAD", text(&scene.manifest())]).done();
    let author = scene.git(&["log", "-1", "--format=%an <%ae>", "refs/notes/countersign"]);
    assert_eq!(author.trim(), "countersign <countersign@localhost>");
}

#[test]
fn a_rewritten_commit_keeps_its_manifests_for_the_same_package() {
    let place = Place::new(Mode::Enforce);
    let scene = &place.scene;
    let amend = |message: &str| scene.git(&["commit", "-q", "--amend", "-m", message]);
    let install = |arguments: &[&str]| scene.run(&[&["hooks", "install", "--script"], arguments].concat());
    let push = || place.push(&["origin", "main", "refs/notes/countersign"]);
    place.change("amended");
    place.release();
    let command = "git config --add notes.rewriteRef refs/notes/countersign";
    install(&[]).done().told(command);
    assert_eq!(scene.git(&["config", "--default", "", "--get", "notes.rewriteRef"]).trim(), "");
    amend("without manifests");
    push().refused("manifest-missing");
    place.release();
    install(&["--keep-manifests"]).done().told("added `refs/notes/countersign` to git config");
    let again = install(&["--keep-manifests"]);
    assert!(!again.done().err().contains("notes.rewriteRef"), "{again}");
    amend("with manifests");
    scene.run(&["verify", "--source", "HEAD", "--format", "json"]).allowed();
    // A rebase too.
    scene.git(&["checkout", "-q", "-f", "-b", "base", "HEAD~1"]);
    scene.git(&["commit", "-q", "--allow-empty", "-m", "a new base"]);
    scene.git(&["checkout", "-q", "main"]);
    scene.git(&["rebase", "-q", "base"]);
    push().pushed("remote: allowed: refs/heads/main");
    // The manifest is copied, and is not for these files.
    write(&scene.repository().join("handler.py"), "print('other code')\n");
    scene.git(&["commit", "-q", "--amend", "-a", "-m", "other code"]);
    assert!(notes(scene).contains("payload"));
    place.push(&["--force", "origin", "main", "refs/notes/countersign"]).refused("source-differs");
}
