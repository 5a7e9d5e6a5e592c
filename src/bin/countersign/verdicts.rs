//! Verdicts: how the commands that judge report what the gates said, and with which exit status they end.

use std::borrow::Borrow;
use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use countersign::files;
use countersign::hook::Judged;
use countersign::metrics::Occasion;
use countersign::report::escape::line;
use countersign::report::{Decision, Verdict, github, json, junit, markdown, outputs, sarif, text};

use crate::context::Context;
use crate::counting::{Counted, Lines, MetricsArgs};
use crate::output::{Exit, print, refuse, tell};

/// How verdicts are reported.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// How to write the verdict
    #[arg(long, value_enum, default_value = "text")]
    format: ReportFormat,
    /// Write the verdict into this file too, once for each; nothing is written where nothing is decided
    #[arg(long = "report", value_name = "FORMAT=FILE")]
    copies: Vec<Copied>,
    #[command(flatten)]
    metrics: MetricsArgs,
}

/// How verdicts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
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
    /// Lines for the file that GitHub's runner names in GITHUB_OUTPUT.
    Outputs,
}

/// A further report, and the file that it goes to.
#[derive(Debug, Clone)]
struct Copied {
    format: ReportFormat,
    path: PathBuf,
}

impl std::str::FromStr for Copied {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, path) = text.split_once('=').ok_or("write it as `FORMAT=FILE`")?;
        let format = ReportFormat::from_str(format, false)
            .map_err(|_| format!("`{format}` is none of the formats of `--format`"))?;
        if path.is_empty() {
            return Err("name a file after the `=`".into());
        }
        Ok(Self { format, path: path.into() })
    }
}

impl ReportArgs {
    /// Counts and reports what each gate said. Allowed only if there is one, and all of them are open.
    pub fn show(
        &self,
        context: &Context,
        occasion: Occasion,
        verdicts: &[impl Borrow<Verdict>],
        notes: &[String],
    ) -> Result<Exit> {
        let report = self.counted(context, occasion, verdicts.iter().map(Borrow::borrow), notes);
        self.write(context, &report, |format| report.render(format))?;
        Ok(Exit::from_verdicts(verdicts.iter().map(Borrow::borrow)))
    }

    /// As [`Self::show`], where standard output is somebody else's: the verdict goes to standard error.
    pub fn show_aside(
        &self,
        context: &Context,
        occasion: Occasion,
        verdicts: &[impl Borrow<Verdict>],
        notes: &[String],
    ) -> Result<Exit> {
        let report = self.counted(context, occasion, verdicts.iter().map(Borrow::borrow), notes);
        self.write_copies(context, &report)?;
        tell(&report.render(self.format));
        report.lines.print_aside();
        Ok(Exit::from_verdicts(verdicts.iter().map(Borrow::borrow)))
    }

    /// Refuses a format that no program could tell from what else is on standard error.
    pub fn check_aside(&self) -> Result<()> {
        match self.format {
            ReportFormat::Text | ReportFormat::Github => Ok(()),
            _ => Err(refuse(
                "standard output is the command's, so there is no place for the verdict in that format",
                "name a file for it with `--report FORMAT=FILE`",
            )),
        }
    }

    /// Counts and reports what was judged of a push: to people in full only what is not simply allowed.
    pub fn show_push(&self, context: &Context, judged: &[Judged], notes: &[String]) -> Result<Exit> {
        let verdicts = || judged.iter().flat_map(|judged| &judged.verdicts);
        let report = self.counted(context, Occasion::Push, verdicts(), notes);
        self.write(context, &report, |format| match format {
            ReportFormat::Text => judged.iter().map(push_text).collect(),
            format => report.render(format),
        })?;
        Ok(Exit::from_verdicts(verdicts()))
    }

    fn counted<'a>(
        &self,
        context: &Context,
        occasion: Occasion,
        verdicts: impl Iterator<Item = &'a Verdict>,
        notes: &[String],
    ) -> Report {
        let verdicts: Vec<Verdict> = verdicts.cloned().collect();
        let Counted { notes: uncounted, lines } = self.metrics.count(context, occasion, &verdicts);
        Report { verdicts, notes: [notes, &uncounted].concat(), lines }
    }

    fn write(
        &self,
        context: &Context,
        report: &Report,
        shown: impl FnOnce(ReportFormat) -> String,
    ) -> Result<()> {
        self.write_copies(context, report)?;
        print(&shown(self.format))?;
        match self.format {
            ReportFormat::Text => report.lines.print(),
            // There is a document on standard output.
            _ => report.lines.print_aside(),
        }
        Ok(())
    }

    fn write_copies(&self, context: &Context, report: &Report) -> Result<()> {
        self.copies.iter().try_for_each(|copied| context.check_output_file(&copied.path))?;
        let copy = |copied: &Copied| (copied.path.clone(), report.render(copied.format).into_bytes());
        Ok(files::write_together(&self.copies.iter().map(copy).collect::<Vec<_>>())?)
    }
}

/// Verdicts that were counted, to be written in any format.
struct Report {
    verdicts: Vec<Verdict>,
    notes: Vec<String>,
    lines: Lines,
}

impl Report {
    fn render(&self, format: ReportFormat) -> String {
        let Self { verdicts, notes, .. } = self;
        match format {
            ReportFormat::Text => text::render_all(verdicts),
            ReportFormat::Json => format!("{}\n", json::render(verdicts, notes)),
            ReportFormat::Sarif => sarif::render(verdicts, notes),
            ReportFormat::Junit => junit::render(verdicts, notes),
            ReportFormat::Github => github::render(verdicts, notes),
            ReportFormat::Markdown => markdown::render(verdicts, notes),
            ReportFormat::Outputs => outputs::render(verdicts, notes),
        }
    }
}

/// What a pusher reads about one commit.
fn push_text(judged: &Judged) -> String {
    let verdicts = || judged.verdicts.iter();
    let worst = verdicts().map(|verdict| verdict.decision).max().unwrap_or(Decision::Denied);
    let shown = verdicts().filter(|verdict| verdict.decision != Decision::Allowed).map(text::render);
    let count = |decision: &Decision| verdicts().filter(|verdict| verdict.decision == *decision).count();
    let all = [Decision::Allowed, Decision::Warned, Decision::Denied];
    let there = all.iter().filter(|decision| count(decision) > 0);
    let counts: Vec<String> =
        there.map(|decision| format!("{} {}", count(decision), decision.name())).collect();
    let refs: Vec<String> = judged.references.iter().map(|reference| line(reference)).collect();
    let (refs, commit) = (refs.join(", "), judged.commit.short());
    shown.chain([format!("{}: {refs} at commit {commit}: {}\n", worst.name(), counts.join(", "))]).collect()
}
