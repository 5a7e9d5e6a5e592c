//! Is every function and layer of a plan that no valid manifest covers named, and nothing else?

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::shop::Shop;
use crate::support::{Mode, Ran, read, write};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    from: String,
    replace: String,
    with: String,
    #[serde(default)]
    arguments: Vec<String>,
    expect: Value,
}

fn vectors() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/plans")
}

/// A shop with the plans of the vectors in `infra`, and what they name in `dist`.
fn shop() -> Shop {
    with_plans(Shop::new())
}

fn with_plans(shop: Shop) -> Shop {
    for name in ["terraform.json", "cloudformation.yaml", "cloudformation.json", "sam.yaml"] {
        write(&shop.file("infra").join(name), read(&vectors().join(name)));
    }
    let good = read(&shop.file("dist/orders.zip"));
    write(&shop.file("dist/unsigned.zip"), [&good[..], b"unsigned"].concat());
    write(&shop.file("dist/changed.zip"), [&good[..], b"changed"].concat());
    fs::copy(shop.file("dist/orders.zip.sigstore.json"), shop.file("dist/changed.zip.sigstore.json"))
        .expect("a copy");
    shop
}

/// By address, `allowed`, or the decision and the first code.
fn said(ran: &Ran, plan: &str) -> Value {
    let document: Value = serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("no JSON: {ran}"));
    let mut said = BTreeMap::new();
    for verdict in document["results"].as_array().expect("results") {
        let artifact = verdict["artifact"].as_str().expect("a text");
        let address =
            artifact.strip_prefix(plan).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(artifact);
        let address = address.split(" (").next().expect("an address").to_owned();
        let findings = verdict["checks"].as_array().into_iter().flatten();
        let mut findings = findings.flat_map(|check| check["findings"].as_array().into_iter().flatten());
        let code = findings
            .next()
            .map_or(String::new(), |finding| format!(" {}", finding["code"].as_str().expect("a code")));
        let decision = verdict["decision"].as_str().expect("a decision");
        assert!(said.insert(address, format!("{decision}{code}")).is_none(), "{plan}: twice");
    }
    json!(said)
}

#[test]
fn every_vector_gets_its_answer() {
    let of = |name| serde_json::from_slice::<Vec<Vector>>(&read(&vectors().join(name))).expect("vectors");
    let vectors: Vec<Vector> = ["vectors.json", "readers.json"].into_iter().flat_map(of).collect();
    assert!(vectors.len() > 270);
    let shop = shop();
    let mut wrong = Vec::new();
    for vector in &vectors {
        let good = String::from_utf8(read(&shop.file("infra").join(&vector.from))).expect("UTF-8");
        let count = if vector.replace.is_empty() { 1 } else { good.matches(&vector.replace).count() };
        assert_eq!(count, 1, "{}: it changes one thing", vector.name);
        let text = if vector.replace.is_empty() { good } else { good.replace(&vector.replace, &vector.with) };
        let ending = vector.from.rsplit_once('.').expect("an ending").1;
        let path = format!("infra/case.{ending}");
        write(&shop.file(&path), text);
        let mut arguments = vec!["gate", "--format", "json", "--plan", &path];
        arguments.extend(vector.arguments.iter().map(String::as_str));
        let ran = shop.scene.run(&arguments);
        let found = if ran.code == Some(2) { json!("error") } else { said(&ran, &path) };
        let all_allowed =
            vector.expect.as_object().is_some_and(|all| all.values().all(|each| each == "allowed"));
        let code = if vector.expect == "error" {
            2
        } else if all_allowed {
            0
        } else {
            1
        };
        if found != vector.expect || ran.code != Some(code) {
            wrong.push(format!("{} ({}): {found}, exit {:?}\n{ran}", vector.name, vector.from, ran.code));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

/// gh CVE-2025-25204: exit 0 when there was nothing to verify.
#[test]
fn a_plan_that_deploys_nothing_is_no_yes() {
    let shop = shop();
    let terraform = r#"{"format_version": "1.2", "resource_changes": []}"#;
    for (plan, code) in [
        (terraform, 1),
        (r#"{"format_version": "1.2", "planned_values": {}}"#, 1),
        (r#"{"Resources": {}}"#, 1),
        ("Resources: {}\n", 1),
        (r#"{"format_version": "1.2"}"#, 2),
        (r#"{"format_version": "1.0", "terraform_version": "1.11.4", "values": {"root_module": {}}}"#, 2),
        (r#"{"AWSTemplateFormatVersion": "2010-09-09"}"#, 2),
        ("Resources: ~\n", 2),
        ("{}", 2),
        ("null", 2),
        ("[]", 2),
        ("", 2),
        ("\n", 2),
        ("# nothing\n", 2),
        ("{", 2),
        ("5", 2),
        ("\0", 2),
    ] {
        write(&shop.file("plan"), plan);
        for format in ["json", "text"] {
            let ran = shop.scene.run(&["gate", "--plan", "plan", "--format", format]);
            assert_eq!(ran.is_no().code, Some(code), "{plan:?}: {ran}");
            assert!(ran.err().contains("hint: ") || code == 2, "{plan:?}: {ran}");
        }
        // The exit status alone is softened, and for a plan that was read.
        let ran = shop.scene.run(&["gate", "--plan", "plan", "--allow-empty", "--format", "json"]);
        assert_eq!(ran.code, Some(if code == 1 { 0 } else { 2 }), "{plan:?}: {ran}");
        assert!(!ran.out().contains("allowed\""), "{plan:?}: {ran}");
    }
    // Something that is not covered is denied beside a plan that is empty.
    write(&shop.file("plan"), terraform);
    write(&shop.file("bad.yaml"), "Resources: {F: {Type: AWS::Lambda::Function}}");
    let both = ["gate", "--allow-empty", "--plan", "plan", "--plan", "bad.yaml"];
    assert_eq!(shop.scene.run(&both).code, Some(1));
    assert_eq!(shop.scene.run(&["gate", "--plan", "none"]).code, Some(2));
    assert_eq!(shop.scene.run(&["gate", "--plan", "infra"]).code, Some(2));
}

#[test]
fn warn_lets_pass_what_is_not_covered_and_stops_what_is_not_intact() {
    for (mode, code) in [(Mode::Enforce, 1), (Mode::Warn, 0)] {
        let shop = with_plans(Shop::of(mode));
        let decision = mode.untrusted().name();
        for (from, to, found) in [
            ("../dist/orders.zip", "../dist/unsigned.zip", format!("{decision} manifest-missing")),
            ("../dist/orders.zip", "../dist/none.zip", format!("{decision} plan-file-missing")),
            ("Code: ../dist/orders.zip", "Code: {ZipFile: x}", format!("{decision} plan-inline")),
            ("Code: ../dist/orders.zip", "Code: {ImageUri: x}", format!("{decision} plan-image")),
        ] {
            let text = String::from_utf8(read(&shop.file("infra/cloudformation.yaml"))).expect("UTF-8");
            write(&shop.file("infra/case.yaml"), text.replace(from, to));
            let ran = shop.scene.run(&["gate", "--plan", "infra/case.yaml", "--format", "json"]);
            assert_eq!(ran.code, Some(code), "{ran}");
            assert_eq!(said(&ran, "infra/case.yaml"), json!({ "Base": "allowed", "Orders": found }), "{ran}");
        }
        for (from, to) in [
            ("../dist/orders.zip", "../dist/changed.zip"),
            ("FunctionName: orders", "FunctionName: !Ref Name"),
            ("AWS::IAM::Role\n", "AWS::CloudFormation::Stack\n"),
        ] {
            let text = String::from_utf8(read(&shop.file("infra/cloudformation.yaml"))).expect("UTF-8");
            write(&shop.file("infra/case.yaml"), text.replace(from, to));
            let ran = shop.scene.run(&["gate", "--plan", "infra/case.yaml", "--format", "json"]);
            assert_eq!(ran.code, Some(1), "{mode:?} {to}: {ran}");
        }
    }
}

#[test]
fn manifests_are_found_by_digest_in_folders() {
    let shop = shop();
    let plan = ["gate", "--plan", "infra/terraform.json", "--format", "json"];
    let with = |arguments: &[&str]| shop.scene.run(&[&plan[..], arguments].concat());
    assert_eq!(with(&[]).code, Some(0));
    // Elsewhere, under whatever name, and beside bundles that are none of ours.
    let elsewhere = shop.file("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    for (name, to) in [("orders", "1"), ("base", "2")] {
        let manifest = shop.file(&format!("dist/{name}.zip.sigstore.json"));
        fs::rename(manifest, elsewhere.join(format!("{to}.sigstore.json"))).expect("renamed");
    }
    write(&elsewhere.join("broken.sigstore.json"), "{");
    write(&elsewhere.join("other.sigstore.json"), r#"{"mediaType": "x"}"#);
    fs::create_dir(elsewhere.join("folder.sigstore.json")).expect("a folder");
    fs::remove_file(shop.file("dist/changed.zip.sigstore.json")).expect("it was there");
    assert_eq!(with(&[]).code, Some(1));
    let ran = with(&["--manifests", "elsewhere"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.out().contains("elsewhere/1.sigstore.json"), "{ran}");
    // The files themselves may be elsewhere too; then the plan's hash is what counts, and that is said.
    fs::rename(shop.file("dist"), shop.file("gone")).expect("renamed");
    let ran = with(&["--manifests", "elsewhere"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(
        ran.err().contains("its code is not here, and was judged by the SHA-256 that the plan says"),
        "{ran}"
    );
    fs::create_dir(shop.file("work")).expect("a folder");
    fs::rename(shop.file("gone"), shop.file("dist")).expect("renamed");
    let ran = with(&["--manifests", "elsewhere", "--assets", "work"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(!ran.err().contains("is not here"), "{ran}");
    // A revocation of the artifact counts where the hash alone is known.
    let sha384 = countersign::digest::Sha384::of(&read(&shop.file("dist/orders.zip"))).to_string();
    shop.scene.append("revocations.toml", &crate::support::revocation("artifact", &sha384));
    shop.scene.seal();
    fs::rename(shop.file("dist"), shop.file("gone")).expect("renamed");
    let ran = with(&["--manifests", "elsewhere"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.out().contains("artifact-revoked"), "{ran}");
}

#[test]
fn a_plan_runs_no_command_and_names_no_function() {
    let shop = shop();
    for arguments in [
        &["--function", "orders"][..],
        &["--artifact", "dist/orders.zip"],
        &["--layer", "base=dist/base.zip"],
        &["--dry-run"],
        &["--env"],
        &["--", "touch", "ran", "{artifact}"],
    ] {
        let ran = shop.scene.run(&[&["gate", "--plan", "infra/sam.yaml"], arguments].concat());
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran}");
    }
    for option in ["--map=a=b", "--assets=infra", "--manifests=dist", "--allow-empty"] {
        assert_eq!(
            shop.scene.run(&["gate", "--function", "orders", "--dry-run", option]).code,
            Some(2),
            "{option}"
        );
    }
    shop.nothing_ran();
    let ran = shop.scene.run(&["gate", "--plan", "infra/sam.yaml", "--report", "json=out.json"]);
    assert!(
        ran.done().out().contains("allowed: infra/sam.yaml: Orders (../dist/orders.zip) as `orders`"),
        "{ran}"
    );
    assert!(String::from_utf8_lossy(&read(&shop.file("out.json"))).contains("\"decision\": \"allowed\""));
}

/// A command that a provisioner runs is in the configuration; a plan without one does not tell.
#[test]
fn a_null_resource_is_passed_over_where_its_provisioners_would_show() {
    let shop = shop();
    let plan = |kind: &str, configuration: Value| {
        let mut plan = json!({
            "format_version": "1.2",
            "resource_changes": [
                { "address": "x.y", "type": kind, "change": { "actions": ["create"], "after": {}, "after_unknown": {} } },
                { "address": "f.y", "type": "aws_lambda_function", "change": { "actions": ["update"], "after":
                    { "function_name": "orders", "filename": "../dist/orders.zip" }, "after_unknown": {} } },
            ],
        });
        if !configuration.is_null() {
            plan["configuration"] = configuration;
        }
        write(&shop.file("infra/case.json"), plan.to_string());
        shop.scene.run(&["gate", "--plan", "infra/case.json", "--format", "json"])
    };
    for kind in ["null_resource", "terraform_data"] {
        let ran = plan(kind, json!({ "root_module": {} }));
        assert_eq!(said(&ran, "infra/case.json"), json!({ "f.y": "allowed" }), "{ran}");
        let ran = plan(kind, Value::Null);
        assert_eq!(
            said(&ran, "infra/case.json"),
            json!({ "f.y": "allowed", "x.y": "denied plan-type-unknown" }),
            "{ran}"
        );
    }
    let ran = plan("aws_iam_role", Value::Null);
    assert_eq!(said(&ran, "infra/case.json"), json!({ "f.y": "allowed" }), "{ran}");
}

/// Another resource of the plan, or a hook of the bucket, can replace the object between upload and update.
#[test]
fn code_in_s3_is_denied_also_where_the_plan_uploads_it() {
    let shop = shop();
    let hash = "1y+kzNmCjSoInFFV+zucRJxTzzwikiKSh8sRWnDlSYk=";
    let plan = json!({
        "format_version": "1.2",
        "resource_changes": [
            { "address": "aws_s3_object.o", "type": "aws_s3_object", "change": { "actions": ["create"],
                "after": { "bucket": "b", "key": "k.zip", "source": "../dist/orders.zip", "content": null },
                "after_unknown": { "version_id": true } } },
            { "address": "aws_lambda_function.f", "type": "aws_lambda_function", "change": { "actions": ["update"],
                "after": { "function_name": "orders", "s3_bucket": "b", "s3_key": "k.zip", "source_code_hash": hash },
                "after_unknown": {} } },
        ],
        "configuration": { "root_module": { "resources": [
            { "address": "aws_lambda_function.f", "expressions": { "s3_key": { "references":
                ["aws_s3_object.o.key", "aws_s3_object.o"] } } },
        ] } },
    });
    write(&shop.file("infra/case.json"), plan.to_string());
    let ran = shop.scene.run(&["gate", "--plan", "infra/case.json", "--format", "json"]);
    let expected = json!({ "aws_lambda_function.f": "denied plan-code-elsewhere" });
    assert_eq!(said(&ran, "infra/case.json"), expected, "{ran}");
}

/// A pattern may list a type that deploys code, but no other name of what the gate reads.
#[test]
fn no_pattern_of_types_admits_functions_of_other_providers() {
    let shop = shop();
    shop.scene.run(&["function", "deploys-no-code", "aws*", "awscc_*", "AWS::*"]).done();
    shop.scene.seal();
    let resource = |kind: &str, provider: &str| {
        json!({ "address": format!("{kind}.x"), "type": kind, "provider_name": provider,
            "change": { "actions": ["create"], "after": {}, "after_unknown": {} } })
    };
    let plan = json!({ "format_version": "1.2", "resource_changes": [
        resource("awscc_lambda_function", "registry.terraform.io/hashicorp/awscc"),
        resource("aws_lambda_function", "evil.example/hashicorp/aws"),
        resource("aws_synthetics_canary", "registry.terraform.io/hashicorp/aws"),
    ] });
    write(&shop.file("infra/case.json"), plan.to_string());
    let ran = shop.scene.run(&["gate", "--plan", "infra/case.json", "--format", "json"]);
    let expected = json!({
        "awscc_lambda_function.x": "denied plan-opaque",
        "aws_lambda_function.x": "denied plan-opaque",
    });
    assert_eq!(said(&ran, "infra/case.json"), expected, "{ran}");
}

/// To list a type that is known to deploy code would verify less.
#[test]
fn hints_name_the_policy_list_for_types_of_which_nothing_is_known() {
    let shop = shop();
    let hint = |kind: &str| {
        write(&shop.file("infra/case.yaml"), format!("Resources: {{X: {{Type: '{kind}'}}}}"));
        shop.scene.run(&["gate", "--plan", "infra/case.yaml", "--format", "json"]).is_no().out()
    };
    for kind in ["Acme::New::Type", "Custom::Thing"] {
        assert!(hint(kind).contains("deploys-no-code"), "{kind}");
    }
    for kind in ["AWS::Synthetics::Canary", "AWS::CloudFormation::Macro"] {
        let text = hint(kind);
        assert!(text.contains("another pipeline") && !text.contains("deploys-no-code"), "{kind}: {text}");
    }
}

/// The policy alone says which other types deploy no code; what judges by it says so.
#[test]
fn types_that_the_policy_lists_are_passed_over_with_a_note() {
    let shop = shop();
    let role = "    Type: AWS::IAM::Role\n";
    let text = String::from_utf8(read(&shop.file("infra/cloudformation.yaml"))).expect("UTF-8");
    write(&shop.file("infra/case.yaml"), text.replace(role, "    Type: Custom::Orders\n"));
    let gate = || shop.scene.run(&["gate", "--plan", "infra/case.yaml", "--format", "json"]);
    let workspace = String::from_utf8(read(&shop.file("countersign.toml"))).expect("UTF-8");
    assert_eq!(gate().code, Some(1));
    // Not the workspace, which the one who writes the template may write too.
    write(&shop.file("countersign.toml"), format!("deploys_no_code = ['Custom::*']\n{workspace}"));
    assert_eq!(gate().code, Some(2));
    write(&shop.file("countersign.toml"), workspace);
    shop.scene.run(&["function", "deploys-no-code", "Custom::*", "AWS::Lambda::*"]).done();
    assert_eq!(gate().code, Some(2), "it is not sealed");
    shop.scene.seal();
    let ran = gate();
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(
        ran.err().contains(
            "not verified: 1 of type `Custom::Orders`, which the policy lists in `deploys_no_code`"
        ),
        "{ran}"
    );
    // What the gate reads stays judged, and a macro beside the type could write another.
    write(
        &shop.file("infra/case.yaml"),
        text.replace("Code: ../dist/orders.zip", "Code: ../dist/unsigned.zip"),
    );
    assert_eq!(gate().code, Some(1));
    write(
        &shop.file("infra/case.yaml"),
        text.replace(role, "    Type: Custom::Orders\n    Fn::Transform: {Name: Ours}\n"),
    );
    assert_eq!(gate().code, Some(1));
    // Nothing is verified where everything is passed over.
    write(&shop.file("infra/case.yaml"), "Resources: {A: {Type: Custom::A}, B: {Type: Custom::A}}");
    assert_eq!(gate().is_no().code, Some(1));
}
