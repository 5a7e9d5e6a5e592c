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
    override_usage = "countersign export stackset [OPTIONS] --name <NAME> --region <REGION>\n       --output <DIR> <--account <ACCOUNT>|--ou <UNIT>>",
    after_help = "\
    Each account gets its own profiles, with their own versions. To make all accounts trust the profiles of \
    one account, name them with `--publisher`.\n\n\
    Examples:\n  \
    countersign export stackset --name signing --ou ou-ab12-34cd56ef \\\n    \
    --region eu-west-1 --output signing\n  \
    aws cloudformation create-stack-set \\\n    \
    --cli-input-json file://signing/create-stack-set.json\n  \
    aws cloudformation create-stack-instances \\\n    \
    --cli-input-json file://signing/create-stack-instances.json\n\n\
    After a later seal and export:\n  \
    aws cloudformation update-stack-set \\\n    \
    --cli-input-json file://signing/update-stack-set.json"
)]
pub struct Args {
    /// Name of the stack set
    #[arg(long, value_name = "NAME")]
    name: StackSetName,
    /// Target account; can be repeated. With `--ou`, limits the units to these accounts
    #[arg(long = "account", value_name = "ACCOUNT")]
    accounts: Vec<AwsAccount>,
    /// Target organizational unit, new accounts in it included; can be repeated
    #[arg(long = "ou", value_name = "UNIT")]
    units: Vec<OrganizationalUnit>,
    /// Region, in the order of the rollout; can be repeated
    #[arg(long = "region", value_name = "REGION", required = true)]
    regions: Vec<AwsRegion>,
    /// Number of accounts per region that can fail before the rollout stops
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    failure_tolerance: u32,
    /// Number of accounts to deploy to at once
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    max_concurrent: u32,
    /// Run as a delegated administrator of the organization
    #[arg(long)]
    delegated_admin: bool,
    /// S3 URL of `template.json`, if it is too large for a request
    #[arg(long, value_name = "URL")]
    template_url: Option<TemplateUrl>,
    /// Folder for `template.json` and the AWS CLI inputs
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
                "AWS deploys to {} accounts at once: one more than `--failure-tolerance`",
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
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
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
