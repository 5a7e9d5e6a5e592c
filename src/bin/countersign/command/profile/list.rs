//! `profile list` and `profile show`: the profiles as they are now, and what of them is not sealed yet.

use anyhow::Result;
use countersign::arn::PublisherArn;
use countersign::name::{AccountName, ProfileName};
use countersign::policy::documents::Kind;
use countersign::profile::{Action, Permission, Profile, Version};
use countersign::report::escape::line;
use serde::Serialize;

use super::super::edit::mark;
use super::super::view::ViewArgs;
use crate::complete;
use crate::context::Context;
use crate::output::Exit;

/// Arguments of `profile list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    view: ViewArgs,
}

#[derive(Serialize)]
struct List {
    profiles: Vec<Record>,
}

#[derive(Serialize)]
struct Record {
    name: String,
    arn: String,
    status: &'static str,
    platform: &'static str,
    revision: u64,
    sealed: bool,
    versions: Vec<VersionRecord>,
    permissions: Vec<PermissionRecord>,
}

#[derive(Serialize)]
struct VersionRecord {
    version: String,
    status: &'static str,
    created: String,
    validity: String,
}

#[derive(Serialize)]
struct PermissionRecord {
    statement_id: String,
    principal: String,
    actions: Vec<&'static str>,
    key: String,
    not_before: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<String>,
}

impl ListArgs {
    /// Lists every profile, a line each.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let documents = self.view.documents(context)?;
        let profiles = documents.parsed(Kind::Profile, Profile::parse)?.into_iter();
        let record = |(path, profile)| record(documents.account(), &profile, documents.is_sealed(path));
        let list = List { profiles: profiles.map(record).collect() };
        self.view.show(&list, |list| list.profiles.iter().map(list_line).collect())
    }
}

fn list_line(record: &Record) -> String {
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    format!(
        "{:<24} {:<8} {}, {}{}\n",
        record.name,
        record.status,
        count(record.versions.len(), "version"),
        count(record.permissions.len(), "permission"),
        mark(record.sealed)
    )
}

/// Arguments of `profile show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// Name of the profile
    #[arg(add = complete::profiles())]
    name: ProfileName,
    #[command(flatten)]
    view: ViewArgs,
}

#[derive(Serialize)]
struct Shown {
    profile: Record,
}

impl ShowArgs {
    /// Shows everything that the profile's document says.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let documents = self.view.documents(context)?;
        let path = Kind::path_of(&self.name);
        let profile = documents.one(&path, &format!("signing profile `{}`", self.name), Profile::parse)?;
        let record = record(documents.account(), &profile, documents.is_sealed(&path));
        self.view.show(&Shown { profile: record }, |shown| text(&shown.profile))
    }
}

fn record(account: &AccountName, profile: &Profile, sealed: bool) -> Record {
    Record {
        name: profile.name().to_string(),
        arn: PublisherArn::every_version(account.clone(), profile.name().clone()).to_string(),
        status: profile.current().status.name(),
        platform: profile.platform().name(),
        revision: profile.revision(),
        sealed,
        versions: profile.versions().iter().map(version).collect(),
        permissions: profile.permissions().iter().map(permission).collect(),
    }
}

fn version(each: &Version) -> VersionRecord {
    VersionRecord {
        version: each.version.to_string(),
        status: each.status.name(),
        created: each.created.to_string(),
        validity: each.validity.to_string(),
    }
}

fn permission(each: &Permission) -> PermissionRecord {
    PermissionRecord {
        statement_id: each.statement_id.to_string(),
        principal: each.principal.to_string(),
        actions: each.actions.iter().map(|action| Action::name(*action)).collect(),
        key: each.key.id().to_string(),
        not_before: each.not_before.to_string(),
        not_after: each.not_after.map(|end| end.to_string()),
    }
}

fn text(record: &Record) -> String {
    let mut out = format!(
        "profile   {} ({}){}\narn       {}\nplatform  {}\nrevision  {}\n",
        record.name,
        record.status,
        mark(record.sealed),
        record.arn,
        record.platform,
        record.revision
    );
    for each in &record.versions {
        out.push_str(&format!(
            "version   {}  {:<8}  created {}, signatures valid for {}\n",
            each.version, each.status, each.created, each.validity
        ));
    }
    for each in &record.permissions {
        let until = each.not_after.as_ref().map_or(String::new(), |end| format!(" until {end}"));
        out.push_str(&format!(
            "permits   {}: {} may {}\n            key {}, from {}{until}\n",
            each.statement_id,
            line(&each.principal),
            each.actions.join(", "),
            each.key,
            each.not_before
        ));
    }
    out
}
