//! `profile permit` and `profile forbid`: who may sign with a profile, from when until when.

use std::collections::BTreeSet;

use anyhow::Result;
use countersign::name::{Principal, ProfileName, StatementId};
use countersign::policy::edit::{check_revision, path_of_profile};
use countersign::profile::{Action, Permission, Profile};
use countersign::time::Timestamp;

use super::super::edit::{self, EditArgs, editor};
use crate::context::Context;
use crate::keys::{PassphraseArgs, load_public_key};
use crate::output::{Exit, refuse};

/// Arguments of `profile permit`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  countersign profile permit orders_release --principal ci@acme.example \\\n    \
    --action signer:StartSigningJob --key ci.pub.pem --statement-id ci"
)]
pub struct PermitArgs {
    /// The profile
    name: ProfileName,
    /// Who may: the holder of the key
    #[arg(long, value_name = "NAME")]
    principal: Principal,
    /// What they may do, once for each: signer:StartSigningJob or signer:RevokeSignature
    #[arg(long = "action", value_name = "ACTION", required = true)]
    actions: Vec<Action>,
    /// Their public key, a PEM file
    #[arg(long, value_name = "KEY")]
    key: String,
    /// The permission's name; otherwise made from the principal's
    #[arg(long, value_name = "ID")]
    statement_id: Option<StatementId>,
    /// The first instant of the permission; otherwise now
    #[arg(long, value_name = "TIME")]
    not_before: Option<Timestamp>,
    /// The first instant after the permission; otherwise it stays until it is forbidden
    #[arg(long, value_name = "TIME")]
    not_after: Option<Timestamp>,
    #[command(flatten)]
    edit: EditArgs,
}

impl PermitArgs {
    /// Adds the permission.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let editor = editor(context, &self.edit.trust)?;
        let profile = editor.profile(&self.name)?;
        check_revision(&path_of_profile(&self.name), profile.revision(), self.edit.revision)?;
        let statement_id = match self.statement_id {
            Some(id) if profile.permission(&id).is_none() => id,
            Some(id) => {
                let message = format!("profile `{}` has a permission `{id}` already", self.name);
                return Err(refuse(message, "choose another `--statement-id`; a permission never changes"));
            }
            None => free_statement(&profile, &self.principal)?,
        };
        let not_before = self.not_before.unwrap_or(context.now);
        if self.not_after.is_some_and(|end| end <= not_before) {
            return Err(refuse("the permission would end before it begins", "give a later `--not-after`"));
        }
        let permission = Permission {
            statement_id,
            principal: self.principal,
            actions: self.actions.into_iter().collect::<BTreeSet<Action>>(),
            key: load_public_key(&self.key, &PassphraseArgs::default())?,
            not_before,
            not_after: self.not_after,
        };
        edit::show(&editor.save_profile(&profile.permitting(permission))?)
    }
}

/// A name for the permission: the principal's, as far as a statement id may hold it, and a number if taken.
fn free_statement(profile: &Profile, principal: &Principal) -> Result<StatementId> {
    let keep = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let base: String = principal.as_str().chars().take(56).map(keep).collect();
    let mut id: StatementId = base.parse()?;
    for number in 2.. {
        if profile.permission(&id).is_none() {
            break;
        }
        id = format!("{base}-{number}").parse()?;
    }
    Ok(id)
}

/// Arguments of `profile forbid`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "If the key may be in somebody else's hands, revoke it too, with `countersign key revoke`: a thief\n\
    writes any time.\n\n\
    Example:\n  countersign profile forbid orders_release --statement-id ci"
)]
pub struct ForbidArgs {
    /// The profile
    name: ProfileName,
    /// The permission
    #[arg(long, value_name = "ID")]
    statement_id: StatementId,
    /// The first instant after it; otherwise now. It may only move earlier
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    #[command(flatten)]
    edit: EditArgs,
}

impl ForbidArgs {
    /// Ends the permission.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let editor = editor(context, &self.edit.trust)?;
        let profile = editor.profile(&self.name)?;
        check_revision(&path_of_profile(&self.name), profile.revision(), self.edit.revision)?;
        if profile.permission(&self.statement_id).is_none() {
            let known: Vec<&str> =
                profile.permissions().iter().map(|each| each.statement_id.as_str()).collect();
            let message = format!("profile `{}` has no permission `{}`", self.name, self.statement_id);
            let hint = match known.as_slice() {
                [] => "it has none at all".to_owned(),
                known => format!("name one of those it has: {}", known.join(", ")),
            };
            return Err(refuse(message, hint));
        }
        let end = self.at.unwrap_or(context.now);
        edit::show(&editor.save_profile(&profile.forbidding(&self.statement_id, end))?)
    }
}
