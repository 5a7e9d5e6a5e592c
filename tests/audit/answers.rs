//! What of an answer that is none, or that somebody made to deceive?

use std::fs::File;
use std::process::Stdio;

use serde_json::json;

use super::{Ran, Scene, audit_with, function, text, with, write};

fn deployed(scene: &Scene, bytes: &str) -> Ran {
    let path = scene.path().join("answer.json");
    write(&path, bytes);
    scene.run(&["audit", "--deployed", text(&path)])
}

#[test]
fn nothing_deployed_is_no_yes() {
    let scene = Scene::new();
    for answer in [r#"{"Functions":[]}"#, "[]", r#"{"LayerVersions":[]}"#, r#"{"Layers":[]}"#] {
        let ran = deployed(&scene, answer);
        assert_eq!(ran.code, Some(1), "{answer}: {ran}");
        assert!(ran.out().starts_with("not covered: 0 "), "{ran}");
    }
}

#[test]
fn what_is_no_answer_decides_nothing() {
    let scene = Scene::new();
    let deep = "[".repeat(1_000_000);
    for answer in ["", "null", "[null]", "{}", "7", "{", "\u{0}", &deep, r#"{"Functions":[null]}"#] {
        deployed(&scene, answer).undecided("as output of `aws lambda`");
    }
    deployed(&scene, r#"{"Functions":[{"FunctionName":"a"}],"NextMarker":"x"}"#)
        .undecided("`list-functions` in `");
    scene.run(&["audit", "--deployed", "/nowhere.json"]).undecided("nowhere.json");
    scene.run(&["audit", "--deployed", "/dev/zero"]).undecided("not a regular file");
    // 10 GB that are not there.
    let sparse = scene.path().join("sparse.json");
    File::create(&sparse).and_then(|file| file.set_len(10 << 30)).expect("a sparse file");
    scene.run(&["audit", "--deployed", text(&sparse)]).undecided("is larger than 536870912 bytes");
    let endless = scene.shell("yes '[]' | head -c 600000000 | \"$0\" audit --deployed -");
    endless.undecided("is larger than 536870912 bytes");
}

#[test]
fn standard_input_is_an_answer_too() {
    let scene = Scene::new();
    let path = scene.path().join("one.json");
    write(&path, function(&scene).to_string());
    let mut command = scene.countersign();
    command.args(["audit", "--deployed", "-"]).stdin(Stdio::from(File::open(&path).expect("a file")));
    assert_eq!(Ran::of(&mut command).code, Some(0));
}

#[test]
fn nothing_that_a_terminal_obeys_comes_out() {
    let scene = Scene::new();
    let hostile = "a\u{1b}[31m\u{202e}\r\n::error::x";
    let mut listed = [with(&scene, "FunctionName", hostile), with(&scene, "CodeSha256", hostile)];
    listed.iter_mut().for_each(|function| {
        for field in ["Version", "LastModified", "FunctionArn"] {
            function[field] = hostile.into();
        }
        function["Layers"] = json!([{ "Arn": hostile }]);
    });
    for format in ["text", "json", "sarif"] {
        let ran = audit_with(&scene, &listed, &["--format", format]);
        assert_eq!(ran.code, Some(1), "{ran}");
        let said = format!("{}{}", ran.out(), ran.err());
        assert!(!said.contains(['\u{1b}', '\u{202e}', '\r']), "{format}: {said:?}");
        assert!(said.lines().all(|line| !line.trim_start().starts_with("::")), "{format}: {said:?}");
    }
}

#[test]
fn what_is_listed_twice_is_judged_once_and_what_differs_twice() {
    let scene = Scene::new();
    let one = function(&scene);
    let twice = audit_with(&scene, &[one.clone(), one.clone()], &[]);
    assert!(twice.code == Some(0) && twice.out().starts_with("covered: 1 function "), "{twice}");
    let other = with(&scene, "CodeSha256", super::code_sha256(b"other"));
    let differing = audit_with(&scene, &[one, other], &[]);
    assert!(
        differing.code == Some(1) && differing.out().starts_with("not covered: 2 functions "),
        "{differing}"
    );
}
