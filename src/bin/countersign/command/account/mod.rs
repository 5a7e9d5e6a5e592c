//! `countersign account`: which other accounts the policy trusts, and the members of organizations.

mod forget;
mod list;
mod organization;
pub mod origin;
mod trust;
mod update;

use std::path::PathBuf;

use anyhow::Result;
use countersign::pin::Pin;

use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::output::Exit;

/// Which policy is changed, where `--root` is another account's.
#[derive(Debug, Clone, clap::Args)]
pub struct OwnArgs {
    /// Policy directory [default: `git config countersign.policy`, then `policy` in countersign.toml]
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_POLICY", hide_env_values = true)]
    policy: Option<PathBuf>,
    /// Pin of this account's own first root [default: the one that `policy pin` stored]
    #[arg(long, value_name = "PIN", env = "COUNTERSIGN_ROOT", hide_env_values = true)]
    own_root: Option<Pin>,
}

impl From<OwnArgs> for TrustArgs {
    fn from(own: OwnArgs) -> Self {
        Self { policy: own.policy, root: own.own_root }
    }
}

/// What can be done with other accounts.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Trust another account: pin its root and fetch its documents
    Trust(trust::Args),
    /// Update the documents of other accounts
    Update(update::Args),
    /// List the other accounts, their seals and whether they are valid
    List(list::Args),
    /// Remove another account from this policy
    Forget(forget::Args),
    /// Set the organization that this account belongs to
    Join(organization::JoinArgs),
    /// Remove this account from its organization
    Leave(organization::LeaveArgs),
    /// Add a member to the organization of this account
    Admit(organization::AdmitArgs),
    /// Remove a member from the organization of this account
    Expel(organization::ExpelArgs),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        match self {
            Self::Trust(args) => args.run(&context),
            Self::Update(args) => args.run(&context),
            Self::List(args) => args.run(&context),
            Self::Forget(args) => args.run(&context),
            Self::Join(args) => args.run(&context),
            Self::Leave(args) => args.run(&context),
            Self::Admit(args) => args.run(&context),
            Self::Expel(args) => args.run(&context),
        }
    }
}
