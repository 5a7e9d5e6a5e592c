//! Does the line that `hooks install` prints deny, and leave git's input to the commands beside it, in any order?
//! And does `hooks status` find the lines that do not?

use std::fs;
use std::path::PathBuf;

use crate::hooks::yard::put;
use crate::push::place::{Place, path};
use crate::support::{Mode, Ran, text};

/// What git-lfs does: it reads all of the input.
const LFS: &str = "cat >>\"$HEARD\"";

/// A place whose hooks are in `.githooks`, and the file of what a command beside ours hears.
fn place() -> (Place, PathBuf) {
    let place = Place::new(Mode::Enforce);
    place.change("as signed");
    place.scene.git(&["config", "core.hooksPath", ".githooks"]);
    let heard = place.scene.path().join("heard");
    (place, heard)
}

fn hooks(place: &Place, arguments: &[&str]) -> Ran {
    let mut command = place.scene.countersign();
    Ran::of(command.env("PATH", path()).env("HEARD", "/dev/null").arg("hooks").args(arguments))
}

/// The line that `hooks install` prints.
fn line(place: &Place) -> String {
    let ran = hooks(place, &["install", "--script"]);
    ran.undecided("which countersign does not change");
    let line = ran.err().lines().find(|line| line.contains("countersign hook pre-push")).map(str::to_owned);
    line.expect("a line").trim().to_owned()
}

/// Replaces the hook by these lines of `sh`.
fn hook(place: &Place, lines: &[&str]) {
    let text = format!("#!/bin/sh\n{}\n", lines.join("\n"));
    put(&place.scene.repository().join(".githooks/pre-push"), &text, 0o755);
}

fn push(place: &Place, heard: &std::path::Path, reference: &str) -> Ran {
    let mut command = place.git_in(&place.scene.repository());
    Ran::of(command.env("HEARD", text(heard)).args(["push", "origin", reference]))
}

#[test]
fn the_line_denies_and_leaves_the_input_to_other_commands() {
    let (place, heard) = place();
    let line = line(&place);
    let kept = line.split(" && countersign").next().expect("a beginning").to_owned();
    fs::remove_file(place.bare().join("hooks/pre-receive")).expect("it is there");
    let ours = "countersign hook pre-push \"$@\" || exit";
    for (number, lines) in
        [&[line.as_str(), LFS, "true"][..], &[LFS, &line], &[&kept, LFS, ours, LFS, "true"]]
            .iter()
            .enumerate()
    {
        // A line after a command that took the input cannot see the push; `status` says so.
        let is_late = number == 1;
        hook(&place, lines);
        let status = hooks(&place, &["status"]);
        assert_eq!(status.code, Some(i32::from(is_late)), "{lines:?}: {status}");
        if is_late {
            assert!(status.out().contains("an earlier command takes its input"), "{status}");
            hooks(&place, &["install", "--script"]).undecided("an earlier command takes its input");
            continue;
        }
        hooks(&place, &["install", "--script"]).done();
        let denied = push(&place, &heard, "main");
        assert_eq!(denied.code, Some(1), "{denied}");
        assert!(denied.out().contains("manifest-missing"), "{denied}");
        assert_eq!(place.there("refs/heads/main"), None);
        let _ = fs::remove_file(&heard);
        let topic = push(&place, &heard, &format!("main:refs/heads/topic{number}"));
        assert_eq!(topic.code, Some(0), "{topic}");
        let heard = fs::read_to_string(&heard).expect("it was heard");
        let count = lines.iter().filter(|line| **line == LFS).count();
        assert_eq!(heard.matches(&format!(" refs/heads/topic{number} ")).count(), count, "{heard}");
    }
}

#[test]
fn status_finds_lines_that_do_not_deny() {
    let (place, _) = place();
    let command = "countersign hook pre-push \"$@\"";
    for (lines, words) in [
        (&[command, "true"][..], "the exit status is lost"),
        (&["exit 0", command], "countersign does not run"),
        (&["exit 3", command], "fails before countersign gets the pushed refs"),
    ] {
        hook(&place, lines);
        let status = hooks(&place, &["status"]);
        assert_eq!(status.code, Some(1), "{status}");
        assert!(status.out().contains(words), "{words}: {status}");
    }
    hook(&place, &[command]);
    hooks(&place, &["status"]).done();
    let file = place.scene.repository().join(".githooks/pre-push");
    put(&file, &format!("#!/bin/sh\n{command}\n"), 0o644);
    let status = hooks(&place, &["status"]);
    assert!(status.code == Some(1) && status.out().contains("is not executable"), "{status}");
}
