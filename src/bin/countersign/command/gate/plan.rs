//! `countersign gate --plan`: what an infrastructure tool is about to deploy, held against the policy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result};
use countersign::files;
use countersign::gate::plan::{PlanGate, PlanResources, checked_template, is_address};
use countersign::limits::PLAN_BYTES_MAX;
use countersign::manifest::shelf::Shelf;
use countersign::metrics::Occasion;
use countersign::name::ArtifactName;
use countersign::plan;

use crate::context::{Context, GlobalArgs};
use crate::output::{Exit, note, refuse, say};
use crate::progress::Progress;

/// What is about to be deployed, and where its files and manifests are.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// Verify a plan of `terraform show -json`, or a CloudFormation or SAM template; can be repeated
    #[arg(
        long = "plan",
        value_name = "FILE",
        conflicts_with_all = ["function", "artifact", "manifest", "layers", "env", "dry_run", "command"]
    )]
    pub plans: Vec<PathBuf>,
    /// Folder that paths in a Terraform plan are relative to [default: the plan's folder]
    #[arg(long, value_name = "DIR", conflicts_with = "function")]
    assets: Option<PathBuf>,
    /// Folder to search for manifests, besides those next to the files and in the output folder
    #[arg(long = "manifests", value_name = "DIR", conflicts_with = "function")]
    manifests: Vec<PathBuf>,
    /// Name of the function or layer at a resource address; `name:PLANNED=NAME` renames one that the plan names
    #[arg(long = "map", value_name = "ADDRESS=NAME", conflicts_with = "function")]
    names: Vec<Mapped>,
    /// Exit with 0 if the plans deploy no function and no layer
    #[arg(long, conflicts_with = "function")]
    allow_empty: bool,
}

/// A name for an address, as `ADDRESS=NAME`.
#[derive(Debug, Clone)]
struct Mapped {
    address: String,
    name: ArtifactName,
}

impl FromStr for Mapped {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // An address may contain `=` in the key of an instance; a name never does.
        let (address, name) = text.rsplit_once('=').ok_or("expected `ADDRESS=NAME`")?;
        Ok(Self { address: address.into(), name: name.parse().map_err(|error| format!("{error}"))? })
    }
}

/// Judges every function and layer of the plans.
pub fn run(args: &super::Args, global: &GlobalArgs) -> Result<Exit> {
    let context = Context::read(global)?;
    let PlanArgs { plans, assets, manifests, names, allow_empty } = &args.plan;
    let names: BTreeMap<String, ArtifactName> =
        names.iter().map(|mapped| (mapped.address.clone(), mapped.name.clone())).collect();
    let read = plans.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    if let (Some(_), Some((path, _))) = (assets, plans.iter().zip(&read).find(|(_, plan)| plan.is_template)) {
        let message = format!("`--assets` does not apply to the template `{}`", context.shown(path));
        let hint = "remove `--assets`: paths in a template are relative to its folder";
        return Err(refuse(message, hint));
    }
    let here = std::env::current_dir().context("cannot determine the current folder")?;
    let templates = plans.iter().zip(&read).filter(|(_, plan)| plan.is_template);
    let policy = context.policy(&context.location(&args.trust)?)?;
    let folders = [manifests.as_slice(), std::slice::from_ref(&context.workspace.output)].concat();
    let gate = PlanGate {
        policy: &policy,
        shelf: &Shelf::read(&folders)?,
        names: &names,
        templates: &templates.filter_map(|(path, _)| checked_template(&here, path)).collect::<Vec<_>>(),
        here: &here,
        revocations: &args.revocations()?,
        threads: context.threads,
    };
    let (mut verdicts, mut notes) = (Vec::new(), Vec::new());
    for (path, plan) in plans.iter().zip(&read) {
        let progress = Progress::start(&format!("verifying {}", path.display()), 0);
        let shown = context.shown(path);
        let folder = assets.as_deref().unwrap_or_else(|| path.parent().unwrap_or(Path::new("")));
        let plan::Plan { is_template, resources, prefix } = plan;
        if let Some(prefix) = prefix {
            notes.push(format!("{shown}: skipped the line before the plan: `{prefix}`"));
        }
        let plan = PlanResources { shown: &shown, path, is_template: *is_template, folder, resources };
        verdicts.extend(gate.decide(&plan, &mut notes)?);
        drop(progress);
    }
    for name in names
        .keys()
        .filter(|address| !read.iter().flat_map(|plan| &plan.resources).any(|each| is_address(each, address)))
    {
        notes.push(format!("no plan contains `{name}`, which `--map` names"));
    }
    if verdicts.is_empty() {
        let shown: Vec<String> = plans.iter().map(|path| format!("`{}`", context.shown(path))).collect();
        notes.push(format!(
            "{}: the plans deploy no function and no layer, so nothing was verified",
            shown.join(", ")
        ));
    }
    notes.iter().for_each(|text| note(text));
    let exit =
        args.verdicts.show(&context, Occasion::Verify, &verdicts, &[policy.notes(), &notes].concat())?;
    match (verdicts.is_empty(), allow_empty) {
        (true, true) => Ok(Exit::Done),
        (true, false) => {
            say("hint: use `--allow-empty` if a plan can leave every function and layer unchanged");
            Ok(exit)
        }
        (false, _) => Ok(exit),
    }
}

fn read(path: &Path) -> Result<plan::Plan> {
    let bytes = files::read(path, PLAN_BYTES_MAX)?;
    plan::read_plan(&bytes).with_context(|| format!("cannot read `{}`", path.display()))
}
