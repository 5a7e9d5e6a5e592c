//! `countersign stackset`: one policy for many repositories, and what became of it there.

mod deploy;
mod drift;
mod plan;
mod results;

use anyhow::Result;
use countersign::git::commit::Author;
use countersign::name::TargetName;
use countersign::policy::documents::STACKSET;
use countersign::rollout::{Central, Memory};
use countersign::shard::Shard;
use countersign::stackset::Target;

use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::output::{Exit, refuse};
use crate::places::state_folder;

/// What can be done with a stack set.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Update each target with a commit on its branch
    Deploy(deploy::Deploy),
    /// Compare each target with its expected content
    Drift(drift::Args),
    /// Restore each target that has drifted, with a commit
    Remediate(deploy::Remediate),
    /// Show which targets would change, or split them into a CI matrix
    Plan(plan::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        match self {
            Self::Deploy(args) => args.run(&context),
            Self::Drift(args) => args.run(&context),
            Self::Remediate(args) => args.run(&context),
            Self::Plan(args) => args.run(&context),
        }
    }
}

/// Which targets are meant.
#[derive(Debug, clap::Args)]
struct TargetArgs {
    /// Target; can be repeated [default: all of them]
    #[arg(long = "target", value_name = "NAME", num_args = 1.., value_delimiter = ' ')]
    targets: Vec<TargetName>,
    /// Part I of N of the targets: `1/4` is the first of four
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    #[command(flatten)]
    trust: TrustArgs,
}

impl TargetArgs {
    /// The sealed policy and stack set, with all checks.
    fn central(&self, context: &Context) -> Result<Central> {
        let policy = context.policy(&context.location(&self.trust)?)?;
        Ok(Central::read(&policy)?)
    }

    /// The targets that are meant, in the order of the rollout.
    fn of<'c>(&self, central: &'c Central) -> Result<Vec<&'c Target>> {
        let all = central.set().named(&self.targets).map_err(|unknown| {
            let hint = "list the targets with `countersign stackset plan`";
            refuse(format!("the sealed `{STACKSET}` has no target `{unknown}`"), hint)
        })?;
        if all.is_empty() {
            let hint = "add a `[[target]]`, and run `countersign policy seal`";
            return Err(refuse(format!("the sealed `{STACKSET}` has no target"), hint));
        }
        Ok(self.shard.map_or(all.clone(), |shard| shard.of(&all).to_vec()))
    }
}

/// Where what was seen of the targets' own accounts is remembered.
fn memory(context: &Context) -> Memory {
    Memory::in_folder(match &context.repository {
        Some(repository) => Some(repository.common_dir().join("countersign")),
        None => state_folder().ok(),
    })
}

/// Whose commits these are: as given, or git's user, or ours where a machine has none.
fn author(context: &Context, given: Option<&str>) -> Result<Author> {
    let time = context.now;
    if let Some(given) = given {
        let parts = given.strip_suffix('>').and_then(|text| text.split_once(" <"));
        let plain = |text: &str| {
            !text.trim().is_empty() && !text.contains(['<', '>']) && !text.chars().any(char::is_control)
        };
        return match parts.filter(|(name, email)| plain(name) && plain(email)) {
            Some((name, email)) => Ok(Author { name: name.into(), email: email.into(), time }),
            None => Err(refuse(format!("`{given}` is not an author"), "write it as `NAME <EMAIL>`")),
        };
    }
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
    let setting =
        |name: &str| context.repository.as_ref()?.setting(name).ok()?.filter(|text| !text.trim().is_empty());
    let name = variable("GIT_AUTHOR_NAME").or_else(|| setting("user.name"));
    let email = variable("GIT_AUTHOR_EMAIL").or_else(|| setting("user.email"));
    Ok(match (name, email) {
        (Some(name), Some(email)) => Author { name, email, time },
        _ => Author { name: "countersign".into(), email: "countersign@localhost".into(), time },
    })
}
