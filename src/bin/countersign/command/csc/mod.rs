//! `countersign csc`: code signing configs, which list the publishers that a deploy accepts.

mod create;
mod delete;
mod list;
mod publisher;
mod update;

use anyhow::Result;

use crate::context::{Context, GlobalArgs};
use crate::output::Exit;

/// What can be done with code signing configs.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Create a CSC; assign functions to it with `function attach`
    Create(create::Args),
    /// Change a CSC's publishers, description or Warn and Enforce
    Update(update::Args),
    /// List the CSCs of the account
    List(list::ListArgs),
    /// Show a CSC: its publishers and its functions
    Show(list::ShowArgs),
    /// Delete a CSC that no function is attached to
    Delete(delete::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        match self {
            Self::Create(args) => args.run(&context),
            Self::Update(args) => args.run(&context),
            Self::List(args) => args.run(&context),
            Self::Show(args) => args.run(&context),
            Self::Delete(args) => args.run(&context),
        }
    }
}
