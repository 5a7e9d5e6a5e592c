//! `countersign policy seal`: a new seal over every document, or a signature added to one that waits.

use anyhow::Result;
use countersign::time::Period;

use super::{RoleKeyArgs, lock, newest_root, sealing, show, waits};
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, say};

/// Arguments of `policy seal`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    If the policy role requires several signatures, each signer runs it in turn, on their own machine.\n\n\
    The first signer, who then commits `snapshot.draft.json`:\n  \
    countersign policy seal --key alice.pem\n\n\
    The others; the last one writes `snapshot.json`:\n  \
    countersign policy diff\n  \
    countersign policy seal --add --key bob.pem")]
pub struct Args {
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    keys: RoleKeyArgs,
    /// Add a signature to the pending seal, if it matches the documents
    #[arg(long, conflicts_with = "validity")]
    add: bool,
    /// Replace the pending seal of the same documents, for example to change its validity
    #[arg(long, conflicts_with = "add")]
    replace: bool,
    /// Validity of the seal
    #[arg(long, value_name = "PERIOD", default_value = "365 days")]
    validity: Period,
}

impl Args {
    /// Seals, or adds a signature.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let location = context.editable(&self.trust)?;
        let _lock = lock(&location)?;
        let root = newest_root(context, &location)?;
        let sealing = sealing(context, &location, &root)?;
        let keys = self.keys.load(sealing.root(), "policy.pem")?;
        let keys: Vec<_> = keys.iter().collect();
        let draft = if self.add { sealing.draft()? } else { None };
        if let Some((draft, count)) = &draft {
            say(&waits(draft, *count));
        }
        let (now, expires) = (context.now, context.now.plus(self.validity));
        let outcome = match (self.add, self.replace) {
            (true, _) => sealing.add(&keys, now)?,
            (false, true) => sealing.replace(&keys, now, expires)?,
            (false, false) => sealing.seal(&keys, now, expires)?,
        };
        show(context, &location, &outcome, draft.map(|(_, count)| count))
    }
}
