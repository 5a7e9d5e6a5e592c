//! `account forget`: another account is not known any more.

use anyhow::Result;
use countersign::name::AccountName;

use super::super::edit::{self, EditArgs, editor};
use crate::complete;
use crate::context::Context;
use crate::output::Exit;

/// Arguments of `account forget`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    A later seal removes its fetched documents, when no valid seal refers to them.\n\n\
    Example:\n  \
    countersign account forget vendor")]
pub struct Args {
    /// Account to remove; fails while a CSC allows one of its publishers
    #[arg(add = complete::accounts())]
    name: AccountName,
    #[command(flatten)]
    edit: EditArgs,
}

impl Args {
    /// Removes the account's document.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let editor = editor(context, &self.edit.trust)?;
        edit::show(&editor.forget_account(&self.name)?)
    }
}
