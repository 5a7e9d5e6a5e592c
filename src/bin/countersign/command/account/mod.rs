//! `countersign account`: which other accounts the policy knows, and which organisation vouches for whom.

mod forget;
mod list;
mod organization;
mod origin;
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
    /// The policy directory; otherwise `git config countersign.policy`, or the workspace's
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_POLICY")]
    policy: Option<PathBuf>,
    /// The pin of this account's own first root; otherwise what `policy pin` remembered
    #[arg(long, value_name = "PIN", env = "COUNTERSIGN_ROOT")]
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
    /// Pin another account's root in this policy, and bring its documents here
    Trust(trust::Args),
    /// Bring other accounts' documents up to date
    Update(update::Args),
    /// List the other accounts, how far each was brought, and whether it holds
    List(list::Args),
    /// Take another account out of this policy
    Forget(forget::Args),
    /// Say which organisation this account is in
    Join(organization::JoinArgs),
    /// Say that this account is in no organisation
    Leave(organization::LeaveArgs),
    /// Make an account a member of the organisation that this account is
    Admit(organization::AdmitArgs),
    /// Take a member out of the organisation that this account is
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
