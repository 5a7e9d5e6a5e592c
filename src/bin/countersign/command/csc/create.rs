//! `csc create`: a new CSC, which counts once it is sealed and governs what is attached to it.

use anyhow::Result;
use countersign::csc::{Csc, Publishers, Untrusted};

use super::super::edit::{editor, show_with};
use super::publisher::{Publisher, known, refused};
use crate::context::{Context, TrustArgs};
use crate::output::Exit;

/// Arguments of `csc create`.
#[derive(Debug, clap::Args)]
#[command(after_help = "The last line on standard output is the new id.\n\n\
    Examples:\n  countersign csc create --publisher orders_release --untrusted Enforce --description production\n  \
    countersign csc create --untrusted Warn --publisher orders_release \\\n    \
    --publisher 'arn:countersign:signer::platform:/signing-profiles/layers/*'")]
pub struct Args {
    /// Whose signatures count, once for each: a profile of this account, or the ARN of a profile version;
    /// `/*` as the version stands for every one
    #[arg(long = "publisher", value_name = "PUBLISHER", required = true)]
    publishers: Vec<Publisher>,
    /// What happens to an artifact that fails a check other than integrity: Enforce denies it, Warn lets it pass
    #[arg(long, visible_alias = "untrusted-artifact-on-deployment", value_name = "Enforce|Warn")]
    untrusted: Untrusted,
    /// What the CSC is for
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,
    #[command(flatten)]
    trust: TrustArgs,
}

impl Args {
    /// Writes the new CSC.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let editor = editor(context, &self.trust)?;
        let publishers = Publishers::try_from(known(&self.publishers, &editor)?);
        let publishers = publishers.map_err(|error| refused(&error))?;
        let csc = Csc::new(countersign::random::csc(), &self.description, publishers, self.untrusted);
        show_with(&editor.save_csc(&csc)?, &format!("{}\n", csc.id()))
    }
}
