//! `layer permit` and `layer forbid`: who may use a version, from when until when.

use anyhow::Result;
use countersign::layer::{Consumer, Layer, LayerPermission};
use countersign::name::{AccountName, ArtifactName, StatementId};
use countersign::policy::edit::{EditError, Editor};

use super::super::edit::{self, EditArgs};
use super::super::statement::{EndArgs, StatementArgs};
use crate::complete;
use crate::context::Context;
use crate::output::{Exit, refuse};

/// Arguments of `layer permit`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "countersign layer permit [OPTIONS] --layer-version <NUMBER>\n       --principal <ACCOUNT> <NAME>",
    after_help = "\
    An account can always use its own layers.\n\n\
    Examples:\n  \
    countersign layer permit base --layer-version 1 --principal shop\n  \
    countersign layer permit base --layer-version 1 --principal '*' \\\n    \
    --organization acme-group"
)]
pub struct PermitArgs {
    /// Name of the layer
    #[arg(add = complete::layers())]
    name: ArtifactName,
    /// Version of the layer
    #[arg(long, value_name = "NUMBER")]
    layer_version: u64,
    /// Account that can use it, or `*` for every account of an organization
    #[arg(long, value_name = "ACCOUNT")]
    principal: Consumer,
    /// Organization for `*`: this account, or one that its policy trusts
    #[arg(long, value_name = "ACCOUNT")]
    organization: Option<AccountName>,
    #[command(flatten)]
    statement: StatementArgs,
    #[command(flatten)]
    edit: EditArgs,
}

impl PermitArgs {
    /// Adds the permission.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (editor, layer) = self.edit.layer(context, &self.name)?;
        let layer = published(layer, &self.name, Some(self.layer_version))?;
        check_consumer(&editor, &self.principal, self.organization.as_ref())?;
        let who = self.organization.as_ref().map_or_else(|| self.principal.to_string(), ToString::to_string);
        let who: String = who.chars().take(40).collect();
        let statement_id = self.statement.id(&layer, &format!("{who}-v{}", self.layer_version))?;
        let (not_before, not_after) = self.statement.times(context.now)?;
        let permission = LayerPermission {
            version: self.layer_version,
            statement_id,
            principal: self.principal,
            organization: self.organization,
            not_before,
            not_after,
        };
        edit::show(&editor.save_layer(&layer.permitting(permission))?)
    }
}

/// The layer, which has this version.
fn published(layer: Option<Layer>, name: &ArtifactName, version: Option<u64>) -> Result<Layer> {
    let layer = layer.ok_or_else(|| EditError::Absent(format!("layer `{name}`")))?;
    match version {
        Some(version) if layer.published(version).is_none() => Err(no_version(&layer, version)),
        _ => Ok(layer),
    }
}

/// Says that a layer has no such version.
pub fn no_version(layer: &Layer, version: u64) -> anyhow::Error {
    let message = format!("layer `{}` has no version {version}", layer.name());
    refuse(message, format!("expected one of its versions: 1 to {}", layer.versions().len()))
}

/// Refuses a consumer that no account matches, or that needs no permission.
fn check_consumer(editor: &Editor, principal: &Consumer, organization: Option<&AccountName>) -> Result<()> {
    let own = editor.root().account();
    match (principal, organization) {
        (Consumer::Everyone, None) => Err(refuse(
            "`--principal '*'` requires `--organization`",
            "name the organization whose accounts can use the version with `--organization`",
        )),
        (Consumer::Account(account), Some(_)) => Err(refuse(
            format!("`--organization` requires `--principal '*'`, and `{account}` is one account"),
            "remove `--organization`, or permit `*`",
        )),
        (Consumer::Account(account), None) if account == own => Err(refuse(
            format!("account `{own}` can use its own layers without a permission"),
            "name another account",
        )),
        (Consumer::Everyone, Some(organization))
            if organization != own && editor.known_account(organization)?.is_none() =>
        {
            Err(refuse(
                format!(
                    "the policy does not trust account `{organization}`, so the name does not identify it"
                ),
                format!("run `countersign account trust {organization} --root PIN --from URL` first"),
            ))
        }
        _ => Ok(()),
    }
}

/// Arguments of `layer forbid`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Examples:\n  \
    countersign layer forbid base --statement-id shop-v1\n  \
    countersign layer forbid base --principal shop --layer-version 1")]
pub struct ForbidArgs {
    /// Name of the layer
    #[arg(add = complete::layers())]
    name: ArtifactName,
    /// Id of the permission
    #[arg(long, value_name = "ID", conflicts_with_all = ["principal", "layer_version"], required_unless_present = "principal")]
    statement_id: Option<StatementId>,
    /// Account of the permission, or `*`
    #[arg(long, value_name = "ACCOUNT", requires = "layer_version")]
    principal: Option<Consumer>,
    /// Version of the permission
    #[arg(long, value_name = "NUMBER", requires = "principal")]
    layer_version: Option<u64>,
    #[command(flatten)]
    end: EndArgs,
    #[command(flatten)]
    edit: EditArgs,
}

impl ForbidArgs {
    /// Ends the permission; given who may, every one that has not ended by then.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (editor, layer) = self.edit.layer(context, &self.name)?;
        let layer = published(layer, &self.name, self.layer_version)?;
        let end = self.end.end(context.now);
        let is_meant = |each: &&LayerPermission| match &self.statement_id {
            Some(id) => each.statement_id == *id,
            None => {
                Some(&each.principal) == self.principal.as_ref()
                    && Some(each.version) == self.layer_version
                    && each.not_after.is_none_or(|ends| end < ends)
            }
        };
        let meant: Vec<StatementId> =
            layer.permissions().iter().filter(is_meant).map(|each| each.statement_id.clone()).collect();
        let what = match (&self.statement_id, &self.principal) {
            (Some(id), _) => format!("permission `{id}`"),
            (None, Some(principal)) => {
                format!("permission of `{principal}` for that version that is still active")
            }
            (None, None) => "such permission".to_owned(),
        };
        self.end.forbid(context, &editor, layer, &meant, &what)
    }
}
