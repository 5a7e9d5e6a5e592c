//! Text: verdicts for people.

use std::fmt::Write;

use super::escape::line;
use super::{CheckResult, Decision, Finding, Verdict, summary};
use crate::provenance::Endorsement;

/// Most files listed for each kind of change; JSON lists all of them.
pub(super) const FILES_SHOWN: usize = 10;

/// Most denied artifacts that the last line names.
const DENIED_SHOWN: usize = 10;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Only what is denied.
    Quiet,
    /// One line for each allowed artifact, and the details of the others; the details of a single artifact.
    Normal,
    /// The details of every artifact.
    Verbose,
}

/// Renders verdicts; several end with a line that has the decision on all of them and names the denied ones.
pub fn render_all(verdicts: &[Verdict], detail: Detail) -> String {
    let mut out = render_each(verdicts.iter(), detail, verdicts.len() == 1);
    let decision = Decision::of(verdicts);
    if verdicts.len() > 1 && (detail != Detail::Quiet || decision == Decision::Denied) {
        let _ = writeln!(out, "{}: {}{}", decision.name(), summary(verdicts), denied(verdicts));
    }
    out
}

/// Renders each verdict, without a last line; `alone` is whether a reader asked for a single one.
pub fn render_each<'a>(verdicts: impl Iterator<Item = &'a Verdict>, detail: Detail, alone: bool) -> String {
    let each = |verdict: &Verdict| match (detail, verdict.decision) {
        (Detail::Quiet, Decision::Allowed | Decision::Warned) => String::new(),
        (Detail::Normal, Decision::Allowed) if !alone => headline(verdict),
        _ => render(verdict),
    };
    verdicts.map(each).collect()
}

/// The names of the denied artifacts, for the end of the last line.
fn denied(verdicts: &[Verdict]) -> String {
    let all = || verdicts.iter().filter(|verdict| verdict.decision == Decision::Denied);
    let names: Vec<String> = all().take(DENIED_SHOWN).map(|verdict| line(&verdict.subject())).collect();
    let more = all().count() - names.len();
    match (names.as_slice(), more) {
        ([], _) => String::new(),
        (names, 0) => format!("; denied: {}", names.join(", ")),
        (names, more) => format!("; denied: {} and {more} more", names.join(", ")),
    }
}

fn headline(verdict: &Verdict) -> String {
    let status = verdict.status.map_or(String::new(), |check| format!(" ({})", check.name()));
    format!("{}{status}: {}\n", verdict.decision.name(), line(&verdict.subject()))
}

/// Renders one verdict with its details, ending in a line feed.
pub fn render(verdict: &Verdict) -> String {
    let mut out = headline(verdict);
    if let Some(facts) = &verdict.signature {
        let _ = writeln!(out, "  signed by  {} with {}", facts.requested_by, facts.profile);
        let _ = writeln!(out, "  job        {}", facts.job.job());
        let _ = writeln!(out, "  valid      {} until {}", facts.signed_at, facts.expires_at);
        if facts.endorsement == Endorsement::Yes {
            let _ =
                writeln!(out, "  endorsed   the signer did not package it: source and builder are not known");
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

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(name: &str, decision: Decision) -> Verdict {
        Verdict {
            decision,
            status: (decision != Decision::Allowed).then_some(crate::report::Check::Expiry),
            artifact: format!("dist/{name}.zip"),
            manifest: None,
            kind: None,
            name: None,
            csc: None,
            untrusted_artifact_on_deployment: None,
            signature: None,
            checks: Vec::new(),
            signature_validation_errors: 0,
        }
    }

    fn shown(detail: Detail, decisions: &[Decision]) -> Vec<String> {
        let verdicts: Vec<Verdict> =
            ["a", "b", "c"].iter().zip(decisions).map(|(name, each)| verdict(name, *each)).collect();
        render_all(&verdicts, detail).lines().map(str::to_owned).collect()
    }

    const MIXED: [Decision; 3] = [Decision::Allowed, Decision::Warned, Decision::Denied];

    #[test]
    fn shows_one_line_for_each_allowed_artifact_of_several() {
        assert_eq!(
            shown(Detail::Normal, &MIXED),
            [
                "allowed: dist/a.zip",
                "warned (expiry): dist/b.zip",
                "  policy     none",
                "denied (expiry): dist/c.zip",
                "  policy     none",
                "denied: 3 artifacts: 1 denied, 1 warned, 1 allowed; denied: dist/c.zip",
            ]
        );
    }

    #[test]
    fn shows_the_details_of_a_single_artifact() {
        assert_eq!(shown(Detail::Normal, &MIXED[..1]), ["allowed: dist/a.zip", "  policy     none"]);
    }

    #[test]
    fn quiet_shows_only_what_is_denied() {
        let lines = shown(Detail::Quiet, &MIXED);
        assert_eq!(lines[0], "denied (expiry): dist/c.zip");
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(shown(Detail::Quiet, &MIXED[..2]).is_empty());
    }

    #[test]
    fn verbose_shows_the_details_of_every_artifact() {
        let lines = shown(Detail::Verbose, &MIXED);
        assert_eq!(lines.iter().filter(|line| line.starts_with("  policy")).count(), 3, "{lines:?}");
    }

    #[test]
    fn the_last_line_names_a_bounded_number_of_denied_artifacts() {
        let verdicts: Vec<Verdict> = (0..12).map(|n| verdict(&n.to_string(), Decision::Denied)).collect();
        let text = render_all(&verdicts, Detail::Normal);
        assert!(text.ends_with("dist/8.zip, dist/9.zip and 2 more\n"), "{text}");
    }
}
