//! `countersign policy seal`: a new seal over every document, or a signature added to one that waits.

use anyhow::Result;
use countersign::policy::error::PolicyError;
use countersign::policy::root::Root;
use countersign::policy::seal::Sealing;
use countersign::policy::state::State;
use countersign::policy::store::Location;
use countersign::time::Period;

use super::{RoleKeyArgs, lock, newest_root, sealing, show, waits};
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, note_always, print, refuse, say};

/// Default validity of a seal.
const VALIDITY_DAYS: u16 = 365;

/// Arguments of `policy seal`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    If the policy role requires several signatures, each signer runs it in turn, on their own machine.\n\n\
    The first signer, who then commits `snapshot.draft.json`:\n  \
    countersign policy seal --key alice.pem\n\n\
    The others; the last one writes `snapshot.json`:\n  \
    countersign policy diff\n  \
    countersign policy seal --add --key bob.pem\n\n\
    If no document changed, there is nothing to seal, unless `--validity` is set.")]
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
    /// Continue from this seal although a newer one was seen: what the newer one changed is lost, also
    /// revocations
    #[arg(long, value_name = "VERSION")]
    from_seal: Option<u64>,
    /// Validity of the seal [default: 365 days]
    #[arg(long, value_name = "PERIOD")]
    validity: Option<Period>,
}

impl Args {
    /// Seals, or adds a signature.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let location = context.editable(&self.trust)?;
        let _lock = lock(&location)?;
        let root = newest_root(context, &location)?;
        let sealing = match self.from_seal {
            Some(version) => self.continued(context, &location, &root, version)?,
            None => sealing(context, &location, &root)?,
        };
        if !self.add && !self.replace && self.validity.is_none() && sealing.is_settled(context.now)? {
            return unchanged(context, &location);
        }
        let keys = self.keys.load(&location, sealing.root(), "policy.pem")?;
        let keys: Vec<_> = keys.iter().collect();
        let draft = if self.add { sealing.draft()? } else { None };
        if let Some((draft, count)) = &draft {
            say(&waits(draft, *count));
        }
        let validity = self.validity.unwrap_or(Period::days(VALIDITY_DAYS));
        let (now, expires) = (context.now, context.now.plus(validity));
        let outcome = match (self.add, self.replace) {
            (true, _) => sealing.add(&keys, now)?,
            (false, true) => sealing.replace(&keys, now, expires)?,
            (false, false) => sealing.seal(&keys, now, expires)?,
        };
        show(context, &location, &outcome, draft.map(|(_, count)| count))
    }

    /// Reads what is sealed, at the version that the caller means, if a newer one was seen and is lost.
    ///
    /// The next version is over every one seen here, so that what is remembered does not go down, here and elsewhere. A
    /// pending seal by another holder can be over one that only they saw.
    fn continued<'a>(
        &self,
        context: &Context,
        location: &'a Location,
        root: &'a Root,
        version: u64,
    ) -> Result<Sealing<'a>> {
        let mut sealing = Sealing::open(&location.directory, root)?;
        let found = sealing.base().map_or(0, |base| base.version);
        if found != version {
            return Err(refuse(
                format!(
                    "the policy in `{}` is at seal {found}, not {version}",
                    context.shown(&location.directory)
                ),
                format!(
                    "restore the files of seal {version} from the policy's repository, or pass `--from-seal {found}`"
                ),
            ));
        }
        if let Some(state) = &location.state {
            State::check_root(state, root)?;
            match sealing.check_memory(state, context.now) {
                Ok(()) => {}
                Err(
                    PolicyError::RolledBack { what: "snapshot", seen, .. }
                    | PolicyError::TwoSnapshots { version: seen },
                ) => {
                    note_always(&format!(
                        "seal {seen} was seen here and is not in this policy: what it changed is lost, also revocations"
                    ));
                    sealing = sealing.after_lost(seen);
                }
                Err(error) => return Err(error.into()),
            }
        }
        match sealing.draft()? {
            Some((draft, _)) if self.add => Ok(sealing.after_lost(draft.version.saturating_sub(1))),
            _ => Ok(sealing),
        }
    }
}

/// Reports that there is nothing to seal.
fn unchanged(context: &Context, location: &Location) -> Result<Exit> {
    let policy = context.policy(location)?;
    let sealed = policy.snapshot();
    print(&format!(
        "nothing to seal: no document changed since seal {}, which is valid until {}\n",
        sealed.version, sealed.expires
    ))?;
    say("to extend the validity, run `countersign policy seal --validity '365 days'`");
    Ok(Exit::Done)
}
