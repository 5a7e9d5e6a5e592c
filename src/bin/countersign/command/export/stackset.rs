//! `export stackset`: the sealed policy as a stack set, for many accounts.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::ArgGroup;
use countersign::exchange::aws::{AwsAccount, AwsRegion, OrganizationalUnit, StackSetName, TemplateUrl};
use countersign::exchange::stackset::{Caller, Rollout, inputs};
use countersign::files;
use countersign::report::json;

use super::MappingArgs;
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, note, print};

/// Arguments of `export stackset`.
#[derive(Debug, clap::Args)]
#[command(
    group = ArgGroup::new("target").required(true).multiple(true).args(["accounts", "units"]),
    after_help = "Each account gets profiles of its own, with versions of their own. Where all accounts trust those of one \
    account,\nname them with `--publisher`.\n\n\
    Example:\n  countersign export stackset --name signing --ou ou-ab12-34cd56ef --region eu-west-1 --output signing\n  \
    aws cloudformation create-stack-set --cli-input-json file://signing/create-stack-set.json\n  \
    aws cloudformation create-stack-instances --cli-input-json file://signing/create-stack-instances.json\n\n\
    Later, after another seal and export:\n  \
    aws cloudformation update-stack-set --cli-input-json file://signing/update-stack-set.json"
)]
pub struct Args {
    /// The stack set's name
    #[arg(long, value_name = "NAME")]
    name: StackSetName,
    /// A target account, once for each; with `--ou`, of the accounts in them these alone
    #[arg(long = "account", value_name = "ACCOUNT")]
    accounts: Vec<AwsAccount>,
    /// A target unit of the organization, once for each; new accounts in it get the stack too
    #[arg(long = "ou", value_name = "UNIT")]
    units: Vec<OrganizationalUnit>,
    /// A region, once for each, in the order of the rollout
    #[arg(long = "region", value_name = "REGION", required = true)]
    regions: Vec<AwsRegion>,
    /// How many accounts of a region may fail before the rollout stops
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    failure_tolerance: u32,
    /// How many accounts are rolled out at once
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    max_concurrent: u32,
    /// The caller is a delegated administrator of the organization
    #[arg(long)]
    delegated_admin: bool,
    /// Where `template.json` will be, if it is too large for a request
    #[arg(long, value_name = "URL")]
    template_url: Option<TemplateUrl>,
    /// The folder to write into: template.json and an input for each command
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    #[command(flatten)]
    mapping: MappingArgs,
    #[command(flatten)]
    trust: TrustArgs,
}

impl Args {
    /// Writes the template and the inputs.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (sealed, template) = self.mapping.template(context, &self.trust)?;
        if self.max_concurrent > self.failure_tolerance.saturating_add(1) {
            note(&format!(
                "AWS rolls out to {} at once: one more than may fail",
                self.failure_tolerance.saturating_add(1)
            ));
        }
        let mut regions = self.regions;
        let mut seen = std::collections::BTreeSet::new();
        regions.retain(|region| seen.insert(region.clone()));
        let rollout = Rollout {
            name: self.name,
            description: format!("Code signing of account {}", sealed.account()),
            accounts: self.accounts.into_iter().collect(),
            units: self.units.into_iter().collect(),
            regions,
            failure_tolerance: self.failure_tolerance,
            max_concurrent: self.max_concurrent,
            caller: if self.delegated_admin { Caller::Delegated } else { Caller::Own },
            template_url: self.template_url,
        };
        let inputs = inputs(&rollout, &template.body)?;
        let folder = &self.output;
        context.check_output(folder)?;
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        let file = |(name, document): (&str, _)| {
            (folder.join(format!("{name}.json")), format!("{}\n", json::to_text(&document)).into_bytes())
        };
        let written: Vec<_> = [("template", template.body)].into_iter().chain(inputs).map(file).collect();
        files::write_together(&written)?;
        let written: String = written.iter().map(|(path, _)| format!("{}\n", context.shown(path))).collect();
        print(&written)?;
        Ok(Exit::Done)
    }
}
