//! Do AWS's own rules agree with what we export, and do we read what AWS's clients print?

mod iam;

use std::fs;

use serde_json::Value;

use crate::peers::peer::{self, Peer, printed, script, succeeded, told};
use crate::support::{Scene, text, write};

/// A scene whose policy has a bit of everything that can be exported.
fn scene() -> Scene {
    let scene = Scene::new();
    let aws = "arn:aws:signer:eu-west-1:123456789012:/signing-profiles/layers/a1b2c3d4e5";
    let id = &scene.csc_id();
    scene.run(&["profile", "create", "orders_release", "--validity", "90 days"]).done();
    scene.run(&["profile", "create", "old", "--validity", "1 year"]).done();
    scene.run(&["profile", "cancel", "old"]).done();
    scene.run(&["csc", "update", id, "--add-publisher", "orders_release", "--add-publisher", aws]).done();
    let tricky = "\u{1f512} \"quoted\" \\ : - # {x} %[a] ";
    scene
        .run(&["csc", "create", "--publisher", "release", "--untrusted", "Warn", "--description", tricky])
        .done();
    scene.run(&["function", "attach", "orders-*", "--csc", id, "--first"]);
    scene.seal();
    scene
}

const PRINCIPAL: &str = "ci@acme.example=arn:aws:iam::123456789012:role/ci";

#[test]
fn cfn_lint_agrees_with_every_template() {
    let Some(lint) = Peer::find("cfn-lint") else { return };
    let scene = scene();
    for (name, arguments) in [("plain", &[][..]), ("mapped", &["--principal", PRINCIPAL])] {
        let ran = scene.run(&[&["export", "cloudformation"], arguments].concat());
        let file = scene.path().join(format!("{name}.json"));
        write(&file, ran.done().out());
        let said = lint.ask(["--include-checks", "I", "--regions", "eu-west-1", "--", text(&file)]);
        assert!(succeeded(&said), "{name}: {}\n{}", told(&said), ran.out());
        // The judge is awake.
        write(&file, ran.out().replace("AWSLambda-SHA384-ECDSA", "Other"));
        assert!(!succeeded(&lint.ask(["--regions", "eu-west-1", "--", text(&file)])), "{name}");
    }
}

#[test]
fn botocore_takes_the_inputs_of_a_stack_set() {
    let Some(python) = Peer::python("botocore") else { return };
    let scene = scene();
    let account = ["--account", "123456789012"];
    let units = ["--ou", "ou-ab12-34cd56ef", "--ou", "r-ab12"];
    let more =
        ["--delegated-admin", "--failure-tolerance", "3", "--max-concurrent", "4", "--region", "us-east-1"];
    let url = ["--template-url", "https://acme.s3.amazonaws.com/template.json"];
    for targets in
        [&account[..], &units, &[account, ["--ou", "r-ab12"]].concat(), &[&units[..], &more, &url].concat()]
    {
        let common = ["export", "stackset", "--name", "signing", "--region", "eu-west-1", "--output", "out"];
        let ran = scene.run(&[&common[..], targets].concat());
        ran.done();
        let folder = scene.repository().join("out");
        let said = python.ask([&script("stackset_botocore.py"), text(&folder)]);
        assert!(succeeded(&said), "{targets:?}: {}", told(&said));
    }
    let file = scene.repository().join("out/create-stack-instances.json");
    write(&file, fs::read_to_string(&file).expect("a file").replace("\"Regions\"", "\"Region\""));
    assert!(!succeeded(
        &python.ask([&script("stackset_botocore.py"), text(&scene.repository().join("out"))])
    ));
}

/// What AWS sends comes in as botocore prints it.
#[test]
fn answers_that_botocore_prints_are_read() {
    let Some(python) = Peer::python("botocore") else { return };
    let scene = Scene::new();
    let answers = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cmd/aws");
    for (service, operation, name) in [
        ("lambda", "GetCodeSigningConfig", "get-code-signing-config"),
        ("lambda", "ListCodeSigningConfigs", "list-code-signing-configs"),
        ("signer", "GetSigningProfile", "get-signing-profile"),
        ("signer", "ListProfilePermissions", "list-profile-permissions"),
    ] {
        let given = format!("{answers}/{name}.json");
        let said = printed(&python.ask([&script("answer_botocore.py"), service, operation, &given]));
        let parsed: Value = serde_json::from_str(&said).expect("JSON");
        let original: Value = serde_json::from_slice(&fs::read(&given).expect("a file")).expect("JSON");
        // botocore drops what its model does not know: nothing here is made up.
        assert_eq!(parsed, original, "{name}");
        let file = scene.path().join(format!("{name}.json"));
        write(&file, said);
        scene.run(&["import", text(&file), "--profile", "release", "--dry-run"]).done();
    }
}

fn simulator() -> Option<(Peer, String)> {
    let folder = peer::installed("iam")?;
    Some((Peer::find("node")?, text(&folder).to_owned()))
}
