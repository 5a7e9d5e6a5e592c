//! Do AWS's answers come in as they are, once, and is what cannot be carried refused before anything is written?

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{Ran, Scene, contents, read, text, write};

const ACCOUNT: &str = "123456789012";

fn answer(name: &str) -> Value {
    let path = format!("{}/tests/cmd/aws/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

/// Puts answers beside the policy, and imports them.
fn import(scene: &Scene, answers: &[&Value], arguments: &[&str]) -> Ran {
    let put = |(number, answer): (usize, &&Value)| {
        let path = scene.path().join(format!("answer{number}.json"));
        write(&path, answer.to_string());
        path
    };
    let files: Vec<PathBuf> = answers.iter().enumerate().map(put).collect();
    let files: Vec<&str> = files.iter().map(|path| text(path)).collect();
    scene.run(&[&["import"], &files[..], arguments].concat())
}

/// What was printed, without the instants: two runs may see two seconds.
fn untimed(text: &str) -> String {
    let word =
        |word: &str| if word.trim_end_matches(',').ends_with('Z') { "TIME".into() } else { word.to_owned() };
    text.lines().map(|line| line.split(' ').map(word).collect::<Vec<_>>().join(" ") + "\n").collect()
}

const CSC: &str = "csc/csc-0d4518bd353a0a7c6.toml";

#[test]
fn what_is_imported_is_what_aws_says_and_importing_again_changes_nothing() {
    let scene = Scene::new();
    let (csc, list, profile) = (
        answer("get-code-signing-config"),
        answer("list-code-signing-configs"),
        answer("get-signing-profile"),
    );
    let all = [&csc, &list, &profile];
    let before = contents(&scene.policy());
    let rehearsed = import(&scene, &all, &["--as-own", ACCOUNT, "--dry-run"]);
    assert_eq!(contents(&scene.policy()), before, "{rehearsed}");
    let done = import(&scene, &all, &["--as-own", ACCOUNT]);
    assert_eq!(untimed(&done.done().out()), untimed(&rehearsed.done().out()));

    let shown = |arguments: &[&str]| -> Value {
        let ran = scene.run(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&ran.done().out()).expect("JSON")
    };
    let csc = &shown(&["csc", "show", "csc-0d4518bd353a0a7c6"])["code_signing_config"];
    assert_eq!(csc["description"], "production");
    assert_eq!(csc["untrusted_artifact_on_deployment"], "Enforce");
    let publishers = json!([
        "arn:countersign:signer::acme:/signing-profiles/orders/a1b2c3d4e5",
        "arn:aws:signer:eu-west-1:210987654321:/signing-profiles/layers/Zz0Zz0Zz0Z",
    ]);
    assert_eq!(csc["allowed_publishers"], publishers);
    let profile = &shown(&["profile", "show", "orders"])["profile"];
    assert_eq!(profile["versions"][0]["version"], "a1b2c3d4e5");
    assert_eq!(profile["versions"][0]["validity"], "5 years");

    scene.seal();
    let after = contents(&scene.policy());
    let again = import(&scene, &all, &["--as-own", ACCOUNT]);
    assert_eq!((again.done().out().as_str(), contents(&scene.policy())), ("", after), "{again}");
    assert!(again.err().contains("nothing changed"), "{again}");
}

#[test]
fn a_change_in_aws_is_the_next_revision() {
    let scene = Scene::new();
    let mut csc = answer("get-code-signing-config");
    import(&scene, &[&csc], &[]).done();
    scene.seal();
    csc["CodeSigningConfig"]["CodeSigningPolicies"]["UntrustedArtifactOnDeployment"] = "Warn".into();
    let ran = import(&scene, &[&csc], &[]);
    assert!(ran.done().out().contains("changes from Enforce to Warn"), "{ran}");
    assert!(scene.document(CSC).contains("revision = 2"));
    scene.run(&["export", "cloudformation"]).undecided("unsealed changes");
}

/// As it was exported, and as AWS would answer for it.
#[test]
fn export_and_import_are_each_other_s_inverse() {
    let scene = Scene::new();
    import(&scene, &[&answer("get-code-signing-config")], &[]).done();
    scene.seal();
    let before = scene.document(CSC);
    let exported = scene.run(&["export", "cloudformation"]);
    let exported: Value = serde_json::from_str(&exported.done().out()).expect("JSON");
    let properties = &exported["Resources"]["Csc0d4518bd353a0a7c6"]["Properties"];
    let as_aws_answers = json!({ "CodeSigningConfig": {
        "CodeSigningConfigId": "csc-0d4518bd353a0a7c6",
        "CodeSigningConfigArn": "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0d4518bd353a0a7c6",
        "Description": properties["Description"],
        "AllowedPublishers": properties["AllowedPublishers"],
        "CodeSigningPolicies": properties["CodeSigningPolicies"],
        "LastModified": "2026-02-28T12:00:00.000+0000",
    }});
    let unchanged = import(&scene, &[&as_aws_answers], &[]);
    assert!(unchanged.done().err().contains("is the same as in AWS"), "{unchanged}");
    let elsewhere = Scene::new();
    import(&elsewhere, &[&as_aws_answers], &[]).done();
    assert_eq!(elsewhere.document(CSC), before);
}

/// One bad answer among good ones: nothing is written.
#[test]
fn what_cannot_be_carried_is_refused_before_anything_is_written() {
    let scene = Scene::new();
    let good = answer("get-code-signing-config");
    let profile = |field: &str, value: Value| {
        let mut profile = answer("get-signing-profile");
        profile[field] = value;
        profile
    };
    let csc = |field: &str, value: Value| {
        let mut csc = answer("get-code-signing-config");
        csc["CodeSigningConfig"][field] = value;
        csc
    };
    import(&scene, &[&answer("get-signing-profile")], &[]).done();
    let before = contents(&scene.policy());
    for (bad, words) in [
        (json!(null), "expected the output of one of"),
        (json!([]), "expected the output of one of"),
        (json!({}), "expected the output of one of"),
        (json!({ "CodeSigningConfigs": [null] }), "invalid type: null"),
        (csc("Description", json!("other")), "contradict each other"),
        (csc("Description", json!("x".repeat(300))), "more than 256 characters"),
        (csc("CodeSigningConfigId", json!("../../x")), "not a code signing config id"),
        (csc("New", json!(1)), "unknown field"),
        (profile("status", json!("Revoked")), "is revoked in AWS"),
        (profile("platformId", json!("Notation-OCI-SHA384-ECDSA")), "Notation-OCI"),
        (profile("signatureValidityPeriod", json!({ "value": 4, "type": "YEARS" })), "a different validity"),
        (
            profile("signatureValidityPeriod", json!({ "value": 136, "type": "MONTHS" })),
            "longer than 135 months",
        ),
        (profile("profileVersion", json!("b1b2c3d4e5")), "is not the AWS ARN of"),
        (profile("profileName", json!("ORDERS")), "is not the AWS ARN of"),
        (answer("list-profile-permissions"), "does not name its signing profile"),
    ] {
        let ran = import(&scene, &[&good, &bad], &[]);
        ran.undecided(words);
        assert!(ran.err().contains("hint: "), "{ran}");
        assert_eq!(contents(&scene.policy()), before, "{bad}");
    }
    // A name that differs in capitals is the same file elsewhere.
    let mut capitals = profile("profileName", json!("ORDERS"));
    capitals.as_object_mut().expect("an object").remove("profileVersionArn");
    import(&scene, &[&good, &capitals], &[]).undecided("signing profile `ORDERS` already exists");
    assert_eq!(contents(&scene.policy()), before);
    let foreign = ["--as-own", "210987654321"];
    import(&scene, &[&answer("get-signing-profile")], &foreign).undecided("is not of the AWS account");
}

#[test]
fn a_huge_answer_is_not_read() {
    let scene = Scene::new();
    let path = scene.path().join("huge.json");
    fs::File::create(&path).and_then(|file| file.set_len(10 << 30)).expect("a sparse file");
    scene.run(&["import", text(&path)]).undecided("huge.json");
    let deep = format!("{{\"permissions\":{}{}}}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    write(&path, deep);
    scene.run(&["import", text(&path)]).undecided("too many for its size");
}

#[test]
fn a_canceled_profile_stays_canceled() {
    let scene = Scene::new();
    let mut profile = answer("get-signing-profile");
    import(&scene, &[&profile], &[]).done();
    scene.seal();
    profile["status"] = "Canceled".into();
    assert!(import(&scene, &[&profile], &[]).done().out().contains("from Active to Canceled"));
    scene.seal();
    import(&scene, &[&answer("get-signing-profile")], &[]).undecided("become active again");
}

#[test]
fn a_permission_comes_with_its_key_alone() {
    let scene = Scene::new();
    let (profile, permissions) = (answer("get-signing-profile"), answer("list-profile-permissions"));
    let of = ["--profile", "orders"];
    import(&scene, &[&permissions], &of)
        .undecided("signing profile `orders` of the permissions does not exist");
    let ran = import(&scene, &[&profile, &permissions], &of);
    assert!(!ran.done().out().contains("permission"), "{ran}");
    for words in [
        "needs the key of",
        "`signer:GetSigningProfile`, which countersign does not have",
        "for version a1b2c3d4e5 only",
    ] {
        assert!(ran.err().contains(words), "{words}: {ran}");
    }
    let key = format!("arn:aws:iam::123456789012:role/ci={}", text(&scene.key_file("signing")));
    let ran = import(&scene, &[&permissions], &[&of[..], &["--key", &key]].concat());
    assert!(ran.done().out().contains("permission `ci` added to `orders`"), "{ran}");
    let after = read(&scene.policy().join("profiles/orders.toml"));
    import(&scene, &[&permissions], &[&of[..], &["--key", &key]].concat()).done();
    assert_eq!(read(&scene.policy().join("profiles/orders.toml")), after);
    let other = format!("nobody={}", text(&scene.key_file("signing")));
    import(&scene, &[&permissions], &[&of[..], &["--key", &other]].concat()).undecided("names the principal");
}
