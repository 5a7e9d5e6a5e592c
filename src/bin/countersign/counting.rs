//! Counting: each verdict goes to the journal and to the requested metrics, and none of that
//! changes it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Result;
use countersign::limits::SERIES_MAX;
use countersign::metrics::{Circumstances, Event, Occasion, emf, journal, prometheus};
use countersign::report::Verdict;

use crate::context::Context;
use crate::output::{note, print};

/// Where verdicts are counted, next to the journal.
#[derive(Debug, clap::Args)]
pub struct MetricsArgs {
    /// Write metrics: `emf` prints CloudWatch Embedded Metric Format, `emf:FILE` appends it to a file,
    /// `prometheus:FILE` updates a text file for node_exporter; can be repeated
    #[arg(
        long,
        value_name = "METRICS",
        env = "COUNTERSIGN_METRICS",
        hide_env_values = true,
        value_delimiter = ','
    )]
    metrics: Vec<Metrics>,
}

/// One form and place of metrics.
#[derive(Debug, Clone)]
enum Metrics {
    /// Embedded Metric Format, on this process's output.
    EmfLines,
    /// Embedded Metric Format, at the end of a file.
    EmfFile(PathBuf),
    /// Prometheus's text format.
    Prometheus(PathBuf),
}

impl FromStr for Metrics {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "emf" => Ok(Self::EmfLines),
            Some(("emf", file)) if !file.is_empty() => Ok(Self::EmfFile(file.into())),
            Some(("prometheus", file)) if !file.is_empty() => Ok(Self::Prometheus(file.into())),
            _ => Err("expected one of: emf, emf:FILE, prometheus:FILE".into()),
        }
    }
}

/// What came of counting.
pub struct Counted {
    /// What could not be counted, and why.
    pub notes: Vec<String>,
    /// What is still to be written.
    pub lines: Lines,
}

/// Lines of metrics for this process's output, after the verdict.
#[derive(Default)]
pub struct Lines(String);

impl MetricsArgs {
    /// Counts the verdicts; a failure is a note, and changes nothing else.
    pub fn count(&self, context: &Context, occasion: Occasion, verdicts: &[Verdict]) -> Counted {
        let mut notes = Vec::new();
        let host = context.host().unwrap_or_else(|error| {
            notes.push(format!("the journal does not name this machine: {error:#}"));
            None
        });
        let circumstances = Circumstances { time: context.now, occasion, host };
        let events: Vec<Event> = verdicts.iter().map(|verdict| Event::of(verdict, &circumstances)).collect();
        let mut uncounted = |place: &str, error: &dyn std::fmt::Display| {
            notes.push(format!("not counted in {place}: {error}"));
        };
        match context.journal() {
            Ok(None) => {}
            Ok(Some(path)) => {
                journal::append(&path, &events).unwrap_or_else(|error| uncounted("the journal", &error));
            }
            Err(error) => uncounted("a journal", &format!("{error:#}")),
        }
        let emf: String = events.iter().map(emf::render).collect();
        let mut lines = Lines(String::new());
        for metrics in &self.metrics {
            match metrics {
                Metrics::EmfLines => lines = Lines(emf.clone()),
                Metrics::EmfFile(path) => append(path, &emf).unwrap_or_else(|error| {
                    uncounted("the metrics", &format!("cannot write `{}`: {error}", path.display()));
                }),
                Metrics::Prometheus(path) => match prometheus::add(path, &events) {
                    Ok(0) => {}
                    Ok(count) => {
                        let full = format!("`{}` already has {SERIES_MAX}", path.display());
                        uncounted(&format!("{count} series of the metrics"), &full);
                    }
                    Err(error) => uncounted("the metrics", &error),
                },
            }
        }
        notes.iter().for_each(|text| note(text));
        Counted { notes, lines }
    }
}

impl Lines {
    /// Writes the lines to standard output, after verdicts for people.
    pub fn print(&self) {
        if !self.0.is_empty() {
            said(print(&self.0));
        }
    }

    /// Writes the lines to standard error, since there is a document on standard output.
    pub fn print_aside(&self) {
        said(std::io::stderr().write_all(self.0.as_bytes()).map_err(Into::into));
    }
}

fn said(written: Result<()>) {
    if let Err(error) = written {
        note(&format!("not counted in the metrics: {error:#}"));
    }
}

/// Adds lines at the end of a file by one call, so that those of other processes stay whole.
fn append(path: &Path, lines: &str) -> std::io::Result<()> {
    OpenOptions::new().append(true).create(true).open(path)?.write_all(lines.as_bytes())
}
