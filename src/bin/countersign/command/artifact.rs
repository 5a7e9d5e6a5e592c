//! `countersign artifact`: revokes artifacts, no matter who signed them.

use anyhow::Result;
use countersign::revocation::{Revocation, RevokedArtifact};

use super::edit::{self, ReasonArgs};
use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::output::Exit;

/// What can be done with artifacts.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Revoke an artifact and all its signatures, by its digest
    Revoke(RevokeArgs),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        match self {
            Self::Revoke(args) => args.run(&Context::read(global)?),
        }
    }
}

/// Arguments of `artifact revoke`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "countersign artifact revoke [OPTIONS] --reason-code <CODE>\n       --reason <TEXT> <FILE|SHA384>",
    after_help = "\
    Example:\n  \
    countersign artifact revoke dist/orders.zip \\\n    \
    --reason-code superseded --reason 'contains a password'"
)]
pub struct RevokeArgs {
    /// Artifact: a file, or its SHA-384
    #[arg(value_name = "FILE|SHA384")]
    artifact: String,
    #[command(flatten)]
    reason: ReasonArgs,
    #[command(flatten)]
    trust: TrustArgs,
}

impl RevokeArgs {
    fn run(self, context: &Context) -> Result<Exit> {
        let revocation = Revocation::Artifact(RevokedArtifact {
            sha384: edit::artifact_digest(context, &self.artifact)?,
            revoked_at: context.now,
            reason_code: self.reason.reason_code,
            reason: self.reason.reason,
        });
        edit::show(&edit::editor(context, &self.trust)?.revoke(&revocation)?)
    }
}
