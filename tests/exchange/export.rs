//! Is what AWS cannot say a note or a refusal, and does nothing exported permit more?

use serde_json::Value;

use crate::support::{Ran, Scene, text, write};

const ROLE: &str = "ci@acme.example=arn:aws:iam::123456789012:role/ci";
const PLACED: &str = "arn:aws:signer:eu-west-1:123456789012:/signing-profiles/release/a1b2c3d4e5";

fn export(scene: &Scene, arguments: &[&str]) -> Ran {
    scene.run(&[&["export", "cloudformation"], arguments].concat())
}

fn template(ran: &Ran) -> Value {
    serde_json::from_str(&ran.done().out()).expect("JSON")
}

fn of_type<'a>(template: &'a Value, kind: &str) -> Vec<&'a Value> {
    let resources = template["Resources"].as_object().expect("resources");
    let found = resources.values().filter(|each| each["Type"] == kind);
    found.map(|each| &each["Properties"]).collect()
}

fn profiles(template: &Value) -> Vec<&str> {
    let names = of_type(template, "AWS::Signer::SigningProfile").into_iter();
    names.map(|each| each["ProfileName"].as_str().expect("a name")).collect()
}

fn permissions(template: &Value) -> usize {
    of_type(template, "AWS::Signer::ProfilePermission").len()
}

#[track_caller]
fn notes(ran: &Ran, words: &str) {
    assert!(ran.done().err().lines().any(|line| line.starts_with("note: ") && line.contains(words)), "{ran}");
}

#[test]
fn an_export_is_of_the_sealed_policy_and_always_the_same() {
    let scene = Scene::new();
    assert_eq!(export(&scene, &[]).done().out(), export(&scene, &[]).out());
    scene.edit(&scene.csc(), "Enforce", "Warn");
    export(&scene, &[]).undecided("unsealed changes");
    scene.seal();
    let made = export(&scene, &[]);
    let made = template(&made);
    let csc = of_type(&made, "AWS::Lambda::CodeSigningConfig")[0];
    assert_eq!(csc["CodeSigningPolicies"]["UntrustedArtifactOnDeployment"], "Warn");
    assert_eq!(csc["Tags"][1]["Value"], "2");
}

/// In AWS a profile of the template is active: one that signs nothing here must not sign there.
#[test]
fn a_profile_that_signs_nothing_is_not_made() {
    let revoke = ["--effective", "2024-01-01T00:00:00Z", "--reason-code", "unspecified", "--reason", "lost"];
    for (command, status) in
        [(vec!["cancel", "second"], "Canceled"), ([&["revoke", "second"], &revoke[..]].concat(), "Revoked")]
    {
        let scene = Scene::new();
        scene.run(&["profile", "create", "second"]).done();
        scene.run(&["csc", "update", &scene.csc_id(), "--add-publisher", "second"]).done();
        scene.seal();
        assert_eq!(profiles(&template(&export(&scene, &[]))), ["release", "second"]);
        scene.run(&[&["profile"], &command[..]].concat()).done();
        scene.seal();
        let ran = export(&scene, &[]);
        assert_eq!(profiles(&template(&ran)), ["release"]);
        notes(&ran, &format!("profile `second` is {status}: not exported"));
        notes(&ran, &format!("/second/*` of `{}` is {status}: not exported", scene.csc_id()));
        scene.run(&["csc", "update", &scene.csc_id(), "--remove-publisher", "release"]).done();
        scene.seal();
        export(&scene, &[]).undecided("no publisher of CSC");
    }
}

/// A revocation counts, whatever the profile's own status says.
#[test]
fn a_version_that_a_revocation_names_is_not_made() {
    let scene = Scene::new();
    let profile: toml::Table = scene.document("profiles/release.toml").parse().expect("TOML");
    let version = profile["version"][0]["version"].as_str().expect("a version");
    let arn = format!("arn:countersign:signer::acme:/signing-profiles/release/{version}");
    let entry =
        format!("{}\neffective = '2024-01-01T00:00:00Z'", crate::support::revocation("profile", &arn));
    scene.append("revocations.toml", &entry);
    scene.seal_over();
    export(&scene, &[]).undecided("no publisher of CSC");
}

#[test]
fn an_older_version_is_not_widened_to_the_newest() {
    let scene = Scene::new();
    let profile: toml::Table = scene.document("profiles/release.toml").parse().expect("TOML");
    let version = profile["version"][0]["version"].as_str().expect("a version");
    let arn = format!("arn:countersign:signer::acme:/signing-profiles/release/{version}");
    scene.run(&["csc", "update", &scene.csc_id(), "--publisher", &arn]).done();
    scene.seal();
    template(&export(&scene, &[]));
    scene.run(&["profile", "rotate", "release"]).done();
    scene.seal();
    export(&scene, &[]).undecided("no publisher of CSC");
    let ran = export(&scene, &["--publisher", &format!("{arn}={PLACED}")]);
    let made = template(&ran);
    assert!(profiles(&made).is_empty());
    let csc = of_type(&made, "AWS::Lambda::CodeSigningConfig")[0];
    assert_eq!(csc["AllowedPublishers"]["SigningProfileVersionArns"], serde_json::json!([PLACED]));
}

#[test]
fn a_publisher_that_aws_cannot_name_is_refused_until_it_is_mapped() {
    for publisher in [
        "arn:countersign:signer::platform:/signing-profiles/layers/*",
        "arn:aws:signer:eu-west-1:123456789012:/signing-profiles/layers/*",
        "arn:aws:signer:eu-west-1:platform:/signing-profiles/layers/a1b2c3d4e5",
    ] {
        let scene = Scene::new();
        scene.run(&["csc", "update", &scene.csc_id(), "--add-publisher", publisher]).done();
        scene.seal();
        let ran = export(&scene, &[]);
        ran.undecided("which AWS cannot name");
        assert!(ran.err().contains("--publisher PUBLISHER=ARN"), "{ran}");
        export(&scene, &["--publisher", &format!("{publisher}={PLACED}")]).done();
    }
}

#[test]
fn permissions_are_of_aws_principals_that_hold_them_for_good() {
    let scene = Scene::new();
    let ran = export(&scene, &[]);
    assert_eq!(permissions(&template(&ran)), 0);
    notes(&ran, "`ci@acme.example` is not an AWS principal: not exported");
    assert_eq!(permissions(&template(&export(&scene, &["--principal", ROLE]))), 2);

    // Revoked, ended, not begun: nobody. An end to come: AWS would not end it.
    let revoked = scene.copy();
    let key = revoked.key("signing").public().id().to_string();
    let entry = format!("{}\neffective = '2024-01-01T00:00:00Z'", crate::support::revocation("key", &key));
    revoked.append("revocations.toml", &entry);
    revoked.seal_over();
    let ran = export(&revoked, &["--principal", ROLE]);
    assert_eq!(permissions(&template(&ran)), 0);
    notes(&ran, "is revoked: not exported");
    for (field, time, words) in [
        ("not_after", "2027-01-01T00:00:00Z", Err("ends at 9000-01-01T00:00:00Z")),
        ("not_before", "9000-01-01T00:00:00Z", Ok("starts at 9000-01-01T00:00:00Z: not exported")),
    ] {
        let scene = scene.copy();
        let time = if words.is_err() { "9000-01-01T00:00:00Z" } else { time };
        scene.change_profile(|_, permission| {
            permission.as_table_mut().expect("a table").insert(field.into(), time.into());
        });
        let ran = export(&scene, &["--principal", ROLE]);
        match words {
            Ok(words) => notes(&ran, words),
            Err(words) => drop(ran.undecided(words)),
        }
    }
}

/// CloudFormation puts the value of a secret where a text names one.
#[test]
fn a_description_reads_no_secret() {
    for (description, words) in [
        ("{{resolve:secretsmanager:root}}", "reads as a reference"),
        ("${AWS::AccountId}", "reads as a reference"),
        (&*"x".repeat(257), "more than 256"),
    ] {
        let scene = Scene::new();
        scene.run(&["csc", "update", &scene.csc_id(), "--description", description]).done();
        scene.seal();
        export(&scene, &[]).undecided(words);
    }
}

#[test]
fn a_slip_of_the_pen_is_no_mapping() {
    let scene = Scene::new();
    let other = format!("arn:countersign:signer::acme:/signing-profiles/other/*={PLACED}");
    export(&scene, &["--principal", "cl@acme.example=123456789012"]).undecided("no permission names");
    export(&scene, &["--publisher", &other]).undecided("no CSC allows");
    export(&scene, &["--principal", ROLE, "--principal", ROLE]).undecided("is specified twice");
    for wrong in ["ci@acme.example=*", "ci@acme.example", "ci@acme.example=arn:aws:iam::123456789012:role/*"]
    {
        assert_eq!(export(&scene, &["--principal", wrong]).code, Some(2));
    }
}

#[test]
fn a_stack_set_has_targets_and_keeps_to_them() {
    let scene = Scene::new();
    let common = ["export", "stackset", "--name", "signing", "--region", "eu-west-1", "--output", "out"];
    assert_eq!(scene.run(&common).code, Some(2));
    let read = |name: &str| -> Value {
        let path = scene.repository().join(format!("out/{name}.json"));
        serde_json::from_slice(&crate::support::read(&path)).expect("JSON")
    };
    let both = ["--account", "123456789012", "--ou", "r-ab12"];
    scene.run(&[&common[..], &both].concat()).done();
    assert_eq!(read("create-stack-set")["AutoDeployment"], serde_json::json!({ "Enabled": false }));
    assert_eq!(read("create-stack-instances")["DeploymentTargets"]["AccountFilterType"], "INTERSECTION");
    let body = read("create-stack-set")["TemplateBody"].as_str().expect("a text").to_owned();
    assert_eq!(serde_json::from_str::<Value>(&body).expect("JSON"), read("template"));
    let ran = scene.run(&[&common[..], &both, &["--max-concurrent", "3"]].concat());
    notes(&ran, "AWS deploys to 1 accounts at once");
}

#[test]
fn a_template_too_large_for_a_request_is_named_by_its_address() {
    let scene = Scene::new();
    let id = scene.csc_id();
    let document = scene.document(&scene.csc()).replace("first code signing config", &"x".repeat(256));
    for number in 100..180 {
        let other = format!("{}{number}", &id[..18]);
        write(&scene.policy().join(format!("csc/{other}.toml")), document.replace(&id, &other));
    }
    scene.seal();
    let common = ["export", "stackset", "--name", "signing", "--region", "eu-west-1", "--output", "out"];
    let account = ["--account", "123456789012"];
    let ran = scene.run(&[&common[..], &account].concat());
    ran.undecided("over the limit of 51200");
    assert!(!scene.repository().join("out").exists(), "{}", text(&scene.repository()));
    let url = ["--template-url", "https://acme.s3.amazonaws.com/template.json"];
    scene.run(&[&common[..], &account, &url].concat()).done();
}

#[test]
fn an_iam_policy_approves_what_is_named_and_nothing_else() {
    let scene = Scene::new();
    let id = scene.csc_id();
    let arn = "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-aaaaaaaaaaaaaaaaa";
    let iam = |arguments: &[&str]| scene.run(&[&["export", "iam"], arguments].concat());
    iam(&[]).undecided("no CSC is approved");
    iam(&["--csc", &format!("csc-00000000000000000={arn}")]).undecided("does not exist or is not sealed");
    let ours = format!("{id}=arn:countersign:lambda::acme:code-signing-config:{id}");
    iam(&["--csc", &ours]).undecided("is not the ARN of a CSC in an AWS account");
    let named = ["--csc", &format!("{id}={arn}")];
    iam(&[&named[..], &["--except", "arn:aws:iam::*:role/security"]].concat())
        .undecided("can exempt principals");
    let all = iam(&[&named[..], &["--as", "scp", "--except", "arn:aws:iam::*:role/*"]].concat());
    assert_eq!(all.code, Some(2), "{all}");
    assert!(iam(&named).done().out().contains(arn));
    let place = iam(&["--aws-account", "123456789012", "--region", "cn-north-1"]);
    assert!(
        place
            .done()
            .out()
            .contains(&format!("arn:aws-cn:lambda:cn-north-1:123456789012:code-signing-config:{id}"))
    );
    let many: Vec<String> =
        (0..80).map(|n| format!("{id}={}", arn.replace("aaaaa", &format!("{n:05}")))).collect();
    let many: Vec<&str> = many.iter().flat_map(|each| ["--csc", each]).collect();
    iam(&many).undecided("over the limit of 6144");
}
