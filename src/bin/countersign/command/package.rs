//! `countersign package`: deterministic ZIPs of what a workspace deploys.

pub mod from_zip;

use std::path::PathBuf;

use anyhow::Result;
use countersign::digest::{Sha256, Sha384};
use countersign::inventory::FileRecord;
use countersign::name::ArtifactName;
use countersign::package::select::{LeftOut, Look, Selection};
use countersign::package::write;
use countersign::report::Finding;
use countersign::report::escape::line;
use countersign::workspace::Item;
use serde::Serialize;

use super::packaging::{Packaged, Packaging};
use crate::complete;
use crate::context::{Context, GlobalArgs, shown};
use crate::output::{Exit, Format, print, print_done, print_json, refuse, warn};
use crate::suggest;

/// Arguments of `package`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Examples:\n  \
    countersign package\n  \
    countersign package orders --explain\n  \
    countersign package --from v1.2.0\n  \
    countersign package --from-zip build/orders.jar")]
pub struct Args {
    /// Functions and layers to package [default: all of them]
    #[arg(value_name = "NAME", add = complete::packages())]
    names: Vec<ArtifactName>,
    /// Package the files of this ZIP as NAME.zip, if all readers find the same
    #[arg(long, value_name = "FILE", conflicts_with_all = ["names", "tracked", "from", "explain"])]
    from_zip: Option<PathBuf>,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Write packages to this folder [default: the workspace's output folder]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// List the included and excluded files, with the reasons
    #[arg(long)]
    explain: bool,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

/// Which files go in.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ChoiceArgs {
    /// Package only files that git tracks
    #[arg(long)]
    pub tracked: bool,
    /// Package this commit instead of the work tree
    #[arg(long, value_name = "REV")]
    pub from: Option<String>,
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    packages: Vec<Record>,
}

#[derive(Serialize)]
struct Record {
    name: ArtifactName,
    kind: &'static str,
    path: String,
    size: u64,
    sha256: Sha256,
    sha384: Sha384,
    encoder: &'static str,
    files: usize,
    findings: Vec<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
}

#[derive(Serialize)]
struct Explanation {
    included: Vec<FileRecord>,
    left_out: Vec<Left>,
}

#[derive(Serialize)]
struct Left {
    path: String,
    reason: &'static str,
}

impl Args {
    /// Packages each item, and keeps a package only when it is whole.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        let output = match self.output {
            Some(folder) => std::path::absolute(folder)?,
            None => context.workspace.output.clone(),
        };
        if let Some(zip) = &self.from_zip {
            return from_zip::run(&context, zip, &output, self.format);
        }
        context.check_output(&output)?;
        let items = items(&context, &self.names)?;
        let packaging = Packaging::new(&context, &self.choice, &items, output)?;
        let work = |item: &Item| {
            let (packaged, selection) = packaging.make(item, packaging.selection(item)?, |_| None)?;
            let explanation = self.explain.then(|| explain(&packaged, &selection));
            Ok((record(item, &packaged, explanation), packaged))
        };
        let mut records = Vec::new();
        packaging.each(&items, work, |(record, packaged)| {
            packaged.findings.iter().for_each(warn);
            packaged.pending.keep()?;
            if self.format == Format::Text {
                // The explanation is what was asked for.
                let print = if self.explain { print } else { print_done };
                print(&text(&record))?;
            }
            if self.format == Format::Json {
                records.push(record);
            }
            Ok(())
        })?;
        if self.format == Format::Json {
            print_json(&Document { schema_version: 1, packages: records })?;
        }
        Ok(Exit::Done)
    }
}

impl ChoiceArgs {
    /// Reads once what selecting the files of all these items takes.
    pub fn look(&self, context: &Context, items: &[&Item]) -> Result<Look> {
        let folders = items.iter().map(|item| item.folder.as_path());
        Ok(match (&context.repository, &self.from) {
            (None, None) => Look::outside(),
            (Some(repository), None) => Look::work_tree(repository, folders)?,
            (Some(repository), Some(revision)) => Look::commit(repository, revision, folders)?,
            (None, Some(_)) => {
                return Err(refuse(
                    "`--from` requires a git repository",
                    "remove it, or run in the repository",
                ));
            }
        })
    }
}

/// The workspace's items of these names; all of them for none.
pub fn items<'a>(context: &'a Context, names: &[ArtifactName]) -> Result<Vec<&'a Item>> {
    if names.is_empty() {
        return Ok(context.workspace.items.iter().collect());
    }
    let find = |name: &ArtifactName| {
        context.workspace.item(name).ok_or_else(|| {
            let known = context.workspace.items.iter().map(|item| item.name.as_str());
            refuse(format!("the workspace has no `{name}`"), suggest::known(name.as_str(), known))
        })
    };
    names.iter().map(find).collect()
}

fn explain(packaged: &Packaged, selection: &Selection) -> Explanation {
    let mut left_out = packaged.left_out.clone();
    if packaged.rules.untracked {
        left_out.extend(selection.ignored.iter().cloned());
        left_out.sort();
    }
    let left = |each: LeftOut| Left { path: each.path, reason: each.reason };
    Explanation { included: packaged.files.clone(), left_out: left_out.into_iter().map(left).collect() }
}

fn record(item: &Item, packaged: &Packaged, explanation: Option<Explanation>) -> Record {
    Record {
        name: item.name.clone(),
        kind: item.kind.name(),
        path: shown(&packaged.path),
        size: packaged.digests.size,
        sha256: packaged.digests.sha256,
        sha384: packaged.digests.sha384,
        encoder: write::ENCODER,
        files: packaged.files.len(),
        findings: packaged.findings.clone(),
        explanation,
    }
}

fn text(record: &Record) -> String {
    let files = if record.files == 1 { "file" } else { "files" };
    let mut out =
        format!("packaged: {} ({} {files}, {} bytes)\n", line(&record.path), record.files, record.size);
    let Some(explanation) = &record.explanation else {
        return out;
    };
    for file in &explanation.included {
        out.push_str(&format!("  in   {}\n", line(&file.path)));
    }
    for left in &explanation.left_out {
        out.push_str(&format!("  out  {} ({})\n", line(&left.path), left.reason));
    }
    out
}
