//! Is the hook put where git looks for it, wherever the repository is kept?

use std::fs;

use crate::hooks::yard::{Yard, link, put};
use crate::support::Ran;

/// Pushes from a folder, and asserts that countersign was asked.
#[track_caller]
fn asks(yard: &Yard, folder: &str) {
    let ran = yard.try_git_in(
        folder,
        &["push", "-q", yard.path("server.git").to_str().expect("UTF-8"), "HEAD:refs/heads/x", "--force"],
    );
    assert_eq!(ran.code, Some(0), "{folder}: {ran}");
    assert!(yard.heard("arguments").is_some_and(|heard| heard.starts_with("hook\npre-push\n")), "{folder}");
    assert!(yard.heard("lines").is_some(), "{folder}");
}

#[test]
fn work_trees_share_one_hook() {
    for from in ["clone", "another tree", "another tree/deep down", "clone/.git"] {
        let yard = Yard::new();
        yard.git(&["worktree", "add", "-q", "-b", "another", "../another tree"]);
        fs::create_dir(yard.path("another tree/deep down")).expect("a folder");
        yard.hooks_in(from, &["install", "--script"]).done();
        assert!(yard.hook("pre-push").is_file(), "{from}");
        asks(&yard, "clone");
        asks(&yard, "another tree/deep down");
        yard.hooks_in("another tree", &["uninstall"]).done();
        assert!(!yard.hook("pre-push").exists(), "{from}");
    }
}

#[test]
fn a_submodule_has_its_own() {
    let yard = Yard::new();
    let ran = yard.try_git_in(
        "clone",
        &["-c", "protocol.file.allow=always", "submodule", "add", "-q", "../server.git", "a sub"],
    );
    // An empty server has nothing to add: give it a commit first.
    assert_ne!(ran.code, Some(0));
    yard.git(&["push", "-q", "origin", "main"]);
    yard.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        "--force",
        yard.path("server.git").to_str().expect("UTF-8"),
        "b sub",
    ]);
    yard.hooks_in("clone/b sub", &["install", "--script"]).done();
    assert!(yard.path("clone/.git/modules/b sub/hooks/pre-push").is_file());
    assert!(!yard.hook("pre-push").exists());
    asks(&yard, "clone/b sub");
}

#[test]
fn a_git_directory_elsewhere_is_found() {
    let yard = Yard::new();
    yard.git(&["init", "-q", "--separate-git-dir", "../else where", "."]);
    yard.hooks(&["install", "--script"]).done();
    assert!(yard.path("else where/hooks/pre-push").is_file());
    asks(&yard, "clone");
    yard.hooks(&["uninstall"]).done();
    // By the environment, as scripts do.
    let git_dir = yard.path("else where");
    for at in ["clone", "home"] {
        let ran = Ran::of(
            yard.command(at, env!("CARGO_BIN_EXE_countersign"))
                .env("GIT_DIR", &git_dir)
                .args(["hooks", "install", "--script"]),
        );
        ran.done();
        assert!(git_dir.join("hooks/pre-push").is_file(), "{at}");
        yard.hooks(&["uninstall"]).done();
    }
}

#[test]
fn a_folder_may_be_named() {
    let yard = Yard::new();
    let ran = Ran::of(
        yard.command("home", env!("CARGO_BIN_EXE_countersign"))
            .args(["-C", "../clone", "hooks", "install", "--script"]),
    );
    ran.done();
    asks(&yard, "clone");
}

#[test]
fn a_repository_may_be_moved() {
    let yard = Yard::new();
    yard.install();
    fs::rename(yard.path("clone"), yard.path("moved")).expect("renamed");
    asks(&yard, "moved");
}

#[test]
fn outside_a_repository_nothing_is_done() {
    let yard = Yard::new();
    for command in ["install", "uninstall", "status"] {
        let ran = yard.hooks_in("home", &[command]);
        ran.undecided("not a git repository");
        assert!(ran.err().contains("hint: "), "{ran}");
    }
}

#[test]
fn without_git_nothing_is_done() {
    let yard = Yard::new();
    for command in ["install", "uninstall", "status"] {
        let mut program = yard.command("clone", env!("CARGO_BIN_EXE_countersign"));
        Ran::of(program.env("PATH", yard.path("bin")).args(["hooks", command])).undecided("no `git` program");
    }
}

/// git CVE-2024-32002: looking at a repository runs nothing of it.
#[test]
fn a_hostile_repository_runs_nothing() {
    let yard = Yard::new();
    yard.program("clone/evil", r#"touch "$heard/evil""#);
    let evil = format!("'{}'", yard.path("clone/evil").display());
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "diff.external",
        "core.sshCommand",
        "alias.rev-parse",
        "alias.hook",
    ] {
        yard.git(&["config", key, &format!("!{evil}")]);
    }
    yard.git(&["config", "core.fsmonitor", &evil]);
    for name in ["post-index-change", "reference-transaction", "pre-push"] {
        put(&yard.hook(name), &format!("#!/bin/sh\n{evil}\n"), 0o755);
    }
    yard.hooks(&["status"]);
    yard.install();
    yard.hooks(&["status"]).done();
    yard.hooks(&["uninstall"]).done();
    assert_eq!(yard.heard("evil"), None);
}

/// A hooks folder that is a link leads into somebody else's folder.
#[test]
fn a_folder_that_is_a_link_is_left_alone() {
    let yard = Yard::new();
    put(&yard.path("clone/team/pre-push"), "#!/bin/sh\nexit 0\n", 0o755);
    link("../team", &yard.path("clone/.git/hooks"));
    let before = crate::hooks::yard::everything(&yard.path("clone"));
    let ran = yard.hooks(&["install", "--script"]);
    ran.undecided("does not change");
    assert!(ran.err().contains("countersign hook pre-push \"$@\""), "{ran}");
    assert_eq!(crate::hooks::yard::everything(&yard.path("clone")), before);
}
