//! `countersign stackset plan`: which targets would change, or how a CI matrix shares them out.

use anyhow::Result;
use countersign::limits::{SHARDS_MAX, TARGETS_AT_ONCE};
use countersign::policy::edit::Mode;
use countersign::rollout::order::Preferences;
use countersign::rollout::{Intent, Operation, Status};
use countersign::stackset::{Shard, Target};
use serde::Serialize;

use super::results::Results;
use super::{TargetArgs, author, memory};
use crate::context::Context;
use crate::output::{Exit, Format, print, refuse};

/// Arguments of `stackset plan`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "`--format github-matrix` asks no target: it reads the sealed `stackset.toml`, and shares targets\n\
    out in the same way each time, in their order.\n\n\
    Examples:\n  \
    countersign stackset plan\n  \
    echo \"matrix=$(countersign stackset plan --format github-matrix --shards 16)\" >> \"$GITHUB_OUTPUT\"\n  \
    countersign stackset deploy --target \"$TARGETS\"     from `matrix.targets`\n\n\
    Exit status: 0 told, 2 a target could not be looked at."
)]
pub struct Args {
    #[command(flatten)]
    targets: TargetArgs,
    /// How to write the result
    #[arg(long, value_enum, default_value = "text")]
    format: PlanFormat,
    /// Into how many jobs at most the targets are split, up to 256
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=SHARDS_MAX as i64))]
    shards: u16,
}

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum PlanFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For `strategy.matrix` of a GitHub workflow.
    GithubMatrix,
}

#[derive(Serialize)]
struct Matrix {
    include: Vec<Job>,
}

#[derive(Serialize)]
struct Job {
    shard: usize,
    targets: String,
}

impl Args {
    /// Tells what would change.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let central = self.targets.central(context)?;
        let targets = self.targets.of(&central)?;
        let format = match self.format {
            PlanFormat::GithubMatrix => return self.matrix(&targets),
            PlanFormat::Text => Format::Text,
            PlanFormat::Json => Format::Json,
        };
        let (memory, author) = (memory(context), author(context, None)?);
        let operation = Operation {
            central: &central,
            intent: Intent::Deploy,
            mode: Mode::Rehearse,
            keys: &[],
            expires: context.now,
            memory: &memory,
            author: &author,
        };
        let preferences = Preferences { tolerance: targets.len(), concurrent: TARGETS_AT_ONCE };
        let results = Results::of(&operation, &central, &targets, preferences, format, "looking at targets")?;
        match results.count(Status::Failed) {
            0 => Ok(Exit::Done),
            failed => Err(refuse(
                format!("{failed} of {} targets could not be changed", targets.len()),
                "do as is said of each, and run it again",
            )),
        }
    }

    fn matrix(&self, targets: &[&Target]) -> Result<Exit> {
        let shards = usize::from(self.shards).min(targets.len());
        let names =
            |part: &[&Target]| part.iter().map(|target| target.name().as_str()).collect::<Vec<_>>().join(" ");
        let job = |shard: Shard| Job { shard: shard.number(), targets: names(shard.of(targets)) };
        let matrix = Matrix { include: Shard::all(shards).map(job).collect() };
        // One line, as `$GITHUB_OUTPUT` takes it.
        print(&format!("{}\n", serde_json::to_string(&matrix)?))?;
        Ok(Exit::Done)
    }
}
