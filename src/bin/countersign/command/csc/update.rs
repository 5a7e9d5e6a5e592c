//! `csc update`: changes the parts of a CSC that are passed.

use anyhow::Result;
use clap::ArgGroup;
use countersign::csc::{Change, Csc, Publishers, Untrusted};
use countersign::name::CscId;
use countersign::policy::edit::Editor;

use super::super::edit::{self, EditArgs};
use super::publisher::{Publisher, known, refused};
use crate::complete;
use crate::context::Context;
use crate::output::Exit;
use crate::values;

/// Arguments of `csc update`.
#[derive(Debug, clap::Args)]
#[command(
    group = ArgGroup::new("change").required(true).multiple(true)
        .args(["publishers", "added", "removed", "untrusted", "description"]),
    override_usage = "countersign csc update [OPTIONS] <ID>",
    after_help = "\
    Examples:\n  \
    countersign csc update csc-0123456789abcdefg --untrusted Enforce\n  \
    countersign csc update csc-0123456789abcdefg --add-publisher billing_release"
)]
pub struct Args {
    /// Id of the CSC
    #[arg(add = complete::cscs())]
    id: CscId,
    /// Replace all publishers with this one; can be repeated
    #[arg(long = "publisher", value_name = "PUBLISHER", conflicts_with_all = ["added", "removed"], add = complete::profiles())]
    publishers: Vec<Publisher>,
    /// Allow one more publisher; can be repeated
    #[arg(long = "add-publisher", value_name = "PUBLISHER", add = complete::profiles())]
    added: Vec<Publisher>,
    /// Remove a publisher; can be repeated
    #[arg(long = "remove-publisher", value_name = "PUBLISHER", add = complete::profiles())]
    removed: Vec<Publisher>,
    /// Action on an untrusted artifact: `Enforce` denies it, `Warn` allows it with a warning
    #[arg(long, value_name = "MODE", value_parser = values::untrusted(), ignore_case = true)]
    untrusted: Option<Untrusted>,
    /// Description of the CSC
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    edit: EditArgs,
}

impl Args {
    /// Writes the changed CSC.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (editor, csc) = self.edit.csc(context, &self.id)?;
        let publishers = self.publishers(&csc, &editor)?;
        let change = Change { description: self.description, publishers, untrusted: self.untrusted };
        edit::show(&editor.save_csc(&csc.changed(change))?)
    }

    fn publishers(&self, csc: &Csc, editor: &Editor) -> Result<Option<Publishers>> {
        let changed = if !self.publishers.is_empty() {
            Publishers::try_from(known(&self.publishers, editor)?)
        } else if self.added.is_empty() && self.removed.is_empty() {
            return Ok(None);
        } else {
            let removed: Vec<_> = self.removed.iter().map(|each| each.arn(editor)).collect();
            csc.allowed_publishers().changed(&known(&self.added, editor)?, &removed)
        };
        changed.map(Some).map_err(|error| refused(&error))
    }
}
