//! Does nothing unsigned get under a protected ref by a way around: aliases, trees that no git writes, notes
//! that are none?

use std::io::Write;
use std::process::Stdio;

use crate::push::place::{Place, path};
use crate::support::{Mode, Ran, text, write};

const ALL: [&str; 4] = ["--no-verify", "origin", "main", "refs/notes/countersign"];

/// Writes a tree with these entries in this order, whatever git thinks of them.
pub fn tree(place: &Place, entries: &[(&str, &str, &str)]) -> String {
    let mut bytes = Vec::new();
    for (mode, name, id) in entries {
        bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        bytes
            .extend((0..id.len()).step_by(2).map(|at| u8::from_str_radix(&id[at..at + 2], 16).expect("hex")));
    }
    let mut command = place.git_in(&place.scene.repository());
    command.args(["hash-object", "-t", "tree", "-w", "--stdin", "--literally"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git");
    child.stdin.take().expect("a pipe").write_all(&bytes).expect("written");
    String::from_utf8(child.wait_with_output().expect("it ends").stdout).expect("an id").trim().to_owned()
}

pub fn id(place: &Place, revision: &str) -> String {
    place.scene.git(&["rev-parse", revision]).trim().to_owned()
}

/// A function in a folder, released; nothing is pushed.
pub fn with_a_folder() -> Place {
    let place = Place::new(Mode::Enforce);
    let workspace = "account = 'acme'\npolicy = '../policy'\n[[function]]\nname = 'orders'\npath = 'src'\n";
    write(&place.scene.repository().join("countersign.toml"), workspace);
    write(&place.scene.repository().join("src/app.py"), "print('signed')\n");
    place.scene.commit();
    place.release();
    place
}

#[test]
fn a_name_that_stands_for_a_protected_ref_is_protected() {
    let place = Place::new(Mode::Enforce);
    place.change("by another name");
    place.on_server(&["symbolic-ref", "refs/heads/master", "refs/heads/main"]);
    place.on_server(&["symbolic-ref", "refs/heads/trunk", "refs/heads/master"]);
    // A protected name that leads to one that is not.
    place.on_server(&["symbolic-ref", "refs/tags/v1", "refs/heads/topic"]);
    for name in
        ["refs/heads/master", "refs/heads/trunk", "refs/heads/topic", "refs/namespaces/a/refs/heads/main"]
    {
        place.push(&["--no-verify", "origin", &format!("main:{name}")]).refused("manifest-missing");
    }
    place.push(&["--no-verify", "origin", "main:refs/heads/other"]).pushed("");
    assert_eq!(place.there("refs/heads/main"), None);
}

#[test]
fn a_tree_that_two_readers_see_differently_is_refused() {
    let place = with_a_folder();
    let [file, good] = ["HEAD:countersign.toml", "HEAD:src"].map(|revision| id(&place, revision));
    let path = place.scene.path().join("evil.py");
    write(&path, "print('evil')\n");
    let blob = place.scene.git(&["hash-object", "-w", text(&path)]).trim().to_owned();
    let evil = tree(&place, &[("100644", "evil.py", &blob)]);
    let toml = ("100644", "countersign.toml", file.as_str());
    let trees: [&[(&str, &str, &str)]; 5] = [
        &[toml, ("40000", "src", &evil), ("40000", "src", &good)],
        &[toml, ("40000", "src", &good), ("40000", "src", &evil)],
        &[toml, ("100644", "countersign.toml", &blob), ("40000", "src", &good)],
        &[("40000", "src", &good), toml],
        &[toml, ("100644", "src", &blob), ("40000", "src", &good)],
    ];
    let head = id(&place, "HEAD");
    for (entries, fault) in trees.into_iter().zip([
        "has the name \"src\" twice",
        "has the name \"src\" twice",
        "has the name \"countersign.toml\" twice",
        "has the entry \"countersign.toml\" out of order",
        "has the name \"src\" twice",
    ]) {
        let tree = tree(&place, entries);
        let made = place.scene.git(&["commit-tree", "-p", &head, "-m", "evil", &tree]);
        let made = made.trim();
        place.scene.git(&["notes", "--ref", "countersign", "copy", "-f", &head, made]);
        let spec = format!("{made}:refs/heads/main");
        let push = place.push(&["--no-verify", "origin", &spec, "refs/notes/countersign"]);
        push.refused(fault).told("git fsck --strict");
        assert_eq!(place.there("refs/heads/main"), None, "{entries:?}");
        place.scene.run(&["verify", "--source", made]).undecided(fault);
    }
    place.push(&ALL).pushed("1 allowed");
}

#[test]
fn folders_are_sorted_as_git_sorts_them() {
    let place = with_a_folder();
    for name in ["src.d/x", "src-1/x", "src0", "src/app.d/x", "src/app/x", "src/app-x"] {
        write(&place.scene.repository().join(name), name);
    }
    place.scene.commit();
    place.release();
    place.push(&ALL).pushed("1 allowed");
}

#[test]
fn notes_that_are_none_stop_a_push_and_say_so() {
    let place = with_a_folder();
    let blob = id(&place, "HEAD:src/app.py");
    place.push(&["--no-verify", "origin", &format!("{blob}:refs/notes/countersign")]).pushed("");
    place.push(&["--no-verify", "origin", "main"]).refused("leads to").told("not a commit of notes");
}

#[test]
fn manifests_are_no_deploy_whatever_is_protected() {
    let place = with_a_folder();
    place.scene.change("functions.toml", |functions| {
        functions.insert("protected_refs".into(), toml::Value::from(vec!["refs/*"]));
    });
    place.scene.seal();
    place.push(&ALL).pushed("1 allowed");
}

#[test]
fn a_second_clone_unites_what_is_attached_and_pushes() {
    let place = with_a_folder();
    place.push(&ALL).pushed("1 allowed");
    let clone = place.scene.copy();
    clone.git(&["update-ref", "-d", "refs/notes/countersign"]);
    write(&clone.repository().join("src/app.py"), "print('from another clone')\n");
    clone.commit();
    clone.run(&["release", "--attach", "--format", "json"]).allowed();
    let push = |refs: &[&str]| place.push_in(&clone.repository(), refs);
    let refused = push(&["--no-verify", "origin", "main"]);
    refused.refused("`countersign manifest fetch && countersign manifest push`, and push again");
    clone.run(&["manifest", "fetch"]).done();
    clone.run(&["manifest", "push"]).done();
    push(&["origin", "main"]).pushed("remote: allowed: refs/heads/main");
}

#[test]
fn a_remote_beside_the_repository_is_found() {
    let place = with_a_folder();
    place.scene.git(&["remote", "set-url", "origin", "../server/orders.git"]);
    for verb in ["fetch", "push"] {
        let mut command = place.scene.countersign();
        command.current_dir(place.scene.repository().join("src")).env("PATH", path());
        Ran::of(command.args(["manifest", verb])).done();
    }
    assert!(place.there("refs/notes/countersign").is_some());
}

#[test]
fn what_another_remote_has_is_still_of_this_push() {
    let place = with_a_folder();
    place.push(&ALL).pushed("1 allowed");
    let fork = place.scene.path().join("server/fork.git");
    place.scene.git(&["init", "-q", "--bare", text(&fork)]);
    place.scene.git(&["remote", "add", "fork", text(&fork)]);
    place.scene.git(&["checkout", "-q", "-b", "topic"]);
    write(&place.scene.repository().join("src/app.py"), "print('from a topic')\n");
    place.scene.commit();
    place.release();
    place.push(&["fork", "topic"]).pushed("");
    place.scene.git(&["checkout", "-q", "-f", "main"]);
    place.scene.git(&["merge", "-q", "--no-ff", "-m", "merged", "topic"]);
    place.push(&["origin", "main", "refs/notes/countersign"]).pushed("remote: allowed: refs/heads/main");
}
