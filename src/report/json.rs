//! JSON: verdicts for programs, by the schema of `docs/verdict.schema.json`.

use serde::Serialize;

use super::{Decision, Verdict, escape};
use crate::shard::Part;

/// The schema's version; it increases when readers of an older version could misread a document.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    decision: Decision,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'a Part>,
    results: &'a [Verdict],
    notes: &'a [String],
}

/// Renders verdicts, of a part if the release had several; the overall decision is the worst of them, and denied if
/// there are none.
pub fn render(verdicts: &[Verdict], notes: &[String], part: Option<&Part>) -> String {
    let decision = Decision::of(verdicts);
    let document = Document { schema_version: SCHEMA_VERSION, decision, part, results: verdicts, notes };
    to_text(&document)
}

/// A document as indented JSON that is safe to show on a terminal.
pub fn to_text(document: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(document).expect("documents have only texts and numbers");
    escape::json(&text)
}
