//! `function detach`: a rule goes, and what it governed falls to another rule or to none.

use anyhow::Result;
use countersign::function::{Functions, Pattern};
use countersign::policy::edit::EditError;

use super::super::edit::{EditArgs, show_with};
use super::governance;
use crate::context::Context;
use crate::output::Exit;

/// Arguments of `function detach`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Example:\n  \
    countersign function detach 'orders-*'")]
pub struct Args {
    /// Pattern, as `function list` shows it
    pattern: Pattern,
    #[command(flatten)]
    edit: EditArgs,
}

impl Args {
    /// Removes the rule.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (editor, functions) = governance(context, &self.edit)?;
        let absent = || EditError::Absent(format!("rule with the pattern `{}`", self.pattern));
        let functions = functions.detaching(&self.pattern).ok_or_else(absent)?;
        let differences = editor.save_functions(&functions)?;
        show_with(&differences, &afterwards(&functions, &self.pattern))
    }
}

fn afterwards(functions: &Functions, pattern: &Pattern) -> String {
    match functions.covering(pattern) {
        Some(index) => {
            let rule = &functions.rules()[index];
            let unless = if index == 0 { "" } else { ", if no earlier rule matches" };
            let (csc, number, rule) = (rule.csc(), index + 1, rule.pattern());
            format!("names that match `{pattern}` are now under {csc}, by rule {number}, `{rule}`{unless}\n")
        }
        None => {
            format!("names that match `{pattern}` and no other rule have no CSC: every artifact is denied\n")
        }
    }
}
