//! `countersign stackset deploy` and `remediate`: commits that bring targets to what they should hold.

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
#[command(
    after_help = "Targets are changed in their order, as `failure_tolerance` and `max_concurrent` say.\n\
    Run again after it was stopped, it passes over targets that are CURRENT.\n\n\
    Examples:\n  \
    countersign stackset deploy --dry-run             what would change\n  \
    countersign stackset deploy --target canary       one target first\n  \
    countersign stackset deploy --key policy.pem      seals in the targets' own accounts\n  \
    countersign stackset deploy --shard 0/4           one job of a matrix\n\n\
    Exit status: 0 every target is CURRENT or waits for a pull request, 1 one FAILED or is CANCELLED,\n\
    2 nothing was begun."
)]
pub struct Deploy {
    #[command(flatten)]
    change: ChangeArgs,
}

/// Arguments of `stackset remediate`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A copy of the policy is restored as a whole. In an account of its own, documents get their\n\
    values back, and CSCs that nobody rolled out are removed; what may not be removed is named,\n\
    with what to do instead.\n\n\
    Examples:\n  \
    countersign stackset drift || countersign stackset remediate\n  \
    countersign stackset remediate --target payments --dry-run\n\n\
    Exit status: 0 every target is CURRENT or waits for a pull request, 1 one FAILED or is CANCELLED,\n\
    2 nothing was begun."
)]
pub struct Remediate {
    #[command(flatten)]
    change: ChangeArgs,
}

/// How targets are changed.
#[derive(Debug, clap::Args)]
struct ChangeArgs {
    #[command(flatten)]
    targets: TargetArgs,
    /// A key that holds the policy role in targets with accounts of their own, once for each
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// How long a seal counts that is made there
    #[arg(long, value_name = "PERIOD", default_value = "365 days")]
    validity: Period,
    /// Whose the commits are; otherwise git's user
    #[arg(long, value_name = "NAME <EMAIL>")]
    author: Option<String>,
    /// Show what would change, and push nothing
    #[arg(long)]
    dry_run: bool,
    /// How to write the result
    #[arg(long, value_enum, default_value = "text")]
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
            note("the targets that are CANCELLED were not begun: mend what failed, and run it again");
        }
        let stopped = results.count(Status::Failed) + results.count(Status::Cancelled);
        Ok(if stopped == 0 { Exit::Done } else { Exit::Denied })
    }
}
