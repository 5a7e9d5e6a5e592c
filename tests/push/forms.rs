//! Is every form of push read right: several refs, deletions, `HEAD:main`, tags of tags, no refs at all?

use std::io::Write;
use std::process::Stdio;

use crate::push::place::Place;
use crate::support::{Mode, Ran, write};

/// Gives a hook its lines, as git does.
fn hook(place: &Place, name: &str, lines: &str) -> Ran {
    let mut command = place.scene.countersign();
    command.args(["hook", name]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("all of it is read");
    let output = child.wait_with_output().expect("it ends");
    Ran { code: output.status.code(), output }
}

fn head(place: &Place) -> String {
    place.scene.git(&["rev-parse", "HEAD"]).trim().to_owned()
}

#[test]
fn what_is_not_protected_is_pushed_freely() {
    let place = Place::new(Mode::Enforce);
    place.change("a topic");
    place.push(&["origin", "main:refs/heads/topic"]).pushed("");
    place.push(&["origin", "main:refs/tags/nightly"]).pushed("");
    assert!(place.there("refs/heads/topic").is_some() && place.there("refs/tags/nightly").is_some());
}

#[test]
fn every_line_counts_not_only_the_first() {
    let place = Place::new(Mode::Enforce);
    place.change("many refs");
    for refs in [
        &["main:refs/heads/a", "main:refs/heads/z", "main:main"][..],
        &["main:refs/heads/a", "HEAD:refs/tags/v1"],
        &["HEAD:main"],
        &["HEAD~0:refs/heads/main"],
        &["@:refs/heads/main"],
    ] {
        for client in [&[][..], &["--no-verify"]] {
            let all = [client, &["origin"], refs].concat();
            place.push(&all).refused("manifest-missing");
        }
    }
    assert_eq!(place.there("refs/"), None);
}

#[test]
fn a_deletion_deploys_nothing() {
    let place = Place::new(Mode::Enforce);
    place.change("to be deleted");
    place.release();
    place.push(&["origin", "main:refs/tags/v1", "refs/notes/countersign"]).pushed("1 allowed");
    place.push(&["origin", ":refs/tags/v1"]).pushed("");
    assert_eq!(place.there("refs/tags/v1"), None);
    for zeros in ["0".repeat(40), "0".repeat(64)] {
        let line = format!("(delete) {zeros} refs/heads/main {}\n", head(&place));
        hook(&place, "pre-push", &line).done();
    }
}

#[test]
fn a_push_of_nothing_is_reported_and_a_hook_without_input_stops() {
    let place = Place::new(Mode::Enforce);
    // Git runs the hook with an empty pipe where everything is up to date.
    for lines in ["", "\n"] {
        let ran = hook(&place, "pre-push", lines);
        assert!(ran.done().err().contains("standard input of `pre-push` lists no ref"), "{ran}");
        // Git never runs this one without a ref.
        hook(&place, "pre-receive", lines).undecided("nothing was verified");
    }
    // A hook manager that keeps standard input mostly passes `/dev/null`, or closes it.
    for redirect in ["</dev/null", "<&-"] {
        let line = |name: &str| place.scene.shell(&format!("exec \"$0\" hook {name} {redirect}"));
        line("pre-push").undecided("lists no ref").told("countersign hooks install");
        line("pre-receive").undecided("lists no ref");
    }
}

#[test]
fn a_tag_of_a_tag_leads_to_its_commit() {
    let place = Place::new(Mode::Enforce);
    place.change("tagged twice");
    place.scene.git(&["tag", "-a", "-m", "one", "inner"]);
    place.scene.git(&["-c", "advice.nestedTag=false", "tag", "-a", "-m", "two", "v1", "inner"]);
    place.push(&["origin", "v1"]).refused("manifest-missing");
    place.release();
    place.push(&["origin", "v1", "refs/notes/countersign"]).pushed("1 allowed");
}

#[test]
fn what_is_no_commit_is_not_put_under_a_protected_ref() {
    let place = Place::new(Mode::Enforce);
    place.change("a tree");
    for object in ["HEAD^{tree}", "HEAD:handler.py"] {
        for client in [&[][..], &["--no-verify"]] {
            let spec = format!("{object}:refs/tags/v1");
            place.push(&[client, &["origin", &spec]].concat()).refused("which is not a commit");
        }
    }
    let absent = format!("HEAD {} refs/heads/main {}\n", "1".repeat(40), "0".repeat(40));
    hook(&place, "pre-push", &absent).undecided("which is not a commit of this repository");
}

#[test]
fn what_git_does_not_say_is_not_understood() {
    let place = Place::new(Mode::Enforce);
    for lines in ["x\n", "HEAD refs/heads/main\n", &format!("HEAD {} refs/heads/main\n", head(&place))] {
        for name in ["pre-push", "pre-receive"] {
            hook(&place, name, lines).undecided("line 1 of the hook's input");
        }
    }
}

#[test]
fn many_refs_are_read_to_the_end() {
    let place = Place::new(Mode::Enforce);
    place.change("the last of many");
    let (id, zeros) = (head(&place), "0".repeat(40));
    let line = |number: usize| format!("HEAD {id} refs/heads/topic-{number} {zeros}\n");
    let mut lines: String = (0..50_000).map(line).collect();
    hook(&place, "pre-push", &lines).done();
    lines.push_str(&format!("HEAD {id} refs/heads/main {zeros}\n"));
    let ran = hook(&place, "pre-push", &lines);
    assert_eq!(ran.code, Some(1), "{ran}");
}

#[test]
fn without_a_policy_nothing_goes_through() {
    let place = Place::new(Mode::Enforce);
    place.change("no policy");
    place.on_server(&["config", "--unset", "countersign.root"]);
    place
        .push(&["--no-verify", "origin", "main:refs/heads/topic"])
        .refused("has no `git config countersign.root`");
    place.on_server(&["config", "countersign.policy", "nowhere"]);
    place.push(&["--no-verify", "origin", "main:refs/heads/topic"]).refused("a folder without a policy");
    place.on_server(&["config", "--unset", "countersign.policy"]);
    place
        .push(&["--no-verify", "origin", "main:refs/heads/topic"])
        .refused("has no `git config countersign.policy`");
    place.scene.git(&["config", "--unset", "countersign.root"]);
    place.push(&["origin", "main"]).refused("no root is pinned");
}

#[test]
fn names_that_a_terminal_obeys_are_shown_harmless() {
    let place = Place::new(Mode::Enforce);
    place.change("\u{1b}[31m");
    let name = "v1\u{202e}gnp";
    place.scene.git(&["tag", name]);
    let refused = place.push(&["--no-verify", "origin", name]);
    refused.refused("\\u{202e}gnp");
    let ours: String = refused.err().lines().filter(|line| line.contains("denied")).collect();
    assert!(!ours.contains('\u{202e}'), "{refused}");
}

#[test]
fn a_verdict_can_be_read_by_programs() {
    let place = Place::new(Mode::Enforce);
    place.change("as JSON");
    place.release();
    let line = format!("HEAD {} refs/heads/main {}\n", head(&place), "0".repeat(40));
    let mut command = place.scene.countersign();
    command.args(["hook", "pre-push", "--format", "json", "origin", "x"]);
    let path = place.scene.path().join("lines");
    write(&path, &line);
    Ran::of(command.stdin(std::fs::File::open(&path).expect("a file"))).allowed();
}
