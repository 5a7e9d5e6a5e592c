//! `function attach`: a rule puts the names of a pattern under a CSC.

use anyhow::Result;
use countersign::function::{CodeFrom, Functions, Pattern, Place};
use countersign::name::CscId;

use super::super::edit::{self, EditArgs};
use super::governance;
use crate::complete;
use crate::context::Context;
use crate::output::{Exit, note};

/// Arguments of `function attach`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    The first rule that matches a name applies. A rule with the same pattern is updated in place. A new \
    rule is inserted before the first rule that matches all the names it matches, otherwise at the end.\n\n\
    Example:\n  \
    countersign function attach 'orders-*' --csc csc-0123456789abcdefg\n\n\
    With `--source artifact`, hooks and `verify --source` accept a build of a commit: a manifest that is attached to \
    it, names it, and is not dirty. Its files are not compared with the commit.")]
pub struct Args {
    /// Pattern for names of functions and layers: `*` is any text, `?` one character
    pattern: Pattern,
    /// CSC to assign
    #[arg(long, value_name = "ID", add = complete::cscs())]
    csc: CscId,
    /// What covers a commit: `commit` for manifests of its files, `artifact` for those of its builds too
    #[arg(long, value_name = "SOURCE", value_parser = source)]
    source: Option<CodeFrom>,
    /// Put the rule before all others
    #[arg(long)]
    first: bool,
    #[command(flatten)]
    edit: EditArgs,
}

impl Args {
    /// Writes the rule.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (editor, functions) = governance(context, &self.edit)?;
        editor.csc(&self.csc)?;
        let place = if self.first { Place::First } else { Place::Fitting };
        let (functions, index) = functions.attaching((self.pattern, self.csc), self.source, place);
        let differences = editor.save_functions(&functions)?;
        say_hidden(&functions, index);
        edit::show(&differences)
    }
}

fn source(text: &str) -> Result<CodeFrom, &'static str> {
    match text {
        "commit" => Ok(CodeFrom::Commit),
        "artifact" => Ok(CodeFrom::Artifact),
        _ => Err("expected one of: commit, artifact"),
    }
}

/// Says which rules match nothing because of this one, and whether it is one of them.
fn say_hidden(functions: &Functions, index: usize) {
    let hidden: Vec<String> = functions.hides(index).map(|rule| format!("`{}`", rule.pattern())).collect();
    if !hidden.is_empty() {
        note(&format!("later rules never match now: {}", hidden.join(", ")));
    }
    if let Some(earlier) = functions.hidden_by(index) {
        let pattern = functions.rules()[earlier].pattern();
        note(&format!(
            "the rule never matches: rule {}, `{pattern}`, comes first and matches the same names; use \
                 `--first` to put it before that",
            earlier + 1
        ));
    }
}
