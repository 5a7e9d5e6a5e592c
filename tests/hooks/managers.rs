//! Are other tools' hooks left as they are, and is the line to add the right one?

use std::fs;

use crate::hooks::yard::{Yard, everything, put};

const LINE: &str = "input=$(mktemp) && cat >\"$input\" && exec <\"$input\" && rm -f \"$input\" && \
    countersign hook pre-push \"$@\" || exit";

/// hook managers: another tool's hooks were overwritten.
#[test]
fn a_folder_that_git_is_sent_to_is_not_written() {
    for (value, scope, file) in [
        (".husky/_", "--local", ".husky/pre-push"),
        (".githooks", "--local", ".githooks/pre-push"),
        ("tools/git hooks", "--local", "tools/git hooks/pre-push"),
        ("~/hooks", "--global", "/home/hooks/pre-push"),
        ("/no/where", "--global", "/no/where/pre-push"),
    ] {
        let yard = Yard::new();
        for name in [".husky/_/pre-push", ".githooks/pre-push", "tools/git hooks/pre-push"] {
            put(&yard.path("clone").join(name), "#!/bin/sh\nexit 0\n", 0o755);
        }
        put(&yard.path("home/hooks/pre-push"), "#!/bin/sh\nexit 0\n", 0o755);
        yard.git(&["config", scope, "core.hooksPath", value]);
        let before = everything(&yard.path(""));
        let ran = yard.hooks(&["install", "--script"]);
        ran.undecided("which countersign does not change");
        assert!(ran.err().contains(&format!("{file}`, as the first after `#!`:\n  {LINE}\n")), "{ran}");
        assert_eq!(everything(&yard.path("")), before, "{value}");
        let ran = yard.hooks(&["uninstall"]);
        assert_eq!(ran.done().out(), "pre-push was not installed\n");
        assert_eq!(everything(&yard.path("")), before, "{value}");
    }
}

#[test]
fn the_line_works_and_is_seen() {
    let yard = Yard::new();
    let hook = yard.path("clone/.githooks/pre-push");
    put(&hook, "#!/bin/sh\n# countersign hook pre-push \"$@\" comes next\nexit 0\n", 0o755);
    yard.git(&["config", "core.hooksPath", ".githooks"]);
    yard.hooks(&["install", "--script"]).undecided("does not change");
    put(&hook, &format!("#!/bin/sh\n{LINE}\n"), 0o755);
    let ran = yard.hooks(&["install", "--script"]);
    assert_eq!(ran.done().out(), "already installed: pre-push as a line in `.githooks/pre-push`\n");
    let ran = yard.push(&["origin", "main", "HEAD:other"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(yard.lines().len(), 2);
    let ran = yard.hooks(&["uninstall"]);
    assert_eq!(ran.done().out(), "pre-push is still in a line in `.githooks/pre-push`\n");
    yard.answer("exit 1");
    assert_ne!(yard.push(&["origin", "HEAD:third"]).code, Some(0));
}

/// A copy of `hooks/pre-push` in a shared folder works by itself.
#[test]
fn the_script_works_where_it_is_copied() {
    let yard = Yard::new();
    let script = format!("{}/hooks/pre-push", env!("CARGO_MANIFEST_DIR"));
    fs::create_dir(yard.path("clone/.githooks")).expect("a folder");
    fs::copy(script, yard.path("clone/.githooks/pre-push")).expect("a copy");
    yard.git(&["config", "core.hooksPath", ".githooks"]);
    let ran = yard.hooks(&["status"]);
    assert!(ran.done().out().contains("installed as line .githooks/pre-push"), "{ran}");
    assert_eq!(yard.push(&["origin", "main"]).code, Some(0));
    assert!(yard.heard("lines").is_some());
    yard.answer("exit 1");
    assert_ne!(yard.push(&["origin", "HEAD:other"]).code, Some(0));
}

/// `core.hooksPath` that names the repository's own folder is no other tool's.
#[test]
fn the_own_folder_by_its_name_is_the_own_folder() {
    let yard = Yard::new();
    yard.git(&["config", "core.hooksPath", ".git/hooks"]);
    yard.install();
    assert_eq!(yard.push(&["origin", "main"]).code, Some(0));
    assert!(yard.heard("lines").is_some());
}
