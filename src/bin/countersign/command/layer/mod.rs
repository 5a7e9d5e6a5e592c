//! `countersign layer`: the versions of layers that an account has published, who may use them, and their artifacts.

mod fetch;
mod list;
mod permit;
mod publish;

use anyhow::Result;

use crate::context::{Context, GlobalArgs};
use crate::output::Exit;

/// What can be done with layers.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Publish an artifact as the next version of a layer
    Publish(publish::Args),
    /// Allow other accounts or an organization to use a version
    Permit(permit::PermitArgs),
    /// End a permission; functions that use the version keep it
    Forbid(permit::ForbidArgs),
    /// List the layers of this account or another one
    List(list::ListArgs),
    /// Show the versions and permissions of a layer
    Show(list::ShowArgs),
    /// Fetch the artifact and manifest of a version, and check them
    Fetch(fetch::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        match self {
            Self::Publish(args) => args.run(&context),
            Self::Permit(args) => args.run(&context),
            Self::Forbid(args) => args.run(&context),
            Self::List(args) => args.run(&context),
            Self::Show(args) => args.run(&context),
            Self::Fetch(args) => args.run(&context),
        }
    }
}
