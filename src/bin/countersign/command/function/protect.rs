//! `function protect`: pushes to more refs are verified.

use anyhow::Result;
use countersign::function::RefPattern;

use super::super::edit::{self, EditArgs};
use super::governance;
use crate::context::Context;
use crate::output::Exit;

/// Arguments of `function protect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Patterns ignore case, and match every name that git rejects.\n\n\
    Example:\n  \
    countersign function protect refs/heads/main 'refs/tags/v*'")]
pub struct Args {
    /// Pattern for full ref names: `*` is any text, `/` included
    #[arg(required = true)]
    pattern: Vec<RefPattern>,
    #[command(flatten)]
    edit: EditArgs,
}

impl Args {
    /// Adds the patterns.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (editor, functions) = governance(context, &self.edit)?;
        edit::show(&editor.save_functions(&functions.protecting(self.pattern))?)
    }
}
