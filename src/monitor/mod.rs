//! Monitoring: evaluates journals for a time window, and reports which functions are safe to enforce.
//!
//! Journals are read once, line by line; memory grows with the numbers of functions, causes and days, and
//! with the ids of events in the window, since each event counts once even if its line was copied. The order
//! of journals and lines does not matter.

pub mod advice;
pub mod answer;
pub mod page;
mod plot;
pub mod readiness;
mod tally;
pub mod text;
mod totals;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use self::answer::{Answer, Day, Journal, Malformed};
use self::readiness::Criteria;
use self::tally::Tally;
use self::totals::{FunctionKey, Totals};
use crate::files::FileError;
use crate::hint::Hint;
use crate::limits::{CLOCK_SKEW_SECONDS, EVENTS_MAX, MALFORMED_SHOWN};
use crate::metrics::Event;
use crate::metrics::journal::{self, Line};
use crate::name::ArtifactName;
use crate::time::Timestamp;

/// The question to the journals.
#[derive(Debug, Clone)]
pub struct Question {
    /// The start of the window.
    pub since: Timestamp,
    /// The end of the window; the current time if absent.
    pub until: Option<Timestamp>,
    /// The current time.
    pub now: Timestamp,
    /// The functions and layers to report; all if empty.
    pub names: BTreeSet<ArtifactName>,
    /// The criteria for safe.
    pub criteria: Criteria,
}

impl Question {
    /// Whether the time is in the window. Without an explicit end, clocks that are slightly ahead are
    /// tolerated.
    fn includes(&self, time: Timestamp) -> bool {
        let before_end = match self.until {
            Some(until) => time < until,
            None => time <= self.now.plus_seconds(CLOCK_SKEW_SECONDS),
        };
        time >= self.since && before_end
    }

    fn asks_about(&self, name: &ArtifactName) -> bool {
        self.names.is_empty() || self.names.contains(name)
    }

    /// The end of the window.
    fn end(&self) -> Timestamp {
        self.until.unwrap_or(self.now)
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// A journal cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// There are too many events for their ids to fit into memory.
    #[error("the journals have more than {EVENTS_MAX} events in that time")]
    TooMany,
}

impl Hint for MonitorError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::File(_) => "pass existing journals; `verify`, `release`, `gate` and the hooks write them",
            Self::TooMany => "pass a shorter period with `--since` and `--until`",
        };
        Some(hint.into())
    }
}

/// The data that was read so far.
pub struct Survey {
    question: Question,
    seen: HashSet<u128>,
    totals: Totals,
    functions: BTreeMap<FunctionKey, Tally>,
    days: BTreeMap<i64, Totals>,
    journals: Vec<Journal>,
    malformed: Vec<Malformed>,
}

impl Survey {
    /// A survey without data.
    pub fn new(question: Question) -> Self {
        Self {
            question,
            seen: HashSet::new(),
            totals: Totals::default(),
            functions: BTreeMap::new(),
            days: BTreeMap::new(),
            journals: Vec::new(),
            malformed: Vec::new(),
        }
    }

    /// Reads a journal, and the previous one if it exists.
    pub fn read(&mut self, path: &Path) -> Result<(), MonitorError> {
        let previous = journal::previous(path);
        if previous.is_file() {
            self.read_one(previous)?;
        }
        self.read_one(path.into())
    }

    fn read_one(&mut self, path: PathBuf) -> Result<(), MonitorError> {
        let mut found = Journal::of(path.display().to_string());
        journal::read(&path, |line, content| {
            found.lines += 1;
            match content {
                Line::Event(event) if !self.question.includes(event.time) => found.outside += 1,
                Line::Event(event) if !self.seen.insert(event.id.number()) => found.repeated += 1,
                Line::Event(_) if self.seen.len() > EVENTS_MAX => return Err(MonitorError::TooMany),
                Line::Event(event) => {
                    found.counted += 1;
                    self.count(*event);
                }
                Line::Malformed(what) => {
                    found.malformed += 1;
                    if self.malformed.len() < MALFORMED_SHOWN {
                        self.malformed.push(Malformed { journal: found.path.clone(), line, what });
                    }
                }
            }
            Ok(())
        })?;
        self.journals.push(found);
        Ok(())
    }

    fn count(&mut self, event: Event) {
        let Some(name) = &event.name else {
            self.totals.unnamed += 1;
            return;
        };
        if self.question.asks_about(name) {
            self.totals.count(&event);
            self.days.entry(event.time.day()).or_default().count(&event);
        }
        let key = FunctionKey { name: name.clone(), kind: event.kind };
        self.functions.entry(key).or_default().count(event);
    }

    /// The answer.
    pub fn answer(self) -> Answer {
        let end = self.question.end();
        let tallies = self.functions.into_iter();
        let functions = tallies.map(|(key, tally)| tally.close(key, &self.question.criteria, end)).collect();
        let days = self.days.iter().map(|(day, totals)| Day::of(*day, totals)).collect();
        Answer::new(&self.question, self.journals, self.malformed, &self.totals, functions, days)
    }
}
