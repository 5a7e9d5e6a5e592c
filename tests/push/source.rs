//! Does `verify --source` tell whether an artifact or a manifest describes exactly a commit's package?

use crate::support::{Mode, Scene, read, text, write};

/// A scene with a second function and a layer, all released and attached.
fn workspace() -> Scene {
    let scene = Scene::new();
    let repository = scene.repository();
    let items = "[[function]]\nname = 'invoices'\npath = 'invoices'\n\n\
        [[layer]]\nname = 'base'\npath = 'base'\ncompatible_runtimes = ['python3.13']\n";
    let file = repository.join("countersign.toml");
    let before = String::from_utf8(read(&file)).expect("text");
    let before = before.replace("exclude = [", "exclude = [\"/invoices/\", \"/base/\", ");
    write(&file, format!("{before}\n{items}"));
    write(&repository.join("invoices/app.py"), "print('an invoice')\n");
    write(&repository.join("base/python/money.py"), "CURRENCY = 'EUR'\n");
    scene.commit();
    scene.run(&["release", "--attach"]).done();
    scene
}

fn decisions(scene: &Scene, arguments: &[&str]) -> Vec<(String, String)> {
    let ran = scene.run(&[&["verify", "--format", "json", "--source"], arguments].concat());
    let document: serde_json::Value = serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("{ran}"));
    let results = document["results"].as_array().expect("results").iter();
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    results.map(|result| (text(&result["name"]), text(&result["decision"]))).collect()
}

#[test]
fn everything_that_a_commit_packages_is_verified() {
    let scene = workspace();
    let all =
        |decision: &str| ["orders", "invoices", "base"].map(|name| (name.to_owned(), decision.to_owned()));
    assert_eq!(decisions(&scene, &["HEAD"]), all("allowed"));
    assert_eq!(decisions(&scene, &["HEAD~1"]), [("orders".into(), "denied".into())]);
    write(&scene.repository().join("invoices/app.py"), "print('another invoice')\n");
    scene.commit();
    let (mut some, head) = (all("allowed"), decisions(&scene, &["HEAD"]));
    // What did not change is covered by the manifests of the ancestor.
    some[1].1 = "denied".into();
    assert_eq!(head, some);
}

#[test]
fn an_artifact_is_held_against_the_commit() {
    let scene = workspace();
    let artifact = scene.artifact();
    let ask = |revision: &str| {
        scene.run(&[
            "verify",
            "--format",
            "json",
            "--source",
            revision,
            text(&artifact),
            "--function",
            "orders",
        ])
    };
    ask("HEAD").allowed();
    write(&scene.repository().join("handler.py"), "print('changed')\n");
    scene.commit();
    let changed = ask("HEAD");
    changed.denied("mismatch", "source-differs");
    let files = &changed.verdict()["checks"][1]["findings"][0]["files"];
    assert_eq!(files["changed"], serde_json::json!(["handler.py"]), "{changed}");
    ask("HEAD~1").allowed();
    // The artifact's own bytes still have to be those that were signed.
    let mut bytes = read(&artifact);
    bytes.push(0);
    write(&artifact, bytes);
    ask("HEAD~1").denied("integrity", "digest-mismatch");
}

#[test]
fn a_manifest_alone_is_held_against_the_commit() {
    let scene = workspace();
    let manifest = scene.manifest();
    let ask = |more: &[&str]| {
        let all = ["verify", "--format", "json", "--manifest", text(&manifest), "--source", "HEAD"];
        scene.run(&[&all[..], more].concat())
    };
    ask(&[]).allowed();
    ask(&["--function", "invoices"]).denied("mismatch", "name-mismatch");
    scene
        .run(&["verify", "--manifest", text(&manifest)])
        .undecided("a manifest cannot be verified without its artifact");
    scene.run(&["verify", "--source", "nowhere"]).undecided("`nowhere` is not a commit");
}

#[test]
fn file_modes_and_names_count() {
    for (what, change) in [
        ("changed", "chmod +x handler.py"),
        ("removed", "git mv handler.py moved.py"),
        ("added", "echo > new.py"),
        ("changed", "rm handler.py; ln -s countersign.toml handler.py"),
    ] {
        for mode in Mode::BOTH {
            let scene = Scene::of(mode);
            scene.run(&["release", "--attach"]).done();
            assert_eq!(scene.shell(change).code, Some(0));
            scene.commit();
            scene.run(&["manifest", "attach", "HEAD", text(&scene.manifest())]).done();
            let ran = scene.run(&["verify", "--source", "HEAD", "--format", "json"]);
            ran.untrusted(mode, "mismatch", "source-differs");
            let files = &ran.verdict()["checks"][1]["findings"][0]["files"][what];
            assert!(!files.as_array().expect("a list").is_empty(), "{change}: {ran}");
        }
    }
}
