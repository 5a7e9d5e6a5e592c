//! `countersign workspace report`: one report of all shards of a release.

use std::path::PathBuf;

use anyhow::Result;
use countersign::files;
use countersign::limits::{REPORT_BYTES_MAX, REPORTS_MAX};
use countersign::report::read::Report;

use crate::context::Context;
use crate::output::{Exit, refuse};
use crate::verdicts::OutputArgs;

/// Arguments of `workspace report`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Reads what `countersign release --shard I/N --report json=FILE` wrote, and fails if the report of a shard is \
    missing. A report is a record and admits nothing: deploy through `countersign gate`.\n\n\
    Exit status: 0 allowed or warned, 1 denied, 2 a report is missing or unreadable.\n\n\
    Examples:\n  \
    countersign workspace report shards/*.json\n  \
    countersign workspace report shards/*.json --report markdown=summary.md")]
pub struct Args {
    /// JSON reports, one for each shard
    #[arg(required = true, value_name = "FILE")]
    reports: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Args {
    /// Combines the reports, and shows the result.
    pub fn run(self, context: &Context) -> Result<Exit> {
        if self.reports.len() > REPORTS_MAX {
            return Err(refuse(
                format!("{} reports, over the limit of {REPORTS_MAX}", self.reports.len()),
                "combine them in several steps, with `--report json=FILE`",
            ));
        }
        let read = |path: &PathBuf| -> Result<Report> {
            let bytes = files::read(path, REPORT_BYTES_MAX)?;
            let hint = "pass what `countersign release --report json=FILE` of this version wrote";
            Report::parse(path, &bytes).map_err(|error| refuse(error.to_string(), hint))
        };
        let reports = self.reports.iter().map(read).collect::<Result<Vec<_>>>()?;
        let all = Report::combine(reports)?;
        self.output.show_uncounted(context, &all.verdicts, &all.notes)
    }
}
