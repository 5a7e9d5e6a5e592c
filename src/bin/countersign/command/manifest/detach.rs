//! `manifest detach`: removes manifests from the note of a commit.

use anyhow::Result;
use countersign::git::notes::NOTES_REF;
use countersign::manifest::attached::{self, Attached, NewerLines};
use countersign::name::ArtifactName;

use super::{counted, newer_lines};
use crate::context::Context;
use crate::output::{Exit, note, print_done, refuse};

/// Arguments of `manifest detach`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  countersign manifest detach HEAD orders\n  countersign manifest detach v1.2.0"
)]
pub struct Args {
    /// Commit
    #[arg(value_name = "REV")]
    revision: String,
    /// Detach only the manifests of these functions and layers [default: all of them]
    #[arg(value_name = "NAME")]
    names: Vec<ArtifactName>,
}

impl Args {
    /// Detaches the manifests and prints which.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let repository = context.in_repository()?;
        let commit = repository.commit(&self.revision)?;
        let lines = if self.names.is_empty() { NewerLines::Remove } else { NewerLines::Keep };
        let (mut removed, mut newer) = (Vec::new(), 0);
        repository.change_note::<anyhow::Error>(&commit, |before| {
            let before = before.unwrap_or_default();
            let chosen =
                |each: &Attached| self.names.is_empty() || self.names.contains(each.claimed_name().1);
            let without = attached::without(&before, lines, chosen)?;
            (removed, newer) = (without.removed, without.newer);
            Ok(without.rest)
        })?;
        if newer > 0 && lines == NewerLines::Keep {
            note(&format!("{}: kept, since no name can be read", newer_lines(newer)));
        }
        if removed.is_empty() && (newer == 0 || lines == NewerLines::Keep) {
            return Err(refuse(
                format!("no such manifest is attached to commit {}", commit.short()),
                format!("list its manifests with `countersign manifest list {}`", commit.short()),
            ));
        }
        for each in &removed {
            let (kind, name) = each.claimed_name();
            print_done(&format!("detached: {} `{name}` (job {})\n", kind.name(), each.claimed_job()))?;
        }
        if newer > 0 && lines == NewerLines::Remove {
            print_done(&format!("detached: {} with a newer format\n", counted(newer)))?;
        }
        note(&format!(
            "the history of `{NOTES_REF}` still has them, and so has every remote that it was pushed to"
        ));
        Ok(Exit::Done)
    }
}
