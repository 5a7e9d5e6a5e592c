//! `countersign policy renew`: the same documents under a later seal, for a scheduled job.

use anyhow::Result;
use countersign::policy::documents;
use countersign::policy::seal::SealError;
use countersign::time::Period;

use super::{RoleKeyArgs, lock, newest_root, sealing, show};
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, print, refuse};

/// Arguments of `policy renew`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Seals only if no document changed. Run it in a weekly job.\n\n\
    Example:\n  \
    countersign policy renew --within '30 days' --key env:POLICY_KEY")]
pub struct Args {
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    keys: RoleKeyArgs,
    /// Renew only if the seal expires within this period
    #[arg(long, value_name = "PERIOD", default_value = "30 days")]
    within: Period,
    /// Validity of the new seal
    #[arg(long, value_name = "PERIOD", default_value = "365 days")]
    validity: Period,
}

impl Args {
    /// Renews the seal, if it is time.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let location = context.editable(&self.trust)?;
        let _lock = lock(&location)?;
        let root = newest_root(context, &location)?;
        let sealing = sealing(context, &location, &root)?;
        let Some(base) = sealing.base() else {
            return Err(refuse(
                "the policy is not sealed yet",
                "seal it first with `countersign policy seal`",
            ));
        };
        if context.now >= base.expires {
            return Err(refuse(
                format!("the seal expired at {}", base.expires),
                "it may be an old seal that was restored: ask the policy owners to review it and run \
                 `countersign policy seal`",
            ));
        }
        let changes = documents::changes(&location.directory, base)?;
        if !changes.is_empty() {
            return Err(SealError::Unsealed(changes.into_iter().map(|change| change.path).collect()).into());
        }
        if context.now.plus(self.within) < base.expires {
            context.policy(&location)?;
            print(&format!("nothing to renew: version {} is valid until {}\n", base.version, base.expires))?;
            return Ok(Exit::Done);
        }
        let keys = self.keys.load(&location, sealing.root(), "policy.pem")?;
        let keys: Vec<_> = keys.iter().collect();
        let outcome = sealing.renew(&keys, context.now, context.now.plus(self.validity))?;
        show(context, &location, &outcome, None)
    }
}
