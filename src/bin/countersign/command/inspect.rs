//! `countersign inspect`: the content of a manifest, a package or a policy directory. It verifies nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use countersign::crypto::envelope::Envelope;
use countersign::digest::ArtifactDigests;
use countersign::document::{self, format};
use countersign::files;
use countersign::files::artifact::Artifact;
use countersign::inventory::FileRecord;
use countersign::limits::{MANIFEST_BYTES_MAX, ROOT_BYTES_MAX, ROOTS_MAX, SNAPSHOT_BYTES_MAX};
use countersign::manifest::{self, Statement};
use countersign::package::read;
use countersign::parallel::Threads;
use countersign::policy::root::{self, RootFile};
use countersign::policy::snapshot::{self, Snapshot};
use countersign::report::escape::line;
use serde::Serialize;
use serde_json::Value;

use crate::output::{Exit, Format, note, print, print_json, refuse};

/// Arguments of `inspect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Shows the content of files and verifies nothing. To verify, run `countersign verify`.\n\n\
    Examples:\n  \
    countersign inspect dist/orders.zip\n  \
    countersign inspect dist/orders.zip.sigstore.json --format json")]
pub struct Args {
    /// Manifest, package or policy directory
    path: PathBuf,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

/// What was found.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Found {
    Manifest { claimed_key: Option<String>, statement: Value },
    Package { size: u64, sha256: String, sha384: String, chunk_digest: String, files: Vec<FileRecord> },
    Policy { pin: String, roots: Vec<RootFile>, snapshot: Option<Snapshot> },
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    verified: bool,
    #[serde(flatten)]
    found: Found,
}

impl Args {
    /// Prints the content.
    pub fn run(self) -> Result<Exit> {
        let found = find(&self.path)?;
        match self.format {
            Format::Json => print_json(&Document { schema_version: 1, verified: false, found })?,
            Format::Text => {
                note("this is the content of the file; nothing was verified");
                print(&text(&found))?;
            }
        }
        Ok(Exit::Done)
    }
}

fn find(path: &Path) -> Result<Found> {
    if path.is_dir() {
        return policy(path);
    }
    let artifact = Artifact::open(path)?;
    let mut first = [0; 4];
    let peek = artifact.size().min(4) as usize;
    artifact.read_at(&mut first[..peek], 0)?;
    if first[..peek].trim_ascii_start().starts_with(b"{") {
        return read_manifest(path);
    }
    let threads = Threads::per_core();
    let files = read::read(&artifact, threads)
        .with_context(|| format!("`{}` is neither a manifest nor a package", path.display()))?;
    let ArtifactDigests { size, sha256, sha384, chunk } = artifact.digests(threads)?;
    let (sha256, sha384, chunk_digest) = (sha256.to_string(), sha384.to_string(), chunk.to_string());
    Ok(Found::Package { size, sha256, sha384, chunk_digest, files })
}

fn read_manifest(path: &Path) -> Result<Found> {
    let bytes = files::read(path, MANIFEST_BYTES_MAX)?;
    let bundle = manifest::parse(path, &bytes)?;
    let envelope = bundle.envelope()?;
    let statement = Statement::parse(envelope.unverified_payload()).map_err(|error| error.at(path))?;
    let claimed_key = envelope.claimed_key().map(str::to_owned);
    Ok(Found::Manifest { claimed_key, statement: serde_json::from_slice(&statement.to_payload())? })
}

fn policy(directory: &Path) -> Result<Found> {
    let first = root::path(directory, 1);
    let bytes = match files::read(&first, ROOT_BYTES_MAX) {
        Err(error) if error.is_absent() => {
            let hint = "name a manifest, a package, or a folder with `roots/1.json`";
            return Err(refuse(format!("`{}` is not a policy directory", directory.display()), hint));
        }
        other => other?,
    };
    let pin = countersign::pin::Pin::of(&bytes).to_string();
    let mut roots = Vec::new();
    for version in 1..=ROOTS_MAX {
        let Some(root) = payload(format::ROOT, &root::path(directory, version), ROOT_BYTES_MAX)? else {
            break;
        };
        roots.push(root);
    }
    let snapshot = payload(format::SNAPSHOT, &snapshot::path(directory), SNAPSHOT_BYTES_MAX)?;
    Ok(Found::Policy { pin, roots, snapshot })
}

/// The payload of an envelope file, without looking at its signatures.
fn payload<T: serde::de::DeserializeOwned + Serialize>(
    known: u32,
    path: &Path,
    limit: u64,
) -> Result<Option<T>> {
    let Some(bytes) = files::read_if_exists(path, limit)? else {
        return Ok(None);
    };
    let envelope: Envelope = document::from_json(path, &bytes)?;
    Ok(Some(document::from_versioned_json(known, path, envelope.unverified_payload())?))
}

fn text(found: &Found) -> String {
    match found {
        Found::Manifest { claimed_key, statement } => manifest_text(claimed_key.as_deref(), statement),
        Found::Package { size, sha256, sha384, chunk_digest, files } => {
            let mut out = format!("package, {size} bytes, entries: {}\n", files.len());
            out.push_str(&format!("  sha256  {sha256}\n  sha384  {sha384}\n  chunk   {chunk_digest}\n"));
            files.iter().for_each(|file| out.push_str(&file_line(file)));
            out
        }
        Found::Policy { pin, roots, snapshot } => policy_text(pin, roots, snapshot.as_ref()),
    }
}

fn file_line(file: &FileRecord) -> String {
    format!("  {:06o} {:>10} {}\n", file.mode.unix(), file.size, line(&file.path))
}

fn manifest_text(claimed_key: Option<&str>, statement: &Value) -> String {
    let job = &statement["predicate"];
    let mut out = format!("manifest of {} `{}`\n", shown(&job["kind"]), shown(&job["name"]));
    out.push_str(&format!("  {:<20} {}\n", "key", line(claimed_key.unwrap_or("none"))));
    let subject = &statement["subject"][0];
    for (name, value) in [
        ("artifact", &subject["name"]),
        ("sha256", &subject["digest"]["sha256"]),
        ("sha384", &subject["digest"]["sha384"]),
        ("size", &job["size"]),
        ("job", &job["job"]),
        ("profile", &job["profile"]),
        ("requested by", &job["requestedBy"]),
        ("signed at", &job["signedAt"]),
        ("expires at", &job["signatureExpiresAt"]),
        ("endorsement", &job["endorsement"]),
        ("encoder", &job["encoder"]),
        ("repository", &job["source"]["repository"]),
        ("commit", &job["source"]["commit"]),
        ("dirty", &job["source"]["dirty"]),
        ("ignored files", &job["selection"]["ignored"]),
        ("builder", &job["builder"]["run"]),
        ("tool", &job["tool"]),
    ] {
        if !value.is_null() {
            out.push_str(&format!("  {name:<20} {}\n", shown(value)));
        }
    }
    let files = job["files"].as_array().map_or(0, Vec::len);
    out.push_str(&format!("  {:<20} {files}\n", "files"));
    out
}

fn shown(value: &Value) -> String {
    line(value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str())
}

fn policy_text(pin: &str, roots: &[RootFile], sealed: Option<&Snapshot>) -> String {
    let mut out = String::new();
    for root in roots {
        out.push_str(&format!(
            "root {} of account `{}`, until {}\n",
            root.version, root.account, root.expires
        ));
        for (name, role) in [("root", &root.root), ("policy", &root.policy)] {
            out.push_str(&format!("  {name:<7} {} of {}\n", role.threshold, role.keys.len()));
            role.keys.iter().for_each(|key| out.push_str(&format!("          {key}\n")));
        }
    }
    out.push_str(&format!("pin {pin}\n"));
    let Some(sealed) = sealed else {
        return out + "not sealed\n";
    };
    out.push_str(&format!("seal {}, created {}, until {}\n", sealed.version, sealed.created, sealed.expires));
    for document in &sealed.documents {
        out.push_str(&format!("  {:>8} {}\n", document.size, line(&document.path)));
    }
    out
}
