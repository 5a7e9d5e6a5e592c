//! `manifest attach`: adds manifests to the note of a commit.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use countersign::files;
use countersign::git::Repository;
use countersign::limits::MANIFEST_BYTES_MAX;
use countersign::manifest::attached::{self, AttachError, Attached};
use countersign::provenance::Source;

use super::counted;
use crate::context::{Context, shown};
use crate::output::{Exit, note, print_done, refuse};

/// Arguments of `manifest attach`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The manifests are git notes in `refs/notes/countersign`. Fetch and push them before the branch.\n\n\
    Examples:\n  countersign manifest attach HEAD dist/*.sigstore.json\n  \
    countersign manifest fetch && countersign manifest push"
)]
pub struct Args {
    /// Commit
    #[arg(value_name = "REV")]
    revision: String,
    /// Manifest files
    #[arg(required = true, value_name = "MANIFEST")]
    manifests: Vec<PathBuf>,
}

impl Args {
    /// Attaches the manifests, all of them or none.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let read = |path: &PathBuf| read(context, path);
        let manifests = self.manifests.iter().map(read).collect::<Result<Vec<_>>>()?;
        let repository = context.in_repository()?;
        print_done(&format!("{}\n", attach(repository, &self.revision, &manifests)?))?;
        note_push(repository)?;
        Ok(Exit::Done)
    }
}

/// Reads a manifest to attach.
pub fn read(context: &Context, path: &Path) -> Result<Attached> {
    let bytes = files::read(path, MANIFEST_BYTES_MAX)?;
    let attached = Attached::parse(&bytes).map_err(|error| match error {
        AttachError::FormatNewer(newer) => AttachError::FormatNewer(newer.at(path)),
        error => error,
    });
    attached.with_context(|| format!("cannot attach `{}`", context.shown(path)))
}

/// Attaches manifests to a commit; returns the line that reports it.
pub fn attach(repository: &Repository, revision: &str, manifests: &[Attached]) -> Result<String> {
    let commit = repository.commit(revision)?;
    let mut added = 0;
    repository.change_note::<anyhow::Error>(&commit, |before| {
        let (text, count) = attached::with(before.as_deref(), manifests)?;
        added = count;
        Ok(Some(text))
    })?;
    let known = match manifests.len() - added {
        0 => String::new(),
        count => format!(" ({count} already attached)"),
    };
    Ok(format!("attached: {} to commit {}{known}", counted(added), commit.short()))
}

/// Notes how attached manifests get to the remote: `git push` of a branch does not push them.
pub fn note_push(repository: &Repository) -> Result<()> {
    if let Some(command) = push_command(&repository.remotes()?) {
        note(&format!("push the manifests before the branch: `{command}`"));
    }
    Ok(())
}

/// The command that pushes manifests to the usual remote of these; `None` if there is none.
fn push_command(remotes: &[String]) -> Option<String> {
    let push = "countersign manifest push";
    match remotes {
        [] => None,
        names if names.iter().any(|name| name == "origin") => Some(push.into()),
        [only] if is_plain(only) => Some(format!("{push} {only}")),
        _ => Some(format!("{push} REMOTE")),
    }
}

/// Whether a shell reads a name as it is.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
    !name.starts_with('-') && name.bytes().all(plain)
}

/// The commit to attach an artifact's manifest to: the one that has its files.
pub fn commit_of(artifact: &Path, source: Option<&Source>) -> Result<String> {
    let shown = shown(artifact);
    match source {
        Some(Source { commit, dirty: false, .. }) => Ok(commit.clone()),
        Some(Source { commit, .. }) => Err(refuse(
            format!("`{shown}` has files that differ from commit {}", &commit[..commit.len().min(12)]),
            "commit them, or release the commit itself with `--from HEAD`",
        )),
        None => Err(refuse(
            format!("no commit of this repository has the files of `{shown}`"),
            "attach its manifest to its commit with `countersign manifest attach REV MANIFEST`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_remote_only_where_it_is_needed() {
        let of =
            |names: &[&str]| push_command(&names.iter().map(|name| name.to_string()).collect::<Vec<_>>());
        assert_eq!(of(&[]), None);
        for (names, expected) in [
            (&["fork", "origin"][..], "countersign manifest push"),
            (&["fork"], "countersign manifest push fork"),
            (&["a;b"], "countersign manifest push REMOTE"),
            (&["-x"], "countersign manifest push REMOTE"),
            (&["fork", "upstream"], "countersign manifest push REMOTE"),
        ] {
            assert_eq!(of(names).as_deref(), Some(expected), "{names:?}");
        }
    }
}
