//! `profile permit` and `profile forbid`: who may sign with a profile, from when until when.

use std::collections::BTreeSet;

use anyhow::Result;
use countersign::name::{Principal, ProfileName, StatementId};
use countersign::profile::{Action, Permission};

use super::super::edit::{self, EditArgs};
use super::super::statement::{EndArgs, StatementArgs};
use crate::complete;
use crate::context::Context;
use crate::keys::{PassphraseArgs, load_public_key};
use crate::output::Exit;
use crate::values;

/// Arguments of `profile permit`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "countersign profile permit [OPTIONS] --principal <NAME>\n       --action <ACTION> --key <KEY> <NAME>",
    after_help = "\
    Example:\n  \
    countersign profile permit orders_release --principal ci@acme.example \\\n    \
    --action StartSigningJob --key ci.pub.pem --statement-id ci"
)]
pub struct PermitArgs {
    /// Name of the profile
    #[arg(add = complete::profiles())]
    name: ProfileName,
    /// Principal that gets the permission
    #[arg(long, value_name = "NAME")]
    principal: Principal,
    /// Action to permit; can be repeated
    #[arg(long = "action", value_name = "ACTION", value_parser = values::action(), ignore_case = true, required = true)]
    actions: Vec<Action>,
    /// PEM file with the public key of the principal
    #[arg(long, value_name = "KEY")]
    key: String,
    #[command(flatten)]
    statement: StatementArgs,
    #[command(flatten)]
    edit: EditArgs,
}

impl PermitArgs {
    /// Adds the permission.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (editor, profile) = self.edit.profile(context, &self.name)?;
        // An id has fewer characters to choose from than a principal.
        let keep = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
        let base: String = self.principal.as_str().chars().take(56).map(keep).collect();
        let statement_id = self.statement.id(&profile, &base)?;
        let (not_before, not_after) = self.statement.times(context.now)?;
        let permission = Permission {
            statement_id,
            principal: self.principal,
            actions: self.actions.into_iter().collect::<BTreeSet<Action>>(),
            key: load_public_key(&self.key, &PassphraseArgs::default())?,
            not_before,
            not_after,
        };
        edit::show(&editor.save_profile(&profile.permitting(permission))?)
    }
}

/// Arguments of `profile forbid`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    If another user may have the key, also revoke it with `countersign key revoke`: the holder of a key \
    chooses the time that its signatures claim.\n\n\
    Example:\n  \
    countersign profile forbid orders_release --statement-id ci")]
pub struct ForbidArgs {
    /// Name of the profile
    #[arg(add = complete::profiles())]
    name: ProfileName,
    /// Id of the permission
    #[arg(long, value_name = "ID")]
    statement_id: StatementId,
    #[command(flatten)]
    end: EndArgs,
    #[command(flatten)]
    edit: EditArgs,
}

impl ForbidArgs {
    /// Ends the permission.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (editor, profile) = self.edit.profile(context, &self.name)?;
        let meant: Vec<StatementId> = profile
            .permission(&self.statement_id)
            .map(|each| each.statement_id.clone())
            .into_iter()
            .collect();
        self.end.forbid(context, &editor, profile, &meant, &format!("permission `{}`", self.statement_id))
    }
}
