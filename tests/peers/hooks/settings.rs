//! A git that takes hooks from its settings: does it run ours, beside everybody else's?

use std::fs;

use serde_json::Value;

use crate::hooks::yard::{Yard, ZEROS, everything, put};
use crate::peers::peer;
use crate::support::Ran;

fn yard() -> Option<Yard> {
    Some(Yard::with_programs(peer::folder("git/bin", "git")?))
}

#[track_caller]
fn asked(yard: &Yard, name: &str) {
    let one = yard.git(&["rev-parse", "HEAD"]);
    yard.passed(
        &yard.push(&["origin", &format!("HEAD:{name}"), &format!("HEAD:refs/tags/{name}")]),
        &[format!("HEAD {one} refs/heads/{name} {ZEROS}"), format!("HEAD {one} refs/tags/{name} {ZEROS}")],
    );
}

#[test]
fn git_runs_the_hook_from_its_settings() {
    let Some(yard) = yard() else { return };
    yard.program("clone/.git/hooks/pre-push", r#"cat > "$heard/other""#);
    let hooks = everything(&yard.hook(""));
    let ran = yard.hooks(&["install"]);
    assert_eq!(ran.done().out(), "installed: pre-push as git config hook.countersign\n");
    assert_eq!(yard.git(&["hook", "list", "pre-push"]), "countersign\nhook from hookdir");
    assert_eq!(everything(&yard.hook("")), hooks);
    let before = everything(&yard.path("clone/.git"));
    assert!(yard.hooks(&["install"]).done().out().starts_with("already installed: "));
    assert_eq!(everything(&yard.path("clone/.git")), before);
    asked(&yard, "one");
    assert_eq!(yard.heard("other").expect("it ran").lines().count(), 2);
    for answer in ["exit 1", "exit 2", "exit 101", "kill -ABRT $$", "kill -KILL $$"] {
        yard.answer(answer);
        yard.stopped(&yard.push(&["origin", "main"]));
    }
    yard.answer("exit 0");
    fs::rename(yard.path("bin/countersign"), yard.path("bin/gone")).expect("renamed");
    let ran = yard.push(&["origin", "main"]);
    yard.stopped(&ran);
    assert!(
        ran.err().contains("error: `pre-push` cannot decide: the program `countersign` is missing"),
        "{ran}"
    );
    // The script that the setting names is lost.
    fs::rename(yard.path("bin/gone"), yard.path("bin/countersign")).expect("renamed");
    fs::remove_file(yard.path("clone/.git/countersign/hooks/pre-push")).expect("it was there");
    yard.stopped(&yard.push(&["origin", "main"]));
    yard.hooks(&["install"]).done();
    asked(&yard, "two");
    yard.hooks(&["uninstall"]).done();
    assert_eq!(yard.git(&["hook", "list", "pre-push"]), "hook from hookdir");
    assert_eq!(everything(&yard.hook("")), hooks);
    assert!(!yard.path("clone/.git/countersign/hooks").exists());
}

/// hook managers: `core.hooksPath` is no hindrance, and is left alone.
#[test]
fn a_folder_that_git_is_sent_to_does_not_matter() {
    let Some(yard) = yard() else { return };
    yard.program("clone/.husky/_/pre-push", r#"cat > "$heard/other""#);
    yard.git(&["config", "core.hooksPath", ".husky/_"]);
    let before = everything(&yard.path("clone/.husky"));
    let ran = yard.hooks(&["install"]);
    assert!(ran.done().err().contains("note: a git older than 2.54"), "{ran}");
    assert_eq!(everything(&yard.path("clone/.husky")), before);
    asked(&yard, "one");
    assert!(yard.heard("other").is_some());
    yard.hooks(&["status"]).done();
}

#[test]
fn work_trees_moves_and_servers_are_no_hindrance() {
    let Some(yard) = yard() else { return };
    yard.git(&["worktree", "add", "-q", "-b", "another", "../another tree"]);
    yard.hooks_in("another tree", &["install"]).done();
    asked(&yard, "one");
    yard.git_in("another tree", &["push", "-q", "origin", "another"]);
    assert!(yard.heard("lines").is_some());
    fs::create_dir(yard.path("another tree/deep down")).expect("a folder");
    yard.git_in("another tree/deep down", &["push", "-q", "origin", "HEAD:deep"]);
    assert!(yard.heard("lines").is_some());
    fs::rename(yard.path("clone"), yard.path("moved")).expect("renamed");
    yard.git_in("moved", &["push", "-q", "origin", "HEAD:moved"]);
    assert!(yard.heard("lines").is_some());
    fs::rename(yard.path("moved"), yard.path("clone")).expect("renamed");
    yard.hooks(&["uninstall"]).done();

    let ran = yard.hooks_in("server.git", &["install"]);
    assert_eq!(ran.done().out(), "installed: pre-receive as git config hook.countersign-pre-receive\n");
    assert_eq!(yard.push(&["origin", "HEAD:two"]).code, Some(0));
    assert_eq!(yard.heard("arguments").as_deref(), Some("hook\npre-receive\n"));
    assert!(yard.heard("lines").is_some_and(|lines| lines.ends_with(" refs/heads/two\n")));
    yard.answer("exit 101");
    let ran = yard.push(&["--no-verify", "origin", "main"]);
    yard.stopped(&ran);
    assert!(ran.err().contains("pre-receive hook declined"), "{ran}");
}

#[test]
fn one_way_takes_the_place_of_the_other() {
    let Some(yard) = yard() else { return };
    yard.program("clone/.git/hooks/pre-push", r#"cat > "$heard/other""#);
    let hooks = everything(&yard.hook(""));
    yard.install();
    assert_eq!(yard.git(&["hook", "list", "pre-push"]), "hook from hookdir");
    asked(&yard, "one");
    yard.hooks(&["install"]).done();
    assert_eq!(everything(&yard.hook("")), hooks);
    asked(&yard, "two");
    yard.install();
    assert_eq!(yard.git(&["hook", "list", "pre-push"]), "hook from hookdir");
    asked(&yard, "three");
    assert!(yard.heard("other").is_some());
}

#[test]
fn status_tells_what_git_tells() {
    let Some(yard) = yard() else { return };
    let status = |code: i32| -> Value {
        let ran = yard.hooks(&["status", "--format", "json"]);
        assert_eq!(ran.code, Some(code), "{ran}");
        serde_json::from_str::<Value>(&ran.out()).unwrap_or_else(|_| panic!("no JSON: {ran}"))["hooks"][0]
            .clone()
    };
    yard.git(&["config", "--global", "hook.linter.command", "true"]);
    yard.git(&["config", "--global", "hook.linter.event", "pre-push"]);
    yard.hooks(&["install"]).done();
    let hook = status(0);
    assert_eq!((&hook["installed"], &hook["runs"]), (&"setting".into(), &true.into()));
    assert_eq!(hook["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(hook["before"], serde_json::json!(["hook.linter"]));
    for (key, value) in [("hook.countersign.enabled", "false"), ("hook.pre-push.enabled", "false")] {
        yard.git(&["config", key, value]);
        assert_eq!(status(1)["obstacles"], serde_json::json!(["`git config` disables `hook.countersign`"]));
        yard.git(&["config", "--unset", key]);
        status(0);
    }
    put(&yard.path("clone/.git/countersign/hooks/pre-push"), "#!/bin/sh\nexit 0\n", 0o755);
    assert_eq!(
        status(1)["obstacles"],
        serde_json::json!(["`.git/countersign/hooks/pre-push` differs from what countersign wrote"])
    );
    yard.hooks(&["install"]).done();
    // An older git, which runs nothing of it, says so.
    let older = Ran::of(yard.command("clone", "/usr/bin/env").args(["-i", "/bin/sh", "-c", "git --version"]));
    if older.out().starts_with("git version 2.") && older.out().as_str() < "git version 2.54" {
        let mut command = yard.command("clone", env!("CARGO_BIN_EXE_countersign"));
        let machine = std::env::var_os("PATH").expect("a PATH");
        let ran = Ran::of(command.env("PATH", machine).args(["hooks", "status"]));
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(ran.out().contains("does not run hooks from its settings"), "{ran}");
    }
}

/// A setting of this name that somebody else wrote is left alone.
#[test]
fn a_setting_that_is_taken_is_left_alone() {
    let Some(yard) = yard() else { return };
    yard.git(&["config", "hook.countersign.command", "my own"]);
    let before = everything(&yard.path("clone/.git"));
    yard.hooks(&["install"]).undecided("`git config hook.countersign.command` is `my own`");
    assert_eq!(yard.hooks(&["uninstall"]).done().out(), "pre-push was not installed\n");
    assert_eq!(everything(&yard.path("clone/.git")), before);
}
