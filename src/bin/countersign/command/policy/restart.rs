//! `countersign policy restart`: the same documents under a new first root, when the old chain is lost.

use std::path::PathBuf;

use anyhow::Result;
use countersign::init::restart::{self, Plan};
use countersign::report::escape::line;
use countersign::time::Period;

use super::super::init::keys::RoleArgs;
use super::newest_root;
use crate::context::{Context, TrustArgs};
use crate::keys::PassphraseArgs;
use crate::output::{Exit, print, say};

/// Arguments of `policy restart`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "For when so many root keys are lost, or stolen, that no rotation can be signed or trusted. Where\n\
    enough are left, `countersign policy rotate-root` keeps everybody's pin.\n\n\
    The documents must be as they were sealed last. Then publish the new pin as you did the\n\
    first one; everybody who trusts the account pins it again.\n\n\
    Example:\n  countersign policy restart --out ../acme-policy-2 --root-key alice.pem --root-key dora.pem \\\n    \
    --root-threshold 2 --policy-key policy.pem"
)]
pub struct Args {
    /// Where the new policy directory goes
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    roles: RoleArgs,
    /// How long the first seal counts
    #[arg(long, value_name = "PERIOD", default_value = "365 days")]
    seal_validity: Period,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    trust: TrustArgs,
}

impl Args {
    /// Makes the new policy directory.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let location = context.location(&self.trust)?;
        let before = newest_root(context, &location)?;
        let account = before.account().clone();
        let keys = self.roles.load(&self.passphrase)?;
        let directory = std::path::absolute(&self.out)?;
        keys.check_brought()?;
        let pin = restart::restart(&Plan {
            account: account.clone(),
            from: &location.directory,
            before: &before,
            directory: &directory,
            root: keys.root()?,
            policy: keys.policy()?,
            seal_validity: self.seal_validity,
            now: context.now,
        })?;
        print(&format!(
            "account `{account}`: policy in `{}`\n  root  {pin}\n",
            line(&directory.display().to_string())
        ))?;
        say(
            "no pin leads to this root yet: publish it, and have everybody pin it with `countersign policy pin`",
        );
        Ok(Exit::Done)
    }
}
