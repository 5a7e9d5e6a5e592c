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
    Later seals remove its fetched documents, once no seal that is still valid names them.\n\n\
    Example:\n  \
    countersign account forget vendor")]
pub struct Args {
    /// Account to remove; no CSC can allow a publisher of it
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
