//! `countersign monitor`: what the journals say, and which functions are ready for Enforce.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use countersign::files::{self, Access};
use countersign::limits::{CLEAN_DAYS_MIN, CLEAN_VERDICTS_MIN};
use countersign::monitor::readiness::Criteria;
use countersign::monitor::{Question, Survey, page, text};
use countersign::name::ArtifactName;
use countersign::report::json;
use countersign::time::Moment;

use crate::complete;
use crate::context::{Context, GlobalArgs};
use crate::output::{Exit, note, print, refuse};

/// Arguments of `monitor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    A function is ready for Enforce if enough verdicts in a row passed under its current CSC, over enough \
    days, since the last verdict that Enforce would have denied. Verdicts of `release` do not count: it \
    verifies what it just signed. Journals are not signed: anyone with write access can forge lines.\n\n\
    Examples:\n  \
    countersign monitor\n  \
    countersign monitor journals/*.jsonl --since 90d --function orders\n  \
    countersign monitor --format html --output readiness.html\n  \
    countersign monitor --exit-status && \\\n    \
    countersign csc update csc-0123456789abcdefg --untrusted Enforce")]
pub struct Args {
    /// Journals, of one or many machines [default: this repository's]
    journals: Vec<PathBuf>,
    /// Start: a time, or a span before now, such as `2026-01-31T12:00:00Z`, `30d`, `2 weeks` or `12h`
    #[arg(long, value_name = "TIME|SPAN", default_value = "30d")]
    since: Moment,
    /// End: a time, or a span before now
    #[arg(long, value_name = "TIME|SPAN")]
    until: Option<Moment>,
    /// Only this function or layer; can be repeated
    #[arg(long = "function", value_name = "NAME", add = complete::functions())]
    functions: Vec<ArtifactName>,
    /// Passed verdicts in a row that make a function ready
    #[arg(long, value_name = "COUNT", default_value_t = CLEAN_VERDICTS_MIN)]
    min_verdicts: u64,
    /// Number of days since the last warning that a function needs to be ready
    #[arg(long, value_name = "COUNT", default_value_t = CLEAN_DAYS_MIN)]
    min_days: u16,
    /// Exit with 1 unless every function is ready or enforced
    #[arg(long)]
    exit_status: bool,
    /// Output format; `html` is one self-contained page
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
    /// Write the report to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How the answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
    Html,
}

impl Args {
    /// Reads the journals and writes the answer.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        let journals = if self.journals.is_empty() { vec![own_journal(&context)?] } else { self.journals };
        let mut survey = Survey::new(Question {
            since: self.since.before(context.now),
            until: self.until.map(|until| until.before(context.now)),
            now: context.now,
            names: self.functions.into_iter().collect(),
            criteria: Criteria { clean_verdicts: self.min_verdicts, clean_days: self.min_days },
        });
        for journal in &journals {
            survey.read(journal)?;
        }
        let answer = survey.answer();
        let rendered = match self.format {
            Format::Text => text::render(&answer),
            Format::Json => json::to_text(&answer) + "\n",
            Format::Html => page::render(&answer),
        };
        match &self.output {
            Some(path) => {
                context.check_output_file(path)?;
                files::write(path, rendered.as_bytes(), Access::Public)?;
                note(&format!("wrote the report to {}", context.shown(path)));
            }
            None => print(&rendered)?,
        }
        Ok(if self.exit_status && !answer.is_safe() { Exit::Denied } else { Exit::Done })
    }
}

/// The journal that this repository's verdicts go into.
fn own_journal(context: &Context) -> Result<PathBuf> {
    let off = || {
        let hint = "name journals of other machines, or unset COUNTERSIGN_JOURNAL and `countersign.journal`";
        refuse("the journal is disabled on this machine", hint)
    };
    let path = context.journal().context("cannot find the journal")?.ok_or_else(off)?;
    if path.is_file() || countersign::metrics::journal::previous(&path).is_file() {
        return Ok(path);
    }
    Err(refuse(
        format!("no journal at `{}` yet", context.shown(&path)),
        "verify something first, or name journals of other machines",
    ))
}
