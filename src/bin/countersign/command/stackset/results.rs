//! Results of targets: printed one by one as text, or as one JSON document.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;

use anyhow::Result;
use countersign::hint::Hint;
use countersign::report::escape::{line, lines};
use countersign::rollout::order::Preferences;
use countersign::rollout::{Central, Operation, Status, TargetOutcome};
use countersign::stackset::Target;
use serde::Serialize;

use crate::output::{Format, print, print_json};
use crate::progress::Progress;

/// What came of targets so far.
pub struct Results {
    format: Format,
    account: String,
    seal: u64,
    rows: Vec<Row>,
    counts: BTreeMap<Status, usize>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    account: &'a str,
    seal: u64,
    results: &'a [Row],
}

#[derive(Serialize)]
struct Row {
    target: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    differences: Vec<Entry>,
    left: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize)]
struct Entry {
    path: String,
    what: String,
}

impl Results {
    /// Runs an operation on targets; text prints each result when it is known, and then the sum.
    pub fn of(
        operation: &Operation<'_>,
        central: &Central,
        targets: &[&Target],
        preferences: Preferences,
        format: Format,
        doing: &str,
    ) -> Result<Self> {
        let (account, seal) = (central.account().to_string(), central.snapshot().version);
        let mut results = Self { format, account, seal, rows: Vec::new(), counts: BTreeMap::new() };
        // Lines of text are progress enough.
        let progress = (format == Format::Json).then(|| Progress::start(doing, 0));
        let mut said = Ok(());
        operation.run(targets, preferences, |target, outcome| {
            let shown = results.add(target, &outcome);
            if said.is_ok() {
                said = shown;
            }
        });
        drop(progress);
        said?;
        results.finish()?;
        Ok(results)
    }

    /// Adds the result of a target, and prints it if the format is text.
    fn add(&mut self, target: &Target, outcome: &TargetOutcome) -> Result<()> {
        *self.counts.entry(outcome.status).or_default() += 1;
        let row = Row::of(target, outcome);
        if self.format == Format::Text {
            print(&row.text())?;
        }
        self.rows.push(row);
        Ok(())
    }

    /// How many targets are so.
    pub fn count(&self, status: Status) -> usize {
        self.counts.get(&status).copied().unwrap_or(0)
    }

    /// Tells the whole.
    fn finish(&self) -> Result<()> {
        let Self { format, account, seal, rows, counts } = self;
        match format {
            Format::Json => print_json(&Document { schema_version: 1, account, seal: *seal, results: rows }),
            Format::Text => {
                let counts = counts.iter().map(|(status, count)| format!("{count} {}", status.name()));
                let counts: Vec<String> = counts.collect();
                // A shard may be empty.
                let told = if counts.is_empty() { "0 targets".into() } else { counts.join(", ") };
                print(&format!("seal {seal} of `{account}`: {told}\n"))
            }
        }
    }
}

impl Row {
    fn of(target: &Target, outcome: &TargetOutcome) -> Self {
        let differences = outcome.differences.iter();
        Self {
            target: target.name().to_string(),
            status: outcome.status.name(),
            commit: outcome.pushed.as_ref().map(|pushed| pushed.commit.clone()),
            branch: outcome.pushed.as_ref().map(|pushed| pushed.branch.to_string()),
            differences: differences
                .map(|each| Entry { path: each.path.clone(), what: each.text.clone() })
                .collect(),
            left: outcome.left.clone(),
            error: outcome.error.as_ref().map(chain),
            hint: outcome.error.as_ref().and_then(|error| error.hint()).map(Cow::into_owned),
        }
    }

    fn text(&self) -> String {
        let pushed = match (&self.commit, &self.branch) {
            (Some(commit), Some(branch)) => {
                format!("  commit {} on `{}`", commit.get(..8).unwrap_or(commit), line(branch))
            }
            _ => String::new(),
        };
        let mut out = format!("{:<9}  {}{pushed}\n", self.status, self.target);
        let mut path = "";
        for each in &self.differences {
            if each.path != path {
                path = &each.path;
                out.push_str(&format!("  {}\n", line(path)));
            }
            out.push_str(&format!("    {}\n", line(&each.what)));
        }
        out.extend(self.left.iter().map(|left| format!("  {}\n", line(left))));
        if let Some(error) = &self.error {
            out.push_str(&format!("  error: {}\n", lines(error).replace('\n', "\n  ")));
        }
        out.extend(self.hint.iter().map(|hint| format!("  hint: {}\n", line(hint))));
        out
    }
}

/// An error and its causes.
pub fn chain(error: &impl Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}\n  {more}");
        }
        cause = error.source();
    }
    text
}
