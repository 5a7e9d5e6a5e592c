//! `countersign policy status`: account, root, seal, what is unsealed, and what waits for signatures.

use anyhow::Result;
use countersign::files;
use countersign::policy::documents;
use countersign::policy::error::PolicyError;
use countersign::policy::rotation::{Count, Pending};
use countersign::policy::seal::Sealing;
use countersign::policy::store::Policy;
use countersign::report::escape::line;
use countersign::revocation::signed;
use serde::Serialize;

use crate::context::{Context, TrustArgs};
use crate::output::{Exit, Format, note, print, print_json};

/// Arguments of `policy status`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Exit status: 0 trusted and sealed, 1 unsealed changes, 2 not trusted.")]
pub struct Args {
    #[command(flatten)]
    trust: TrustArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Status {
    schema_version: u32,
    account: String,
    directory: String,
    root: RootStatus,
    snapshot: SnapshotStatus,
    unsealed: Vec<Unsealed>,
    waiting: Vec<Waiting>,
    warnings: Vec<String>,
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

/// A root or a seal that waits for signatures.
#[derive(Serialize)]
struct Waiting {
    what: &'static str,
    version: u64,
    signatures: usize,
    threshold: usize,
}

#[derive(Serialize)]
struct Unsealed {
    path: String,
    change: &'static str,
}

impl Args {
    /// Opens the policy and prints its state.
    pub fn run(self, context: &Context) -> Result<Exit> {
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
    policy.check_index()?;
    let unsealed = documents::changes(policy.directory(), sealed)?;
    let waiting = waiting(policy)?;
    let mut warnings = policy.notes().to_vec();
    for text in stray(policy)?.into_iter().chain(of_accounts(policy)?) {
        note(&text);
        warnings.push(text);
    }
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
        waiting,
        warnings,
    })
}

/// Reports files in `revocations/` that are ignored because of their names.
fn stray(policy: &Policy) -> Result<Option<String>> {
    let names = files::names_in(&policy.directory().join(signed::FOLDER))?;
    let mut strays = names.iter().filter(|name| name.ends_with(".json") && signed::job_of(name).is_none());
    Ok(strays.next().map(|first| {
        let more = match strays.count() {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        format!("ignored `{}/{first}`{more}: name each after its job, `JOB.json`", signed::FOLDER)
    }))
}

/// Notes about the other accounts of the policy.
fn of_accounts(policy: &Policy) -> Result<Vec<String>> {
    let mut said = Vec::new();
    for name in policy.account_names() {
        match policy.of_account(&name) {
            Ok(other) => {
                let notes = other.iter().flat_map(|other| other.notes());
                said.extend(notes.map(|text| format!("account `{name}`: {text}")));
            }
            Err(error @ PolicyError::Account { .. }) => said.push(error.to_string().replace('\n', ":")),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(said)
}

fn waiting(policy: &Policy) -> Result<Vec<Waiting>> {
    let (directory, root) = (policy.directory(), policy.root());
    let mut found = Vec::new();
    let mut add = |what, version, Count { given, needed }: Count| {
        found.push(Waiting { what, version, signatures: given, threshold: needed });
    };
    if let Some(pending) = Pending::read(directory, root)? {
        let (old, new) = pending.counts(root);
        // The role that lacks more signatures has the count.
        let lacking = |count: &Count| count.needed.saturating_sub(count.given);
        let count = if lacking(&new) > lacking(&old) { new } else { old };
        add("root", pending.root().version(), count);
    }
    if let Some((draft, count)) = Sealing::open(directory, root)?.draft()? {
        add("seal", draft.version, count);
    }
    Ok(found)
}

fn status_text(status: &Status) -> String {
    let (root, sealed) = (&status.root, &status.snapshot);
    let mut text = format!(
        "account  {}, in {}\nroot     version {}, {} of {} keys, until {}\nseal     version {}, {} \
                 of {} keys, created {}, until {}, {} documents\n",
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
    for Waiting { what, version, signatures, threshold } in &status.waiting {
        text.push_str(&format!("pending  {what} {version}, {signatures} of {threshold} signatures\n"));
    }
    text
}
