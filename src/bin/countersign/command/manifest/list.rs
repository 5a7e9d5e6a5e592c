//! `manifest list`: the manifests that are attached to a commit.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use countersign::files;
use countersign::git::Repository;
use countersign::manifest::attached::{self, Attached};
use countersign::name::ArtifactName;
use countersign::provenance::Kind;
use serde::Serialize;

use super::{counted, newer_lines};
use crate::context::Context;
use crate::output::{Exit, Format, note, print, print_json, refuse};

/// Arguments of `manifest list`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Prints the content of the manifests without verifying them. To verify them, run `countersign verify --source REV`.\n\n\
    Examples:\n  countersign manifest list v1.2.0\n  countersign manifest list v1.2.0 --output dist"
)]
pub struct Args {
    /// Commit
    #[arg(value_name = "REV", default_value = "HEAD")]
    revision: String,
    /// Write the newest manifest of each function and layer to this folder, as `NAME.zip.sigstore.json`
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    commit: String,
    manifests: Vec<Record>,
    newer: usize,
    malformed: usize,
}

#[derive(Serialize)]
struct Record {
    kind: &'static str,
    name: ArtifactName,
    job: String,
    profile: String,
    requested_by: String,
    signed_at: String,
    expires_at: String,
}

impl Args {
    /// Lists the manifests, after writing them if `--output` names a folder.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let repository = context.in_repository()?;
        let commit = repository.commit(&self.revision)?;
        let found = read(repository, &commit.id)?;
        let newer = found.newer.len();
        if newer > 0 {
            note(&newer_lines(newer));
        }
        if let Some(folder) = &self.output {
            context.check_output(folder)?;
            write(folder, &found.manifests)?;
        }
        let records: Vec<Record> = found.manifests.iter().map(record).collect();
        match self.format {
            Format::Json => {
                let (schema_version, malformed) = (1, found.malformed);
                let document =
                    Document { schema_version, commit: commit.id, manifests: records, newer, malformed };
                print_json(&document)?;
            }
            Format::Text => print(&text(&commit.short(), &records))?,
        }
        if found.malformed > 0 {
            let is = if found.malformed == 1 { "line is" } else { "lines are" };
            note(&format!("{} attached {is} not a manifest", found.malformed));
        }
        Ok(Exit::Done)
    }
}

fn read(repository: &Repository, commit: &str) -> Result<attached::Lines> {
    let note = repository.notes()?.of(commit)?;
    Ok(note.map(|note| attached::read(&note)).unwrap_or_default())
}

/// Writes the newest manifest of each function and layer, all of them or none.
fn write(folder: &std::path::Path, manifests: &[Attached]) -> Result<()> {
    let mut newest: BTreeMap<(Kind, &ArtifactName), &Attached> = BTreeMap::new();
    for each in manifests {
        let held = newest.entry(each.claimed_name()).or_insert(each);
        if held.claimed().signed_at < each.claimed().signed_at {
            *held = each;
        }
    }
    if newest.is_empty() {
        return Err(refuse(
            "no manifest is attached to the commit",
            "fetch those of others with `countersign manifest fetch`, or create one with `countersign release --attach`",
        ));
    }
    let path = |name: &ArtifactName| folder.join(format!("{name}.zip.sigstore.json"));
    let file = |((_, name), each): ((Kind, &ArtifactName), &Attached)| (path(name), each.line().into());
    Ok(files::write_together(&newest.into_iter().map(file).collect::<Vec<_>>())?)
}

fn record(attached: &Attached) -> Record {
    let claimed = attached.claimed();
    Record {
        kind: claimed.kind.name(),
        name: claimed.name.clone(),
        job: claimed.job.job().to_string(),
        profile: claimed.profile.to_string(),
        requested_by: claimed.requested_by.to_string(),
        signed_at: claimed.signed_at.to_string(),
        expires_at: claimed.signature_expires_at.to_string(),
    }
}

fn text(commit: &str, records: &[Record]) -> String {
    let mut out = format!("commit {commit}: {}\n", counted(records.len()));
    for Record { kind, name, job, profile, requested_by, signed_at, expires_at } in records {
        out.push_str(&format!("  {kind} {name}\n    claims     {requested_by} with {profile}\n"));
        out.push_str(&format!("    job        {job}\n    valid      {signed_at} until {expires_at}\n"));
    }
    out
}
