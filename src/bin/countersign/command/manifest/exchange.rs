//! `manifest fetch` and `manifest push`: the manifests on their way from and to a remote.

use anyhow::Result;
use countersign::git::notes::NOTES_REF;
use countersign::git::program;
use countersign::report::escape::line;

use crate::context::Context;
use crate::output::{Exit, note, print_done};

/// Arguments of `manifest fetch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "No manifest is lost: the result has those of both sides.\n\n\
    Examples:\n  countersign manifest fetch\n  countersign manifest fetch upstream")]
pub struct Fetch {
    /// The remote to fetch from
    #[arg(default_value = "origin")]
    remote: String,
}

/// Arguments of `manifest push`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Push the manifests before the branch: a server that verifies pushes reads them.\n\n\
    Examples:\n  countersign manifest push && git push origin main\n  countersign manifest push upstream")]
pub struct Push {
    /// The remote to push to
    #[arg(default_value = "origin")]
    remote: String,
}

impl Fetch {
    /// Fetches and merges.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let remote = line(&self.remote);
        if program::fetch_notes(context.in_repository()?, &self.remote)? {
            print_done(&format!("fetched: `{NOTES_REF}` from `{remote}`\n"))?;
        } else {
            note(&format!("`{remote}` has no `{NOTES_REF}` yet"));
        }
        Ok(Exit::Done)
    }
}

impl Push {
    /// Pushes.
    pub fn run(self, context: &Context) -> Result<Exit> {
        program::push_notes(context.in_repository()?, &self.remote)?;
        print_done(&format!("pushed: `{NOTES_REF}` to `{}`\n", line(&self.remote)))?;
        Ok(Exit::Done)
    }
}
