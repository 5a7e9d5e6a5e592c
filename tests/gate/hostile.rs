//! What can a plan do to whoever judges it?

use std::fmt::Write;
use std::fs;

use crate::shop::Shop;
use crate::support::{Ran, write};

/// Ten thousand functions are named, each of them, in reasonable time and memory.
#[test]
fn many_functions_are_all_named() {
    let shop = Shop::new();
    let mut plan = "Resources:\n".to_owned();
    for n in 0..10_000 {
        let _ = writeln!(
            plan,
            "  F{n}: {{Type: AWS::Lambda::Function, Properties: {{FunctionName: orders, Code: none-{n}.zip}}}}"
        );
    }
    write(&shop.file("plan.yaml"), plan);
    let ran = Ran::within_a_minute(shop.gate().args(["--plan", "plan.yaml", "--format", "json"]));
    assert_eq!(ran.code, Some(1), "{}", ran.err());
    assert_eq!(ran.out().matches("\"plan-file-missing\"").count(), 10_000);
}

/// rekor CVE-2023-33199, cosign CVE-2024-29902: malformed and huge inputs end in an error, quickly.
#[test]
fn bombs_and_depths_are_errors() {
    let shop = Shop::new();
    let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..15 {
        let _ = writeln!(laughs, "a{level}: &a{level} [{}]", vec![format!("*a{}", level - 1); 10].join(", "));
    }
    let nested = |open: &str| open.repeat(200_000);
    for (name, plan) in [
        ("aliases", format!("{laughs}Resources: {{}}\n")),
        ("lists", nested("[")),
        ("objects", nested("{\"a\":")),
        ("YAML lists", format!("Resources: {}", nested("["))),
        ("YAML blocks", format!("Resources:\n {}", nested("- "))),
        ("YAML keys", format!("Resources:\n {}", nested("? "))),
        ("YAML objects", format!("Resources: {}", nested("{a: "))),
        ("YAML anchors", format!("Resources: {}", nested("&a "))),
        ("YAML tags", format!("Resources: {}", nested("!a "))),
        (
            "a module in a module",
            format!(
                r#"{{"format_version": "1.2", "planned_values": {{"root_module": {}"#,
                nested("{\"child_modules\": [")
            ),
        ),
    ] {
        write(&shop.file("plan"), plan);
        let ran = Ran::within_a_minute(shop.gate().args(["--plan", "plan", "--allow-empty"]));
        assert_eq!(ran.code, Some(2), "{name}: {ran}");
        assert!(ran.err().starts_with("error: cannot read `plan`"), "{name}: {ran}");
    }
    let file = fs::File::create(shop.file("plan")).expect("a file");
    file.set_len(10 << 30).expect("a sparse file");
    let ran = Ran::within_a_minute(shop.gate().args(["--plan", "plan"]));
    assert!(ran.undecided("is larger than").code == Some(2));
}

/// gh CVE-2026-45803: whatever a plan names, a terminal and a log obey none of it.
#[test]
fn escapes_in_addresses_names_and_paths_are_shown_as_such() {
    let shop = Shop::new();
    let bad = r"\u001b[2J\u202e\r::set-output name=x::y";
    let yaml = format!(
        "Resources:\n  \"a{bad}\":\n    Type: AWS::Lambda::Function\n    Properties: {{FunctionName: \"{bad}\", Code: \"{bad}\"}}\n  \
        b:\n    Type: AWS::Lambda::Function\n    Properties: {{FunctionName: orders, Code: \"{bad}\"}}\n"
    )
    .replace(r"\u001b", r"\e");
    let json = format!(
        r#"{{"format_version": "1.2", "resource_changes": [{{"address": "{bad}", "type": "aws_lambda_function", "change":
        {{"actions": ["create"], "after": {{"function_name": "orders", "filename": "{bad}", "source_code_hash": "{bad}"}}}}}}]}}"#
    );
    let opaque =
        format!(r#"{{"Transform": "{bad}", "Resources": {{"{bad}": {{"Type": "{bad}::MODULE"}}}}}}"#);
    let twice = format!(r#"{{"{bad}": 1, "{bad}": 2}}"#);
    for (plan, code) in [(yaml, 1), (json, 1), (opaque, 1), (twice, 2)] {
        write(&shop.file("plan"), &plan);
        for format in ["text", "json"] {
            let ran = shop.run(&["--plan", "plan", "--format", format, "--map", "\u{1b}[2J=x"]);
            assert_eq!(ran.code, Some(code), "{plan}: {ran}");
            for text in [ran.out(), ran.err()] {
                assert!(!text.contains(['\u{1b}', '\u{202e}', '\r']), "{plan}: {text:?}");
                assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{plan}: {text:?}");
            }
        }
    }
}

/// A plan may name any file of the machine; nothing of what is in it is shown.
#[test]
fn files_outside_are_read_and_their_content_is_not_shown() {
    let shop = Shop::new();
    write(&shop.scene.path().join("secret"), "a secret that nobody is shown");
    write(
        &shop.file("plan.yaml"),
        "Resources:\n  F: {Type: AWS::Lambda::Function, Properties: {FunctionName: orders, Code: ../secret}}\n",
    );
    let ran = shop.run(&["--plan", "plan.yaml", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.out().contains("manifest-missing"), "{ran}");
    // With a manifest beside it, it is not the signed artifact, and no more is said.
    let manifest = shop.scene.path().join("secret.sigstore.json");
    fs::copy(shop.file("dist/orders.zip.sigstore.json"), manifest).expect("a copy");
    let ran = shop.run(&["--plan", "plan.yaml", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.out().contains("digest-mismatch") && !ran.out().contains("nobody is shown"), "{ran}");
}

/// gitsign CVE-2026-44310: a panic was swallowed, and the process exited 0.
#[test]
fn a_panic_runs_nothing_and_is_no_yes() {
    let shop = Shop::new();
    let arguments = ["--function", "orders", "--", "touch", "ran", "{artifact}"];
    let ran = Ran::of(shop.gate().args(arguments).env("RUST_MIN_STACK", (1u64 << 47).to_string()));
    assert!(!matches!(ran.code, Some(0 | 1)), "{ran}");
    shop.nothing_ran();
    shop.nothing_stays();
}
