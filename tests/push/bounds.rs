//! Does the work for a push stay small, whatever it contains, and does a push change no protected ref unseen?

use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::push::hostile::{id, tree, with_a_folder};
use crate::push::place::Place;
use crate::support::{Mode, Ran, text, write};

const ZERO: &str = "0000000000000000000000000000000000000000";

/// Commits a tree, upon what is committed.
fn commit(place: &Place, tree: &str) -> String {
    place.scene.git(&["commit-tree", "-p", "HEAD", "-m", "made", tree]).trim().to_owned()
}

/// A file with this text among the objects.
fn blob(place: &Place, content: &str) -> String {
    let file = place.scene.path().join("blob");
    write(&file, content);
    place.scene.git(&["hash-object", "-w", text(&file)]).trim().to_owned()
}

/// A tree of so many files.
fn many(place: &Place, toml: &str, count: usize, file: &str) -> String {
    let names: Vec<String> = (0..count).map(|n| format!("e{n:06}")).collect();
    let files = names.iter().map(|name| ("100644", name.as_str(), file));
    tree(place, &[("100644", "countersign.toml", toml)].into_iter().chain(files).collect::<Vec<_>>())
}

fn functions(count: usize, path: &str) -> String {
    let function = |n: usize| format!("[[function]]\nname = 'f{n}'\npath = '{path}'\n");
    format!("account = 'acme'\n{}", (0..count).map(function).collect::<String>())
}

/// The server's hook, with these refs and objects of the developer's repository.
fn receive(place: &Place, updates: &[(String, String)]) -> Ran {
    let mut command = place.git_in(&place.bare());
    let objects = place.scene.repository().join(".git/objects");
    command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects).env("GIT_DIR", place.bare());
    let lines: String = updates.iter().map(|(to, name)| format!("{ZERO} {to} {name}\n")).collect();
    command.args(["-c", "alias.receive=!countersign hook pre-receive", "receive"]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("git");
    child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    Ran { code: output.status.code(), output }
}

#[test]
fn a_folder_that_many_functions_name_is_looked_for_once() {
    let place = with_a_folder();
    let file = blob(&place, "x");
    // Each function read the top folder four times: 3,000 x 4 x 20,000 names.
    let made = commit(&place, &many(&place, &blob(&place, &functions(3000, "none")), 20_000, &file));
    let started = Instant::now();
    place.scene.run(&["verify", "--source", &made]).is_no();
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn folders_without_files_count_against_the_limit_of_a_commit() {
    let place = with_a_folder();
    let empty = tree(&place, &[]);
    let names: Vec<String> = (0..1000).map(|n| format!("{n:03}")).collect();
    let entries: Vec<_> = names.iter().map(|name| ("40000", name.as_str(), empty.as_str())).collect();
    let folders = tree(&place, &entries);
    // 3,000 x 2,001 names, and not one file.
    let toml = blob(&place, &functions(3000, "src"));
    let made = tree(&place, &[("100644", "countersign.toml", &toml), ("40000", "src", &folders)]);
    let ran = place.scene.run(&["verify", "--source", &commit(&place, &made)]);
    ran.undecided("more than 5000000 files and folders").told("its own folder");
}

#[test]
fn functions_in_folders_of_one_folder_are_found_together() {
    let place = with_a_folder();
    let names: Vec<String> = (0..3000).map(|n| format!("f{n:04}")).collect();
    let file = blob(&place, "x");
    let one = tree(&place, &[("100644", "a.py", &file)]);
    let entries: Vec<_> = names.iter().map(|name| ("40000", name.as_str(), one.as_str())).collect();
    let function = |name: &String| format!("[[function]]\nname = '{name}'\npath = 'all/{name}'\n");
    let toml = blob(&place, &format!("account = 'acme'\n{}", names.iter().map(function).collect::<String>()));
    let made =
        tree(&place, &[("40000", "all", &tree(&place, &entries)), ("100644", "countersign.toml", &toml)]);
    // 9,000,000 names, if each function looked for its folder itself.
    let ran = place.scene.run(&["verify", "--source", &commit(&place, &made)]);
    ran.is_no().told("manifest-missing");
}

#[test]
fn a_push_of_many_tags_searches_its_history_once() {
    let place = Place::new(Mode::Enforce);
    let tags = history(&place, 1500);
    let started = Instant::now();
    let ran = receive(&place, &tags);
    ran.refused("manifest-missing");
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn a_push_with_too_many_verdicts_says_to_push_fewer_refs() {
    let place = with_a_folder();
    write(&place.scene.repository().join("countersign.toml"), functions(3000, "src"));
    place.scene.commit();
    let tags = history(&place, 10);
    let ran = receive(&place, &tags);
    ran.undecided("more than 20000 functions and layers").told("push fewer refs at a time");
    receive(&place, &tags[..2]).refused("manifest-missing");
}

/// Tags of so many commits, one after the other, with the tree that is committed.
fn history(place: &Place, count: usize) -> Vec<(String, String)> {
    let tree = id(place, "HEAD^{tree}");
    let mut last = id(place, "HEAD");
    let repository = git2::Repository::open(place.scene.repository()).expect("a repository");
    let odb = repository.odb().expect("objects");
    let mut tags = Vec::new();
    for n in 0..count {
        let who = format!("A <a@example.org> {} +0000", 1_900_000_000 + n);
        let text = format!("tree {tree}\nparent {last}\nauthor {who}\ncommitter {who}\n\nx\n");
        last = odb.write(git2::ObjectType::Commit, text.as_bytes()).expect("a commit").to_string();
        tags.push((last.clone(), format!("refs/tags/v{n}")));
    }
    tags
}

#[test]
fn a_folder_of_notes_is_no_larger_than_git_makes_it() {
    let place = with_a_folder();
    let file = blob(&place, "x");
    let head = id(&place, "HEAD");
    let names: Vec<String> = (0..40_000).map(|n| format!("{n:038}")).collect();
    let entries: Vec<_> = names.iter().map(|name| ("100644", name.as_str(), file.as_str())).collect();
    let (flat, below) = (tree(&place, &entries), &head[..2]);
    let inner = tree(&place, &[("40000", below, &flat)]);
    place.scene.git(&["update-ref", "refs/notes/countersign", &commit(&place, &inner)]);
    place.scene.run(&["verify", "--source", "HEAD"]).undecided("over the limit of 1048576");
    // All of them in one folder are what git makes of many notes.
    place.scene.git(&["update-ref", "refs/notes/countersign", &commit(&place, &flat)]);
    place.scene.run(&["verify", "--source", "HEAD"]).is_no();
}

#[test]
fn a_ref_that_is_a_symbolic_link_is_refused_with_the_command_that_replaces_it() {
    let place = with_a_folder();
    place.push(&["--no-verify", "origin", "main", "refs/notes/countersign"]).pushed("1 allowed");
    let signed = id(&place, "main");
    place.on_server(&["update-ref", "refs/heads/trunk", "refs/heads/main"]);
    let heads = place.bare().join("refs/heads");
    write(&place.scene.repository().join("src/app.py"), "print('evil')\n");
    place.scene.commit();
    for target in ["refs/heads/trunk", "trunk"] {
        std::fs::remove_file(heads.join("main")).expect("it is removed");
        symlink(target, heads.join("main")).expect("a link");
        let push = place.push(&["--no-verify", "origin", "main:refs/heads/trunk"]);
        push.refused("`refs/heads/main`").told("symbolic link").told("`refs/heads/trunk`");
        push.told("git -c core.preferSymlinkRefs=false symbolic-ref refs/heads/main refs/heads/trunk");
        assert_eq!(place.there("refs/heads/trunk"), Some(signed.clone()));
    }
    // The way out: a symbolic ref, by which the push is judged.
    std::fs::remove_file(heads.join("main")).expect("it is removed");
    place.on_server(&[
        "-c",
        "core.preferSymlinkRefs=false",
        "symbolic-ref",
        "refs/heads/main",
        "refs/heads/trunk",
    ]);
    place.push(&["--no-verify", "origin", "main:refs/heads/trunk"]).refused("manifest-missing");
}
