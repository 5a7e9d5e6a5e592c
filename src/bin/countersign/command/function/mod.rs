//! `countersign function`: which CSC governs which functions and layers, and which refs are protected.

mod attach;
mod deploys_no_code;
mod detach;
mod list;
mod protect;
mod unprotect;

use anyhow::Result;
use countersign::function::Functions;
use countersign::policy::edit::{Editor, check_revision};

use super::edit::{EditArgs, FUNCTIONS, editor};
use crate::context::{Context, GlobalArgs};
use crate::output::Exit;

/// What can be done with the governance of functions.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Put functions and layers under a CSC, by a pattern of their names
    Attach(attach::Args),
    /// List resource types that deploy no code, so that `gate --plan` does not deny them
    DeploysNoCode(deploys_no_code::Args),
    /// Remove the rule with a pattern
    Detach(detach::Args),
    /// List the rules in order, the protected refs and the types that deploy no code, or tell what governs a name
    List(list::Args),
    /// Verify pushes to refs, by patterns of their names
    Protect(protect::Args),
    /// Leave pushes to refs unverified again
    Unprotect(unprotect::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        match self {
            Self::Attach(args) => args.run(&context),
            Self::DeploysNoCode(args) => args.run(&context),
            Self::Detach(args) => args.run(&context),
            Self::List(args) => args.run(&context),
            Self::Protect(args) => args.run(&context),
            Self::Unprotect(args) => args.run(&context),
        }
    }
}

/// Opens the governance for one change by somebody who has seen this revision of it.
fn governance(context: &Context, edit: &EditArgs) -> Result<(Editor, Functions)> {
    let editor = editor(context, &edit.trust)?;
    let functions = editor.functions()?;
    check_revision(FUNCTIONS, functions.revision(), edit.revision)?;
    Ok((editor, functions))
}
