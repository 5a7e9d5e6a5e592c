//! `countersign attach` and `detach`: manifests as notes on the commit that they were made for.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use countersign::files;
use countersign::git::Repository;
use countersign::git::notes::NOTES_REF;
use countersign::limits::MANIFEST_BYTES_MAX;
use countersign::manifest::attached::{self, Attached};
use countersign::name::ArtifactName;
use countersign::provenance::Source;

use crate::context::{Context, GlobalArgs};
use crate::output::{Exit, note, print, refuse};

/// Arguments of `attach`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "What is attached travels with `refs/notes/countersign`: unite it with what others attached,\n\
    and send it, with `countersign manifests --fetch --push`, before the branch.\n\n\
    Examples:\n  countersign attach HEAD dist/*.sigstore.json\n  \
    countersign manifests --fetch --push && git push origin main"
)]
pub struct Attach {
    /// The commit
    #[arg(value_name = "REV")]
    revision: String,
    /// The manifests
    #[arg(required = true, value_name = "MANIFEST")]
    manifests: Vec<PathBuf>,
}

/// Arguments of `detach`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  countersign detach HEAD orders    what is attached for one function\n  \
    countersign detach v1.2.0         everything"
)]
pub struct Detach {
    /// The commit
    #[arg(value_name = "REV")]
    revision: String,
    /// The functions and layers whose manifests are detached; all of them if none is named
    names: Vec<ArtifactName>,
}

impl Attach {
    /// Attaches the manifests, all of them or none.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        let read = |path: &PathBuf| read(&context, path);
        let manifests = self.manifests.iter().map(read).collect::<Result<Vec<_>>>()?;
        print(&format!("{}\n", attach(context.in_repository()?, &self.revision, &manifests)?))?;
        Ok(Exit::Done)
    }
}

/// Reads a manifest to attach.
pub fn read(context: &Context, path: &Path) -> Result<Attached> {
    let bytes = files::read(path, MANIFEST_BYTES_MAX)?;
    Attached::parse(&bytes).with_context(|| format!("cannot attach `{}`", context.shown(path)))
}

/// Attaches manifests to a commit, and tells so.
pub fn attach(repository: &Repository, revision: &str, manifests: &[Attached]) -> Result<String> {
    let commit = repository.commit(revision)?;
    let mut added = 0;
    repository.change_note::<anyhow::Error>(&commit, |before| {
        let (text, count) = attached::with(before.as_deref(), manifests)?;
        added = count;
        Ok(Some(text))
    })?;
    let there = match manifests.len() - added {
        0 => String::new(),
        count => format!(" ({count} already there)"),
    };
    Ok(format!("attached: {} to commit {}{there}", counted(added), commit.short()))
}

/// The commit to which an artifact's manifest is to be attached: the one that holds its files.
pub fn commit_of(context: &Context, artifact: &Path, source: Option<&Source>) -> Result<String> {
    let shown = context.shown(artifact);
    match source {
        Some(Source { commit, dirty: false, .. }) => Ok(commit.clone()),
        Some(Source { commit, .. }) => Err(refuse(
            format!("`{shown}` holds files that differ from commit {}", &commit[..commit.len().min(12)]),
            "commit them, or release the commit itself with `--from HEAD`",
        )),
        None => Err(refuse(
            format!("`{shown}` is not made of files that a commit of this repository has"),
            "attach its manifest to the commit that it belongs to with `countersign attach REV MANIFEST`",
        )),
    }
}

impl Detach {
    /// Detaches the manifests, and says which.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        let repository = context.in_repository()?;
        let commit = repository.commit(&self.revision)?;
        let mut removed = Vec::new();
        repository.change_note::<anyhow::Error>(&commit, |before| {
            let before = before.unwrap_or_default();
            let chosen =
                |each: &Attached| self.names.is_empty() || self.names.contains(each.claimed_name().1);
            let (rest, chosen) = attached::without(&before, chosen)?;
            removed = chosen;
            Ok(rest)
        })?;
        if removed.is_empty() {
            return Err(refuse(
                format!("nothing of that is attached to commit {}", commit.short()),
                format!("look at `countersign manifests {}`", commit.short()),
            ));
        }
        for each in &removed {
            let (kind, name) = each.claimed_name();
            print(&format!("detached: {} `{name}` (job {})\n", kind.name(), each.claimed_job()))?;
        }
        note(&format!("earlier states stay in the history of `{NOTES_REF}`, and wherever it was pushed"));
        Ok(Exit::Done)
    }
}

/// A number of manifests, in words.
pub fn counted(count: usize) -> String {
    if count == 1 { "1 manifest".into() } else { format!("{count} manifests") }
}
