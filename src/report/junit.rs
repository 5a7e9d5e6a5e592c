//! JUnit: verdicts as XML that CI systems show as tests, a suite for each artifact and a case for each check.
//!
//! A check that failed but only warns is a skipped case: every list of tests shows it, and it fails no
//! pipeline that the exit status allows. Its text is also the case's output.

use std::fmt::Write;

use super::escape::xml;
use super::text::finding_lines;
use super::{CheckOutcome, CheckResult, Decision, Finding, Verdict};

/// Renders verdicts; without verdicts, one failed case.
pub fn render(verdicts: &[Verdict], notes: &[String]) -> String {
    let mut suites: Vec<Suite> = verdicts.iter().map(suite).collect();
    if suites.is_empty() {
        suites.push(nothing());
    }
    let notes: String = notes.iter().map(|note| format!("note: {note}\n")).collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = |count: fn(&Suite) -> usize| suites.iter().map(count).sum();
    let counts = counts(all(|suite| suite.tests), all(|suite| suite.failures), all(|suite| suite.skipped));
    let _ = writeln!(out, "<testsuites name=\"countersign\" {counts}>");
    for (index, suite) in suites.iter().enumerate() {
        suite.write(&mut out, if index == 0 { &notes } else { "" });
    }
    out.push_str("</testsuites>\n");
    out
}

/// A suite that is being written.
struct Suite {
    name: String,
    tests: usize,
    failures: usize,
    skipped: usize,
    properties: Vec<(&'static str, String)>,
    cases: String,
}

impl Suite {
    fn write(&self, out: &mut String, notes: &str) {
        let counts = counts(self.tests, self.failures, self.skipped);
        let _ = writeln!(out, "  <testsuite name=\"{}\" {counts}>", xml(&self.name));
        out.push_str("    <properties>\n");
        for (name, value) in &self.properties {
            let _ = writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", xml(value));
        }
        let _ = write!(out, "    </properties>\n{}", self.cases);
        if !notes.is_empty() {
            let _ = writeln!(out, "    <system-out>{}</system-out>", xml(notes));
        }
        out.push_str("  </testsuite>\n");
    }
}

fn counts(tests: usize, failures: usize, skipped: usize) -> String {
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"")
}

fn suite(verdict: &Verdict) -> Suite {
    let count = |outcome| verdict.checks.iter().filter(|result| result.outcome == outcome).count();
    let failed = count(CheckOutcome::Failed);
    let warned = if verdict.decision == Decision::Warned { failed } else { 0 };
    let mut properties = vec![
        ("decision", verdict.decision.name().to_owned()),
        ("signature_validation_errors", verdict.signature_validation_errors.to_string()),
    ];
    properties.extend(verdict.status.map(|status| ("status", status.name().to_owned())));
    properties.extend(verdict.csc.as_ref().map(|csc| ("csc", csc.to_string())));
    if let Some(facts) = &verdict.signature {
        properties.push(("profile", facts.profile.to_string()));
        properties.push(("job", facts.job.to_string()));
    }
    Suite {
        name: verdict.artifact.clone(),
        tests: verdict.checks.len(),
        failures: failed - warned,
        skipped: count(CheckOutcome::NotEvaluated) + warned,
        properties,
        cases: verdict.checks.iter().map(|result| case(verdict, result)).collect(),
    }
}

fn case(verdict: &Verdict, result: &CheckResult) -> String {
    let class = verdict.name.as_ref().map_or("countersign".into(), |name| format!("countersign.{name}"));
    let (name, file) = (result.check.name(), xml(&verdict.artifact));
    let head = format!("    <testcase classname=\"{class}\" name=\"{name}\" file=\"{file}\"");
    let body: String = result.findings.iter().map(|finding| finding_lines(finding, "")).collect();
    let warned = verdict.decision == Decision::Warned;
    match (result.outcome, result.findings.first()) {
        (CheckOutcome::Passed, _) => format!("{head}/>\n"),
        (CheckOutcome::NotEvaluated, _) => {
            let message = CheckOutcome::NotEvaluated.name();
            format!("{head}>\n      <skipped message=\"{message}\"/>\n    </testcase>\n")
        }
        (CheckOutcome::Failed, first) if warned => {
            let message = xml(&format!("warned: {}", message(first, result.findings.len())));
            let body = xml(&body);
            format!(
                "{head}>\n      <skipped message=\"{message}\">{body}</skipped>\n      \
                <system-out>warned\n{body}</system-out>\n    </testcase>\n"
            )
        }
        (CheckOutcome::Failed, first) => {
            let kind = first.map_or(name, |finding| finding.code);
            let message = xml(&message(first, result.findings.len()));
            let body = xml(&body);
            format!(
                "{head}>\n      <failure type=\"{kind}\" message=\"{message}\">{body}</failure>\n    \
                </testcase>\n"
            )
        }
    }
}

/// The first finding in one line, and the number of further ones.
fn message(first: Option<&Finding>, count: usize) -> String {
    let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
    first.map_or("failed".into(), |finding| format!("{}: {}{more}", finding.code, finding.message))
}

fn nothing() -> Suite {
    let finding = Finding::nothing_verified();
    let (code, message, body) = (finding.code, xml(&finding.message), xml(&finding_lines(&finding, "")));
    Suite {
        name: "countersign".into(),
        tests: 1,
        failures: 1,
        skipped: 0,
        properties: vec![("decision", Decision::Denied.name().into())],
        cases: format!(
            "    <testcase classname=\"countersign\" name=\"{code}\">\n      \
            <failure type=\"{code}\" message=\"{message}\">{body}</failure>\n    </testcase>\n"
        ),
    }
}
