//! `countersign policy diff`: what changed since the last seal, as a list that people can read.

use anyhow::Result;
use countersign::policy::diff::Difference;
use countersign::policy::rotation::Pending;
use countersign::report::escape::line;
use serde::Serialize;

use super::rotate_root::differences as root_differences;
use super::{newest_root, sealing, waits};
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, Format, print, print_json};

/// Arguments of `policy diff`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Exit status: 0 no changes, or all are allowed; 1 some are not allowed; 2 could not decide.")]
pub struct Args {
    #[command(flatten)]
    trust: TrustArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    since: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waits: Option<String>,
    differences: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    path: String,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    forbidden: Option<String>,
}

impl Args {
    /// Lists the differences.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let location = context.location(&self.trust)?;
        let root = newest_root(context, &location)?;
        let sealing = sealing(context, &location, &root)?;
        let mut differences = Vec::new();
        if let Some(pending) = Pending::read(&location.directory, &root)? {
            differences.extend(root_differences(&root, pending.root()));
        }
        differences.extend(sealing.review(context.now)?);
        let allowed = differences.iter().all(|each| each.forbidden.is_none());
        let since = sealing.base().map(|base| base.version);
        let waits = sealing.draft()?.map(|(draft, count)| waits(&draft, count));
        match self.format {
            Format::Text => print(&text(since, &differences, waits.as_deref()))?,
            Format::Json => print_json(&Document {
                schema_version: 1,
                since,
                waits,
                differences: differences.into_iter().map(Entry::from).collect(),
            })?,
        }
        Ok(if allowed { Exit::Done } else { Exit::Denied })
    }
}

impl From<Difference> for Entry {
    fn from(each: Difference) -> Self {
        Self { path: each.path, what: each.text, forbidden: each.forbidden }
    }
}

fn text(since: Option<u64>, differences: &[Difference], waits: Option<&str>) -> String {
    let mut out = match since {
        Some(version) if differences.is_empty() => format!("no changes since seal {version}\n"),
        Some(version) => format!("since seal {version}\n"),
        None => "not sealed before\n".into(),
    };
    let mut path = "";
    for each in differences {
        if each.path != path {
            path = &each.path;
            out.push_str(&format!("{}\n", line(path)));
        }
        out.push_str(&format!("  {}\n", line(&each.text)));
        if let Some(why) = &each.forbidden {
            out.push_str(&format!("    not allowed: {}\n", line(why)));
        }
    }
    if let Some(waits) = waits {
        out.push_str(&format!("{waits}\n"));
    }
    out
}
