//! `countersign monitor`: what the journals say, and for which functions it is safe to enforce.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use countersign::files::{self, Access};
use countersign::limits::{CLEAN_DAYS_MIN, CLEAN_VERDICTS_MIN};
use countersign::monitor::readiness::Criteria;
use countersign::monitor::{Question, Survey, page, text};
use countersign::name::ArtifactName;
use countersign::report::json;
use countersign::time::Moment;

use crate::context::{Context, GlobalArgs};
use crate::output::{Exit, note, print, refuse};

/// Arguments of `monitor`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It is safe to enforce for a function when, under the CSC that governs it now, enough verdicts passed one\n\
    after the other, over enough days, since the last that Enforce would have denied. `release` verifies what it\n\
    has just signed: its verdicts are no such evidence. Journals are not signed: who can write one can forge it.\n\n\
    Examples:\n  countersign monitor\n  countersign monitor journals/*.jsonl --since 90d --function orders\n  \
    countersign monitor --format html --output readiness.html\n  \
    countersign monitor --exit-status && countersign csc update csc-0123456789abcdefg --untrusted Enforce"
)]
pub struct Args {
    /// Journals, also of many machines: a verdict counts once. Otherwise this repository's
    journals: Vec<PathBuf>,
    /// From this time on, or this long before now: `2026-01-31T12:00:00Z`, `30d`, `2 weeks`, `12h`
    #[arg(long, value_name = "TIME|SPAN", default_value = "30d")]
    since: Moment,
    /// Before this time, or this long before now
    #[arg(long, value_name = "TIME|SPAN")]
    until: Option<Moment>,
    /// Only this function or layer, once for each
    #[arg(long = "function", value_name = "NAME")]
    functions: Vec<ArtifactName>,
    /// How many verdicts must have passed one after the other for a function to be safe
    #[arg(long, value_name = "COUNT", default_value_t = CLEAN_VERDICTS_MIN)]
    min_verdicts: u64,
    /// How many days must have gone by since the last warning for a function to be safe
    #[arg(long, value_name = "COUNT", default_value_t = CLEAN_DAYS_MIN)]
    min_days: u16,
    /// End with exit status 1 unless every function is safe to enforce or enforced
    #[arg(long)]
    exit_status: bool,
    /// How to write the answer; `html` is one page that needs nothing else
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write the answer to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How the answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For people with a browser.
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
                note(&format!("the answer is in {}", context.shown(path)));
            }
            None => print(&rendered)?,
        }
        Ok(if self.exit_status && !answer.is_safe() { Exit::Denied } else { Exit::Done })
    }
}

/// The journal that this repository's verdicts go into.
fn own_journal(context: &Context) -> Result<PathBuf> {
    let off = || {
        let hint =
            "name journals of other machines, or leave COUNTERSIGN_JOURNAL and `countersign.journal` unset";
        refuse("the journal is switched off here", hint)
    };
    let path = context.journal().context("there is no journal")?.ok_or_else(off)?;
    if path.is_file() || countersign::metrics::journal::previous(&path).is_file() {
        return Ok(path);
    }
    Err(refuse(
        format!("there is no journal at `{}` yet", context.shown(&path)),
        "verify something first, or name journals of other machines",
    ))
}
