//! Is `hooks/pre-deploy` the gate, with nothing that lets a deploy pass by accident?

use std::process::Command;

use crate::gate::shop::Shop;
use crate::support::{Ran, text, write};

const HOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/hooks/pre-deploy");

/// The hook with these settings, where `countersign` is not on the `PATH`.
fn hook(shop: &Shop, settings: &[(&str, &str)], command: &[&str]) -> Command {
    let mut hook = shop.scene.command("sh");
    std::fs::create_dir_all(shop.temporary()).expect("a folder");
    hook.arg(HOOK).args(command).env("TMPDIR", shop.temporary());
    hook.env("COUNTERSIGN_PROGRAM", env!("CARGO_BIN_EXE_countersign")).envs(settings.iter().copied());
    hook
}

fn run(shop: &Shop, settings: &[(&str, &str)], command: &[&str]) -> Ran {
    let ran = Ran::of(&mut hook(shop, settings, command));
    shop.nothing_stays();
    ran
}

const FUNCTION: (&str, &str) = ("COUNTERSIGN_FUNCTION", "orders");

#[test]
fn a_command_runs_on_the_copies_with_its_words_as_they_are() {
    let shop = Shop::new();
    let layers = ("COUNTERSIGN_LAYERS", "base=dist/base.zip\n\n");
    let print = "for word do printf '<%s>' \"$word\"; done; cmp \"$1\" dist/orders.zip && cmp \"$2\" dist/base.zip && exit 5";
    let words = [
        "{artifact}",
        "{layer:base}",
        "",
        "a  b",
        "*",
        "$(touch ran)",
        "`touch ran`",
        "--",
        "-n",
        "c\nd",
        "'\"",
    ];
    for start in [&["sh", "-c", print, "sh"][..], &["--", "sh", "-c", print, "sh"]] {
        let ran = run(&shop, &[FUNCTION, layers], &[start, &words].concat());
        assert_eq!(ran.code, Some(5), "{ran}");
        let rest = "<><a  b><*><$(touch ran)><`touch ran`><--><-n><c\nd><'\">";
        assert!(ran.out().ends_with(rest), "{ran}");
    }
    shop.nothing_ran();
}

#[test]
fn without_a_command_it_verifies_alone() {
    let shop = Shop::new();
    assert!(run(&shop, &[FUNCTION], &[]).done().out().starts_with("allowed: dist/orders.zip as `orders`\n"));
    let other = [FUNCTION, ("COUNTERSIGN_ARTIFACT_FILE", "dist/base.zip")];
    assert_eq!(run(&shop, &other, &[]).code, Some(1));
    let manifest = [FUNCTION, ("COUNTERSIGN_MANIFEST_FILE", "dist/base.zip.sigstore.json")];
    assert_eq!(run(&shop, &manifest, &[]).code, Some(1));
    let report = [FUNCTION, ("COUNTERSIGN_REPORT_FILE", "out dir/verdict.json")];
    assert!(run(&shop, &report, &[]).done().out().starts_with("allowed: "));
    assert!(shop.file("out dir/verdict.json").exists());
}

#[test]
fn plans_are_settings_too() {
    let shop = Shop::new();
    let yaml =
        "Resources:\n  F: {Type: AWS::Serverless::Function, Properties: {CodeUri: ../dist/orders.zip}}\n";
    write(&shop.file("a plan/a.yaml"), yaml);
    write(&shop.file("a plan/b.yaml"), yaml);
    let plans = ("COUNTERSIGN_PLAN_FILES", "a plan/a.yaml\na plan/b.yaml");
    assert_eq!(run(&shop, &[plans], &[]).code, Some(1));
    let names = ("COUNTERSIGN_PLAN_NAMES", "F=orders\n");
    run(&shop, &[plans, names], &[]).done();
    let folders = ("COUNTERSIGN_MANIFEST_DIRS", "dist\nfunctions");
    run(&shop, &[plans, names, folders], &[]).done();
    let change =
        r#"{"actions": ["create"], "after": {"function_name": "orders", "filename": "../dist/orders.zip"}}"#;
    let json = format!(
        r#"{{"format_version": "1.2", "resource_changes": [{{"address": "f.y", "type": "aws_lambda_function", "change": {change}}}]}}"#
    );
    write(&shop.file("c.json"), json);
    let assets = ("COUNTERSIGN_ASSETS_DIR", "functions");
    let terraform = ("COUNTERSIGN_PLAN_FILES", "c.json");
    assert_eq!(run(&shop, &[terraform], &[]).code, Some(1));
    run(&shop, &[terraform, assets], &[]).done();
    run(&shop, &[plans, names, assets], &[]).undecided("`--assets` does not apply to the template");
    run(&shop, &[plans, names], &["touch", "ran"]).undecided("a plan cannot be combined with a command");
    run(&shop, &[plans, FUNCTION], &[]).undecided("are both set");
    shop.nothing_ran();
}

/// Whatever is missing, nothing runs and nothing passes.
#[test]
fn what_is_missing_fails_closed() {
    let shop = Shop::new();
    let touch = ["touch", "ran", "{artifact}"];
    for command in [&touch[..], &[]] {
        for (settings, words) in [
            (&[][..], "COUNTERSIGN_FUNCTION and COUNTERSIGN_PLAN_FILES are not set"),
            (&[("COUNTERSIGN_FUNCTION", "")], "COUNTERSIGN_FUNCTION and COUNTERSIGN_PLAN_FILES are not set"),
            (
                &[FUNCTION, ("COUNTERSIGN_PROGRAM", "no-such-program")],
                "the program `no-such-program` does not exist",
            ),
            (
                &[FUNCTION, ("COUNTERSIGN_PROGRAM", "/no/countersign")],
                "the program `/no/countersign` does not exist",
            ),
            (&[FUNCTION, ("COUNTERSIGN_ARTIFACT_FILE", "none.zip")], "none.zip"),
            (&[FUNCTION, ("COUNTERSIGN_LAYERS", "base")], "NAME=FILE"),
            (&[FUNCTION, ("COUNTERSIGN_POLICY", "none")], "no policy"),
            (&[FUNCTION, ("COUNTERSIGN_ROOT", "SHA384:x")], "SHA384:x"),
            (&[("COUNTERSIGN_FUNCTION", "$(touch ran)")], "function"),
        ] {
            run(&shop, settings, command).undecided(words);
        }
        // No program by its own name either, and a crash of it.
        let mut absent = hook(&shop, &[FUNCTION], command);
        Ran::of(absent.env_remove("COUNTERSIGN_PROGRAM").env("PATH", "/usr/bin:/bin"))
            .undecided("the program `countersign` does not exist");
        let crash = run(&shop, &[FUNCTION, ("RUST_MIN_STACK", "140737488355328")], command);
        assert!(!matches!(crash.code, Some(0 | 1)), "{crash}");
    }
    shop.nothing_ran();
    let killed = shop.scene.path().join("killed");
    write(&killed, "#!/bin/sh\nkill -9 $$\n");
    std::fs::set_permissions(&killed, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("permissions");
    let ran = run(&shop, &[FUNCTION, ("COUNTERSIGN_PROGRAM", text(&killed))], &touch);
    assert_ne!(ran.code, Some(0), "{ran}");
    shop.nothing_ran();
}

/// The script is plain sh: every shell here that can be plain sh runs it.
#[test]
fn it_is_plain_sh() {
    let shop = Shop::new();
    let settings = [FUNCTION, ("COUNTERSIGN_LAYERS", "base=dist/base.zip")];
    for (shell, options) in [("dash", &["-eu"][..]), ("bash", &["--posix", "-eu"]), ("busybox", &["sh"])] {
        let Ok(found) = Command::new(shell).args(options).args(["-c", "exit 0"]).output() else { continue };
        assert!(found.status.success());
        let mut command = shop.scene.command(shell);
        command
            .args(options)
            .arg(HOOK)
            .args(["sh", "-c", "cmp \"$1\" dist/orders.zip", "sh", "{artifact}"])
            .envs(settings);
        let ran = Ran::of(command.env("COUNTERSIGN_PROGRAM", env!("CARGO_BIN_EXE_countersign")));
        ran.done();
    }
}
