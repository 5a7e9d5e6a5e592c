//! `account join`, `leave`, `admit` and `expel`: membership takes the word of both sides.

use anyhow::Result;
use countersign::account::{Member, Membership, Organization};
use countersign::name::AccountName;
use countersign::pin::Pin;

use super::super::edit::{self, editor};
use super::OwnArgs;
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, refuse};

/// Arguments of `account join`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    The account is a member only once the organization admits it too, with `countersign account admit`.\n\n\
    Example:\n  \
    countersign account join acme-group")]
pub struct JoinArgs {
    /// Organization: an account that this policy trusts
    name: AccountName,
    #[command(flatten)]
    trust: TrustArgs,
}

impl JoinArgs {
    /// Writes `account.toml`.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let editor = editor(context, &self.trust)?;
        if self.name != *editor.root().account() && editor.known_account(&self.name)?.is_none() {
            return Err(refuse(
                format!("this policy does not trust account `{}`", self.name),
                "pin it first with `countersign account trust`: its list of members proves membership",
            ));
        }
        let before = editor.membership()?;
        edit::show(&editor.save_membership(&Membership::next(before.as_ref(), Some(self.name)))?)
    }
}

/// Arguments of `account leave`.
#[derive(Debug, clap::Args)]
pub struct LeaveArgs {
    #[command(flatten)]
    trust: TrustArgs,
}

impl LeaveArgs {
    /// Writes `account.toml`.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let editor = editor(context, &self.trust)?;
        let before = editor.membership()?.filter(|before| before.organization().is_some());
        let Some(before) = before else {
            return Err(refuse(
                "the account is not in an organization",
                "list accounts and members with `countersign account list`",
            ));
        };
        edit::show(&editor.save_membership(&Membership::next(Some(&before), None))?)
    }
}

/// Arguments of `account admit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Example:\n  \
    countersign account admit shop --root SHA384:5f1c…")]
pub struct AdmitArgs {
    /// Name of the account
    name: AccountName,
    /// Digest of its first root, `SHA384:…` [default: the one in this policy]
    #[arg(long, value_name = "PIN")]
    root: Option<Pin>,
    #[command(flatten)]
    own: OwnArgs,
}

impl AdmitArgs {
    /// Adds the account to `organization.toml`.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let editor = editor(context, &self.own.into())?;
        let known = editor.known_account(&self.name)?.map(|known| known.root());
        let own = (self.name == *editor.root().account()).then(|| editor.pin());
        let Some(root) = self.root.or(known).or(own) else {
            return Err(refuse(
                format!("the root of account `{}` is not known", self.name),
                "pass the digest of its first root, which its owner publishes, with `--root`",
            ));
        };
        let before = editor.organization()?;
        let mut members = before.as_ref().map_or(Vec::new(), |before| before.members().to_vec());
        if members.iter().any(|member| member.account == self.name) {
            return Err(refuse(
                format!("account `{}` is already a member", self.name),
                "list members with `countersign account list`; to admit it with another root, expel it first",
            ));
        }
        members.push(Member { account: self.name, root });
        edit::show(&editor.save_organization(&Organization::next(before.as_ref(), members))?)
    }
}

/// Arguments of `account expel`.
#[derive(Debug, clap::Args)]
pub struct ExpelArgs {
    /// Name of the account
    name: AccountName,
    #[command(flatten)]
    trust: TrustArgs,
}

impl ExpelArgs {
    /// Takes the account out of `organization.toml`.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let editor = editor(context, &self.trust)?;
        let before = editor.organization()?;
        let (gone, kept): (Vec<Member>, Vec<Member>) = before
            .iter()
            .flat_map(Organization::members)
            .cloned()
            .partition(|member| member.account == self.name);
        if gone.is_empty() {
            return Err(refuse(
                format!("account `{}` is not a member", self.name),
                "list accounts and members with `countersign account list`",
            ));
        }
        edit::show(&editor.save_organization(&Organization::next(before.as_ref(), kept))?)
    }
}
