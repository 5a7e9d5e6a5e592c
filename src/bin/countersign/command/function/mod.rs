//! `countersign function`: which CSC governs which functions and layers, and which refs are protected.

mod attach;
mod deploys_no_code;
mod detach;
mod list;
mod protect;
mod unprotect;

use anyhow::Result;
use countersign::function::Functions;
use countersign::policy::documents::FUNCTIONS;
use countersign::policy::edit::{Editor, check_revision};

use super::edit::{EditArgs, editor};
use crate::context::{Context, GlobalArgs};
use crate::output::Exit;

/// What can be done with the governance of functions.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Assign a CSC to functions and layers, by name pattern
    Attach(attach::Args),
    /// Declare resource types that deploy no code, for `gate --plan`
    DeploysNoCode(deploys_no_code::Args),
    /// Remove the rule of a pattern
    Detach(detach::Args),
    /// List rules, protected refs and types that deploy no code
    List(list::Args),
    /// Require verified pushes to refs, by name pattern
    Protect(protect::Args),
    /// Stop requiring verified pushes to refs
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

/// Opens `functions.toml` for one change, if it is at the revision that was passed.
fn governance(context: &Context, edit: &EditArgs) -> Result<(Editor, Functions)> {
    let editor = editor(context, &edit.trust)?;
    let functions = editor.functions()?;
    check_revision(FUNCTIONS, functions.revision(), edit.revision)?;
    Ok((editor, functions))
}
