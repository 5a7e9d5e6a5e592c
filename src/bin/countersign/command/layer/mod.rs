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
    /// Publish an artifact as the next version of a layer, which never changes
    Publish(publish::Args),
    /// Let another account, or an organisation's, use a version
    Permit(permit::PermitArgs),
    /// End a permission; versions that were attached before stay attached
    Forbid(permit::ForbidArgs),
    /// List the layers of the account, or of another one
    List(list::ListArgs),
    /// Show a layer: its versions and permissions
    Show(list::ShowArgs),
    /// Bring a version's artifact and manifest from where its record says, if they are what was published
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
