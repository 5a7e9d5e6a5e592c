//! `function deploys-no-code`: resource types that `gate --plan` does not deny.

use anyhow::Result;
use countersign::function::TypePattern;
use countersign::policy::edit::EditError;

use super::super::edit::{self, EditArgs};
use super::governance;
use crate::context::Context;
use crate::output::Exit;

/// Arguments of `function deploys-no-code`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    `gate --plan` denies resources of types that it cannot read. Declare only types whose resources never \
    deploy code. For a custom resource, use the type in its template.\n\n\
    Examples:\n  \
    countersign function deploys-no-code 'datadog_*' Custom::S3AutoDeleteObjects\n  \
    countersign function deploys-no-code --remove 'datadog_*'")]
pub struct Args {
    /// Resource types, or Terraform blocks such as `data.external`: `*` is any text, `?` one character
    #[arg(required = true, value_name = "TYPE")]
    pattern: Vec<TypePattern>,
    /// Remove the patterns instead
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    edit: EditArgs,
}

impl Args {
    /// Adds the patterns, or removes all of them or none.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (editor, functions) = governance(context, &self.edit)?;
        let absent =
            |pattern: &TypePattern| EditError::Absent(format!("pattern `{pattern}` in `deploys_no_code`"));
        let functions = match self.remove {
            true => functions.without_types(&self.pattern).map_err(absent)?,
            false => functions.with_types(self.pattern)?,
        };
        edit::show(&editor.save_functions(&functions)?)
    }
}
