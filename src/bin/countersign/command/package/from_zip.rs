//! `countersign package --from-zip`: the canonical form of a ZIP that another tool wrote.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use countersign::digest::{Sha256, Sha384};
use countersign::files::artifact::Artifact;
use countersign::files::{Access, Durability, Pending};
use countersign::package::read::{self, ReadError};
use countersign::package::repack::{self, Repack};
use countersign::package::select::Contents;
use countersign::package::{size, write};
use countersign::report::Finding;
use countersign::report::escape::line;
use serde::Serialize;

use crate::context::{Context, entry_time};
use crate::output::{Exit, Format, note, print_done, print_json, refuse, warn};
use crate::progress::Progress;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    packages: [&'a Record; 1],
}

#[derive(Serialize)]
struct Record {
    from_zip: String,
    path: String,
    size: u64,
    sha256: Sha256,
    sha384: Sha384,
    encoder: &'static str,
    files: usize,
    empty_folders: Vec<String>,
    findings: Vec<Finding>,
}

/// Writes the canonical form of the ZIP into the folder, as `NAME.zip`.
pub fn run(context: &Context, zip: &Path, output: &Path, format: Format) -> Result<Exit> {
    let shown = context.shown(&std::path::absolute(zip)?);
    let path = output_path(context, zip, output)?;
    let cannot = || format!("cannot repack `{shown}`");
    let repack = repack::open(zip, context.threads).with_context(cannot)?;
    let Repack { candidates, files, empty_folders, .. } = &repack;
    let mut pending = Pending::new(&path, Access::Public, Durability::Remade)?;
    let total = candidates.iter().map(|candidate| candidate.size).sum();
    let progress = Progress::start(&format!("packaging {shown}"), total);
    let contents = Contents::outside();
    let add = |bytes| progress.add(bytes);
    let written =
        write::write(&mut pending, candidates, &contents, None, entry_time()?, context.threads, &add)
            .with_context(cannot)?;
    drop(progress);
    let again = read::read(&pending.written()?, context.threads).with_context(cannot)?;
    if written.files != *files || again != *files {
        return Err(refuse(format!("the package would have other files than `{shown}`"), read::UNPACK));
    }
    let record = Record {
        from_zip: shown,
        path: context.shown(&path),
        size: written.digests.size,
        sha256: written.digests.sha256,
        sha384: written.digests.sha384,
        encoder: write::ENCODER,
        files: files.len(),
        findings: [size::check(written.digests.size, files), repack.secrets()].concat(),
        empty_folders: empty_folders.clone(),
    };
    pending.keep()?;
    report(&record, format)
}

/// The package's path: the archive's name with `.zip`, in the folder; never the archive itself.
fn output_path(context: &Context, zip: &Path, output: &Path) -> Result<PathBuf> {
    context.check_output(output)?;
    let stem = zip.file_stem().unwrap_or_default();
    let mut name = stem.to_owned();
    name.push(".zip");
    let path = output.join(name);
    let is_same = match (zip.canonicalize(), path.canonicalize()) {
        (Ok(input), Ok(output)) => input == output,
        _ => false,
    };
    if is_same {
        return Err(refuse(
            format!("`{}` would replace the archive that it is made from", context.shown(&path)),
            "pass another folder with `--output DIR`",
        ));
    }
    Ok(path)
}

fn report(record: &Record, format: Format) -> Result<Exit> {
    if let Some(folder) = record.empty_folders.last() {
        let count = record.empty_folders.len();
        let shown = if count == 1 { format!("`{folder}`") } else { format!("{count}, such as `{folder}`") };
        note(&format!("left out empty folders, which packages do not have: {shown}"));
    }
    record.findings.iter().for_each(warn);
    if format == Format::Json {
        print_json(&Document { schema_version: 1, packages: [record] })?;
        return Ok(Exit::Done);
    }
    let files = if record.files == 1 { "file" } else { "files" };
    print_done(&format!(
        "packaged: {} ({} {files}, {} bytes)\n",
        line(&record.path),
        record.files,
        record.size
    ))?;
    Ok(Exit::Done)
}

/// The error for a ZIP that the strict reader refuses: which tool wrote it, and how to repack it if that is possible.
pub fn refused(
    context: &Context,
    verb: &str,
    error: ReadError,
    artifact: &Artifact,
    path: &Path,
) -> anyhow::Error {
    let shown = context.shown(path);
    let tool = repack::writer(artifact);
    let by = tool.map_or(String::new(), |tool| format!(", which {tool} wrote"));
    let what = format!("cannot {verb} `{shown}`{by}");
    match error {
        ReadError::Malformed(fault) if repack::open(path, context.threads).is_ok() => {
            let hint = format!("repack it: countersign package --from-zip {shown}");
            refuse(fault.to_string(), hint).context(what)
        }
        ReadError::Malformed(fault) if tool == Some(repack::GIT_ARCHIVE) => {
            let hint = "package the commit itself: countersign package --from COMMIT";
            refuse(fault.to_string(), hint).context(what)
        }
        error => anyhow::Error::from(error).context(what),
    }
}
