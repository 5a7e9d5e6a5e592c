//! `countersign function`: which CSC governs which functions and layers; the first rule that matches wins.

mod attach;
mod detach;
mod list;

use anyhow::Result;

use crate::context::{Context, GlobalArgs};
use crate::output::Exit;

/// What can be done with the governance of functions.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Put functions and layers under a CSC, by a pattern of their names
    Attach(attach::Args),
    /// Remove the rule with a pattern
    Detach(detach::Args),
    /// List the rules in the order in which they are matched, or tell which one governs a name
    List(list::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        match self {
            Self::Attach(args) => args.run(&context),
            Self::Detach(args) => args.run(&context),
            Self::List(args) => args.run(&context),
        }
    }
}
