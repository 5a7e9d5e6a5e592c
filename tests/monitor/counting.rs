//! Is every verdict one line of the journal, the same in Warn and Enforce?

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Mode, NAME, Scene, read, text, write};

/// The journal of a scene's repository.
pub fn journal(scene: &Scene) -> PathBuf {
    scene.repository().join(".git/countersign/journal.jsonl")
}

/// The lines of a journal.
pub fn lines(path: &std::path::Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}"))).collect()
}

/// The last line of a scene's journal.
fn last(scene: &Scene) -> Value {
    lines(&journal(scene)).pop().expect("a line")
}

#[test]
fn a_verdict_is_a_line() {
    let scene = Scene::new();
    let before = lines(&journal(&scene));
    assert_eq!(before.len(), 1, "the release of the scene");
    assert_eq!(before[0]["event"], "release");
    let verdict = scene.verify().allowed().verdict();
    let line = last(&scene);
    assert_eq!(lines(&journal(&scene)).len(), 2);
    let expected = json!({
        "schema_version": 1, "id": line["id"], "time": line["time"], "event": "verify",
        "kind": "function", "name": NAME, "csc": scene.csc_id(), "mode": "Enforce",
        "decision": "allowed", "findings": {},
        "profile": verdict["signature"]["profile"], "job": verdict["signature"]["job"],
        "requested_by": "ci@acme.example", "artifact": verdict["signature"]["sha384"],
    });
    assert_eq!(line, expected);
    assert_ne!(line["id"], before[0]["id"]);
}

#[test]
fn warn_and_enforce_count_the_same_errors() {
    for (remove, check, code) in
        [(true, "mismatch", "manifest-missing"), (false, "integrity", "digest-mismatch")]
    {
        let counted = Mode::BOTH.map(|mode| {
            let scene = Scene::of(mode);
            if remove {
                fs::remove_file(scene.manifest()).expect("removed");
            } else {
                write(&scene.artifact(), "another artifact");
            }
            let verdict = scene.verify().verdict();
            let line = last(&scene);
            assert_eq!(line["mode"], format!("{mode:?}"));
            assert_eq!((&line["decision"], &line["status"]), (&verdict["decision"], &json!(check)));
            assert_eq!(line["findings"][check][0], code, "{line}");
            line["findings"].clone()
        });
        assert_eq!(counted[0], counted[1]);
    }
}

#[test]
fn a_verdict_without_a_csc_is_counted() {
    let scene = Scene::new();
    scene.run(&["verify", "dist/orders.zip", "--function", NAME, "--format", "json"]).allowed();
    scene.edit("functions.toml", "*", "other-*");
    scene.seal();
    scene.verify().denied("mismatch", "function-ungoverned");
    let line = last(&scene);
    assert_eq!((line.get("csc"), line.get("mode")), (None, None));
    assert_eq!(line["findings"], json!({ "mismatch": ["function-ungoverned"] }));
}

/// What is not a verdict is not counted: nothing was decided.
#[test]
fn an_undecided_question_is_no_line() {
    let scene = Scene::new();
    scene.edit(&scene.csc(), "Enforce", "Warn");
    let before = read(&journal(&scene));
    scene.verify().undecided("unsealed");
    assert_eq!(read(&journal(&scene)), before);
}

#[test]
fn a_machine_is_named_only_if_it_was_given_a_name() {
    let scene = Scene::new();
    scene.verify().allowed();
    assert_eq!(last(&scene).get("host"), None);
    scene.git(&["config", "countersign.host", "runner-7"]);
    scene.verify().allowed();
    assert_eq!(last(&scene)["host"], "runner-7");
    let run = crate::support::Ran::of(
        scene.countersign().args(["verify", "--format", "json"]).env("COUNTERSIGN_HOST", "a b<c>"),
    );
    run.allowed();
    assert!(run.err().contains("note: the journal does not name this machine"), "{run}");
    assert_eq!(last(&scene).get("host"), None);
}

#[test]
fn variable_and_setting_say_where_the_journal_is() {
    let scene = Scene::new();
    let before = read(&journal(&scene));
    scene.git(&["config", "countersign.journal", "../elsewhere.jsonl"]);
    scene.verify().allowed();
    assert_eq!(lines(&scene.path().join("elsewhere.jsonl")).len(), 1);
    let named = scene.path().join("named/off/journal.jsonl");
    let by = |value: &str| {
        let mut command = scene.countersign();
        command.args(["verify", "--format", "json"]).env("COUNTERSIGN_JOURNAL", value);
        crate::support::Ran::of(&mut command).allowed();
    };
    by(text(&named));
    assert_eq!(lines(&named).len(), 1);
    by("off");
    scene.git(&["config", "countersign.journal", "off"]);
    scene.verify().allowed();
    assert_eq!(lines(&named).len(), 1);
    assert_eq!(lines(&scene.path().join("elsewhere.jsonl")).len(), 1);
    assert_eq!(read(&journal(&scene)), before);
}

#[test]
fn outside_git_the_journal_is_in_the_state_folder() {
    let scene = Scene::new();
    let ran = scene.run(&[
        "-C",
        "..",
        "verify",
        "orders/dist/orders.zip",
        "--function",
        NAME,
        "--policy",
        "policy",
        "--root",
        &scene.pin().to_string(),
        "--format",
        "json",
    ]);
    ran.allowed();
    assert_eq!(lines(&scene.path().join("state/countersign/journal.jsonl")).len(), 1);
}
