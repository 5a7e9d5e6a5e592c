//! Text: verdicts for people.

use std::fmt::Write;

use super::escape::line;
use super::{CheckResult, Decision, Finding, Verdict, summary};
use crate::provenance::Endorsement;

/// Most files listed for each kind of change; JSON lists all of them.
pub(super) const FILES_SHOWN: usize = 10;

/// Renders verdicts, and for several a last line with the decision on all of them.
pub fn render_all(verdicts: &[Verdict]) -> String {
    let mut out: String = verdicts.iter().map(render).collect();
    if verdicts.len() > 1 {
        let _ = writeln!(out, "{}: {}", Decision::of(verdicts).name(), summary(verdicts));
    }
    out
}

/// Renders one verdict, ending in a line feed.
pub fn render(verdict: &Verdict) -> String {
    let mut out = String::new();
    let status = verdict.status.map_or(String::new(), |check| format!(" ({})", check.name()));
    let decision = verdict.decision.name();
    let _ = writeln!(out, "{decision}{status}: {}", line(&verdict.subject()));
    if let Some(facts) = &verdict.signature {
        let _ = writeln!(out, "  signed by  {} with {}", facts.requested_by, facts.profile);
        let _ = writeln!(out, "  job        {}", facts.job.job());
        let _ = writeln!(out, "  valid      {} until {}", facts.signed_at, facts.expires_at);
        if facts.endorsement == Endorsement::Yes {
            let _ = writeln!(out, "  endorsed   its signer vouches for the artifact, not for its source");
        }
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
    let _ = writeln!(out, "  {:<10} {}", result.check.name(), result.outcome.name());
    result.findings.iter().for_each(|finding| out.push_str(&finding_lines(finding, "    ")));
}

/// A finding as indented lines: code and message, files, hint.
pub fn finding_lines(finding: &Finding, indent: &str) -> String {
    let mut out = format!("{indent}{}: {}\n", finding.code, line(&finding.message));
    for (what, paths) in finding.files.kinds() {
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
