//! What can a plan do to whoever judges it?

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64ct::Encoding;
use sha2::Digest;

use crate::gate::shop::Shop;
use crate::support::{Mode, Ran, read, write};

/// Five thousand functions are named, each of them, in reasonable time and memory; more are refused.
#[test]
fn many_functions_are_all_named() {
    let shop = Shop::new();
    let mut plan = "Resources:\n".to_owned();
    for n in 0..5_000 {
        let _ = writeln!(
            plan,
            "  F{n}: {{Type: AWS::Lambda::Function, Properties: {{FunctionName: orders, Code: none-{n}.zip}}}}"
        );
    }
    write(&shop.file("plan.yaml"), &plan);
    let ran = Ran::within_a_minute(shop.gate().args(["--plan", "plan.yaml", "--format", "json"]));
    assert_eq!(ran.code, Some(1), "{}", ran.err());
    assert_eq!(ran.out().matches("\"plan-file-missing\"").count(), 5_000);
    write(&shop.file("plan.yaml"), plan + "  F: {Type: AWS::Lambda::Function}\n");
    let ran = Ran::within_a_minute(shop.gate().args(["--plan", "plan.yaml"]));
    assert!(ran.undecided("more than 5000 functions").code == Some(2));
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

/// A plan takes at most 64 MB and four times its size, whatever it contains; a refusal is not a crash.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_bounded_by_the_size_of_the_plan() {
    let shop = Shop::new();
    let list = |item: &str, bytes: usize| format!("[{}0]", item.repeat(bytes / item.len()));
    let numbered = |bytes: usize, each: fn(usize) -> String| {
        let mut text = String::new();
        for n in 0.. {
            if text.len() > bytes {
                break;
            }
            text.push_str(&each(n));
        }
        text
    };
    let (json, yaml) = (4 << 20, 1 << 20);
    let change = r#"{"address":"a","mode":"data","type":"a","change":{"actions":["no-op"],"before":null,"after":{"arn":"x"}}},"#;
    for (name, plan, code) in [
        ("numbers", list("0,", json), 2),
        ("fractions", list("1.5,", json), 2),
        ("empty objects", list("{},", json), 2),
        ("small objects", list("{\"a\":0},", json), 2),
        ("lists in lists", list("[[[[[]]]]],", json), 2),
        ("keys", format!("{{{}\"\":0}}", numbered(json, |n| format!("\"{n}\":0,"))), 2),
        ("texts", format!("[{}0]", numbered(json, |n| format!("\"{n}\","))), 2),
        ("a text of escapes", format!("[\"{}\"]", "\\n".repeat(json / 2)), 2),
        ("a key of escapes", format!("{{\"{}\":0}}", "\\n".repeat(json / 2)), 2),
        ("deep objects", "{\"a\":".repeat(60_000), 2),
        (
            "changes",
            format!(
                r#"{{"format_version":"1.2","resource_changes":[{}]}}"#,
                change.repeat(json / change.len()).trim_end_matches(',')
            ),
            1,
        ),
        (
            "functions",
            format!(
                r#"{{"format_version":"1.2","resource_changes":[{}{{}}]}}"#,
                numbered(json, |n| format!(
                    r#"{{"address":"a{n}","type":"aws_lambda_function","change":{{"actions":["create"]}}}},"#
                ))
            ),
            2,
        ),
        ("YAML items", "- 0\n".repeat(yaml / 4), 2),
        ("YAML items without a value", "-\n".repeat(yaml / 2), 2),
        ("YAML keys without a value", numbered(yaml, |n| format!("{n:x}k:\n")), 2),
        ("YAML lists in lists", "- - - - - -\n".repeat(yaml / 12), 2),
        ("YAML keys", numbered(yaml, |n| format!("k{n}: 0\n")), 2),
        ("YAML numbers", "- 0x1\n".repeat(yaml / 6), 2),
        ("YAML anchors", numbered(yaml, |n| format!("- &a{n} b\n")), 2),
        ("YAML tags", "- !a b\n".repeat(yaml / 7), 2),
        ("YAML brackets", format!("a: {}", list("0,", yaml)), 2),
        ("YAML objects in brackets", format!("a: {}", list("{a: {a: b}},", 390_000)), 2),
        ("YAML escapes", format!("a: \"{}\"", "\\n".repeat(yaml / 2)), 2),
        ("YAML lines", format!("a: x{}", "\n x".repeat(yaml / 3)), 2),
        ("YAML block", format!("a: >\n{}", "  x\n\n".repeat(yaml / 5)), 2),
        ("YAML deep objects", format!("a: {}", "{b: ".repeat(60_000)), 2),
        ("YAML deep lists", "- ".repeat(60_000), 2),
    ] {
        write(&shop.file("plan"), &plan);
        let limit = (64 << 10) + 4 * plan.len().div_ceil(1024);
        let line = format!("ulimit -d {limit} && exec \"$0\" gate --plan plan");
        let mut limited = shop.scene.command("sh");
        let ran = Ran::within_a_minute(limited.args(["-c", &line, env!("CARGO_BIN_EXE_countersign")]));
        assert_eq!(ran.code, Some(code), "{name}: {limit} kB: {ran}");
    }
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

/// With `git config include.path ../.gitconfig`, which is common, a commit would set the root.
#[test]
fn no_included_file_of_the_work_tree_sets_the_root() {
    let shop = Shop::new();
    let root = shop.scene.git(&["config", "countersign.root"]);
    write(&shop.file(".gitconfig"), format!("[countersign]\n\troot = {root}\n"));
    shop.run(&["--function", "orders", "--dry-run"]).done();
    shop.scene.git(&["config", "include.path", "../.gitconfig"]);
    let ran = shop.run(&["--function", "orders", "--dry-run"]);
    let file = shop.file(".git/../.gitconfig");
    ran.undecided(&format!(
        "cannot use `git config countersign.root`: git's configuration includes `{}`, which is in the work tree",
        file.display()
    ));
    assert!(ran.err().contains("hint: remove the include"), "{ran}");
    // An include that sets nothing of countersign changes nothing.
    write(&shop.file(".gitconfig"), "[alias]\n\tx = y\n");
    shop.run(&["--function", "orders", "--dry-run"]).done();
}

#[test]
fn refuses_a_folder_for_copies_in_which_other_users_can_rename() {
    let shop = Shop::new();
    let open = shop.scene.path().join("open");
    fs::create_dir(&open).expect("a folder");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("a mode");
    let mut gate = shop.gate();
    gate.env("TMPDIR", &open).args(["--function", "orders", "--", "touch", "ran", "{artifact}"]);
    let ran = Ran::of(&mut gate);
    let open = open.display();
    ran.undecided(&format!("cannot use `{open}` for temporary files: other users can rename files in `"));
    assert!(ran.err().contains("hint: set TMPDIR to a folder that only you can write to"), "{ran}");
    shop.nothing_ran();
}

#[test]
fn a_report_replaces_no_device_and_no_pipe() {
    let shop = Shop::new();
    let pipe = shop.file("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).expect("a pipe");
    let ran = shop.run(&["--function", "orders", "--dry-run", "--report", "json=pipe"]);
    ran.undecided("cannot write `pipe`: it exists and is not a regular file");
    assert!(ran.err().contains("hint: pass the path of a regular file"), "{ran}");
    assert!(!pipe.symlink_metadata().expect("it stays").is_file());
}

#[test]
fn a_package_path_through_a_link_is_named_with_where_it_leads() {
    let shop = Shop::new();
    let elsewhere = shop.scene.path().join("elsewhere");
    write(&elsewhere.join("x.py"), "x");
    std::os::unix::fs::symlink(&elsewhere, shop.file("link")).expect("a link");
    shop.scene.shell("sed -i 's,functions/orders,link,' countersign.toml").done();
    let ran = shop.scene.run(&["package"]);
    let to = elsewhere.display();
    ran.undecided(&format!("cannot package `link`: the link `link` leads to `{to}`"));
}

/// A manifest that anyone can write, by a key that no policy knows, is no way around an integrity failure.
#[test]
fn warn_stops_what_a_forged_manifest_describes_whatever_is_next_to_it() {
    let shop = Shop::of(Mode::Warn);
    let changed = [&read(&shop.file("dist/orders.zip"))[..], b"changed"].concat();
    write(&shop.file("dist/changed.zip"), &changed);
    let plan = "Resources:\n  F: {Type: AWS::Lambda::Function, Properties: {FunctionName: orders, Code: dist/changed.zip}}\n";
    write(&shop.file("plan.yaml"), plan);
    let ask = || shop.run(&["--plan", "plan.yaml", "--manifests", "shelf"]);
    let hex =
        sha2::Sha256::digest(&changed).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let mut statement = shop.scene.statement();
    statement["subject"][0]["digest"]["sha256"] = hex.into();
    let mut manifest = shop.scene.bundle();
    let payload = statement.to_string();
    manifest["dsseEnvelope"]["payload"] = base64ct::Base64::encode_string(payload.as_bytes()).into();
    let forged = manifest.to_string();
    let unknown = format!("SHA256:{}", "A".repeat(43));
    manifest["dsseEnvelope"]["signatures"][0]["keyid"] = unknown.clone().into();
    manifest["verificationMaterial"]["publicKey"]["hint"] = unknown.into();
    write(&shop.file("shelf/b.sigstore.json"), manifest.to_string());
    assert_eq!(ask().code, Some(0), "an unknown key is a warning: {}", ask());
    for name in ["a", "c"] {
        let path = shop.file(&format!("shelf/{name}.sigstore.json"));
        write(&path, &forged);
        let ran = ask();
        ran.is_no();
        assert!(ran.out().starts_with("denied (integrity): plan.yaml: F"), "{ran}");
        fs::remove_file(path).expect("it was there");
    }
}
