//! What other programs wrote: AWS's answers, journals, metrics, notes, the ledger, keys.

use std::fs;

use countersign::limits::{AWS_ANSWER_BYTES_MAX, KEY_BYTES_MAX, SERIES_BYTES_MAX};

use crate::bounds::{bounded, fill};
use crate::support::Scene;

#[test]
fn an_answer_of_the_cloud_takes_memory_by_its_size() {
    let scene = Scene::new();
    let file = scene.path().join("answer.json");
    let audit = ["audit", "--deployed", "../answer.json"];
    for (what, beginning, unit, end) in [
        ("functions", "{\"Functions\":[", "{\"FunctionName\":\"\"},", "{\"FunctionName\":\"\"}]}"),
        ("layers", "{\"Layers\":[", "{},", "{}]}"),
        ("arrays in layers", "{\"Layers\":[", "[[]],", "[]]}"),
        ("versions", "{\"LayerVersions\":[", "{\"LayerVersionArn\":\"\"},", "{\"LayerVersionArn\":\"\"}]}"),
        ("arrays in a version", "{\"Version\":[", "[],", "[]]}"),
        (
            "layers of a function",
            "{\"FunctionName\":\"a\",\"Layers\":[",
            "{\"Arn\":\"\"},",
            "{\"Arn\":\"\"}]}",
        ),
        (
            "used layers",
            "{\"Functions\":[{\"FunctionName\":\"a\",\"Layers\":[",
            "{\"Arn\":\"\"},",
            "{\"Arn\":\"\"}]}]}",
        ),
        ("answers", "", "{\"FunctionName\":\"a\"}", "x"),
        ("answers in an array", "[", "{\"FunctionName\":\"a\"},", "1]"),
        ("arrays", "", "[", ""),
        (
            "an unknown text",
            "{\"Functions\":[{\"FunctionName\":\"a\",\"X\":\"",
            "a",
            "\"}],\"NextMarker\":1}",
        ),
    ] {
        let size = fill(&file, beginning, unit, 4 << 20, end);
        bounded(&scene, &format!("audit: {what}"), &audit, 2, size);
    }
    let import = ["import", "../answer.json"];
    let full = usize::try_from(AWS_ANSWER_BYTES_MAX / 2).expect("a size");
    for (what, beginning, unit, end) in [
        ("CSCs", "{\"CodeSigningConfigs\":[", "{},", "{}]}"),
        (
            "publishers",
            "{\"CodeSigningConfig\":{\"AllowedPublishers\":{\"SigningProfileVersionArns\":[",
            "\"\",",
            "\"\"]}}}",
        ),
        ("permissions", "{\"permissions\":[", "{},", "{}]}"),
        ("arrays", "{\"permissions\":", "[", "]}"),
    ] {
        let size = fill(&file, beginning, unit, full, end);
        bounded(&scene, &format!("import: {what}"), &import, 2, size);
    }
}

#[test]
fn journals_and_metrics_take_memory_by_their_size() {
    let scene = Scene::new();
    let journal = scene.path().join("journal.jsonl");
    let beginning = "{\"schema_version\":1,";
    for (what, unit) in [
        ("lines that are none", "{\"schema_version\":1\n".to_owned()),
        ("nested", format!("{}{}\n", beginning, "[".repeat(4000))),
        ("a long line", "a".repeat(1 << 20)),
    ] {
        let size = fill(&journal, "", &unit, 16 << 20, "\n");
        bounded(&scene, &format!("monitor: {what}"), &["monitor", "../journal.jsonl"], 0, size);
    }
    let series = scene.path().join("metrics.prom");
    let full = usize::try_from(SERIES_BYTES_MAX).expect("a size") - 1000;
    for unit in ["a 1\n", "\n", "countersign_verdicts_total{} 1\n"] {
        let size = fill(&series, "", unit, full, "");
        bounded(
            &scene,
            &format!("metrics: {unit:?}"),
            &["verify", "--metrics", "prometheus:../metrics.prom"],
            0,
            size,
        );
    }
}

#[test]
fn notes_take_memory_by_their_size() {
    let scene = Scene::new();
    let note = scene.path().join("note");
    for (what, unit) in [("short lines", "ab\n"), ("empty lines", "\n"), ("objects", "{}\n"), ("a line", "[")]
    {
        let size = fill(&note, "", unit, 4 << 20, "\n");
        scene.git(&["notes", "--ref", "countersign", "add", "-f", "-F", "../note", "HEAD"]);
        bounded(&scene, &format!("a note: {what}"), &["manifest", "list"], 0, size);
        bounded(
            &scene,
            &format!("attach to a note: {what}"),
            &["manifest", "attach", "HEAD", "dist/orders.zip.sigstore.json"],
            0,
            size,
        );
    }
}

#[test]
fn keys_and_the_ledger_take_memory_by_their_size() {
    let scene = Scene::new();
    let key = scene.path().join("key.pem");
    let full = usize::try_from(KEY_BYTES_MAX).expect("a size") - 100;
    for begin in [
        "-----BEGIN PUBLIC KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
        "",
    ] {
        for unit in ["A", "\n", "-----BEGIN PUBLIC KEY-----\n"] {
            let size = fill(&key, begin, unit, full, "");
            bounded(
                &scene,
                &format!("a key: {begin:?} and {unit:?}"),
                &["key", "show", "../key.pem"],
                2,
                size,
            );
        }
    }
    let ledger = scene.policy().join("ledger.jsonl");
    for unit in ["\n", "{}\n", "[", "a"] {
        let size = fill(&ledger, "", unit, 16 << 20, "\n");
        bounded(
            &scene,
            &format!("a ledger: {unit:?}"),
            &["job", "record", "dist/orders.zip.sigstore.json"],
            2,
            size,
        );
    }
    fs::remove_file(ledger).expect("it was there");
}
