//! JSON: the result of an audit for programs, by `docs/formats.md`.

use serde::Serialize;

use super::{Audit, Entry, Undecided};
use crate::digest::Sha256;
use crate::report::json::to_text;
use crate::report::{Decision, Verdict};

/// The report's version; it increases when readers of an older version could misread a report.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    account: &'a str,
    covered: bool,
    summary: Summary,
    deployed: Vec<Record<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    undecided: Vec<UndecidedRecord<'a>>,
    notes: &'a [String],
}

/// The number of functions and layer versions by result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Summary {
    /// All of them.
    pub deployed: usize,
    /// Those that pass every check.
    pub covered: usize,
    /// Those that fail a check, under a CSC that warns.
    pub warned: usize,
    /// Those that fail a check, under a CSC that enforces or without one.
    pub denied: usize,
    /// Those without a verdict; absent if there are none.
    #[serde(skip_serializing_if = "is_zero")]
    pub undecided: usize,
    /// How many manifests were read.
    pub manifests: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Summary {
    pub(super) fn of(audit: &Audit) -> Self {
        let count =
            |decision| audit.entries.iter().filter(|entry| entry.worst().1.decision == decision).count();
        Self {
            deployed: audit.entries.len() + audit.undecided.len(),
            covered: count(Decision::Allowed),
            warned: count(Decision::Warned),
            denied: count(Decision::Denied),
            undecided: audit.undecided.len(),
            manifests: audit.manifests,
        }
    }
}

#[derive(Serialize)]
struct Record<'a> {
    kind: &'static str,
    name: &'a str,
    arn: Option<&'a str>,
    version: Option<&'a str>,
    last_modified: Option<&'a str>,
    sha256: Option<Sha256>,
    covered: bool,
    verdict: &'a Verdict,
    layers: Vec<LayerRecord<'a>>,
}

#[derive(Serialize)]
struct UndecidedRecord<'a> {
    kind: &'static str,
    name: &'a str,
    arn: Option<&'a str>,
    error: String,
}

#[derive(Serialize)]
struct LayerRecord<'a> {
    arn: &'a str,
    covered: bool,
    verdict: &'a Verdict,
}

/// Renders an audit, ending in a line feed.
pub fn render(audit: &Audit, notes: &[String]) -> String {
    let document = Document {
        schema_version: SCHEMA_VERSION,
        account: audit.account.as_str(),
        covered: audit.is_covered(),
        summary: Summary::of(audit),
        deployed: audit.entries.iter().map(record).collect(),
        undecided: audit.undecided.iter().map(undecided).collect(),
        notes,
    };
    format!("{}\n", to_text(&document))
}

fn undecided(each: &Undecided) -> UndecidedRecord<'_> {
    let Undecided { kind, name, arn, error } = each;
    UndecidedRecord { kind: kind.name(), name, arn: arn.as_deref(), error: error.to_string() }
}

fn record(entry: &Entry) -> Record<'_> {
    let layers = entry.layers.iter().map(|(arn, verdict)| LayerRecord {
        arn,
        covered: super::is_covered(verdict),
        verdict,
    });
    Record {
        kind: entry.kind.name(),
        name: &entry.name,
        arn: entry.arn.as_deref(),
        version: entry.version.as_deref(),
        last_modified: entry.last_modified.as_deref(),
        sha256: entry.sha256,
        covered: entry.is_covered(),
        verdict: &entry.verdict,
        layers: layers.collect(),
    }
}
