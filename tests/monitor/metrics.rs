//! Do CloudWatch and Prometheus understand the metrics?

use std::fs;

use serde_json::{Value, json};

use crate::peers::peer::{Peer, succeeded, told};
use crate::support::{Mode, Scene, read, text};

/// A document of Embedded Metric Format, by AWS's specification of its root node.
fn emf_schema() -> jsonschema::Validator {
    let name = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
    let metric = json!({
        "type": "object",
        "required": ["Name"],
        "properties": { "Name": name, "Unit": { "enum": ["Count", "None"] } },
        "additionalProperties": false
    });
    let directive = json!({
        "type": "object",
        "required": ["Namespace", "Dimensions", "Metrics"],
        "properties": {
            "Namespace": name,
            "Dimensions": {
                "type": "array",
                "minItems": 1,
                "items": { "type": "array", "maxItems": 9, "items": name, "uniqueItems": true },
                "uniqueItems": true
            },
            "Metrics": { "type": "array", "maxItems": 100, "items": metric }
        },
        "additionalProperties": false
    });
    let schema = json!({
        "type": "object",
        "required": ["_aws"],
        "properties": { "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": { "type": "integer", "minimum": 1_000_000_000_000_i64 },
                "CloudWatchMetrics": { "type": "array", "minItems": 1, "items": directive }
            },
            "additionalProperties": false
        } }
    });
    jsonschema::draft202012::new(&schema).expect("a schema")
}

/// Asserts that the line is a document whose references lead somewhere, as the specification says.
#[track_caller]
fn understood(line: &str) -> Value {
    let document: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    assert!(emf_schema().is_valid(&document), "{document:#}");
    assert!(line.len() < 256 << 10);
    for directive in document["_aws"]["CloudWatchMetrics"].as_array().expect("an array") {
        for name in
            directive["Dimensions"].as_array().into_iter().flatten().flat_map(|set| set.as_array()).flatten()
        {
            let value = document[name.as_str().expect("a name")].as_str();
            assert!(value.is_some_and(|value| (1..=1024).contains(&value.len())), "{name} in {document:#}");
        }
        for metric in directive["Metrics"].as_array().expect("an array") {
            let name = metric["Name"].as_str().expect("a name");
            assert!(document[name].is_u64(), "{name} in {document:#}");
        }
    }
    document
}

#[test]
fn a_verdict_is_a_line_of_emf_after_the_text() {
    let scene = Scene::of(Mode::Warn);
    let line = |out: String| out.lines().last().unwrap_or_default().to_owned();
    let allowed = understood(&line(scene.run(&["verify", "--metrics", "emf"]).done().out()));
    assert_eq!((&allowed["SignatureValidationErrors"], &allowed["Warned"]), (&json!(0), &json!(0)));
    fs::remove_file(scene.manifest()).expect("removed");
    let ran = scene.run(&["verify", "--metrics", "emf"]);
    let warned = understood(&line(ran.done().out()));
    assert!(ran.out().starts_with("warned (mismatch)"), "{ran}");
    assert_eq!((&warned["SignatureValidationErrors"], &warned["Warned"]), (&json!(1), &json!(1)));
    assert_eq!(warned["SignatureValidationErrors.mismatch"], 1);
    assert_eq!((&warned["function"], &warned["csc"]), (&json!("orders"), &json!(scene.csc_id())));
}

#[test]
fn a_document_on_standard_output_stays_alone() {
    let scene = Scene::new();
    let file = scene.path().join("metrics.json");
    let to_file = format!("emf:{}", text(&file));
    let ran = scene.run(&["verify", "--format", "json", "--metrics", "emf", "--metrics", &to_file]);
    ran.allowed();
    understood(ran.err().trim_end());
    scene.run(&["verify", "--format", "json", "--metrics", &to_file]).allowed();
    let lines = String::from_utf8(read(&file)).expect("UTF-8");
    assert_eq!(lines.lines().map(understood).count(), 2);
}

#[test]
fn a_variable_asks_for_metrics_too() {
    let scene = Scene::new();
    let file = scene.path().join("c.prom");
    let both = format!("emf,prometheus:{}", text(&file));
    let mut command = scene.countersign();
    let ran = crate::support::Ran::of(
        command.args(["verify", "--format", "json"]).env("COUNTERSIGN_METRICS", both),
    );
    ran.allowed();
    understood(ran.err().trim_end());
    assert!(file.exists());
}

#[test]
fn promtool_finds_nothing_to_complain_about() {
    let Some(promtool) = Peer::find("promtool") else { return };
    let scene = Scene::of(Mode::Warn);
    let file = scene.path().join("countersign.prom");
    let metrics = format!("prometheus:{}", text(&file));
    let verify = || scene.run(&["verify", "--format", "json", "--metrics", &metrics]);
    verify().allowed();
    fs::remove_file(scene.manifest()).expect("removed");
    verify().warned("mismatch", "manifest-missing");
    verify().warned("mismatch", "manifest-missing");
    let check = || promtool.ask_about(&file, ["check", "metrics"]);
    let output = check();
    assert!(succeeded(&output) && output.stdout.is_empty() && output.stderr.is_empty(), "{}", told(&output));
    let counted = String::from_utf8(read(&file)).expect("UTF-8");
    for (series, count) in [("check=\"mismatch\"}", 2), ("check=\"expiry\"}", 0), ("decision=\"warned\"}", 2)]
    {
        assert!(counted.contains(&format!("{series} {count}\n")), "{counted}");
    }
    // It does complain where there is reason to.
    fs::write(&file, counted.replace("mismatch\"} 2", "mismatch\"} two")).expect("written");
    assert!(!succeeded(&check()));
}
