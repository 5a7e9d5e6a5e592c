//! `countersign gate`: verify, then run a deploy command on exactly the verified bytes.

mod plan;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context as _, Result};
use countersign::arn::LayerArn;
use countersign::files::Loaded;
use countersign::gate::Labels;
use countersign::gate::command::{CommandLine, Finds};
use countersign::gate::deploy::{Decided, RunError, decide_deployment};
use countersign::gate::deployment::{Code, Deployment, Part};
use countersign::gate::private::PrivateCopy;
use countersign::gate::watch::Watch;
use countersign::metrics::Occasion;
use countersign::name::ArtifactName;
use countersign::provenance::Kind;
use countersign::verify::integrity::Digests;

use super::layer_arg::{LayerArg, Located, layers_of, locate};
use super::task::signed_revocation;
use crate::complete;
use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::output::{Exit, note, refuse, say};
use crate::progress::Progress;
use crate::suggest;
use crate::verdicts::ReportArgs;

/// Arguments of `gate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    In COMMAND's arguments, {artifact}, {manifest} and {layer:NAME} are replaced with paths of private \
    copies. The gate verifies these copies and COMMAND deploys them, even if the originals change. \
    COUNTERSIGN_ARTIFACT and COUNTERSIGN_MANIFEST contain the first two paths. The verdict goes to standard \
    error; standard output is COMMAND's.\n\n\
    Exit status: that of COMMAND, or 128 plus the number of the signal that ended it. If COMMAND did not \
    run: 1 denied, 2 no verdict. With --dry-run or --plan: 0 allowed or warned, 1 denied, 2 no verdict.\n\n\
    Examples:\n  \
    countersign gate --function orders -- \\\n    \
    aws lambda update-function-code --function-name orders \\\n      \
    --zip-file fileb://{artifact}\n  \
    countersign gate --function orders --layer base=dist/base.zip --dry-run\n  \
    terraform show -json plan.tfplan > plan.json\n  \
    countersign gate --plan plan.json && terraform apply plan.tfplan\n  \
    countersign gate --plan template.yaml --map OrdersFunction=orders")]
pub struct Args {
    /// Function to deploy; its CSC in the policy decides
    #[arg(long, value_name = "NAME", required_unless_present = "plans", add = complete::functions())]
    function: Option<ArtifactName>,
    /// Package of the function [default: the workspace's]
    #[arg(long, value_name = "FILE")]
    artifact: Option<PathBuf>,
    /// Manifest of the artifact [default: ARTIFACT.sigstore.json]
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Another layer of the function, in addition to those in countersign.toml: `ARN`, `ARN=FILE` or
    /// `NAME=FILE`; can be repeated
    #[arg(long = "layer", value_name = "LAYER")]
    layers: Vec<LayerArg>,
    #[command(flatten)]
    plan: plan::PlanArgs,
    /// Signed revocation to apply besides those in the policy directory; can be repeated
    #[arg(long = "revocation", value_name = "FILE")]
    revocations: Vec<PathBuf>,
    /// Verify and report without running COMMAND
    #[arg(long)]
    dry_run: bool,
    /// Allow a COMMAND without `{artifact}`, if it reads COUNTERSIGN_ARTIFACT
    #[arg(long)]
    env: bool,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    verdicts: ReportArgs,
    /// Command that deploys the function, after `--`
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Args {
    /// Verifies the copies and runs the command on them; or verifies and reports.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let Some(function) = &self.function else { return plan::run(&self, global) };
        let context = Context::read(global)?;
        let artifact = self.artifact(&context, function)?;
        let policy = context.policy(&context.location(&self.trust)?)?;
        let layers = layers_of(&context, function, &self.layers).into_iter();
        let layers = layers.map(|layer| locate(&context, &policy, layer)).collect::<Result<Vec<_>>>()?;
        let line = self.line(&artifact, &layers)?;
        let watch = Watch::start().context("cannot handle signals")?;
        let request = self.request(&context, &watch, function, &artifact, &layers)?;
        let progress = Progress::start(&format!("verifying {}", context.shown(&artifact)), 0);
        let decided = decide_deployment(&policy, request)?;
        drop(progress);
        let exit = self.report(&context, &decided, policy.notes())?;
        match line {
            Some(line) if self.dry_run => {
                let verb = if exit == Exit::Allowed { "would run" } else { "would not run" };
                note(&format!("{verb}: {line}"));
                Ok(exit)
            }
            Some(line) => match decided.cleared() {
                Some(cleared) => ended(cleared.run(&line, &watch)),
                None => Ok(Exit::Denied),
            },
            None => Ok(exit),
        }
    }

    /// The package that was named, or the workspace's own.
    fn artifact(&self, context: &Context, function: &ArtifactName) -> Result<PathBuf> {
        if let Some(artifact) = &self.artifact {
            return Ok(artifact.clone());
        }
        let items = &context.workspace.items;
        let item = items.iter().find(|item| item.kind == Kind::Function && item.name == *function);
        let item = item.ok_or_else(|| {
            let functions = items.iter().filter(|item| item.kind == Kind::Function);
            let hint = suggest::known(function.as_str(), functions.map(|item| item.name.as_str()));
            let hint = format!("{hint}; for a package outside the workspace, pass `--artifact FILE`");
            refuse(format!("the workspace has no function `{function}`"), hint)
        })?;
        Ok(item.artifact(&context.workspace.output))
    }

    /// The command, if there is one; only a dry run may go without.
    fn line(&self, artifact: &Path, layers: &[Located]) -> Result<Option<CommandLine>> {
        let Some((program, arguments)) = self.command.split_first() else {
            if self.dry_run {
                return Ok(None);
            }
            let hint = "add the command after `--`, or use `--dry-run` to only verify";
            return Err(refuse("no command to run", hint));
        };
        if !self.dry_run {
            self.verdicts.check_aside()?;
        }
        let names: Vec<ArtifactName> = layers.iter().map(|layer| layer.name.clone()).collect();
        let mut originals = vec![artifact];
        originals.extend(layers.iter().map(|layer| layer.file.as_path()));
        let finds = if self.env { Finds::Variable } else { Finds::Placeholder };
        Ok(Some(CommandLine::new(program, arguments, &names, &originals, finds)?))
    }

    /// Copies everything that is asked about.
    fn request(
        &self,
        context: &Context,
        watch: &Watch,
        function: &ArtifactName,
        artifact: &Path,
        layers: &[Located],
    ) -> Result<Deployment<PrivateCopy>> {
        let part =
            |kind, name: &ArtifactName, arn: Option<&LayerArn>, file: &Path, manifest: Option<&Path>| {
                let code =
                    PrivateCopy::copy(watch, file, manifest).map_err(|error| match error.is_absent() {
                        true => refuse(
                            format!("{error}: the file does not exist"),
                            "create it with `countersign release`, or name another",
                        ),
                        false => error.into(),
                    })?;
                let labels = Labels {
                    artifact: context.shown(file),
                    manifest: code.manifest().map(|manifest| context.shown(&manifest.path)),
                    kind: Some(kind),
                    name: Some(name.clone()),
                };
                anyhow::Ok(Part { kind, name: name.clone(), arn: arn.cloned(), labels, code })
            };
        let layer = |layer: &Located| part(Kind::Layer, &layer.name, layer.arn.as_ref(), &layer.file, None);
        Ok(Deployment {
            function: part(Kind::Function, function, None, artifact, self.manifest.as_deref())?,
            layers: layers.iter().map(layer).collect::<Result<_>>()?,
            revocations: self.revocations()?,
            digests: Digests::Quick,
            threads: context.threads,
        })
    }

    fn revocations(&self) -> Result<Vec<Loaded>> {
        self.revocations.iter().map(|path| signed_revocation(path)).collect()
    }

    /// Reports every verdict, where a command also uses standard output.
    fn report(&self, context: &Context, decided: &Decided, policy_notes: &[String]) -> Result<Exit> {
        decided.notes().iter().for_each(|text| note(text));
        let notes = [policy_notes, decided.notes()].concat();
        if self.dry_run {
            return self.verdicts.show(context, Occasion::Verify, decided.gates(), &notes);
        }
        self.verdicts.show_aside(context, Occasion::Deploy, decided.gates(), &notes)
    }
}

/// The exit status that a command's end becomes.
fn ended(ended: Result<ExitStatus, RunError>) -> Result<Exit> {
    let status = match ended {
        Ok(status) => status,
        Err(RunError::Interrupted(signal)) => {
            say(&RunError::Interrupted(signal).to_string());
            return Ok(Exit::Command(by_signal(signal)));
        }
        Err(error) => return Err(error.into()),
    };
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Ok(Exit::Command(by_signal(signal)));
    }
    // A status that does not fit is no success.
    Ok(Exit::Command(status.code().map_or(255, |code| u8::try_from(code).unwrap_or(255))))
}

/// As shells do: 128 and the signal's number.
fn by_signal(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(255)
}
