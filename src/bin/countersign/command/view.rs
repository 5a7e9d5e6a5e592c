//! What `list` and `show` have in common: the policy that they read, and the format of their output.

use anyhow::Result;
use serde::Serialize;

use super::edit::Documents;
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, Format, print, print_json};

/// Options of a command that shows a part of the policy.
#[derive(Debug, clap::Args)]
pub struct ViewArgs {
    #[command(flatten)]
    pub trust: TrustArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    pub format: Format,
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    schema_version: u32,
    #[serde(flatten)]
    fields: &'a T,
}

impl ViewArgs {
    /// The documents of the policy directory.
    pub fn documents(&self, context: &Context) -> Result<Documents> {
        Documents::read(context, &self.trust)
    }

    /// Prints the fields as JSON, after the version of their schema, or as text.
    pub fn show<T: Serialize>(&self, fields: &T, text: impl FnOnce(&T) -> String) -> Result<Exit> {
        match self.format {
            Format::Json => print_json(&Versioned { schema_version: 1, fields })?,
            Format::Text => print(&text(fields))?,
        }
        Ok(Exit::Done)
    }
}
