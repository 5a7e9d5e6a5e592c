//! Is the program found, and does a push fail whenever it gives no clear yes?

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::hooks::yard::{Yard, put};

/// gitsign CVE-2026-44310: a panic was swallowed and the process exited 0.
#[test]
fn whatever_is_not_a_yes_stops_the_push() {
    for with_earlier in [false, true] {
        for answer in [
            "exit 1",
            "exit 2",
            "exit 101",
            "exit 255",
            "kill -ABRT $$",
            "kill -SEGV $$",
            "kill -PIPE $$",
            "kill -KILL $$",
        ] {
            let yard = Yard::new();
            if with_earlier {
                yard.program("clone/.git/hooks/pre-push", "exit 0");
            }
            yard.install();
            yard.answer(answer);
            let ran = yard.push(&["origin", "main"]);
            assert!(yard.heard("lines").is_some(), "{answer}: {ran}");
            yard.stopped(&ran);
        }
    }
}

/// A program that cannot start is no yes: a text, an empty file, a folder, the wrong machine.
#[test]
fn a_program_that_cannot_start_stops_the_push() {
    type Break<'a> = &'a dyn Fn(&Yard);
    let cases: &[(&str, Break)] = &[
        ("another machine's", &|yard| put(&yard.path("bin/countersign"), "\x7fELF\u{2}\u{1}\u{1}", 0o755)),
        ("of a lost interpreter", &|yard| put(&yard.path("bin/countersign"), "#!/no/where\n", 0o755)),
        ("not executable", &|yard| put(&yard.path("bin/countersign"), "#!/bin/sh\nexit 0\n", 0o644)),
        ("a folder", &|yard| {
            fs::remove_file(yard.path("bin/countersign")).expect("it was there");
            fs::create_dir(yard.path("bin/countersign")).expect("a folder");
        }),
    ];
    for (name, break_it) in cases {
        let yard = Yard::new();
        yard.install();
        break_it(&yard);
        let ran = yard.push(&["origin", "main"]);
        yard.stopped(&ran);
        assert!(!ran.err().contains("--no-verify"), "{name}: {ran}");
    }
}

/// hook managers: a missing binary let the push pass.
#[test]
fn a_missing_program_stops_the_push_and_says_how_to_get_it() {
    let yard = Yard::new();
    yard.install();
    fs::remove_file(yard.path("bin/countersign")).expect("it was there");
    let ran = yard.push(&["origin", "main"]);
    yard.stopped(&ran);
    for words in [
        "error: `pre-push` cannot decide: the program `countersign` is missing\n",
        "`git config countersign.program` is not set, and it is not on the PATH, which is ",
        "hint: install it as its README.md says, or set its path: `git config countersign.program /path/to/countersign`\n",
    ] {
        assert!(ran.err().contains(words), "{words}: {ran}");
    }
    assert!(!ran.err().contains("verify") && !ran.err().contains("uninstall"), "{ran}");
    yard.git(&["config", "countersign.program", "/no where/countersign"]);
    let ran = yard.push(&["origin", "main"]);
    yard.stopped(&ran);
    assert!(ran.err().contains("`git config countersign.program` is `/no where/countersign`"), "{ran}");
}

#[test]
fn the_setting_names_the_program_with_its_spaces() {
    let yard = Yard::new();
    yard.install();
    fs::rename(yard.path("bin"), yard.path("my $(touch x) `tools`")).expect("renamed");
    let program = yard.path("my $(touch x) `tools`/countersign");
    yard.git(&["config", "countersign.program", program.to_str().expect("UTF-8")]);
    assert_eq!(yard.push(&["origin", "main"]).code, Some(0));
    assert!(yard.heard("lines").is_some());
    assert!(!yard.path("clone/x").exists());
    // Where the setting names one, the PATH is not looked at.
    yard.program("bin/countersign", "exit 0");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o644)).expect("a mode");
    assert_ne!(yard.push(&["origin", "HEAD:other"]).code, Some(0));
}

/// in-toto CVE-2023-32076: nothing in the tree that is pushed names or is the program.
#[test]
fn the_tree_names_no_program() {
    type Plant<'a> = &'a dyn Fn(&Yard);
    let cases: &[(&str, Plant)] = &[
        ("a program in the tree", &|_| ()),
        ("a relative name", &|yard| drop(yard.git(&["config", "countersign.program", "countersign"]))),
        ("a relative path", &|yard| drop(yard.git(&["config", "countersign.program", "./countersign"]))),
        ("an empty name", &|yard| drop(yard.git(&["config", "countersign.program", ""]))),
        ("a file of settings in the tree", &|yard| {
            put(&yard.path("clone/.gitconfig"), "[countersign]\nprogram = /bin/true\n", 0o644);
        }),
    ];
    for (name, plant) in cases {
        for dots in [".", "", "./."] {
            let yard = Yard::new();
            yard.install();
            fs::remove_file(yard.path("bin/countersign")).expect("it was there");
            yard.program("clone/countersign", "touch \"$heard/planted\"; exit 0");
            plant(&yard);
            let mut path = std::ffi::OsString::from(format!("{dots}:"));
            path.push(yard.search());
            let ran = crate::support::Ran::of(
                yard.command("clone", "git").env("PATH", path).args(["push", "origin", "main"]),
            );
            yard.stopped(&ran);
            assert_eq!(yard.heard("planted"), None, "{name}, {dots:?}");
        }
    }
}

#[test]
fn settings_that_git_cannot_read_stop_the_push() {
    let yard = Yard::new();
    yard.install();
    put(&yard.path("clone/.git/hooks/sub/bad"), "[countersign\n", 0o644);
    let ran = crate::support::Ran::of(
        yard.command("clone", yard.hook("pre-push"))
            .env("GIT_CONFIG_GLOBAL", yard.path("clone/.git/hooks/sub/bad")),
    );
    assert_eq!(ran.code, Some(2), "{ran}");
    assert_eq!(yard.heard("lines"), None);
}

/// The installing program is named only where the hooks would find none.
#[test]
fn install_names_the_program_only_if_there_is_none_on_the_path() {
    let yard = Yard::new();
    yard.install();
    assert_ne!(yard.try_git_in("clone", &["config", "countersign.program"]).code, Some(0));
    fs::remove_file(yard.path("bin/countersign")).expect("it was there");
    let ran = yard.hooks(&["install", "--script"]);
    assert!(ran.done().err().contains("note: countersign is not on the PATH"), "{ran}");
    assert_eq!(yard.git(&["config", "--local", "countersign.program"]), env!("CARGO_BIN_EXE_countersign"));
    yard.hooks(&["uninstall"]).done();
    assert_ne!(yard.try_git_in("clone", &["config", "countersign.program"]).code, Some(0));
    // One that somebody else named stays, and a wrong one is refused.
    yard.program("bin/another", "exit 0");
    let another = yard.path("bin/another");
    yard.git(&["config", "countersign.program", another.to_str().expect("UTF-8")]);
    yard.install();
    yard.hooks(&["uninstall"]).done();
    assert_eq!(yard.git(&["config", "countersign.program"]), another.to_str().expect("UTF-8"));
    fs::remove_file(another).expect("it was there");
    yard.hooks(&["install", "--script"]).undecided("which is not a program");
    assert!(!yard.hook("pre-push").exists());
}
