//! `countersign workspace list`: functions and layers with their sizes, those that changed, and an even split.

use anyhow::Result;
use countersign::limits::SHARDS_MAX;
use countersign::report::escape::line;
use countersign::shard::Shard;
use serde::Serialize;

use super::part::{PartArgs, Sized, shards};
use crate::context::Context;
use crate::output::{Exit, print, print_json, refuse};

/// Arguments of `workspace list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Sizes are those of the checked-out commit. A split depends only on that commit, `--changed-since` and \
    `--shards`, so `countersign release --shard I/N` makes the same split on any machine.\n\n\
    Examples:\n  \
    countersign workspace list --changed-since origin/main\n  \
    matrix=$(countersign workspace list --shards 8 --format github-matrix)\n  \
    echo \"matrix=$matrix\" >> \"$GITHUB_OUTPUT\"\n\n\
    In a job of the matrix, with SHARD from `matrix.shard`:\n  \
    countersign release --shard \"$SHARD\" --report json=shard.json")]
pub struct Args {
    #[command(flatten)]
    part: PartArgs,
    /// Split into this many shards of about the same size, up to 256; fewer if there are fewer functions and layers
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=SHARDS_MAX as i64))]
    shards: Option<u16>,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: ListFormat,
}

/// How the list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ListFormat {
    Text,
    Json,
    GithubMatrix,
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    items: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    kind: &'static str,
    path: String,
    /// Absent if a commit alone does not give the package.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<Shard>,
}

#[derive(Serialize)]
struct Matrix {
    include: Vec<Job>,
}

/// A job of a matrix: the shard, and what is in it.
#[derive(Serialize)]
struct Job {
    shard: Shard,
    names: String,
}

impl Args {
    /// Prints the list.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let items = self.part.of(context, context.workspace.items.iter().collect())?;
        let rows = self.rows(context, &items);
        match self.format {
            ListFormat::Json => print_json(&Document { schema_version: 1, items: rows })?,
            ListFormat::Text => print(&text(&rows))?,
            // One line, as `$GITHUB_OUTPUT` takes it.
            ListFormat::GithubMatrix => print(&format!("{}\n", serde_json::to_string(&matrix(&rows)?)?))?,
        }
        Ok(Exit::Done)
    }

    /// The rows, shard by shard. For a matrix without `--shards`, each item is a shard.
    fn rows(&self, context: &Context, items: &[Sized<'_>]) -> Vec<Row> {
        let each = (self.format == ListFormat::GithubMatrix).then_some(items.len());
        // No shard is empty.
        let shards_of = |count: u16| usize::from(count).min(items.len());
        let Some(count) = self.shards.map(shards_of).or(each) else {
            return items.iter().map(|each| row(context, each, None)).collect();
        };
        let placed = items.iter().zip(shards(items, count));
        let mut rows: Vec<Row> = placed.map(|(each, shard)| row(context, each, Some(shard))).collect();
        rows.sort_by_key(|row| row.shard.map(Shard::number));
        rows
    }
}

/// The jobs of a matrix.
fn matrix(rows: &[Row]) -> Result<Matrix> {
    let mut include: Vec<Job> = Vec::new();
    for row in rows {
        let Some(shard) = row.shard else { continue };
        match include.last_mut().filter(|job| job.shard == shard) {
            Some(job) => job.names = format!("{} {}", job.names, row.name),
            None => include.push(Job { shard, names: row.name.clone() }),
        }
    }
    if include.len() > SHARDS_MAX {
        return Err(refuse(
            format!("the matrix would have {} jobs, over GitHub's limit of {SHARDS_MAX}", include.len()),
            "pass `--shards COUNT`",
        ));
    }
    Ok(Matrix { include })
}

fn row(context: &Context, Sized { item, content }: &Sized<'_>, shard: Option<Shard>) -> Row {
    Row {
        name: item.name.to_string(),
        kind: item.kind.name(),
        path: context.shown(&item.folder),
        files: content.map(|content| content.files),
        bytes: content.map(|content| content.bytes),
        shard,
    }
}

fn text(rows: &[Row]) -> String {
    let count = |n: usize, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    let size = |row: &Row| match (row.files, row.bytes) {
        (Some(files), Some(bytes)) => format!("{}, {bytes} bytes", count(files, "file")),
        _ => "not in the commit".into(),
    };
    let of_row = |row: &Row| {
        let shard = row.shard.map(|shard| format!("{shard}  ")).unwrap_or_default();
        format!("{shard}{} {}: {} ({})\n", row.kind, row.name, line(&row.path), size(row))
    };
    match rows {
        [] => "nothing changed\n".into(),
        rows => rows.iter().map(of_row).collect(),
    }
}
