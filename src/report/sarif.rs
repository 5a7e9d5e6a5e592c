//! SARIF 2.1.0: findings as results for code scanning, a rule for each code.
//!
//! A result is located at the manifest, or at the artifact if there is none; files of the package are related
//! locations. Allowed artifacts have no results. Messages are plain text by section 3.11 of the standard.

use std::collections::BTreeMap;

use serde::Serialize;

use super::catalogue::{self, Rule};
use super::escape::{line, shortened};
use super::{Decision, Finding, Verdict, json};
use crate::digest::Sha256;
use crate::limits::{RELATED_FILES_MAX, SHOWN_CHARS_MAX};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The base of paths of a package's files.
const PACKAGE: &str = "PACKAGE";

/// Renders verdicts as one run, with exit status 1 if one of them is a denial.
pub fn render(verdicts: &[Verdict], notes: &[String]) -> String {
    render_ending(verdicts, notes, u8::from(Decision::of(verdicts) == Decision::Denied))
}

/// Like [`render`], with this exit status of the run.
pub fn render_ending(verdicts: &[Verdict], notes: &[String], exit_code: u8) -> String {
    let mut results = Results::default();
    for verdict in verdicts {
        verdict.findings().for_each(|finding| results.add(Some(verdict), finding));
    }
    if verdicts.is_empty() {
        results.add(None, &Finding::nothing_verified());
    }
    let Results { rules, results, .. } = results;
    let decision = Decision::of(verdicts);
    let notification = |note: &String| Notification { level: "note", message: Text::new(note) };
    let run = Run {
        tool: Tool {
            driver: Driver { name: "countersign", semantic_version: env!("CARGO_PKG_VERSION"), rules },
        },
        invocations: [Invocation {
            execution_successful: true,
            exit_code,
            exit_code_description: decision.name(),
            tool_execution_notifications: notes.iter().map(notification).collect(),
        }],
        original_uri_base_ids: BTreeMap::from([(
            PACKAGE,
            Base { description: Text { text: "the top of the package".into() } },
        )]),
        column_kind: "unicodeCodePoints",
        results,
    };
    format!("{}\n", json::to_text(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] }))
}

/// Collected results, the rules that they refer to, and a count of each fingerprint.
#[derive(Default)]
struct Results<'a> {
    rules: Vec<Descriptor>,
    results: Vec<SarifResult<'a>>,
    seen: BTreeMap<String, usize>,
}

impl<'a> Results<'a> {
    fn add(&mut self, verdict: Option<&'a Verdict>, finding: &Finding) {
        let index = self.rules.iter().position(|rule| rule.id == finding.code).unwrap_or(self.rules.len());
        if index == self.rules.len() {
            self.rules.push(Descriptor::of(finding));
        }
        let subject = verdict.map_or(String::new(), Verdict::subject);
        let place = verdict.map_or(".", |verdict| verdict.manifest.as_ref().unwrap_or(&verdict.artifact));
        let said = match verdict {
            Some(_) => format!("{subject}: {}", finding.message),
            None => finding.message.clone(),
        };
        // The same finding on the same artifact keeps its alert, even if the artifact is signed again.
        let digest = Sha256::of(format!("{}\0{subject}", finding.code).as_bytes()).to_string();
        let count = self.seen.entry(digest[..16].to_owned()).or_default();
        *count += 1;
        self.results.push(SarifResult {
            rule_id: finding.code,
            rule_index: index,
            level: level(verdict),
            message: Text { text: format!("{}\nhint: {}", plain(&said), plain(&finding.hint)) },
            locations: [Location::at(uri(place))],
            related_locations: related(finding),
            partial_fingerprints: Fingerprints { line: format!("{}:{count}", &digest[..16]) },
            properties: Properties {
                decision: verdict.map_or(Decision::Denied, |verdict| verdict.decision).name(),
                check: finding.check.name(),
                name: verdict.and_then(|verdict| verdict.name.as_ref()).map(|name| name.as_str()),
                csc: verdict.and_then(|verdict| verdict.csc.as_ref()).map(|csc| csc.as_str()),
            },
        });
    }
}

/// Whether the finding denies the artifact.
fn level(verdict: Option<&Verdict>) -> &'static str {
    match verdict.map(|verdict| verdict.decision) {
        Some(Decision::Allowed | Decision::Warned) => "warning",
        Some(Decision::Denied) | None => "error",
    }
}

/// The files of a finding, each with its change.
fn related(finding: &Finding) -> Vec<Location> {
    let all = finding
        .files
        .kinds()
        .into_iter()
        .flat_map(|(what, paths)| paths.iter().map(move |path| (what, path)));
    let place = |(id, (what, path)): (usize, (&str, &String))| {
        // A path with a leading slash is relative to the package's top too.
        let mut location = Location::at(uri(path.trim_start_matches('/')));
        location.physical_location.artifact_location.uri_base_id = Some(PACKAGE);
        Location { id: Some(id), message: Some(Text { text: format!("{what} {}", plain(path)) }), ..location }
    };
    all.take(RELATED_FILES_MAX).enumerate().map(place).collect()
}

/// A path as a relative URI, or as a `file:` URI if it is absolute; everything except RFC 3986's unreserved
/// characters and `/` is encoded.
fn uri(path: &str) -> String {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// A text as a plain text message: escapes brackets, which start links, and braces, which start placeholders
/// (3.11.5, 3.11.6).
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in line(&shortened(text, SHOWN_CHARS_MAX)).chars() {
        match c {
            '\\' | '[' | ']' => out.extend(['\\', c]),
            '{' | '}' => out.extend([c, c]),
            _ => out.push(c),
        }
    }
    out
}

/// `digest-mismatch` as `DigestMismatch`.
fn pascal(code: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        format!("{}{rest}", first.to_uppercase())
    };
    code.split('-').map(word).collect()
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    invocations: [Invocation; 1],
    original_uri_base_ids: BTreeMap<&'static str, Base>,
    column_kind: &'static str,
    results: Vec<SarifResult<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    name: String,
    short_description: Text,
    full_description: Text,
    help: Help,
    default_configuration: Configuration,
    properties: Tags,
}

impl Descriptor {
    fn of(finding: &Finding) -> Self {
        // A code that is not in the catalogue is still a rule, described by this finding.
        let unknown = Rule { code: finding.code, check: finding.check, title: finding.code, help: "" };
        let rule = catalogue::rule(finding.code).unwrap_or(&unknown);
        let help = if rule.help.is_empty() { &finding.hint } else { rule.help };
        Self {
            id: rule.code,
            name: pascal(rule.code),
            short_description: Text { text: format!("{}.", rule.title) },
            full_description: Text::new(help),
            help: Help { text: plain(help), markdown: help.to_owned() },
            default_configuration: Configuration { level: "error" },
            properties: Tags { tags: [rule.check.name()] },
        }
    }
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Tags {
    tags: [&'static str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    exit_code_description: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
}

#[derive(Serialize)]
struct Base {
    description: Text,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

impl Text {
    fn new(text: &str) -> Self {
        Self { text: plain(text) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: Fingerprints,
    properties: Properties<'a>,
}

/// What GitHub identifies alerts by; its own digest of the line would change with every signature.
#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "primaryLocationLineHash")]
    line: String,
}

#[derive(Serialize)]
struct Properties<'a> {
    decision: &'static str,
    check: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    csc: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
}

impl Location {
    /// The first line: a manifest has only one, and GitHub shows no result without a line.
    fn at(uri: String) -> Self {
        let artifact_location = ArtifactLocation { uri, uri_base_id: None };
        let physical_location = PhysicalLocation { artifact_location, region: Region { start_line: 1 } };
        Self { id: None, physical_location, message: None }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}
