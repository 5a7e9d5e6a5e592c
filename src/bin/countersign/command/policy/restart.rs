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
#[command(after_help = "\
    Use it only if too many root keys are lost or stolen. If enough are left, `countersign policy \
    rotate-root` keeps all pins valid.\n\n\
    The documents must match the last seal. If an attacker sealed changes since, restore the files of the \
    last good seal and pass its number with `--from-seal`; revocations after that seal are lost. Then publish the new pin: \
    everyone who trusts the account must pin it again.\n\n\
    Example:\n  \
    countersign policy restart --output ../acme-policy-2 \\\n    \
    --root-key alice.pem --root-key dora.pem --root-threshold 2 \\\n    \
    --policy-key policy.pem")]
pub struct Args {
    /// Policy directory to create
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    #[command(flatten)]
    roles: RoleArgs,
    /// Accept this seal although a newer one was seen
    #[arg(long, value_name = "VERSION")]
    from_seal: Option<u64>,
    /// Validity of the first seal
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
        let directory = std::path::absolute(&self.output)?;
        keys.check_passed()?;
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
            InitError::Taken(_) => refuse(error.to_string(), "name another folder with `--output`"),
            error => error.into(),
        })?;
        print(&format!(
            "account `{account}`: policy in `{}`\n  root  {pin}\n",
            line(&directory.display().to_string())
        ))?;
        say("publish this root: every user must pin it with `countersign policy pin`");
        Ok(Exit::Done)
    }
}

/// Refuses another seal than the one that was named.
fn check_seal(location: &Location, root: &Root, meant: u64) -> Result<()> {
    match snapshot::read(&location.directory, root)?.snapshot.version {
        found if found == meant => Ok(()),
        found => Err(refuse(
            format!("the policy in `{}` is at seal {found}, not {meant}", location.directory.display()),
            format!("restore the files of seal {meant} from the policy's repository"),
        )),
    }
}
