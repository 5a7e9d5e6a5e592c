//! `countersign policy`: the account's documents as one sealed whole, and who may seal them.

mod diff;
mod fetch;
pub mod pin;
mod renew;
mod restart;
mod rotate_root;
mod seal;
mod status;

use std::path::Path;

use anyhow::Result;
use countersign::crypto::secret::SecretKey;
use countersign::policy::edit;
use countersign::policy::error::PolicyError;
use countersign::policy::root::{self, Root};
use countersign::policy::rotation::Count;
use countersign::policy::seal::{SealOutcome, Sealing};
use countersign::policy::snapshot::{self, Snapshot};
use countersign::policy::store::Location;

use crate::context::{Context, GlobalArgs};
use crate::keys::{PassphraseArgs, load_key, load_key_file};
use crate::output::{Exit, note, print, refuse, say};
use crate::places::own_key_folder;

/// What can be done with a policy.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show the account, root, seal and unsealed changes
    Status(status::Args),
    /// List unsealed changes, and mark those that are not allowed
    Diff(diff::Args),
    /// Check every document and seal the policy
    Seal(seal::Args),
    /// Renew the seal of unchanged documents before it expires
    Renew(renew::Args),
    /// Show the digest of the root and pin it
    Pin(pin::Args),
    /// Fetch a policy over git, verify it and cache it for offline use
    Fetch(fetch::Args),
    /// Create the next root: other keys, thresholds or a later expiry
    RotateRoot(rotate_root::Args),
    /// Create a new first root, after too many root keys were lost for `rotate-root`
    Restart(restart::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        match self {
            Self::Status(args) => args.run(&context),
            Self::Diff(args) => args.run(&context),
            Self::Seal(args) => args.run(&context),
            Self::Renew(args) => args.run(&context),
            Self::Pin(args) => args.run(&context),
            Self::Fetch(args) => args.run(&context),
            Self::RotateRoot(args) => args.run(&context),
            Self::Restart(args) => args.run(&context),
        }
    }
}

/// Which keys of a role sign.
#[derive(Debug, clap::Args)]
struct RoleKeyArgs {
    /// Key that has the role: a PEM file or `env:NAME`; can be repeated [default: the account's own key]
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

impl RoleKeyArgs {
    /// The keys that were named, or the account's own from its key folder.
    ///
    /// COUNTERSIGN_KEY is not read: it names the key of a signer, who does not have a role in the policy.
    fn load(&self, location: &Location, root: &Root, file_name: &str) -> Result<Vec<SecretKey>> {
        if self.keys.is_empty() {
            let path = own_key_folder(root.account(), location.pin.as_ref())?.join(file_name);
            if !path.exists() {
                return Err(no_role_key(&path));
            }
            return Ok(vec![load_key_file(&path, &self.passphrase)?]);
        }
        self.keys.iter().map(|named| load_key(named, &self.passphrase)).collect()
    }
}

/// The error for a role's key that is not in the account's key folder.
fn no_role_key(path: &Path) -> anyhow::Error {
    let ignored = match std::env::var_os("COUNTERSIGN_KEY") {
        Some(_) => "; COUNTERSIGN_KEY names a signing key and is not read here",
        None => "",
    };
    refuse(
        format!("key file `{}` does not exist", path.display()),
        format!("pass a key that has the role with `--key FILE` or `--key env:NAME`{ignored}"),
    )
}

/// The newest root of a pinned policy directory, expired or not, which is the workspace's account's.
fn newest_root(context: &Context, location: &Location) -> Result<Root> {
    let pin = location.pin.ok_or_else(|| PolicyError::Unpinned(location.directory.clone()))?;
    let root = root::walk(&location.directory, &pin)?;
    context.check_account(root.account(), &location.directory)?;
    Ok(root)
}

/// Opens the policy that was just written at a path: proves that it is valid, and remembers its version.
///
/// Another part that has expired is a note: its own key holders renew it.
fn prove(context: &Context, location: &Location, made: &Path) -> Result<()> {
    let Err(error) = context.policy(location) else { return Ok(()) };
    match error.downcast_ref() {
        Some(PolicyError::Expired { path, .. }) if path != made => {
            note(&format!("{error}"));
            Ok(())
        }
        Some(PolicyError::RolledBack { what: "snapshot", .. })
            if made != snapshot::path(&location.directory) =>
        {
            note("the seal is older than one seen on this machine: run `countersign policy seal` now");
            Ok(())
        }
        _ => Err(error),
    }
}

/// Reads what is sealed, which must not be older than what was seen here.
fn sealing<'a>(context: &Context, location: &'a Location, root: &'a Root) -> Result<Sealing<'a>> {
    let sealing = Sealing::open(&location.directory, root)?;
    if let Some(state) = &location.state {
        sealing.check_memory(state, context.now)?;
    }
    Ok(sealing)
}

/// A seal that waits for signatures, in words.
fn waits(draft: &Snapshot, count: Count) -> String {
    format!(
        "pending seal {}: created {}, until {}, {} of {} signatures",
        draft.version, draft.created, draft.expires, count.given, count.needed
    )
}

/// Says what came of sealing; `before` is how many had signed a seal that waited.
fn show(
    context: &Context,
    location: &Location,
    outcome: &SealOutcome,
    before: Option<Count>,
) -> Result<Exit> {
    match outcome {
        SealOutcome::Sealed(sealed) => {
            prove(context, location, &snapshot::path(&location.directory))?;
            let count = sealed.documents.len();
            print(&format!(
                "sealed: version {}, {count} documents, until {}\n",
                sealed.version, sealed.expires
            ))?;
        }
        SealOutcome::Waits(draft, count) => {
            let verb = if before == Some(*count) { "already signed" } else { "signed" };
            print(&format!(
                "{verb}: version {}, until {}, {} of {} signatures\n",
                draft.version, draft.expires, count.given, count.needed
            ))?;
            say("the pending seal is in `snapshot.draft.json`; other signers run `countersign policy seal \
                 --add`");
        }
    }
    Ok(Exit::Done)
}

/// Takes the lock of all commands that write.
fn lock(location: &Location) -> Result<countersign::files::Lock> {
    Ok(edit::lock(&location.directory)?)
}
