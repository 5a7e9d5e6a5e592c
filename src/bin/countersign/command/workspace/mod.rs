//! `countersign workspace`: what a repository packages, and the work of a release on several machines.

mod list;
pub mod part;
mod report;

use anyhow::Result;

use crate::context::{Context, GlobalArgs};
use crate::output::Exit;

/// Commands about the workspace.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List functions and layers, those that changed, or an even split for a CI matrix
    List(list::Args),
    /// Combine the JSON reports of a release's shards into one
    Report(report::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        match self {
            Self::List(args) => args.run(&context),
            Self::Report(args) => args.run(&context),
        }
    }
}
