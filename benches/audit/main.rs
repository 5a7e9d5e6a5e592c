//! Audit: how long does it take to hold what is deployed against as many manifests?
//!
//!   cargo bench --bench audit                 10,000 functions, each with a manifest of its own
//!   cargo bench --bench audit -- --runs 21    more runs
//!
//! Whole processes are timed, after a warm-up; what is printed are medians, as Markdown.
#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

#[path = "../../tests/support/mod.rs"]
mod support;

use std::process::Stdio;
use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding};
use countersign::digest::Sha256;
use countersign::manifest;
use serde_json::json;

use self::support::{NAME, Scene, signed, text, write};

/// How many functions there are.
const FUNCTIONS: usize = 10_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --benches` runs this too, without `--bench`.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let after = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1);
    let runs = after("--runs").map_or(5, |text| text.parse().expect("a number of runs"));
    let scene = Scene::new();
    deploy(&scene);
    let mut times: Vec<Duration> = (0..=runs).map(|_| timed(&scene)).skip(1).collect();
    times.sort();
    println!("| functions | manifests | `audit --format json` |\n|--:|--:|--:|");
    println!("| {FUNCTIONS} | {FUNCTIONS} | {:.2} s |", times[times.len() / 2].as_secs_f64());
}

/// Lists so many functions, and signs a package for each.
fn deploy(scene: &Scene) {
    let (statement, key) = (scene.statement(), scene.key("signing"));
    let functions: Vec<_> = (0..FUNCTIONS)
        .map(|number| {
            let name = format!("{NAME}-{number}");
            let sha256 = Sha256::of(name.as_bytes());
            let mut statement = statement.clone();
            statement["subject"][0]["digest"]["sha256"] = sha256.to_string().into();
            statement["predicate"]["name"] = name.clone().into();
            let manifest = signed(manifest::PAYLOAD_TYPE, statement.to_string().into_bytes(), &key);
            let folder = scene.path().join("manifests").join((number % 100).to_string());
            write(&folder.join(format!("{name}.zip.sigstore.json")), manifest.to_string());
            json!({
                "FunctionName": name,
                "FunctionArn": format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}"),
                "Runtime": "python3.13",
                "Handler": "app.handler",
                "LastModified": "2026-01-31T12:00:00.000+0000",
                "PackageType": "Zip",
                "CodeSha256": Base64::encode_string(sha256.as_bytes()),
                "CodeSize": statement["predicate"]["size"],
                "Environment": { "Variables": { "TABLE": "orders" } },
            })
        })
        .collect();
    write(&scene.path().join("functions.json"), json!({ "Functions": functions }).to_string());
}

fn timed(scene: &Scene) -> Duration {
    let (deployed, manifests) = (scene.path().join("functions.json"), scene.path().join("manifests"));
    let mut command = scene.countersign();
    command.args(["audit", "--deployed", text(&deployed), "--manifests", text(&manifests)]);
    command.args(["--format", "json"]).stdin(Stdio::null());
    let start = Instant::now();
    let output = command.output().expect("it starts");
    let time = start.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    time
}
