//! `csc create`: a new CSC, which is valid once it is sealed, and governs what is attached to it.

use anyhow::Result;
use countersign::csc::{Csc, Publishers, Untrusted};

use super::super::edit::{editor, show_with};
use super::publisher::{Publisher, known, refused};
use crate::complete;
use crate::context::{Context, TrustArgs};
use crate::output::Exit;
use crate::values;

/// Arguments of `csc create`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "countersign csc create [OPTIONS] --publisher <PUBLISHER>\n       --untrusted <MODE>",
    after_help = "\
    Integrity is always enforced: `Warn` applies to the other checks. The last line of standard output is \
    the id of the CSC.\n\n\
    Examples:\n  \
    countersign csc create --publisher orders_release --untrusted Enforce\n  \
    countersign csc create --untrusted Warn --publisher orders_release \\\n    \
    --publisher 'arn:countersign:signer::platform:/signing-profiles/layers/*'"
)]
pub struct Args {
    /// Allowed publisher: a profile of this account, or a profile version ARN (`…/*` for all versions); can
    /// be repeated
    #[arg(long = "publisher", value_name = "PUBLISHER", required = true, add = complete::profiles())]
    publishers: Vec<Publisher>,
    /// Action on an untrusted artifact: `Enforce` denies it, `Warn` allows it with a warning
    #[arg(long, value_name = "MODE", value_parser = values::untrusted(), ignore_case = true)]
    untrusted: Untrusted,
    /// Description of the CSC
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
