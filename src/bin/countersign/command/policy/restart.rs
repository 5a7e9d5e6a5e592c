//! `countersign policy restart`: the same documents under a new first root, when the old chain is lost.

use std::path::PathBuf;

use anyhow::Result;
use countersign::init::InitError;
use countersign::init::restart::{self, Plan};
use countersign::policy::root::Root;
use countersign::policy::snapshot;
use countersign::policy::store::Location;
use countersign::report::escape::line;
use countersign::time::Period;

use super::super::init::keys::RoleArgs;
use super::newest_root;
use crate::context::{Context, TrustArgs};
use crate::keys::PassphraseArgs;
use crate::output::{Exit, print, refuse, say};

/// Arguments of `policy restart`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "For when so many root keys are lost, or stolen, that no rotation can be signed or trusted. Where\n\
    enough are left, `countersign policy rotate-root` keeps everybody's pin.\n\n\
    The documents must be as they were sealed last. Where a thief has sealed since, bring the last\n\
    good seal's files back and name it with `--from-seal`: what was revoked after it is not revoked.\n\
    Then publish the new pin as you did the first one; everybody who trusts the account pins it again.\n\n\
    Example:\n  countersign policy restart --out ../acme-policy-2 --root-key alice.pem --root-key dora.pem \\\n    \
    --root-threshold 2 --policy-key policy.pem"
)]
pub struct Args {
    /// Where the new policy directory goes
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    roles: RoleArgs,
    /// The seal that is here is meant, although a newer one was seen
    #[arg(long, value_name = "VERSION")]
    from_seal: Option<u64>,
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
        if let Some(meant) = self.from_seal {
            check_seal(&location, &before, meant)?;
        }
        let keys = self.roles.load(&self.passphrase)?;
        let directory = std::path::absolute(&self.out)?;
        keys.check_brought()?;
        let pin = restart::restart(&Plan {
            account: account.clone(),
            from: &location.directory,
            before: &before,
            state: location.state.as_deref().filter(|_| self.from_seal.is_none()),
            directory: &directory,
            root: keys.root()?,
            policy: keys.policy()?,
            seal_validity: self.seal_validity,
            now: context.now,
        })
        .map_err(|error| match error {
            InitError::Taken(_) => refuse(error.to_string(), "name another folder with `--out`"),
            error => error.into(),
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

/// Refuses another seal than the one that was named.
fn check_seal(location: &Location, root: &Root, meant: u64) -> Result<()> {
    match snapshot::read(&location.directory, root)?.snapshot.version {
        found if found == meant => Ok(()),
        found => Err(refuse(
            format!("the policy in `{}` is at seal {found}, not {meant}", location.directory.display()),
            format!("bring the files of seal {meant} back from the policy's repository"),
        )),
    }
}
