//! `csc delete`: a CSC that governs nothing goes.

use anyhow::Result;
use countersign::name::CscId;
use countersign::policy::edit::{check_revision, path_of_csc};

use super::super::edit::{self, EditArgs, editor};
use crate::context::Context;
use crate::output::Exit;

/// Arguments of `csc delete`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// CSC to delete; no function can be attached to it
    id: CscId,
    #[command(flatten)]
    edit: EditArgs,
}

impl Args {
    /// Removes the document.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let editor = editor(context, &self.edit.trust)?;
        check_revision(&path_of_csc(&self.id), editor.csc(&self.id)?.revision(), self.edit.revision)?;
        edit::show(&editor.delete_csc(&self.id)?)
    }
}
