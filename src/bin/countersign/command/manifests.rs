//! `countersign manifests`: what is attached to a commit, and its way to and from other repositories.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use countersign::files;
use countersign::git::notes::NOTES_REF;
use countersign::git::{Repository, program};
use countersign::manifest::attached::{self, Attached};
use countersign::name::ArtifactName;
use countersign::provenance::Kind;
use countersign::report::escape::line;
use serde::Serialize;

use super::attach::counted;
use crate::context::{Context, GlobalArgs};
use crate::output::{Exit, Format, note, print, print_json, refuse};

/// Arguments of `manifests`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Shows what manifests claim, and verifies nothing: `countersign verify --source REV` does.\n\n\
    Examples:\n  countersign manifests v1.2.0\n  \
    countersign manifests v1.2.0 --fetch --output dist    for a pipeline that has the artifacts\n  \
    countersign manifests --push                          after `countersign release --attach`"
)]
pub struct Args {
    /// The commit
    #[arg(value_name = "REV", default_value = "HEAD")]
    revision: String,
    /// First bring what is attached in this remote, and unite it with what is attached here
    #[arg(long, value_name = "REMOTE", num_args = 0..=1, default_missing_value = "origin", require_equals = true)]
    fetch: Option<String>,
    /// At last send what is attached here to this remote
    #[arg(long, value_name = "REMOTE", num_args = 0..=1, default_missing_value = "origin", require_equals = true)]
    push: Option<String>,
    /// Write each function's and layer's newest manifest into this folder, as `NAME.zip.sigstore.json`
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// How to write the result
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    commit: String,
    manifests: Vec<Record>,
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
    /// Brings, shows, writes and sends, as far as each was asked for.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        let repository = context.in_repository()?;
        if let Some(remote) = &self.fetch
            && !program::fetch_notes(repository, remote)?
        {
            note(&format!("`{}` has no `{NOTES_REF}` yet", line(remote)));
        }
        let commit = repository.commit(&self.revision)?;
        let found = read(repository, &commit.id)?;
        if let Some(folder) = &self.output {
            context.check_output(folder)?;
            write(folder, &found.manifests)?;
        }
        if let Some(remote) = &self.push {
            program::push_notes(repository, remote)?;
        }
        let records: Vec<Record> = found.manifests.iter().map(record).collect();
        match self.format {
            Format::Json => {
                let (schema_version, malformed) = (1, found.malformed);
                let document = Document { schema_version, commit: commit.id, manifests: records, malformed };
                print_json(&document)?;
            }
            Format::Text => print(&text(&commit.short(), &records))?,
        }
        if found.malformed > 0 {
            note(&format!("{} of what is attached is no manifest", found.malformed));
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
            "nothing is attached to the commit that could be written",
            "bring what others attached with `--fetch`, or sign the commit with `countersign release --attach`",
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
