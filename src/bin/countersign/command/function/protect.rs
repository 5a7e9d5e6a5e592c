//! `function protect`: pushes to more refs are verified.

use anyhow::Result;
use countersign::function::{CoveredBy, RefPattern};

use super::super::edit::{self, EditArgs};
use super::governance;
use crate::context::Context;
use crate::output::Exit;

/// Arguments of `function protect`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Patterns ignore case, and match every name that git rejects.\n\n\
    Examples:\n  \
    countersign function protect refs/heads/main 'refs/tags/v*'\n  \
    countersign function protect --covered-by commit")]
pub struct Args {
    /// Pattern for full ref names: `*` is any text, `/` included
    #[arg(required_unless_present = "covered_by")]
    pattern: Vec<RefPattern>,
    /// Whose manifests cover a commit: `commit` for its own, `ancestor` for those of its ancestors too
    #[arg(long, value_name = "WHOSE", value_parser = covered_by)]
    covered_by: Option<CoveredBy>,
    #[command(flatten)]
    edit: EditArgs,
}

impl Args {
    /// Adds the patterns.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (editor, functions) = governance(context, &self.edit)?;
        let functions = match self.pattern.as_slice() {
            [] => functions,
            _ => functions.protecting(self.pattern),
        };
        let functions = match self.covered_by {
            Some(covered_by) => functions.covering_by(covered_by),
            None => functions,
        };
        edit::show(&editor.save_functions(&functions)?)
    }
}

fn covered_by(text: &str) -> Result<CoveredBy, &'static str> {
    match text {
        "commit" => Ok(CoveredBy::Commit),
        "ancestor" => Ok(CoveredBy::Ancestor),
        _ => Err("expected one of: commit, ancestor"),
    }
}
