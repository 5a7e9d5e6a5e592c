//! Is every function and layer of a plan that no valid manifest covers named, and nothing else?

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::gate::shop::Shop;
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
    for name in ["terraform.json", "cloudformation.yaml", "cloudformation.json", "sam.yaml", "globals.yaml"] {
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

#[test]
fn reads_a_plan_as_tools_write_it_to_a_file() {
    let shop = shop();
    let plan = String::from_utf8(read(&shop.file("infra/terraform.json"))).expect("UTF-8");
    let template = String::from_utf8(read(&shop.file("infra/cloudformation.yaml"))).expect("UTF-8");
    let wide = |text: &str| -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    for (name, bytes) in [
        ("case.json", wide(&plan)),
        ("case.json", format!("\u{feff}{plan}").into_bytes()),
        ("case.yaml", wide(&template)),
        ("case.yaml", format!("\u{feff}{template}").into_bytes()),
    ] {
        write(&shop.file("infra").join(name), bytes);
        let ran = shop.scene.run(&["gate", "--plan", &format!("infra/{name}")]);
        assert_eq!(ran.code, Some(0), "{ran}");
    }
    write(&shop.file("infra/case.json"), format!("[command]/x/terraform-bin show -json p\n{plan}"));
    let ran = shop.scene.run(&["gate", "--plan", "infra/case.json"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let note = "infra/case.json: skipped the line before the plan: `[command]/x/terraform-bin show -json p`";
    assert!(ran.err().contains(note), "{ran}");
}

#[test]
fn says_what_the_file_is_and_how_to_create_the_plan() {
    let shop = shop();
    for (text, message, way) in [
        ("PK\u{3}\u{4}", "it is Terraform's binary plan", "terraform show -json PLANFILE > plan.json"),
        (
            "{\"@level\":\"info\",\"@message\":\"x\"}\n{}",
            "the log of `terraform plan -json`",
            "terraform show -json PLANFILE",
        ),
        (
            "{\"format_version\":\"1.2\"}\n::debug::x",
            "line 2: text after the end",
            "`terraform_wrapper: false`",
        ),
    ] {
        write(&shop.file("plan"), text);
        let ran = shop.scene.run(&["gate", "--plan", "plan"]);
        assert!(ran.code == Some(2) && ran.err().contains(message) && ran.err().contains(way), "{ran}");
    }
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
    fs::create_dir(shop.file("work")).expect("a folder");
    let ran = with(&["--manifests", "elsewhere", "--assets", "work"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    // A hash in the plan admits no file that does not exist: no deploy compares it with the code.
    fs::rename(shop.file("dist"), shop.file("gone")).expect("renamed");
    let ran = with(&["--manifests", "elsewhere"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.out().contains("plan-file-missing"), "{ran}");
}

/// What the gate says of a template, by address; `None` is exit status 2.
fn template(shop: &Shop, path: &str, text: &str, arguments: &[&str]) -> Option<Value> {
    write(&shop.file(path), text);
    let ran = shop.scene.run(&[&["gate", "--format", "json", "--plan", path], arguments].concat());
    (ran.code != Some(2)).then(|| said(&ran, path))
}

fn function(code: &str) -> String {
    format!(
        "Resources:\n  F: {{Type: AWS::Lambda::Function, Properties: {{FunctionName: orders, Code: '{code}'}}}}\n"
    )
}

fn stack(place: &str) -> String {
    format!("Resources:\n  S: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: '{place}'}}}}\n")
}

fn signed_copy(shop: &Shop, to: &str) {
    fs::copy(shop.file("dist/orders.zip"), shop.file(to)).expect("a copy");
    let manifest = shop.file(&format!("{to}.sigstore.json"));
    fs::copy(shop.file("dist/orders.zip.sigstore.json"), manifest).expect("a copy");
}

#[test]
fn denies_paths_that_deploy_tools_resolve_to_another_file() {
    let shop = shop();
    fs::create_dir_all(shop.file("v/a")).expect("a folder");
    signed_copy(&shop, "v/x.zip");
    fs::copy(shop.file("dist/unsigned.zip"), shop.file("x.zip")).expect("a copy");
    symlink("v/a", shop.file("lnk")).expect("a link");
    let said = |code: &str| template(&shop, "t.yaml", &function(code), &[]);
    assert_eq!(said("lnk/../x.zip"), Some(json!({ "F": "denied plan-tools-differ" })));
    assert_eq!(said("lnk/../v/x.zip"), Some(json!({ "F": "denied plan-tools-differ" })));
    // Where both find one file, `..` does not matter.
    assert_eq!(said("v/a/../x.zip"), Some(json!({ "F": "allowed" })));
    assert_eq!(said("v/x.zip"), Some(json!({ "F": "allowed" })));
    // A template that is a link: SAM counts from one folder, the AWS CLI from the other.
    write(&shop.file("v/t.yaml"), function("x.zip"));
    symlink("v/t.yaml", shop.file("linked.yaml")).expect("a link");
    fs::remove_file(shop.file("x.zip")).expect("it was there");
    signed_copy(&shop, "x.zip");
    let ran = shop.scene.run(&["gate", "--plan", "linked.yaml"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.out().contains("plan-tools-differ") && ran.out().contains("sam build"), "{ran}");
}

#[test]
fn denies_paths_that_name_another_file_in_the_current_folder() {
    let shop = shop();
    signed_copy(&shop, "infra/h.py");
    let said = |path: &str| template(&shop, path, &function("h.py"), &[]);
    assert_eq!(said("infra/t.yaml"), Some(json!({ "F": "allowed" })));
    write(&shop.file("h.py"), "evil");
    assert_eq!(said("infra/t.yaml"), Some(json!({ "F": "denied plan-tools-differ" })));
    let ran = shop.scene.run(&["-C", "infra", "gate", "--plan", "t.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    write(&shop.file("infra/child.yaml"), function("../dist/orders.zip"));
    let parent = |arguments: &[&str]| template(&shop, "infra/t.yaml", &stack("child.yaml"), arguments);
    let both = ["--plan", "infra/child.yaml"];
    assert_eq!(parent(&both), Some(json!({ "infra/child.yaml: F": "allowed" })));
    write(&shop.file("child.yaml"), "Resources: {}");
    let denied = json!({ "S": "denied plan-tools-differ", "infra/child.yaml: F": "allowed" });
    assert_eq!(parent(&both), Some(denied));
}

#[test]
fn a_nested_template_is_judged_by_its_own_path() {
    let shop = shop();
    fs::create_dir(shop.file("sub")).expect("a folder");
    signed_copy(&shop, "sub/x.zip");
    write(&shop.file("sub/child.yaml"), function("x.zip"));
    symlink("sub/child.yaml", shop.file("lnk.yaml")).expect("a link");
    let child = ["--plan", "sub/child.yaml"];
    let said = |place: &str, arguments: &[&str]| template(&shop, "t.yaml", &stack(place), arguments);
    assert_eq!(said("./sub/../sub/child.yaml", &child), Some(json!({ "sub/child.yaml: F": "allowed" })));
    let denied = json!({ "S": "denied plan-template", "sub/child.yaml: F": "allowed" });
    assert_eq!(said("lnk.yaml", &child), Some(denied));
    assert!(said("lnk.yaml", &["--plan", "lnk.yaml"]).is_some_and(|said| said != json!({ "S": "allowed" })));
    assert_eq!(shop.scene.run(&["gate", "--plan", "t.yaml", "--plan", "lnk.yaml"]).code, Some(1));
    // A URL is never a file here.
    fs::create_dir_all(shop.file("https:/x")).expect("a folder");
    for place in ["https://x/child.yaml", "https:/x/child.yaml"] {
        write(&shop.file("https:/x/child.yaml"), "Resources: {}");
        assert_eq!(
            said(place, &["--plan", "https:/x/child.yaml"]),
            Some(json!({ "S": "denied plan-template" })),
            "{place}"
        );
    }
    // Terraform's are addresses, whatever is here.
    symlink("t.json", shop.file("(known after apply)")).expect("a link");
    for after in
        [json!({ "template_url": "t.json" }), json!({ "template_url": "(known after apply)" }), json!({})]
    {
        let plan = json!({ "format_version": "1.2", "resource_changes": [
            { "address": "s.y", "mode": "managed", "type": "aws_cloudformation_stack", "change": {
                "actions": ["create"], "after": after, "after_unknown": { "template_url": after == json!({}) } } },
        ] });
        write(&shop.file("t.json"), plan.to_string());
        assert_eq!(shop.scene.run(&["gate", "--plan", "t.json"]).code, Some(1), "{after}");
    }
}

/// Deploy tools count a template's paths from its folder, whatever `--assets` says.
#[test]
fn refuses_assets_for_templates() {
    let shop = shop();
    write(&shop.file("s.yaml"), function("dist/orders.zip"));
    let ran =
        shop.scene.run(&["gate", "--plan", "infra/terraform.json", "--plan", "s.yaml", "--assets", "infra"]);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.err().contains("`--assets` does not apply to the template `s.yaml`"), "{ran}");
    assert!(ran.err().contains("hint: remove `--assets`"), "{ran}");
}

#[test]
fn notes_each_layer_that_the_plan_does_not_deploy() {
    let shop = shop();
    let arn = "arn:aws:lambda:us-east-1:123456789012:layer:other:1";
    let text = String::from_utf8(read(&shop.file("infra/cloudformation.yaml"))).expect("UTF-8");
    let noted = |layers: &str| {
        write(&shop.file("infra/case.yaml"), text.replace("[!Ref Base]", layers));
        let ran = shop.scene.run(&["gate", "--plan", "infra/case.yaml", "--format", "json"]);
        assert_eq!(ran.code, Some(0), "{ran}");
        let count = ran.err().matches("not verified: layer `").count();
        assert_eq!(ran.out().matches("not verified: layer `").count(), count, "{ran}");
        (count, ran)
    };
    for layers in
        ["[!Ref Base]", "[!GetAtt Base.LayerVersionArn]", "[{'Fn::GetAtt': [Base, LayerVersionArn]}]", "[]"]
    {
        assert_eq!(noted(layers).0, 0, "{layers}");
    }
    for (layers, count) in [
        (format!("['{arn}', !Ref Base]"), 1),
        ("!Ref Layers".into(), 1),
        ("[!Ref Role, !Sub '${Base}', {'Fn::If': [A, !Ref Base, x]}]".into(), 3),
    ] {
        assert_eq!(noted(&layers).0, count, "{layers}");
    }
    let (_, ran) = noted(&format!("['{arn}']"));
    let line =
        format!("infra/case.yaml: not verified: layer `{arn}` of `Orders`, which the plan does not deploy");
    assert!(ran.err().contains(&line), "{ran}");
    // SAM adds those of its globals.
    let sam = String::from_utf8(read(&shop.file("infra/sam.yaml"))).expect("UTF-8");
    write(
        &shop.file("infra/case.yaml"),
        sam.replace("    Runtime:", &format!("    Layers: ['{arn}']\n    Runtime:")),
    );
    let ran = shop.scene.run(&["gate", "--plan", "infra/case.yaml"]);
    assert!(ran.done().err().contains("not verified: layer `"), "{ran}");
    let plan = json!({ "format_version": "1.2", "resource_changes": [
        { "address": "f.y", "type": "aws_lambda_function", "change": { "actions": ["update"], "after":
            { "function_name": "orders", "filename": "dist/orders.zip", "layers": [arn] }, "after_unknown": {} } },
    ] });
    write(&shop.file("p.json"), plan.to_string());
    let ran = shop.scene.run(&["gate", "--plan", "p.json"]);
    assert!(ran.done().err().contains(&format!("p.json: not verified: layer `{arn}` of `f.y`")), "{ran}");
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
