//! Do the snippets of `docs/gate.md` deploy what is signed, and stop what is not?
//!
//! Make is the real one. In the place of `aws`, `terraform` and `sam` stand scripts that note what they
//! were given; a snippet has to be right, not the cloud behind it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::gate::shop::Shop;
use crate::support::{Ran, read, write};

/// The fenced texts of the page in this language, in order.
fn snippets(language: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/gate.md");
    let page = String::from_utf8(read(&page)).expect("UTF-8");
    let fence = format!("```{language}\n");
    let after = page.split(&fence).skip(1);
    after.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// A shop with the hook, and with tools on the `PATH` that note what they were given.
fn with_tools() -> Shop {
    let shop = Shop::new();
    let tool = |path: &str, script: &str| {
        let path = shop.file(path);
        write(&path, script);
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("permissions");
    };
    let hook = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks/pre-deploy");
    tool("hooks/pre-deploy", &String::from_utf8(read(&hook)).expect("UTF-8"));
    tool("bin/aws", "#!/bin/sh\nfor word do file=${word#fileb://}; done\ncp \"$file\" deployed\n");
    tool("bin/sam", "#!/bin/sh\necho \"$@\" >deployed\n");
    tool(
        "bin/terraform",
        "#!/bin/sh\ncase $1 in\nplan) echo >plan.tfplan ;;\nshow) cat terraform.json ;;\napply) echo \"$@\" >deployed ;;\nesac\n",
    );
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_countersign"), shop.file("bin/countersign"))
        .expect("a link");
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/plans/terraform.json");
    let plan = String::from_utf8(read(&plan)).expect("UTF-8");
    write(&shop.file("terraform.json"), plan.replace("../dist/", "dist/"));
    shop
}

fn sh(shop: &Shop, script: &str) -> Ran {
    let mut command = shop.scene.command("sh");
    let path = std::env::var("PATH").expect("a PATH");
    command.args(["-euc", script]).env("PATH", format!("{}:{path}", shop.file("bin").display()));
    Ran::of(&mut command)
}

/// A snippet deploys as it stands, and does not once the package was changed.
#[track_caller]
fn deploys_what_is_signed(shop: &Shop, script: &str) {
    sh(shop, script).done();
    assert!(shop.file("deployed").exists(), "{script}");
    fs::remove_file(shop.file("deployed")).expect("it was there");
    let good = read(&shop.file("dist/orders.zip"));
    write(&shop.file("dist/orders.zip"), "evil");
    let ran = sh(shop, script);
    assert!(ran.code != Some(0) && !shop.file("deployed").exists(), "{script}: {ran}");
    write(&shop.file("dist/orders.zip"), good);
}

#[test]
fn scripts_deploy_what_is_signed() {
    let scripts = snippets("sh");
    assert_eq!(scripts.len(), 4);
    for script in scripts {
        let shop = with_tools();
        let yaml = &snippets("yaml")[0];
        write(&shop.file("template.yaml"), yaml);
        deploys_what_is_signed(&shop, &script);
    }
}

#[test]
fn make_deploys_what_is_signed() {
    let shop = with_tools();
    write(&shop.file("Makefile"), &snippets("make")[0]);
    deploys_what_is_signed(&shop, "make deploy");
}

/// The `external` data source's protocol: JSON with texts on standard output, and any other end is an error.
#[test]
fn terraforms_external_program_speaks_its_protocol() {
    let shop = with_tools();
    let snippet = &snippets("hcl")[0];
    let line = snippet.lines().find_map(|line| line.trim().strip_prefix("program = ")).expect("a program");
    // HCL's list of texts is JSON's.
    let words: Vec<String> = serde_json::from_str(line).expect("a list");
    let run = || {
        let path = format!("{}:{}", shop.file("bin").display(), std::env::var("PATH").expect("a PATH"));
        Ran::of(shop.scene.command(&words[0]).args(&words[1..]).env("PATH", path))
    };
    let answer: serde_json::Value = serde_json::from_str(&run().done().out()).expect("JSON");
    assert!(answer.as_object().expect("an object").values().all(serde_json::Value::is_string));
    write(&shop.file("dist/orders.zip"), "evil");
    let ran = run();
    assert_eq!((ran.code, ran.out().as_str()), (Some(1), ""), "{ran}");
}

#[test]
fn serverless_calls_the_hook_with_what_it_needs() {
    let shop = with_tools();
    let snippet = &snippets("yaml")[1];
    let line =
        snippet.lines().find_map(|line| line.trim().strip_prefix("before:deploy:deploy: ")).expect("a hook");
    sh(&shop, line).done();
    write(&shop.file("dist/orders.zip"), "evil");
    assert_eq!(sh(&shop, line).code, Some(1));
}
