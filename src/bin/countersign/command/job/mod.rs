//! `countersign job`: signing jobs that the owner of the policy has recorded, and their revocation.

mod list;
mod record;
mod revoke;

use anyhow::Result;

use crate::context::{Context, GlobalArgs};
use crate::output::Exit;

/// What can be done with signing jobs.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check manifests and record their jobs, with the time, in the ledger
    Record(record::Args),
    /// List recorded jobs
    List(list::ListArgs),
    /// Show a recorded job
    Show(list::ShowArgs),
    /// Revoke a job and its signature
    Revoke(revoke::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        match self {
            Self::Record(args) => args.run(&context),
            Self::List(args) => args.run(&context),
            Self::Show(args) => args.run(&context),
            Self::Revoke(args) => args.run(&context),
        }
    }
}
