//! Is a script put in whole, once, and only over what is ours?

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::Command;

use countersign::git::hooks::Hook;

use crate::hooks::yard::{Yard, everything, link, put};
use crate::support::Ran;

/// The user that owns nothing.
const NOBODY: u32 = 65534;

#[test]
fn the_scripts_are_one_but_for_their_names() {
    let [push, receive] = Hook::ALL.map(Hook::script);
    let different: Vec<(&str, &str)> = push
        .lines()
        .zip(receive.lines())
        .filter(|(one, other)| one.replace("pre-push", "pre-receive") != **other)
        .collect();
    assert_eq!(push.lines().count(), receive.lines().count());
    assert!(
        matches!(different[..], [(one, other)] if one.starts_with("path=") && other.starts_with("path=")),
        "{different:?}"
    );
    for hook in Hook::ALL {
        let mark = format!("#!/bin/sh\n# countersign-hook: {hook} {}\n", env!("CARGO_PKG_VERSION"));
        assert!(hook.script().starts_with(&mark), "{hook}");
        let file = format!("{}/hooks/{hook}", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(fs::metadata(file).expect("it is there").mode() & 0o111, 0o111, "{hook}");
    }
}

#[test]
fn once_more_changes_nothing() {
    let yard = Yard::new();
    let ran = yard.hooks(&["install", "--script"]);
    assert_eq!(ran.done().out(), "installed: pre-push as `.git/hooks/pre-push`\n");
    assert_eq!(fs::read_to_string(yard.hook("pre-push")).expect("it is there"), Hook::PrePush.script());
    let before = everything(&yard.path("clone/.git"));
    let ran = yard.hooks(&["install", "--script"]);
    assert_eq!(ran.done().out(), "already installed: pre-push as `.git/hooks/pre-push`\n");
    assert_eq!(everything(&yard.path("clone/.git")), before);
    // Both hooks side by side, and each goes alone.
    yard.hooks(&["install", "--script", "pre-receive"]).done();
    yard.hooks(&["uninstall", "pre-receive"]).done();
    assert_eq!(everything(&yard.path("clone/.git")), before);
}

#[test]
fn the_umask_decides_who_else_may_run_it() {
    for (umask, mode) in [("022", 0o755), ("077", 0o700), ("027", 0o750)] {
        let yard = Yard::new();
        let line = format!("umask {umask}; exec \"$0\" hooks install --script");
        Ran::of(yard.command("clone", "sh").args(["-c", &line, env!("CARGO_BIN_EXE_countersign")])).done();
        assert_eq!(yard.hook("pre-push").metadata().expect("it is there").mode() & 0o777, mode);
        assert_eq!(yard.push(&["origin", "main"]).code, Some(0));
        assert!(yard.heard("lines").is_some());
    }
}

#[test]
fn another_version_of_ours_is_replaced_and_a_lost_mode_is_mended() {
    let yard = Yard::new();
    yard.program("clone/.git/hooks/pre-push.legacy", "exit 0");
    let old = Hook::PrePush
        .script()
        .replace(&format!("pre-push {}\n", env!("CARGO_PKG_VERSION")), "pre-push 0.0.9\n");
    put(&yard.hook("pre-push"), &format!("{old}# old\n"), 0o755);
    let ran = yard.hooks(&["install", "--script"]);
    assert!(ran.done().out().starts_with("reinstalled: "), "{ran}");
    assert_eq!(fs::read_to_string(yard.hook("pre-push")).expect("it is there"), Hook::PrePush.script());
    assert!(yard.hook("pre-push.legacy").exists());
    fs::set_permissions(yard.hook("pre-push"), fs::Permissions::from_mode(0o644)).expect("a mode");
    let ran = yard.hooks(&["install", "--script"]);
    assert!(ran.done().out().starts_with("reinstalled: "), "{ran}");
    assert_eq!(yard.push(&["origin", "main"]).code, Some(0));
    assert!(yard.heard("lines").is_some());
}

/// What somebody made of our script is theirs, and stays.
#[test]
fn a_script_that_somebody_changed_is_left_alone() {
    type Make<'a> = &'a dyn Fn(&Yard);
    let cases: &[(&str, Make, &str)] = &[
        (
            "a line more",
            &|yard| put(&yard.hook("pre-push"), &format!("{}# mine\n", Hook::PrePush.script()), 0o755),
            "it was changed or is a link",
        ),
        (
            "a link",
            &|yard| {
                put(&yard.path("clone/shared"), Hook::PrePush.script(), 0o755);
                link("../../shared", &yard.hook("pre-push"));
            },
            "it was changed or is a link",
        ),
        (
            "ours under the earlier name",
            &|yard| put(&yard.hook("pre-push.legacy"), Hook::PrePush.script(), 0o755),
            "would run twice",
        ),
    ];
    for (name, make, words) in cases {
        let yard = Yard::new();
        make(&yard);
        let before = everything(&yard.path("clone"));
        yard.hooks(&["install", "--script"]).undecided(words);
        if !name.starts_with("ours") {
            yard.hooks(&["uninstall"]).undecided(words);
        }
        assert_eq!(everything(&yard.path("clone")), before, "{name}");
    }
}

/// Dirty writes: whatever stops the write, the earlier hook is as it was and nothing is half there.
#[test]
fn a_write_that_fails_leaves_everything_as_it_was() {
    type Break<'a> = &'a dyn Fn(&Yard);
    let cases: &[(&str, Break, &str)] = &[
        ("a full disk", &|_| (), "trap '' XFSZ; ulimit -f 0; "),
        ("half of it", &|_| (), "trap '' XFSZ; ulimit -f 1; "),
        (
            "a file in the folder's place",
            &|yard| {
                fs::remove_dir_all(yard.hook("")).expect("it was there");
                put(&yard.path("clone/.git/hooks"), "precious", 0o644);
            },
            "",
        ),
    ];
    for (name, break_it, limit) in cases {
        let yard = Yard::new();
        yard.program("clone/.git/hooks/pre-push", "exit 0");
        break_it(&yard);
        let before = everything(&yard.path("clone/.git"));
        let line = format!("{limit}exec \"$0\" hooks install --script");
        let ran = Ran::of(yard.command("clone", "sh").args(["-c", &line, env!("CARGO_BIN_EXE_countersign")]));
        assert_eq!(ran.code, Some(2), "{name}: {ran}");
        assert!(ran.err().starts_with("error: "), "{name}: {ran}");
        assert_eq!(everything(&yard.path("clone/.git")), before, "{name}");
    }
}

/// `countersign` by a user whom modes hold, who owns the yard: nobody, where the tests run as root.
fn unprivileged(yard: &Yard) -> Command {
    if !is_root() {
        return yard.command("clone", env!("CARGO_BIN_EXE_countersign"));
    }
    // The program lies in a folder that others may not enter.
    let program = yard.path("real");
    // `cp` writes it: a program that a process of ours had open for writing may still be busy.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_countersign")).arg(&program).status();
    assert!(copied.expect("it starts").success());
    for path in yard.path("").ancestors().take(2) {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    for entry in walkdir::WalkDir::new(yard.path("")) {
        chown(entry.expect("an entry").path(), Some(NOBODY), Some(NOBODY)).expect("root may");
    }
    let mut command = yard.command("clone", "setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|kind| kind.uid() == 0)
}

#[test]
fn a_folder_that_may_not_be_written_is_an_error() {
    let yard = Yard::new();
    yard.program("clone/.git/hooks/pre-push", "exit 0");
    fs::set_permissions(yard.hook(""), fs::Permissions::from_mode(0o555)).expect("a mode");
    let mut command = unprivileged(&yard);
    let before = everything(&yard.path("clone/.git"));
    let ran = Ran::of(command.args(["hooks", "install", "--script"]));
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.err().contains("error: cannot write"), "{ran}");
    assert_eq!(everything(&yard.path("clone/.git")), before);
    fs::set_permissions(yard.hook(""), fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// A hook of somebody else's may get no second name (`fs.protected_hardlinks`): it is renamed.
#[test]
fn a_hook_of_another_user_is_kept_too() {
    if !is_root() {
        return;
    }
    let yard = Yard::new();
    yard.program("clone/.git/hooks/pre-push", "exit 0");
    let mut install = unprivileged(&yard);
    let mut uninstall = unprivileged(&yard);
    chown(yard.hook("pre-push"), Some(0), Some(0)).expect("root may");
    let before = everything(&yard.hook(""));
    Ran::of(install.args(["hooks", "install", "--script"])).done();
    assert_eq!(fs::read_to_string(yard.hook("pre-push")).expect("ours"), Hook::PrePush.script());
    assert!(yard.hook("pre-push.legacy").exists());
    Ran::of(uninstall.args(["hooks", "uninstall"])).done();
    assert_eq!(everything(&yard.hook("")), before);
    assert_eq!(yard.hook("pre-push").metadata().expect("back").uid(), 0);
}
