//! husky, lefthook and pre-commit: is our line theirs to run?

use std::fs;
use std::path::Path;

use crate::hooks::yard::{Yard, ZEROS, everything, put};
use crate::peers::peer;
use crate::support::Ran;

/// A yard whose `PATH` has the programs of a folder.
fn yard_with(place: &str, name: &str) -> Option<Yard> {
    Some(Yard::with_programs(peer::folder(place, name)?))
}

/// Pushes in every form, and asserts that countersign hears each, and is obeyed.
fn obeys(yard: &Yard) {
    let one = yard.git(&["rev-parse", "HEAD"]);
    let new = |name: &str| format!("HEAD {one} refs/{name} {ZEROS}");
    yard.passed(
        &yard.push(&["origin", "HEAD:one", "HEAD:two", "HEAD:refs/tags/v1"]),
        &[new("heads/one"), new("heads/two"), new("tags/v1")],
    );
    // A commit that the server has, under a new name: no file differs.
    yard.passed(&yard.push(&["origin", "HEAD:three"]), &[new("heads/three")]);
    yard.passed(&yard.push(&["origin", ":two"]), &[format!("(delete) {ZEROS} refs/heads/two {one}")]);
    for answer in ["exit 1", "exit 2", "exit 101", "kill -ABRT $$"] {
        yard.answer(answer);
        yard.stopped(&yard.push(&["origin", "main"]));
        assert!(yard.heard("lines").is_some(), "{answer}");
    }
    fs::remove_file(yard.path("bin/countersign")).expect("it was there");
    yard.stopped(&yard.push(&["origin", "main"]));
}

/// Does what `hooks install` says: adds each line to the file before it.
fn follow(yard: &Yard, said: &str) {
    let lines: Vec<&str> = said.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair[1].starts_with("  ") && pair[0].contains("this")) {
        let file = pair[0].split('`').nth(1).unwrap_or_else(|| panic!("no file: {said}"));
        let path = yard.path("clone").join(file);
        let before = fs::read_to_string(&path).unwrap_or_default();
        put(&path, &format!("{}\n{before}", pair[1].trim_start()), 0o644);
    }
}

/// Asks for our hook, and asserts that nothing is written and the advice is taken and seen.
fn advised(yard: &Yard) {
    let before = everything(&yard.path("clone"));
    let ran = yard.hooks(&["install", "--script"]);
    ran.undecided("was not installed");
    assert!(everything(&yard.path("clone")) == before, "something was written: {ran}");
    follow(yard, &ran.err());
    let ran = yard.hooks(&["install", "--script"]);
    assert!(ran.done().out().starts_with("already installed: pre-push as a line in `"), "{ran}");
    yard.hooks(&["status"]).done();
}

#[test]
fn husky_runs_the_line() {
    let Some(yard) = yard_with("npm/node_modules/.bin", "husky") else { return };
    Ran::of(&mut yard.command("clone", "husky")).done();
    assert_eq!(yard.git(&["config", "core.hooksPath"]), ".husky/_");
    advised(&yard);
    obeys(&yard);
}

/// Our script as husky's hook: husky runs it with `sh -e`.
#[test]
fn husky_runs_the_script() {
    let Some(yard) = yard_with("npm/node_modules/.bin", "husky") else { return };
    Ran::of(&mut yard.command("clone", "husky")).done();
    let script = format!("{}/hooks/pre-push", env!("CARGO_MANIFEST_DIR"));
    fs::copy(script, yard.path("clone/.husky/pre-push")).expect("a copy");
    obeys(&yard);
}

#[test]
fn lefthook_runs_the_lines() {
    let Some(yard) = yard_with("npm/node_modules/.bin", "lefthook") else { return };
    // lefthook writes only the hooks that its file names.
    put(&yard.path("clone/lefthook.yml"), "pre-push: { commands: { other: { run: 'true' } } }\n", 0o644);
    Ran::of(yard.command("clone", "lefthook").arg("install")).done();
    put(&yard.path("clone/lefthook.yml"), "assert_lefthook_installed: true\n", 0o644);
    advised(&yard);
    Ran::of(yard.command("clone", "lefthook").arg("install")).done();
    obeys(&yard);
}

/// A yard with pre-commit, and this project's hook in its settings.
fn with_pre_commit() -> Option<Yard> {
    let yard = yard_with("pre-commit/bin", "pre-commit")?;
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    fs::create_dir(yard.path("plugin")).expect("a folder");
    fs::copy(manifest, yard.path("plugin/.pre-commit-hooks.yaml")).expect("a copy");
    yard.git_in("plugin", &["init", "-q", "--template=", "."]);
    yard.git_in("plugin", &["add", "."]);
    yard.git_in("plugin", &["commit", "-q", "-m", "hooks"]);
    let config = format!(
        "repos: [{{ repo: '{}', rev: {}, hooks: [{{ id: countersign-system }}] }}]\n",
        yard.path("plugin").display(),
        yard.git_in("plugin", &["rev-parse", "HEAD"]),
    );
    put(&yard.path("clone/.pre-commit-config.yaml"), &config, 0o644);
    yard.git(&["add", "."]);
    yard.commit("with pre-commit");
    let said = r#"env | sed -n 's/^PRE_COMMIT_\([A-Z]*_\)/\1/p' | sort > "$heard/said""#;
    yard.answer(said);
    Some(yard)
}

fn pre_commit(yard: &Yard, arguments: &[&str]) {
    Ran::of(yard.command("clone", "pre-commit").args(arguments)).done();
}

/// What pre-commit tells a hook, on which `hook pre-push` builds a line.
#[test]
fn pre_commit_runs_our_hook_and_tells_the_first_ref() {
    let Some(yard) = with_pre_commit() else { return };
    pre_commit(&yard, &["validate-manifest", "../plugin/.pre-commit-hooks.yaml"]);
    pre_commit(&yard, &["install", "--hook-type", "pre-push"]);
    let told = |ran: &Ran| {
        assert_eq!(ran.code, Some(0), "{ran}");
        assert_eq!(yard.heard("lines").as_deref(), Some(""), "{ran}");
        assert_eq!(
            yard.heard("arguments").as_deref(),
            Some("hook\npre-push\norigin\n../server.git\n"),
            "{ran}"
        );
        yard.heard("said").expect("it ran")
    };
    // The root commit is new: pre-commit names no object.
    let said = told(&yard.push(&["origin", "HEAD:main", "HEAD:other"]));
    assert_eq!(
        said,
        "LOCAL_BRANCH=HEAD\nREMOTE_BRANCH=refs/heads/main\nREMOTE_NAME=origin\nREMOTE_URL=../server.git\n"
    );
    let one = yard.git(&["rev-parse", "HEAD"]);
    let two = yard.commit("two");
    let said = told(&yard.push(&["origin", "main"]));
    for line in [
        format!("FROM_REF={one}\n"),
        format!("TO_REF={two}\n"),
        "LOCAL_BRANCH=refs/heads/main\n".into(),
        "REMOTE_BRANCH=refs/heads/main\n".into(),
    ] {
        assert!(said.contains(&line), "{line}: {said}");
    }
    for answer in ["exit 1", "exit 101", "kill -ABRT $$"] {
        yard.answer(answer);
        yard.commit("three");
        assert_ne!(yard.push(&["origin", "HEAD:third"]).code, Some(0), "{answer}");
        assert!(yard.heard("lines").is_some(), "{answer}");
        assert_eq!(yard.on_server("refs/heads/third"), None);
    }
    // A name for a commit that the server has: pre-commit asks nobody, which docs/hooks.md says.
    assert_eq!(yard.push(&["origin", "origin/main:refs/tags/v1"]).code, Some(0));
    assert_eq!(yard.heard("lines"), None);
    fs::remove_file(yard.path("bin/countersign")).expect("it was there");
    assert_ne!(yard.push(&["origin", "HEAD:third"]).code, Some(0));
}

/// Beside pre-commit our script hears everything: it is what pre-commit runs first.
#[test]
fn beside_pre_commit_every_line_is_heard() {
    for ours_first in [false, true] {
        let Some(yard) = with_pre_commit() else { return };
        put(&yard.path("clone/.pre-commit-config.yaml"), "repos: []\n", 0o644);
        let steps: [&dyn Fn(); 2] =
            [&|| yard.install(), &|| pre_commit(&yard, &["install", "--hook-type", "pre-push"])];
        if ours_first {
            steps.iter().for_each(|step| step());
        } else {
            steps.iter().rev().for_each(|step| step());
        }
        let ran = yard.hooks(&["status"]);
        assert!(
            ran.done().out().starts_with("pre-push: installed as script .git/hooks/pre-push.legacy,"),
            "{ran}"
        );
        yard.install();
        yard.answer("exit 0");
        obeys(&yard);
        yard.hooks(&["uninstall"]).done();
        assert!(!yard.hook("pre-push.legacy").exists());
        // Without pre-commit, ours has the name that git runs.
        yard.install_with_program();
        pre_commit(&yard, &["uninstall", "--hook-type", "pre-push"]);
        let ran = yard.hooks(&["status"]);
        assert!(ran.done().out().starts_with("pre-push: installed as script .git/hooks/pre-push,"), "{ran}");
    }
}
