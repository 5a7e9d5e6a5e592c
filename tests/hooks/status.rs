//! Does `hooks status` tell how the hook is in, and whether it would run?

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::hooks::yard::{Yard, put};

fn json(yard: &Yard, code: i32) -> Value {
    let ran = yard.hooks(&["status", "--format", "json"]);
    assert_eq!(ran.code, Some(code), "{ran}");
    let document: Value = serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("no JSON: {ran}"));
    assert_eq!(document["schema_version"], 1);
    document["hooks"][0].clone()
}

#[test]
fn a_hook_that_would_run_is_told_with_what_runs_before_it() {
    let yard = Yard::new();
    let ran = yard.hooks(&["status"]);
    assert_eq!((ran.code, ran.out().as_str()), (Some(1), "pre-push: not installed\n"), "{ran}");
    assert_eq!(json(&yard, 1)["installed"], Value::Null);
    yard.program("clone/.git/hooks/pre-push", "exit 0");
    yard.install();
    let ran = yard.hooks(&["status"]);
    let version = env!("CARGO_PKG_VERSION");
    let program = yard.path("bin/countersign");
    assert_eq!(
        ran.done().out(),
        format!(
            "pre-push: installed as script .git/hooks/pre-push, version {version}\n  before   .git/hooks/pre-push.legacy\n  runs     {}\n  amend    git drops manifests; to keep them: `git config --add notes.rewriteRef refs/notes/countersign`\n",
            program.display()
        )
    );
    let hook = json(&yard, 0);
    assert_eq!(
        (&hook["installed"], &hook["runs"], &hook["current"]),
        (&"script".into(), &true.into(), &true.into())
    );
    assert_eq!(hook["before"][0], ".git/hooks/pre-push.legacy");
    // The other hook is shown if it is in, and decides nothing.
    yard.hooks(&["install", "--script", "pre-receive"]).done();
    assert_eq!(yard.hooks(&["status"]).done().out().matches(": installed as ").count(), 2);
    yard.hooks(&["uninstall"]).done();
    assert_eq!(yard.hooks(&["status"]).code, Some(1));
    yard.hooks(&["status", "pre-receive"]).done();
}

#[test]
fn whatever_keeps_it_from_running_is_told() {
    type Break<'a> = &'a dyn Fn(&Yard);
    let cases: &[(&str, Break)] = &[
        ("git runs the hooks in `.husky/_` instead", &|yard| {
            drop(yard.git(&["config", "core.hooksPath", ".husky/_"]))
        }),
        ("`.git/hooks/pre-push` is not executable", &|yard| {
            fs::set_permissions(yard.hook("pre-push"), fs::Permissions::from_mode(0o644)).expect("a mode");
        }),
        ("it differs from what countersign wrote", &|yard| {
            let text = fs::read_to_string(yard.hook("pre-push")).expect("it is there");
            put(&yard.hook("pre-push"), &text.replace("hook=pre-push", "exit 0"), 0o755);
        }),
        ("the program `countersign` is missing", &|yard| {
            fs::remove_file(yard.path("bin/countersign")).expect("it was there")
        }),
        ("the program `countersign` is missing", &|yard| {
            drop(yard.git(&["config", "countersign.program", "countersign"]))
        }),
    ];
    for (words, break_it) in cases {
        let yard = Yard::new();
        yard.install();
        assert_eq!(json(&yard, 0)["runs"], true);
        break_it(&yard);
        let hook = json(&yard, 1);
        assert_eq!(hook["runs"], false, "{words}");
        assert_eq!(hook["obstacles"], serde_json::json!([words]));
        let ran = yard.hooks(&["status"]);
        assert!(ran.out().contains(&format!("  does not {words}\n")), "{words}: {ran}");
    }
}

#[test]
fn another_version_is_told() {
    let yard = Yard::new();
    yard.install();
    let text = fs::read_to_string(yard.hook("pre-push")).expect("it is there");
    put(&yard.hook("pre-push"), &text.replacen(env!("CARGO_PKG_VERSION"), "0.0.9", 1), 0o755);
    let hook = json(&yard, 0);
    assert_eq!((&hook["version"], &hook["current"]), (&"0.0.9".into(), &false.into()));
}
