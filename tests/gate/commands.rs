//! Which commands run, on what, and how do they end?

use std::fs;

use serde_json::Value;

use crate::gate::shop::Shop;
use crate::support::{Mode, Ran, read, write};

const TOUCH: [&str; 6] = ["--", "sh", "-c", "touch ran", "sh", "{artifact}"];

fn with<'a>(options: &[&'a str], command: &[&'a str]) -> Vec<&'a str> {
    [options, command].concat()
}

#[test]
fn the_command_finds_the_copies_and_has_standard_output_to_itself() {
    let shop = Shop::new();
    let script = "cmp \"$1\" dist/orders.zip && cmp \"$2\" dist/orders.zip.sigstore.json && cmp \"$3\" dist/base.zip &&
        test \"$1\" = \"$COUNTERSIGN_ARTIFACT\" && test \"$2\" = \"$COUNTERSIGN_MANIFEST\" && basename \"$1\" \"$3\" && cat";
    let arguments = ["sh", "-c", script, "sh", "{artifact}", "{manifest}", "{layer:base}"];
    let ran = shop.run(&with(&["--function", "orders", "--layer", "base=dist/base.zip", "--"], &arguments));
    assert_eq!(ran.done().out(), "orders.zip\n", "{ran}");
    let err = ran.err();
    assert!(err.starts_with("allowed: dist/orders.zip as `orders`\n"), "{ran}");
    assert!(err.contains("allowed: dist/base.zip as `base`\n"), "{ran}");
    // A script finds the copy by itself, if its caller says so.
    let ran = shop.run(&[
        "--function",
        "orders",
        "--env",
        "--",
        "sh",
        "-c",
        "cmp $COUNTERSIGN_ARTIFACT dist/orders.zip",
    ]);
    ran.done();
}

/// A deploy runs what a build brought along: it must not find the keys that signed it.
#[test]
fn the_command_gets_no_key_and_no_passphrase() {
    let shop = Shop::new();
    shop.scene.git(&["config", "countersign.key", "env:OTHER_KEY"]);
    let run = |key: &str| {
        let mut gate = shop.gate();
        gate.env("COUNTERSIGN_PASSPHRASE", "a secret of ours").env("COUNTERSIGN_KEY", key);
        gate.env("RELEASE_KEY", "a secret of ours")
            .env("OTHER_KEY", "a secret of ours")
            .env("REGION", "kept");
        gate.env("COUNTERSIGN_POLICY", "../policy");
        Ran::of(gate.args(["--function", "orders", "--", "sh", "-c", "env", "sh", "{artifact}"]))
    };
    for key in ["env:RELEASE_KEY", "a secret of ours"] {
        let ran = run(key);
        let out = ran.done().out();
        assert!(!out.contains("a secret of ours") || key == "a secret of ours", "{out}");
        for name in ["COUNTERSIGN_PASSPHRASE", "COUNTERSIGN_KEY", "OTHER_KEY"] {
            assert!(!out.lines().any(|line| line.starts_with(&format!("{name}="))), "{name}: {out}");
        }
        for name in ["REGION=kept", "COUNTERSIGN_POLICY=../policy", "COUNTERSIGN_ARTIFACT=", "PATH="] {
            assert!(out.lines().any(|line| line.starts_with(name)), "{name}: {out}");
        }
    }
}

#[test]
fn a_folder_for_copies_that_cannot_be_written_is_named() {
    let shop = Shop::new();
    let missing = shop.scene.path().join("missing");
    let mut gate = shop.gate();
    let ran =
        Ran::of(gate.env("TMPDIR", &missing).args(["--function", "orders", "--", "true", "{artifact}"]));
    ran.undecided(&format!("cannot create a temporary folder in `{}`", missing.display()));
    assert!(ran.err().contains("hint: set TMPDIR to a folder that you can write to"), "{ran}");
}

#[test]
fn the_exit_status_is_the_commands() {
    let shop = Shop::new();
    for (script, code) in [
        ("exit 0", 0),
        ("exit 1", 1),
        ("exit 3", 3),
        ("exit 255", 255),
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
        ("kill -INT $$", 130),
    ] {
        let ran = shop.script(script);
        assert_eq!(ran.code, Some(code), "{script}: {ran}");
    }
}

#[test]
fn nothing_runs_that_was_not_admitted() {
    let shop = Shop::new();
    shop.run(&with(&["--function", "orders"], &TOUCH)).done();
    fs::remove_file(shop.file("ran")).expect("the command ran");
    let good = read(&shop.file("dist/orders.zip"));
    // Another function, and one that no CSC governs.
    assert_eq!(
        shop.run(&with(&["--function", "billing", "--artifact", "dist/orders.zip"], &TOUCH)).code,
        Some(1)
    );
    write(&shop.file("dist/orders.zip"), [&good[..], b"x"].concat());
    assert_eq!(shop.run(&with(&["--function", "orders"], &TOUCH)).code, Some(1));
    write(&shop.file("dist/orders.zip"), &good);
    fs::rename(shop.file("dist/orders.zip.sigstore.json"), shop.file("aside")).expect("renamed");
    assert_eq!(shop.run(&with(&["--function", "orders"], &TOUCH)).code, Some(1));
    // A manifest that is named is taken, and one that is not there is an error.
    shop.run(&with(&["--function", "orders", "--manifest", "none"], &TOUCH)).undecided("none");
    shop.nothing_ran();
    shop.run(&with(&["--function", "orders", "--manifest", "aside"], &TOUCH)).done();
    fs::remove_file(shop.file("ran")).expect("the command ran");
    fs::rename(shop.file("aside"), shop.file("dist/orders.zip.sigstore.json")).expect("renamed");
    // An unsealed policy, and none.
    shop.scene.append("functions.toml", "# more");
    shop.run(&with(&["--function", "orders"], &TOUCH)).undecided("unsealed");
    fs::remove_dir_all(shop.scene.policy()).expect("it was there");
    shop.run(&with(&["--function", "orders"], &TOUCH)).undecided("no policy");
    shop.nothing_ran();
}

#[test]
fn what_is_warned_about_runs_with_the_warning_shown() {
    let shop = Shop::of(Mode::Warn);
    fs::remove_file(shop.file("dist/orders.zip.sigstore.json")).expect("it was there");
    // A manifest of somebody else's is not taken over from the environment.
    let script = "test -z \"${COUNTERSIGN_MANIFEST+set}\"";
    let mut command = shop.gate();
    command.env("COUNTERSIGN_MANIFEST", "other");
    let ran = Ran::of(command.args(["--function", "orders", "--", "sh", "-c", script, "sh", "{artifact}"]));
    assert!(ran.done().err().starts_with("warned (mismatch): dist/orders.zip as `orders`\n"), "{ran}");
    let ran = shop.run(&["--function", "orders", "--", "touch", "ran", "{artifact}", "{manifest}"]);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.err().contains("`dist/orders.zip` has no manifest"), "{ran}");
    shop.nothing_ran();
    // Integrity stops in Warn too.
    let shop = Shop::of(Mode::Warn);
    write(&shop.file("dist/orders.zip"), "x");
    assert_eq!(shop.run(&with(&["--function", "orders"], &TOUCH)).code, Some(1));
    shop.nothing_ran();
}

#[test]
fn a_command_that_would_not_deploy_the_copy_is_refused() {
    let shop = Shop::new();
    for (command, words) in [
        (&["touch", "ran"][..], "the command has no `{artifact}`"),
        (&["touch", "ran", "{manifest}"], "the command has no `{artifact}`"),
        (&["touch", "ran", "{artefact}"], "`{artefact}` is not a placeholder"),
        (&["touch", "ran", "{artifact}", "{layer:base}"], "`{layer:base}` names a layer that was not passed"),
        (&["cp", "dist/orders.zip", "ran", "{artifact}"], "is the original"),
        (&["cp", "fileb://functions/../dist/orders.zip", "{artifact}"], "is the original"),
        (&[], "no command to run"),
        (&["no-such-program", "{artifact}"], "cannot run `no-such-program`"),
    ] {
        let ran = shop.run(&with(&["--function", "orders", "--"], command));
        ran.undecided(words);
        assert!(ran.err().contains("\nhint: "), "{ran}");
    }
    shop.run(&["--function", "orders", "--env", "--", "cp", "dist/orders.zip", "ran"])
        .undecided("is the original");
    shop.nothing_ran();
}

#[test]
fn a_dry_run_verifies_and_says_what_would_run() {
    let shop = Shop::new();
    let ran = shop.run(&with(&["--function", "orders", "--format", "json", "--dry-run"], &TOUCH));
    ran.allowed();
    assert_eq!(ran.err(), "note: would run: sh -c 'touch ran' sh {artifact}\n");
    shop.run(&["--function", "orders", "--format", "json", "--dry-run"]).allowed();
    write(&shop.file("dist/orders.zip"), "x");
    let ran = shop.run(&with(&["--function", "orders", "--format", "json", "--dry-run"], &TOUCH));
    ran.denied("integrity", "digest-mismatch");
    assert!(ran.err().contains("note: would not run: "), "{ran}");
    shop.nothing_ran();
}

#[test]
fn a_report_has_a_file_that_is_there_before_the_command() {
    let shop = Shop::new();
    let json = ["--function", "orders", "--format", "json"];
    shop.run(&with(&json, &TOUCH)).undecided("the verdict cannot go to standard output");
    shop.nothing_ran();
    let named = ["--function", "orders"];
    let report = with(&named, &["--report", "json=out/verdict.json"]);
    let script = "grep -q '\"decision\": \"allowed\"' out/verdict.json; exit $(($? + 7))";
    let ran = shop.run(&with(&report, &["--", "sh", "-c", script, "sh", "{artifact}"]));
    assert_eq!(ran.code, Some(7), "{ran}");
    assert!(ran.err().starts_with("allowed: "), "{ran}");
    // Where it cannot be written, nothing runs.
    write(&shop.file("file"), "");
    let ran = shop.run(&with(&with(&named, &["--report", "json=file/verdict.json"]), &TOUCH));
    ran.undecided("is not a folder");
    shop.nothing_ran();
    write(&shop.file("dist/orders.zip"), "x");
    assert_eq!(shop.run(&with(&report, &TOUCH)).code, Some(1));
    let document: Value = serde_json::from_slice(&read(&shop.file("out/verdict.json"))).expect("JSON");
    assert_eq!(document["decision"], "denied");
}

/// go-witness CVE-2025-62375: an inner document's signature was present, but not checked.
#[test]
fn a_layers_manifest_is_verified_and_not_just_found() {
    for mode in Mode::BOTH {
        let code = |mode| if mode == Mode::Enforce { 1 } else { 0 };
        let ask =
            |shop: &Shop| shop.run(&with(&["--function", "orders", "--layer", "base=dist/base.zip"], &TOUCH));
        let shop = Shop::of(mode);
        ask(&shop).done();
        // The manifest of the function: another artifact's, and so not this one's.
        fs::copy(shop.file("dist/orders.zip.sigstore.json"), shop.file("dist/base.zip.sigstore.json"))
            .expect("a copy");
        let ran = ask(&shop);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(
            ran.err().contains("allowed: dist/orders.zip")
                && ran.err().contains("denied (integrity): dist/base.zip"),
            "{ran}"
        );

        // A layer without a manifest is an unsigned layer, and a signed function is no layer.
        let shop = Shop::of(mode);
        fs::remove_file(shop.file("dist/base.zip.sigstore.json")).expect("it was there");
        assert_eq!(ask(&shop).code, Some(code(mode)));
        let ran = shop.run(&with(&["--function", "orders", "--layer", "base=dist/orders.zip"], &TOUCH));
        assert_eq!(ran.code, Some(code(mode)), "{ran}");
        assert!(ran.err().contains("signed as function `orders`, not as layer `base`"), "{ran}");

        // A corrupt layer stops the deploy in either mode.
        let shop = Shop::of(mode);
        write(&shop.file("dist/base.zip"), [&read(&shop.file("dist/base.zip"))[..], b"x"].concat());
        let ran = ask(&shop);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(ran.err().contains("bytes-after"), "every finding is listed: {ran}");
        shop.nothing_ran();
    }
}

#[test]
fn layers_keep_to_the_limits() {
    let shop = Shop::new();
    let layers: Vec<String> = (0..6).map(|n| format!("--layer=l{n}=dist/base.zip")).collect();
    let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
    shop.run(&with(&with(&["--function", "orders"], &layers), &TOUCH))
        .undecided("6 layers, over AWS Lambda's limit of 5");
    let twice = ["--function", "orders", "--layer", "base=dist/base.zip", "--layer", "base=dist/base.zip"];
    shop.run(&with(&twice, &TOUCH)).undecided("layer `base` is passed twice");
    for layer in ["base", "../x=dist/base.zip", "=dist/base.zip"] {
        shop.run(&with(&["--function", "orders", "--layer", layer], &TOUCH)).undecided("--layer");
    }
    shop.run(&with(&["--function", "orders", "--layer", "base=none.zip"], &TOUCH)).undecided("none.zip");
    shop.nothing_ran();
    // Together they may not unpack to more than AWS takes.
    shop.scene.restate(|statement| statement["predicate"]["files"][0]["size"] = 262_144_000.into());
    let ran = shop.run(&with(&["--function", "orders", "--layer", "base=dist/base.zip"], &TOUCH));
    ran.is_no();
    assert!(ran.err().contains("layers-unzipped-size: 262144009 bytes unzipped with its layers"), "{ran}");
    shop.nothing_ran();
}
