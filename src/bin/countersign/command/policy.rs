//! `countersign policy`: the state of the policy, its seal and its pin.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use countersign::files;
use countersign::limits::ROOT_BYTES_MAX;
use countersign::policy::error::PolicyError;
use countersign::policy::pin::Pin;
use countersign::policy::store::{Location, Policy};
use countersign::policy::{documents, root, seal, snapshot};
use countersign::report::escape::line;
use countersign::time::Period;
use serde::Serialize;

use crate::context::{Context, GlobalArgs, PassphraseArgs, TrustArgs, key_folder, load_key, load_key_file};
use crate::output::{Exit, Format, is_interactive, print, print_json, refuse, say};

/// What can be done with a policy.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show account, root, seal and unsealed changes
    Status(StatusArgs),
    /// Check every document and put it under a new seal
    Seal(SealArgs),
    /// Show the root's digest, and pin it here
    Pin(PinArgs),
}

/// Arguments of `policy status`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status: 0 trusted and everything sealed, 1 unsealed changes, 2 not trusted.")]
pub struct StatusArgs {
    #[command(flatten)]
    trust: TrustArgs,
    /// How to write the result
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Arguments of `policy seal`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  countersign policy seal --key alice.pem --key bob.pem --validity '90 days'"
)]
pub struct SealArgs {
    #[command(flatten)]
    trust: TrustArgs,
    /// A key that holds the policy role, once for each; otherwise the account's own
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// How long the seal counts
    #[arg(long, value_name = "PERIOD", default_value = "365 days")]
    validity: Period,
}

/// Arguments of `policy pin`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  countersign policy pin                    show the digest, and ask\n  countersign policy pin SHA384:5f1c…       pin it if it is this one"
)]
pub struct PinArgs {
    /// The digest that the owner of the policy publishes
    digest: Option<Pin>,
    /// The policy directory
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_POLICY")]
    policy: Option<PathBuf>,
    /// Pin without asking
    #[arg(long)]
    yes: bool,
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        match self {
            Self::Status(args) => args.run(&context),
            Self::Seal(args) => args.run(&context),
            Self::Pin(args) => args.run(&context),
        }
    }
}

#[derive(Serialize)]
struct Status {
    schema_version: u32,
    account: String,
    directory: String,
    root: RootStatus,
    snapshot: SnapshotStatus,
    unsealed: Vec<Unsealed>,
}

#[derive(Serialize)]
struct RootStatus {
    version: u64,
    expires: String,
    keys: usize,
    threshold: usize,
}

#[derive(Serialize)]
struct SnapshotStatus {
    version: u64,
    created: String,
    expires: String,
    documents: usize,
    sealers: Vec<String>,
    threshold: usize,
}

#[derive(Serialize)]
struct Unsealed {
    path: String,
    change: &'static str,
}

impl StatusArgs {
    fn run(self, context: &Context) -> Result<Exit> {
        let policy = context.policy(&context.location(&self.trust)?)?;
        let status = status(context, &policy)?;
        match self.format {
            Format::Json => print_json(&status)?,
            Format::Text => print(&status_text(&status))?,
        }
        Ok(if status.unsealed.is_empty() { Exit::Done } else { Exit::Denied })
    }
}

fn status(context: &Context, policy: &Policy) -> Result<Status> {
    let (root, sealed) = (policy.root(), policy.snapshot());
    let unsealed = documents::changes(policy.directory(), sealed)?;
    Ok(Status {
        schema_version: 1,
        account: policy.account().to_string(),
        directory: context.shown(policy.directory()),
        root: RootStatus {
            version: root.version(),
            expires: root.expires().to_string(),
            keys: root.root().keys().len(),
            threshold: root.root().threshold(),
        },
        snapshot: SnapshotStatus {
            version: sealed.version,
            created: sealed.created.to_string(),
            expires: sealed.expires.to_string(),
            documents: sealed.documents.len(),
            sealers: policy.sealers().iter().map(ToString::to_string).collect(),
            threshold: root.policy().threshold(),
        },
        unsealed: unsealed
            .into_iter()
            .map(|change| Unsealed { path: change.path, change: change.kind })
            .collect(),
    })
}

fn status_text(status: &Status) -> String {
    let (root, sealed) = (&status.root, &status.snapshot);
    let mut text = format!(
        "account  {}, in {}\nroot     version {}, {} of {} keys, until {}\nseal     version {}, {} of {} keys, made {}, until {}, {} documents\n",
        status.account,
        line(&status.directory),
        root.version,
        root.threshold,
        root.keys,
        root.expires,
        sealed.version,
        sealed.threshold,
        sealed.sealers.len(),
        sealed.created,
        sealed.expires,
        sealed.documents,
    );
    for each in &status.unsealed {
        text.push_str(&format!("unsealed {} ({})\n", line(&each.path), each.change));
    }
    if status.unsealed.is_empty() {
        text.push_str("unsealed nothing\n");
    }
    text
}

impl SealArgs {
    fn run(self, context: &Context) -> Result<Exit> {
        let location = context.location(&self.trust)?;
        let _lock = files::Lock::take(&root::path(&location.directory, 1))?;
        let (root, before) = sealed_before(context, &location)?;
        let mut keys = Vec::new();
        for named in &self.keys {
            keys.push(load_key(named, &self.passphrase)?);
        }
        if keys.is_empty() {
            keys.push(load_key_file(&key_folder(root.account())?.join("policy.pem"), &self.passphrase)?);
        }
        let keys: Vec<_> = keys.iter().collect();
        let expires = context.now.plus(self.validity);
        let sealed = seal::seal(&location.directory, &root, before, &keys, context.now, expires)?;
        // Opening it is the proof, and remembers the new version.
        context.policy(&location)?;
        print(&format!(
            "sealed: version {}, {} documents, until {}\n",
            sealed.version,
            sealed.documents.len(),
            sealed.expires
        ))?;
        Ok(Exit::Done)
    }
}

/// The root, and the version sealed before; an expired or unsealed policy may be sealed anew.
fn sealed_before(context: &Context, location: &Location) -> Result<(root::Root, u64)> {
    let pin = location.pin.ok_or_else(|| PolicyError::Unpinned(location.directory.clone()))?;
    let root = root::walk(&location.directory, &pin, context.now)?;
    let before = match snapshot::read(&location.directory, &root) {
        Ok((sealed, _)) => sealed.version,
        Err(PolicyError::File(error)) if error.is_absent() => 0,
        Err(error) => return Err(error.into()),
    };
    Ok((root, before))
}

impl PinArgs {
    fn run(self, context: &Context) -> Result<Exit> {
        let trust = TrustArgs { policy: self.policy, root: None };
        let location = context.location(&trust)?;
        let path = root::path(&location.directory, 1);
        let pin = Pin::of(&files::read(&path, ROOT_BYTES_MAX)?);
        if let Some(expected) = self.digest.filter(|expected| *expected != pin) {
            return Err(PolicyError::PinDiffers { path, found: pin, pinned: expected }.into());
        }
        let account = root::walk(&location.directory, &pin, context.now)?.account().clone();
        print(&format!("account `{account}`, root {pin}\n"))?;
        match location.pin {
            Some(before) if before == pin => {
                say("it is pinned here already");
                return Ok(Exit::Done);
            }
            Some(before) => say(&format!("another root is pinned here: {before}")),
            None => {}
        }
        let confirmed = self.yes || self.digest.is_some() || ask()?;
        if !confirmed {
            return Err(refuse(
                "not pinned",
                "compare the digest with the one that the owner of the policy publishes",
            ));
        }
        let place = context.remember_pin(&pin, &location.directory)?;
        print(&format!("pinned in {}\n", line(&place)))?;
        Ok(Exit::Done)
    }
}

fn ask() -> Result<bool> {
    if !is_interactive() {
        return Err(refuse(
            "nobody is there to confirm the root",
            "give the digest that the owner of the policy publishes: `countersign policy pin SHA384:…`",
        ));
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "is this the digest that the owner of the policy publishes? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
