//! `countersign stackset plan`: which targets would change, or how a CI matrix shares them out.

use anyhow::Result;
use countersign::limits::{SHARDS_MAX, TARGETS_AT_ONCE};
use countersign::policy::edit::Mode;
use countersign::rollout::order::Preferences;
use countersign::rollout::{Intent, Operation, Status};
use countersign::shard::Shard;
use countersign::stackset::Target;
use serde::Serialize;

use super::results::Results;
use super::{TargetArgs, author, memory};
use crate::context::Context;
use crate::output::{Exit, Format, print, refuse};

/// Arguments of `stackset plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    `--format github-matrix` reads only the sealed `stackset.toml`, and always splits targets the same way, \
    in their order.\n\n\
    Exit status: 0 done, 2 a target could not be read.\n\n\
    Examples:\n  \
    countersign stackset plan\n  \
    matrix=$(countersign stackset plan --format github-matrix --shards 16)\n  \
    echo \"matrix=$matrix\" >> \"$GITHUB_OUTPUT\"\n\n\
    In a job of the matrix, with TARGETS from `matrix.targets`:\n  \
    countersign stackset deploy --target \"$TARGETS\"")]
pub struct Args {
    #[command(flatten)]
    targets: TargetArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: PlanFormat,
    /// Maximum number of jobs in the matrix, up to 256
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=SHARDS_MAX as i64))]
    shards: u16,
}

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum PlanFormat {
    Text,
    Json,
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
        let results = Results::of(&operation, &central, &targets, preferences, format, "comparing targets")?;
        match results.count(Status::Failed) {
            0 => Ok(Exit::Done),
            failed => Err(refuse(
                format!("{failed} of {} targets could not be changed", targets.len()),
                "fix the errors above, and run it again",
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
