//! `countersign stackset deploy` and `remediate`: commits that give targets their expected content.

use anyhow::Result;
use countersign::crypto::secret::SecretKey;
use countersign::policy::edit::Mode;
use countersign::rollout::order::Preferences;
use countersign::rollout::{Intent, Operation, Status};
use countersign::time::Period;

use super::results::Results;
use super::{TargetArgs, author, memory};
use crate::context::Context;
use crate::keys::{PassphraseArgs, load_key};
use crate::output::{Exit, Format, note};

/// Arguments of `stackset deploy`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Updates targets in the order of `stackset.toml`, within `failure_tolerance` and `max_concurrent`. After \
    an interruption, run it again: up-to-date targets (CURRENT) are skipped.\n\n\
    Exit status: 0 every target is CURRENT or has a pull request, 1 one FAILED or is CANCELLED, 2 nothing \
    was changed.\n\n\
    Examples:\n  \
    countersign stackset deploy --dry-run\n  \
    countersign stackset deploy --target canary\n  \
    countersign stackset deploy --key policy.pem\n  \
    countersign stackset deploy --shard 1/4")]
pub struct Deploy {
    #[command(flatten)]
    change: ChangeArgs,
}

/// Arguments of `stackset remediate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Restores a copy of the policy as a whole. In a target with its own account, restores the values of \
    documents and removes CSCs that were not rolled out. A change that is not allowed is reported with the \
    manual steps.\n\n\
    Exit status: 0 every target is CURRENT or has a pull request, 1 one FAILED or is CANCELLED, 2 nothing \
    was changed.\n\n\
    Examples:\n  \
    countersign stackset drift || countersign stackset remediate\n  \
    countersign stackset remediate --target payments --dry-run")]
pub struct Remediate {
    #[command(flatten)]
    change: ChangeArgs,
}

/// How targets are changed.
#[derive(Debug, clap::Args)]
struct ChangeArgs {
    #[command(flatten)]
    targets: TargetArgs,
    /// Policy key for targets with their own account; can be repeated
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Validity of seals in targets with their own account
    #[arg(long, value_name = "PERIOD", default_value = "365 days")]
    validity: Period,
    /// Author of the commits [default: git's user]
    #[arg(long, value_name = "NAME <EMAIL>")]
    author: Option<String>,
    /// Show what would change without pushing it
    #[arg(long)]
    dry_run: bool,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

impl Deploy {
    /// Rolls out.
    pub fn run(self, context: &Context) -> Result<Exit> {
        self.change.run(context, Intent::Deploy)
    }
}

impl Remediate {
    /// Restores.
    pub fn run(self, context: &Context) -> Result<Exit> {
        self.change.run(context, Intent::Remediate)
    }
}

impl ChangeArgs {
    fn run(self, context: &Context, intent: Intent) -> Result<Exit> {
        let central = self.targets.central(context)?;
        let targets = self.targets.of(&central)?;
        let keys = self.keys.iter().map(|named| load_key(named, &self.passphrase));
        let keys: Vec<SecretKey> = keys.collect::<Result<_>>()?;
        let author = author(context, self.author.as_deref())?;
        let memory = memory(context);
        let mode = if self.dry_run { Mode::Rehearse } else { Mode::Write };
        let expires = context.now.plus(self.validity);
        let operation = Operation {
            central: &central,
            intent,
            mode,
            keys: &keys,
            expires,
            memory: &memory,
            author: &author,
        };
        let set = central.set();
        let preferences = Preferences {
            tolerance: set.failure_tolerance().of(targets.len()),
            concurrent: set.max_concurrent().of(targets.len()).max(1),
        };
        let results = Results::of(&operation, &central, &targets, preferences, self.format, "rolling out")?;
        if results.count(Status::Cancelled) > 0 {
            note("CANCELLED targets were not changed: fix the failed ones, and run it again");
        }
        let stopped = results.count(Status::Failed) + results.count(Status::Cancelled);
        Ok(if stopped == 0 { Exit::Done } else { Exit::Denied })
    }
}
