//! Verdicts: how commands report them, and the exit status.

use std::borrow::Borrow;
use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use countersign::files;
use countersign::hook::CommitVerdicts;
use countersign::metrics::Occasion;
use countersign::report::escape::line;
use countersign::report::text::Detail;
use countersign::report::{Decision, Verdict, github, json, junit, markdown, outputs, sarif, text};
use countersign::shard::Part;

use crate::color;
use crate::context::Context;
use crate::counting::{Counted, Lines, MetricsArgs};
use crate::output::{Exit, print, print_verdicts, refuse, tell};

/// How verdicts are reported.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    metrics: MetricsArgs,
}

/// Where verdicts are written, and in which formats.
#[derive(Debug, clap::Args)]
pub struct OutputArgs {
    /// Output format of the verdict; `outputs` prints lines for GITHUB_OUTPUT
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: ReportFormat,
    /// Also write the verdict to a file, in any output format; can be repeated
    #[arg(long = "report", value_name = "FORMAT=FILE")]
    copies: Vec<Copied>,
    /// Which part of a release this is.
    #[arg(skip)]
    pub part: Option<Part>,
}

/// How verdicts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Text,
    Json,
    Sarif,
    Junit,
    Github,
    Markdown,
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
        let (format, path) = text.split_once('=').ok_or("expected `FORMAT=FILE`")?;
        let format = ReportFormat::from_str(format, true).map_err(|_| {
            let all = ReportFormat::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            let names: Vec<String> = all.map(|each| each.get_name().to_owned()).collect();
            format!("`{format}` is not an output format, expected one of: {}", names.join(", "))
        })?;
        if path.is_empty() {
            return Err("expected a file name after the `=`".into());
        }
        Ok(Self { format, path: path.into() })
    }
}

impl ReportArgs {
    /// Counts and reports the verdicts. Allowed only if there is at least one, and none is denied.
    pub fn show(
        &self,
        context: &Context,
        occasion: Occasion,
        verdicts: &[impl Borrow<Verdict>],
        notes: &[String],
    ) -> Result<Exit> {
        let report = self.counted(context, occasion, verdicts.iter().map(Borrow::borrow), notes);
        self.output.write(context, &report, |format| report.render(format, color::detail()))?;
        Ok(Exit::from_verdicts(verdicts.iter().map(Borrow::borrow)))
    }

    /// As [`Self::show`], if another program writes to standard output: the verdict goes to standard error.
    pub fn show_aside(
        &self,
        context: &Context,
        occasion: Occasion,
        verdicts: &[impl Borrow<Verdict>],
        notes: &[String],
    ) -> Result<Exit> {
        let report = self.counted(context, occasion, verdicts.iter().map(Borrow::borrow), notes);
        self.output.write_copies(context, &report)?;
        tell(&report.render(self.output.format, color::detail()));
        report.lines.print_aside();
        Ok(Exit::from_verdicts(verdicts.iter().map(Borrow::borrow)))
    }

    /// Refuses a format that a program cannot parse among other output on standard error.
    pub fn check_aside(&self) -> Result<()> {
        match self.output.format {
            ReportFormat::Text | ReportFormat::Github => Ok(()),
            _ => Err(refuse(
                "the verdict cannot go to standard output in this format: COMMAND writes there",
                "write it to a file with `--report FORMAT=FILE`",
            )),
        }
    }

    /// Counts and reports what was judged of a push: to people in full only what is not simply allowed.
    pub fn show_push(&self, context: &Context, judged: &[CommitVerdicts], notes: &[String]) -> Result<Exit> {
        let verdicts = || judged.iter().flat_map(|judged| &judged.verdicts);
        let report = self.counted(context, Occasion::Push, verdicts(), notes);
        self.output.write(context, &report, |format| match format {
            ReportFormat::Text => judged.iter().map(|judged| push_text(judged, color::detail())).collect(),
            format => report.render(format, color::detail()),
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
        Report { verdicts, notes: [notes, &uncounted].concat(), lines, part: self.output.part.clone() }
    }
}

impl OutputArgs {
    /// Reports verdicts that were counted where they were made.
    pub fn show_uncounted(&self, context: &Context, verdicts: &[Verdict], notes: &[String]) -> Result<Exit> {
        let (verdicts, notes) = (verdicts.to_vec(), notes.to_vec());
        let report = Report { verdicts, notes, lines: Lines::default(), part: self.part.clone() };
        self.write(context, &report, |format| report.render(format, color::detail()))?;
        Ok(Exit::from_verdicts(report.verdicts.iter()))
    }

    /// Writes the reports of a part of a release that has nothing in it.
    pub fn write_empty(&self, context: &Context) -> Result<()> {
        let (verdicts, notes) = (Vec::new(), Vec::new());
        let report = Report { verdicts, notes, lines: Lines::default(), part: self.part.clone() };
        self.write_copies(context, &report)?;
        match self.format {
            ReportFormat::Text | ReportFormat::Github => Ok(()),
            format => print(&report.render(format, color::detail())),
        }
    }

    fn write(
        &self,
        context: &Context,
        report: &Report,
        shown: impl FnOnce(ReportFormat) -> String,
    ) -> Result<()> {
        self.write_copies(context, report)?;
        let text = shown(self.format);
        match self.format {
            ReportFormat::Text => print_verdicts(&text)?,
            _ => print(&text)?,
        }
        match self.format {
            ReportFormat::Text => report.lines.print(),
            // There is a document on standard output.
            _ => report.lines.print_aside(),
        }
        Ok(())
    }

    fn write_copies(&self, context: &Context, report: &Report) -> Result<()> {
        self.copies.iter().try_for_each(|copied| context.check_output_file(&copied.path))?;
        let copy = |copied: &Copied| {
            (copied.path.clone(), report.render(copied.format, Detail::Verbose).into_bytes())
        };
        Ok(files::write_together(&self.copies.iter().map(copy).collect::<Vec<_>>())?)
    }
}

/// Verdicts that were counted, to be written in any format.
struct Report {
    verdicts: Vec<Verdict>,
    notes: Vec<String>,
    lines: Lines,
    part: Option<Part>,
}

impl Report {
    /// Renders the verdicts; `detail` is for text alone.
    fn render(&self, format: ReportFormat, detail: Detail) -> String {
        let Self { verdicts, notes, part, .. } = self;
        match format {
            ReportFormat::Text => text::render_all(verdicts, detail),
            ReportFormat::Json => format!("{}\n", json::render(verdicts, notes, part.as_ref())),
            ReportFormat::Sarif => sarif::render(verdicts, notes),
            ReportFormat::Junit => junit::render(verdicts, notes),
            ReportFormat::Github => github::render(verdicts, notes),
            ReportFormat::Markdown => markdown::render(verdicts, notes),
            ReportFormat::Outputs => outputs::render(verdicts, notes),
        }
    }
}

/// The text for the pusher about one commit.
fn push_text(judged: &CommitVerdicts, detail: Detail) -> String {
    let verdicts = || judged.verdicts.iter();
    let worst = verdicts().map(|verdict| verdict.decision).max().unwrap_or(Decision::Denied);
    let is_shown = |verdict: &&Verdict| detail == Detail::Verbose || verdict.decision != Decision::Allowed;
    let shown = text::render_each(verdicts().filter(is_shown), detail, false);
    if detail == Detail::Quiet && worst != Decision::Denied {
        return shown;
    }
    let count = |decision: &Decision| verdicts().filter(|verdict| verdict.decision == *decision).count();
    let all = [Decision::Allowed, Decision::Warned, Decision::Denied];
    let there = all.iter().filter(|decision| count(decision) > 0);
    let counts: Vec<String> =
        there.map(|decision| format!("{} {}", count(decision), decision.name())).collect();
    let refs: Vec<String> = judged.references.iter().map(|reference| line(reference)).collect();
    let (refs, commit) = (refs.join(", "), judged.commit.short());
    format!("{shown}{}: {refs} at commit {commit}: {}\n", worst.name(), counts.join(", "))
}
