//! Markdown: verdicts as a page for a step summary or a comment, the worst first.
//!
//! All untrusted text is in code spans, where nothing is a link, an image, an element or a mention. What does
//! not fit into a step summary is counted: rows and findings are left out as a whole.

use std::cmp::Reverse;
use std::fmt::Write;

use super::escape::{code_span, shortened};
use super::{Check, CheckOutcome, Decision, Finding, Verdict, summary, text};
use crate::limits::{SHOWN_CHARS_MAX, SUMMARY_BYTES_MAX};

/// Reserved for the lines that report what is left out.
const RESERVE: usize = 4096;

/// Renders verdicts as a heading, a table of checks, and the findings.
pub fn render(verdicts: &[Verdict], notes: &[String]) -> String {
    let decision = Decision::of(verdicts).name();
    let mut page = format!("## countersign: {decision}\n\n{}\n", summary(verdicts));
    let mut verdicts: Vec<&Verdict> = verdicts.iter().collect();
    verdicts.sort_by_key(|verdict| Reverse(verdict.decision));
    if !verdicts.is_empty() {
        let checks = Check::VERDICT.map(Check::name).join(" | ");
        let _ = write!(page, "\n| artifact | decision | {checks} |\n|---|---|---|---|---|---|\n");
    }
    // Rows take at most half, so that the worst findings always fit.
    let rows = verdicts.iter().map(|verdict| row(verdict));
    let left = fill(&mut page, rows, SUMMARY_BYTES_MAX / 2);
    if left > 0 {
        let _ = write!(page, "\n… and {left} more artifacts\n");
    }
    let findings = verdicts.iter().flat_map(|verdict| verdict.findings().map(|each| finding(verdict, each)));
    section(&mut page, "Findings", findings);
    section(&mut page, "Notes", notes.iter().map(|note| format!("- {}\n", code(note))));
    page
}

/// Adds pieces while they fit below the limit; returns how many did not.
fn fill(page: &mut String, pieces: impl Iterator<Item = String>, limit: usize) -> usize {
    let mut left = 0;
    for piece in pieces {
        if left == 0 && page.len() + piece.len() <= limit {
            page.push_str(&piece);
        } else {
            left += 1;
        }
    }
    left
}

fn section(page: &mut String, title: &str, pieces: impl Iterator<Item = String>) {
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return;
    }
    let _ = write!(page, "\n### {title}\n\n");
    let left = fill(page, pieces, SUMMARY_BYTES_MAX - RESERVE);
    if left > 0 {
        let _ = write!(page, "\n… and {left} more; pass `--format json` to list all\n");
    }
}

fn row(verdict: &Verdict) -> String {
    let decision = match verdict.decision {
        Decision::Allowed => "allowed".to_owned(),
        stands_out => format!("**{}**", stands_out.name()),
    };
    let outcome = |check: Check| {
        let result = verdict.checks.iter().find(|result| result.check == check);
        match result.map_or(CheckOutcome::NotEvaluated, |result| result.outcome) {
            CheckOutcome::Failed => format!("**{}**", CheckOutcome::Failed.name()),
            other => other.name().to_owned(),
        }
    };
    let checks = Check::VERDICT.map(outcome).join(" | ");
    format!("| {} | {decision} | {checks} |\n", subject(verdict))
}

fn subject(verdict: &Verdict) -> String {
    let name = verdict.name.as_ref().map_or(String::new(), |name| format!(" as {}", code(name.as_str())));
    format!("{}{name}", code(&verdict.artifact))
}

fn finding(verdict: &Verdict, finding: &Finding) -> String {
    let decision = verdict.decision.name();
    let (check, says) = (finding.check.name(), code(&finding.message));
    let mut out = format!("- **{}** ({decision}, {check}) {}\n  - {says}\n", finding.code, subject(verdict));
    for (what, paths) in finding.files.kinds() {
        for path in paths.iter().take(text::FILES_SHOWN) {
            let _ = writeln!(out, "  - {what} {}", code(path));
        }
        if paths.len() > text::FILES_SHOWN {
            let _ = writeln!(out, "  - {what} … and {} more", paths.len() - text::FILES_SHOWN);
        }
    }
    let _ = writeln!(out, "  - hint: {}", code(&finding.hint));
    out
}

fn code(text: &str) -> String {
    code_span(&shortened(text, SHOWN_CHARS_MAX))
}
