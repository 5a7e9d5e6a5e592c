//! `countersign manifest`: manifests as git notes on the commit that they were signed for.

pub mod attach;
mod detach;
mod exchange;
mod list;

use anyhow::Result;

use crate::context::{Context, GlobalArgs};
use crate::output::Exit;

/// What can be done with the manifests of a commit.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Attach manifests to a commit
    Attach(attach::Args),
    /// Detach manifests from a commit
    Detach(detach::Args),
    /// List the manifests of a commit, or write them to files
    List(list::Args),
    /// Fetch the manifests of a remote and merge them with the local ones
    #[command(long_flag_alias = "fetch")]
    Fetch(exchange::Fetch),
    /// Push the local manifests to a remote
    #[command(long_flag_alias = "push")]
    Push(exchange::Push),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        match self {
            Self::Attach(args) => args.run(&context),
            Self::Detach(args) => args.run(&context),
            Self::List(args) => args.run(&context),
            Self::Fetch(args) => args.run(&context),
            Self::Push(args) => args.run(&context),
        }
    }
}

/// A number of manifests, in words.
fn counted(count: usize) -> String {
    if count == 1 { "1 manifest".into() } else { format!("{count} manifests") }
}

/// A note on lines that are newer than this program.
fn newer_lines(count: usize) -> String {
    let lines = if count == 1 { "line is" } else { "lines are" };
    format!("{count} attached {lines} newer than this program")
}
