//! `layer list` and `layer show`: the layers as they are now, and what of them is not sealed yet; or another account's.

use std::sync::Arc;

use anyhow::Result;
use countersign::layer::{Consumer, Layer, LayerPermission, LayerVersion};
use countersign::name::{AccountName, ArtifactName};
use countersign::policy::documents::Kind;
use countersign::policy::edit::EditError;
use countersign::policy::store::Policy;
use countersign::report::escape::line;
use countersign::time::Timestamp;
use serde::Serialize;

use super::super::edit::mark;
use super::super::view::ViewArgs;
use super::permit::no_version;
use crate::complete;
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, refuse};

/// Whose layers are looked at, and how they are shown.
#[derive(Debug, clap::Args)]
struct LookArgs {
    /// Show the sealed layers of another account
    #[arg(long, value_name = "NAME", add = complete::accounts())]
    account: Option<AccountName>,
    #[command(flatten)]
    view: ViewArgs,
}

/// Arguments of `layer list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Examples:\n  \
    countersign layer list\n  \
    countersign layer list --account vendor --format json")]
pub struct ListArgs {
    #[command(flatten)]
    look: LookArgs,
}

/// Arguments of `layer show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Examples:\n  \
    countersign layer show base\n  \
    countersign layer show base --layer-version 2 --format json")]
pub struct ShowArgs {
    /// Name of the layer
    #[arg(add = complete::layers())]
    name: ArtifactName,
    /// Show only this version
    #[arg(long, value_name = "NUMBER")]
    layer_version: Option<u64>,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Serialize)]
struct List {
    layers: Vec<Record>,
    /// Removed, and that is not sealed.
    deleted: Vec<String>,
}

#[derive(Serialize)]
struct Shown {
    layer: Record,
}

#[derive(Serialize)]
struct Record {
    name: String,
    account: String,
    revision: u64,
    sealed: bool,
    versions: Vec<VersionRecord>,
    permissions: Vec<PermissionRecord>,
}

/// A published version, as programs read it.
#[derive(Serialize)]
pub struct VersionRecord {
    /// Its ARN.
    pub arn: String,
    version: u64,
    created: Timestamp,
    description: Option<String>,
    license: Option<String>,
    compatible_runtimes: Vec<String>,
    location: Option<String>,
    size: u64,
    unpacked_size: u64,
    sha256: String,
    sha384: String,
    signed: bool,
}

#[derive(Serialize)]
struct PermissionRecord {
    statement_id: String,
    version: u64,
    principal: String,
    organization: Option<String>,
    not_before: Timestamp,
    not_after: Option<Timestamp>,
    state: &'static str,
}

impl ListArgs {
    /// Lists every layer, a line each.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (mut layers, mut deleted) = (Vec::new(), Vec::new());
        match &self.look.account {
            Some(account) => {
                let policy = sealed_by(context, &self.look.view.trust, account)?;
                for name in policy.layer_names() {
                    let layer = policy.layer(&name)?;
                    layers.extend(layer.map(|layer| record(account, &layer, true, context.now)));
                }
            }
            None => {
                let documents = self.look.view.documents(context)?;
                for (path, layer) in documents.parsed(Kind::Layer, Layer::parse)? {
                    let sealed = documents.is_sealed(path);
                    layers.push(record(documents.account(), &layer, sealed, context.now));
                }
                deleted = documents.deleted(Kind::Layer);
            }
        }
        self.look.view.show(&List { layers, deleted }, |List { layers, deleted }| {
            let deleted = deleted.iter().map(|name| format!("{} removed{}\n", line(name), mark(false)));
            layers.iter().map(list_line).chain(deleted).collect()
        })
    }
}

impl ShowArgs {
    /// Shows everything that the layer's document says.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let what = format!("layer `{}`", self.name);
        let (account, layer, sealed) = match &self.look.account {
            Some(account) => {
                let policy = sealed_by(context, &self.look.view.trust, account)?;
                let layer = policy.layer(&self.name)?.ok_or(EditError::Absent(what))?;
                (account.clone(), layer, true)
            }
            None => {
                let documents = self.look.view.documents(context)?;
                let path = Kind::path_of(&self.name);
                let layer = documents.one(&path, &what, Layer::parse)?;
                (documents.account().clone(), layer, documents.is_sealed(&path))
            }
        };
        let mut record = record(&account, &layer, sealed, context.now);
        if let Some(version) = self.layer_version {
            if layer.published(version).is_none() {
                return Err(no_version(&layer, version));
            }
            record.versions.retain(|each| each.version == version);
            record.permissions.retain(|each| each.version == version);
        }
        self.look.view.show(&Shown { layer: record }, |shown| text(&shown.layer))
    }
}

/// The policy of another account, as last fetched.
pub fn sealed_by(context: &Context, trust: &TrustArgs, account: &AccountName) -> Result<Arc<Policy>> {
    let policy = context.policy(&context.location(trust)?)?;
    if account == policy.account() {
        return Ok(Arc::new(policy));
    }
    let unknown = || {
        refuse(
            format!("account `{}` does not trust account `{account}`", policy.account()),
            format!(
                "run `countersign account trust {account} --root PIN --from URL`, then `countersign policy seal`"
            ),
        )
    };
    policy.of_account(account)?.ok_or_else(unknown)
}

fn record(account: &AccountName, layer: &Layer, sealed: bool, now: Timestamp) -> Record {
    Record {
        name: layer.name().to_string(),
        account: account.to_string(),
        revision: layer.revision(),
        sealed,
        versions: layer.versions().iter().map(|each| version(account, layer, each)).collect(),
        permissions: layer.permissions().iter().map(|each| permission(each, now)).collect(),
    }
}

/// A version of an account's layer.
pub fn version(account: &AccountName, layer: &Layer, each: &LayerVersion) -> VersionRecord {
    VersionRecord {
        arn: each.arn(account, layer.name()).to_string(),
        version: each.version,
        created: each.created,
        description: each.description.clone(),
        license: each.license.clone(),
        compatible_runtimes: each.compatible_runtimes.clone(),
        location: each.location.as_ref().map(ToString::to_string),
        size: each.size,
        unpacked_size: each.unpacked_size,
        sha256: each.sha256.to_string(),
        sha384: each.sha384.to_string(),
        signed: each.signed,
    }
}

fn permission(each: &LayerPermission, now: Timestamp) -> PermissionRecord {
    let state = if each.holds(now) {
        "active"
    } else if now < each.not_before && each.not_after.is_none_or(|end| each.not_before < end) {
        "not yet"
    } else {
        "ended"
    };
    PermissionRecord {
        statement_id: each.statement_id.to_string(),
        version: each.version,
        principal: each.principal.to_string(),
        organization: each.organization.as_ref().map(ToString::to_string),
        not_before: each.not_before,
        not_after: each.not_after,
        state,
    }
}

fn list_line(record: &Record) -> String {
    let newest = record.versions.last();
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    format!(
        "{:<24} {}, {}, newest {}{}\n",
        record.name,
        count(record.versions.len(), "version"),
        count(record.permissions.len(), "permission"),
        newest.map_or(String::new(), |newest| newest.arn.clone()),
        mark(record.sealed)
    )
}

fn text(record: &Record) -> String {
    let mut out = format!(
        "layer     {}{}\naccount   {}\nrevision  {}\n",
        record.name,
        mark(record.sealed),
        record.account,
        record.revision
    );
    record.versions.iter().for_each(|each| out.push_str(&version_text(each)));
    for each in &record.permissions {
        let who = match &each.organization {
            Some(organization) if each.principal == Consumer::Everyone.to_string() => {
                format!("every account of `{organization}`")
            }
            _ => format!("`{}`", each.principal),
        };
        let until = each.not_after.map_or(String::new(), |end| format!(" until {end}"));
        out.push_str(&format!(
            "permits   {}: {who} may use version {} ({})\n            from {}{until}\n",
            each.statement_id, each.version, each.state, each.not_before
        ));
    }
    out
}

fn version_text(each: &VersionRecord) -> String {
    let signed = if each.signed { "published with a manifest" } else { "published unsigned" };
    let runtimes = match each.compatible_runtimes.as_slice() {
        [] => "any".into(),
        runtimes => line(&runtimes.join(", ")),
    };
    let mut out = format!("version   {}  created {}, {signed}\n", each.version, each.created);
    let facts = [
        ("arn", Some(each.arn.clone())),
        ("runtimes", Some(runtimes)),
        ("about", each.description.as_deref().map(line)),
        ("licence", each.license.as_deref().map(line)),
        ("location", each.location.as_deref().map(line)),
        ("size", Some(format!("{} bytes, {} unpacked", each.size, each.unpacked_size))),
        ("sha256", Some(each.sha256.clone())),
        ("sha384", Some(each.sha384.clone())),
    ];
    for (name, fact) in facts {
        out.extend(fact.map(|fact| format!("            {name:<8} {fact}\n")));
    }
    out
}
