//! `function unprotect`: pushes to some refs are not verified any more.

use anyhow::Result;
use countersign::function::RefPattern;
use countersign::policy::edit::EditError;

use super::super::edit::{self, EditArgs};
use super::governance;
use crate::context::Context;
use crate::output::Exit;

/// Arguments of `function unprotect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Example:\n  \
    countersign function unprotect 'refs/tags/v*'")]
pub struct Args {
    /// Patterns, as `function list` shows them
    #[arg(required = true)]
    pattern: Vec<RefPattern>,
    #[command(flatten)]
    edit: EditArgs,
}

impl Args {
    /// Removes the patterns, or none of them.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (editor, functions) = governance(context, &self.edit)?;
        let absent =
            |pattern: &RefPattern| EditError::Absent(format!("protected ref with the pattern `{pattern}`"));
        let functions = functions.unprotecting(&self.pattern).map_err(absent)?;
        edit::show(&editor.save_functions(&functions)?)
    }
}
