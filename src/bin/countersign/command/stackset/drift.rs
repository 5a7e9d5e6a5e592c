//! `countersign stackset drift`: compares targets with their expected content.

use std::borrow::Cow;
use std::num::NonZero;

use anyhow::Result;
use countersign::hint::Hint;
use countersign::limits::{SHOWN_CHARS_MAX, TARGETS_AT_ONCE};
use countersign::parallel::{Threads, in_order};
use countersign::report::escape::{line, lines, shortened};
use countersign::rollout::drift::{Document as DriftedDocument, Drift, Status, look};
use countersign::rollout::property::Property;
use countersign::stackset::Target;
use serde::Serialize;
use serde_json::Value;

use super::results::chain;
use super::{TargetArgs, memory};
use crate::context::Context;
use crate::output::{Exit, Format, print, print_json, refuse};
use crate::progress::Progress;

/// Arguments of `stackset drift`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Status of a target: IN_SYNC, MODIFIED, DELETED, or NOT_CHECKED with the reason.\n\n\
    Status of a document: MODIFIED, DELETED, or UNMANAGED if it was added in the target.\n\n\
    Difference of a property: ADD, REMOVE or NOT_EQUAL, with the expected and actual values.\n\n\
    Exit status: 0 every target is in sync, 1 one has drifted, 2 one was not checked and none has \
    drifted.\n\n\
    Examples:\n  \
    countersign stackset drift\n  \
    countersign stackset drift --target payments --format json")]
pub struct Args {
    #[command(flatten)]
    targets: TargetArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    account: String,
    seal: u64,
    results: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    target: String,
    status: Status,
    seal: Seal,
    documents: Vec<DriftedDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize)]
struct Seal {
    holds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    outdated: bool,
}

impl Args {
    /// Compares.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let central = self.targets.central(context)?;
        let targets = self.targets.of(&central)?;
        let (memory, now) = (memory(context), context.now);
        let threads = Threads::exactly(NonZero::new(TARGETS_AT_ONCE).unwrap_or(NonZero::<usize>::MIN));
        // Lines of text are progress enough.
        let progress = (self.format == Format::Json).then(|| Progress::start("comparing", 0));
        let mut results = Vec::new();
        let work = |target: &&Target| {
            Ok::<_, anyhow::Error>((target.name().to_string(), look(&central, target, &memory, now)))
        };
        let window = targets.len() as u64;
        in_order(
            threads,
            window,
            &targets,
            |_| 1,
            work,
            |(target, drift)| {
                if self.format == Format::Text {
                    print(&text(&target, &drift))?;
                }
                results.push(Row::of(target, drift));
                Ok(())
            },
        )?;
        drop(progress);
        let count = |test: fn(&Status) -> bool| results.iter().filter(|row| test(&row.status)).count();
        let drifted = count(|status| matches!(status, Status::Modified | Status::Deleted));
        let unchecked = count(|status| *status == Status::NotChecked);
        let all = results.len();
        match self.format {
            Format::Json => {
                let (account, seal) = (central.account().to_string(), central.snapshot().version);
                print_json(&Document { schema_version: 1, account, seal, results })?;
            }
            Format::Text => print(&format!(
                "seal {} of `{}`: {drifted} of {all} targets drifted, {unchecked} not checked\n",
                central.snapshot().version,
                central.account()
            ))?,
        }
        match (drifted, unchecked) {
            (0, 0) => Ok(Exit::Done),
            (0, _) => Err(refuse(
                format!("{unchecked} of {all} targets could not be checked"),
                "fix the errors above, and run it again",
            )),
            _ => Ok(Exit::Denied),
        }
    }
}

impl Row {
    fn of(target: String, drift: Drift) -> Self {
        let Drift { status, documents, seal, is_outdated, error } = drift;
        let seal = Seal {
            holds: seal.is_ok(),
            version: seal.as_ref().ok().copied(),
            why: seal.err(),
            outdated: is_outdated,
        };
        let hint = error.as_ref().and_then(|error| error.hint()).map(Cow::into_owned);
        Self { target, status, seal, documents, error: error.as_ref().map(chain), hint }
    }
}

fn text(target: &str, drift: &Drift) -> String {
    let mut out = format!("{:<11}  {target}\n", drift.status.name());
    if let Some(error) = &drift.error {
        out.push_str(&format!("  {}\n", lines(&chain(error)).replace('\n', "\n  ")));
        out.extend(error.hint().map(|hint| format!("  hint: {}\n", line(&hint))));
        return out;
    }
    match &drift.seal {
        _ if drift.status == Status::Deleted => return out,
        Ok(_) if drift.status == Status::InSync => {}
        Ok(version) if drift.is_outdated => {
            out.push_str(&format!(
                "  seal {version} is valid but outdated: run `countersign stackset deploy`\n"
            ));
        }
        Ok(version) => out.push_str(&format!("  seal {version} is valid\n")),
        Err(why) => out.push_str(&format!("  no valid seal: {}\n", line(&why.replace('\n', " ")))),
    }
    for document in &drift.documents {
        out.push_str(&format!("  {:<9}  {}\n", document.status.name(), line(&document.path)));
        out.extend(document.properties.iter().map(property));
    }
    out
}

fn property(each: &Property) -> String {
    let shown = |value: &Value| line(&shortened(&value.to_string(), SHOWN_CHARS_MAX));
    let values = match (&each.expected, &each.actual) {
        (Some(expected), Some(actual)) => format!("expected {}, actual {}", shown(expected), shown(actual)),
        (Some(expected), None) => format!("expected {}", shown(expected)),
        (None, Some(actual)) => format!("actual {}", shown(actual)),
        (None, None) => String::new(),
    };
    let path = if each.path.is_empty() { "(all of it)".into() } else { line(&each.path) };
    format!("    {:<9}  {path}: {values}\n", each.difference.name())
}
