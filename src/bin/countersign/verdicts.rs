//! Verdicts: how the commands that judge report what the gates said, and with which exit status they end.

use anyhow::Result;
use countersign::gate::Gate;
use countersign::hook::Judged;
use countersign::report::escape::line;
use countersign::report::{Decision, Verdict, github, json, junit, markdown, sarif, text};

use crate::output::{Exit, print};

/// How verdicts are reported.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// How to write the verdict
    #[arg(long, value_enum, default_value = "text")]
    format: ReportFormat,
}

/// How verdicts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for the test report of a CI system.
    Junit,
    /// Annotations of a GitHub workflow run, and text for its log.
    Github,
    /// A page, for a step's summary or a comment.
    Markdown,
}

impl ReportArgs {
    /// Reports what each gate said. Allowed only if there is one, and all of them are open.
    pub fn show(&self, gates: &[Gate], notes: &[String]) -> Result<Exit> {
        print(&render(self.format, gates.iter(), notes))?;
        Ok(Exit::from_gates(gates.iter()))
    }

    /// Reports what was judged of a push: to people in full only what is not simply allowed.
    pub fn show_push(&self, judged: &[Judged], notes: &[String]) -> Result<Exit> {
        let gates = || judged.iter().flat_map(|judged| &judged.gates);
        print(&match self.format {
            ReportFormat::Text => judged.iter().map(push_text).collect(),
            format => render(format, gates(), notes),
        })?;
        Ok(Exit::from_gates(gates()))
    }
}

/// The verdicts in one of the formats.
fn render<'a>(format: ReportFormat, gates: impl Iterator<Item = &'a Gate>, notes: &[String]) -> String {
    let verdicts: Vec<Verdict> = gates.map(|gate| gate.verdict().clone()).collect();
    match format {
        ReportFormat::Text => verdicts.iter().map(text::render).collect(),
        ReportFormat::Json => format!("{}\n", json::render(&verdicts, notes)),
        ReportFormat::Sarif => sarif::render(&verdicts, notes),
        ReportFormat::Junit => junit::render(&verdicts, notes),
        ReportFormat::Github => github::render(&verdicts, notes),
        ReportFormat::Markdown => markdown::render(&verdicts, notes),
    }
}

/// What a pusher reads about one commit.
fn push_text(judged: &Judged) -> String {
    let verdicts = || judged.gates.iter().map(Gate::verdict);
    let worst = verdicts().map(|verdict| verdict.decision).max().unwrap_or(Decision::Denied);
    let shown = verdicts().filter(|verdict| verdict.decision != Decision::Allowed).map(text::render);
    let count = |decision| verdicts().filter(|verdict| verdict.decision == decision).count();
    let counts =
        [Decision::Allowed, Decision::Warned, Decision::Denied].map(|decision| (count(decision), decision));
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> =
        counts.map(|(count, decision)| format!("{count} {}", decision.name())).collect();
    let refs: Vec<String> = judged.references.iter().map(|reference| line(reference)).collect();
    let (refs, commit) = (refs.join(", "), judged.commit.short());
    shown.chain([format!("{}: {refs} at commit {commit}: {}\n", worst.name(), counts.join(", "))]).collect()
}
