//! Text: verdicts for people.

use std::fmt::Write;

use super::escape::line;
use super::{CheckResult, FileChanges, Finding, Outcome, Verdict};

/// Most files named for each kind of change; JSON names all of them.
const FILES_SHOWN: usize = 10;

/// Renders one verdict, ending in a line feed.
pub fn render(verdict: &Verdict) -> String {
    let mut out = String::new();
    let name = verdict.name.as_ref().map_or(String::new(), |name| format!(" as `{name}`"));
    let status = verdict.status.map_or(String::new(), |check| format!(" ({})", check.name()));
    let decision = verdict.decision.name();
    let _ = writeln!(out, "{decision}{status}: {}{name}", line(&verdict.artifact));
    if let Some(facts) = &verdict.signature {
        let _ = writeln!(out, "  signed by  {} with {}", facts.requested_by, facts.profile);
        let _ = writeln!(out, "  job        {}", facts.job.job());
        let _ = writeln!(out, "  valid      {} until {}", facts.signed_at, facts.expires_at);
        if let Some(commit) = &facts.commit {
            let _ = writeln!(out, "  commit     {}", line(commit));
        }
    }
    let policy = verdict.csc.as_ref().zip(verdict.untrusted_artifact_on_deployment);
    let policy = policy.map_or("none".into(), |(csc, mode)| format!("{csc} ({mode})"));
    let _ = writeln!(out, "  policy     {policy}");
    verdict.checks.iter().for_each(|result| write_check(&mut out, result));
    out
}

fn write_check(out: &mut String, result: &CheckResult) {
    let outcome = match result.outcome {
        Outcome::Passed => "ok",
        Outcome::Failed => "failed",
        Outcome::NotEvaluated => "not evaluated",
    };
    let _ = writeln!(out, "  {:<10} {outcome}", result.check.name());
    result.findings.iter().for_each(|finding| out.push_str(&finding_lines(finding, "    ")));
}

/// A finding as indented lines: code and message, files, hint.
pub fn finding_lines(finding: &Finding, indent: &str) -> String {
    let mut out = format!("{indent}{}: {}\n", finding.code, line(&finding.message));
    let FileChanges { changed, added, removed } = &finding.files;
    for (what, paths) in [("changed", changed), ("added", added), ("removed", removed)] {
        for path in paths.iter().take(FILES_SHOWN) {
            let _ = writeln!(out, "{indent}  {what:<8} {}", line(path));
        }
        if paths.len() > FILES_SHOWN {
            let _ = writeln!(out, "{indent}  {what:<8} … and {} more", paths.len() - FILES_SHOWN);
        }
    }
    let _ = writeln!(out, "{indent}hint: {}", line(&finding.hint));
    out
}
