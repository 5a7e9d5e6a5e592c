//! Text: the result of an audit for people: a summary, one line each, the worst first, and advice.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::json::Summary;
use super::{Audit, Entry, Undecided};
use crate::provenance::Kind;
use crate::report::escape::line;
use crate::report::{Finding, Verdict};

/// Widest column of names, in characters; a longer name makes its own line longer.
const NAME_COLUMN: usize = 40;

/// Renders an audit, ending in a line feed.
pub fn render(audit: &Audit) -> String {
    let Summary { deployed, covered, warned, denied, undecided, manifests } = Summary::of(audit);
    let kinds = audit.entries.iter().map(|entry| entry.kind);
    let kinds = kinds.chain(audit.undecided.iter().map(|each| each.kind));
    let functions = kinds.filter(|kind| *kind == Kind::Function).count();
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let what = match (functions, deployed - functions) {
        (functions, 0) => counted(functions, "function"),
        (0, layers) => counted(layers, "layer version"),
        (functions, layers) => {
            format!("{} and {}", counted(functions, "function"), counted(layers, "unused layer version"))
        }
    };
    let head = if audit.is_covered() { "covered" } else { "not covered" };
    let manifests = counted(manifests, "manifest");
    let undecided = if undecided > 0 { format!(", {undecided} undecided") } else { String::new() };
    let mut out = format!(
        "{head}: {what} of account `{}`: {covered} covered, {warned} warned, {denied} denied{undecided}; {manifests} read\n",
        audit.account
    );
    for Undecided { kind, name, error, .. } in &audit.undecided {
        let _ = writeln!(out, "undecided  {} {}  {}", kind.name(), line(name), line(&error.to_string()));
    }
    let names: Vec<String> = audit.entries.iter().map(name).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(NAME_COLUMN);
    for (entry, name) in audit.entries.iter().zip(&names) {
        let (layer, verdict) = entry.worst();
        let status = verdict.status.map_or("", |check| check.name());
        let said = said(layer, verdict);
        let _ = writeln!(out, "{:<7}  {status:<10}  {name:<width$}  {said}", verdict.decision.name());
    }
    let hints = hints(audit);
    if !hints.is_empty() {
        out.push_str("\nwhat to do\n");
    }
    let codes = hints.iter().map(|(code, _)| code.len()).max().unwrap_or(0);
    for (code, hint) in &hints {
        let _ = writeln!(out, "  {code:<codes$}  {}", line(hint));
    }
    out
}

fn name(entry: &Entry) -> String {
    let version = entry.version.as_ref().filter(|version| *version != "$LATEST");
    line(&format!("{}{}", entry.name, version.map_or(String::new(), |version| format!(":{version}"))))
}

/// The first finding of the check that names the status, or the signer.
fn said(layer: Option<&str>, verdict: &Verdict) -> String {
    let layer = layer.map_or(String::new(), |arn| format!("layer {arn}: "));
    let findings: Vec<&Finding> = verdict.checks.iter().flat_map(|result| &result.findings).collect();
    let first = findings.iter().find(|finding| Some(finding.check) == verdict.status);
    let text = match (first, &verdict.signature) {
        (Some(first), _) => {
            let more = if findings.len() > 1 {
                format!(" (and {} more)", findings.len() - 1)
            } else {
                String::new()
            };
            format!("{}: {}{more}", first.code, first.message)
        }
        (None, Some(facts)) => {
            let (profile, version) = (facts.profile.profile(), facts.profile.version());
            format!("{} with {profile}/{version} until {}", facts.requested_by, facts.expires_at)
        }
        (None, None) => String::new(),
    };
    line(&format!("{layer}{text}"))
}

/// The advice, once for each code.
fn hints(audit: &Audit) -> BTreeSet<(&'static str, String)> {
    let verdicts = audit.entries.iter().flat_map(Entry::verdicts);
    let findings = verdicts.flat_map(|verdict| &verdict.checks).flat_map(|result| &result.findings);
    findings.map(|finding| (finding.code, finding.hint.clone())).collect()
}
