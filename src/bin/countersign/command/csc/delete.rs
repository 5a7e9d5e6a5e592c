//! `csc delete`: deletes a CSC that no function is attached to.

use anyhow::Result;
use countersign::name::CscId;

use super::super::edit::{self, EditArgs};
use crate::complete;
use crate::context::Context;
use crate::output::Exit;

/// Arguments of `csc delete`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// CSC to delete; fails while a function is attached to it
    #[arg(add = complete::cscs())]
    id: CscId,
    #[command(flatten)]
    edit: EditArgs,
}

impl Args {
    /// Removes the document.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (editor, _) = self.edit.csc(context, &self.id)?;
        edit::show(&editor.delete_csc(&self.id)?)
    }
}
