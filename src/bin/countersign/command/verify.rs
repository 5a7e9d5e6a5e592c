//! `countersign verify`: the four checks, under a CSC.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use countersign::hook::update::Side;
use countersign::hook::{Hook, HookError};
use countersign::metrics::Occasion;
use countersign::name::{ArtifactName, CscId};
use countersign::package::select::{Known, SelectError};
use countersign::policy::store::Policy;
use countersign::provenance::Kind;
use countersign::source;
use countersign::verify::integrity::Digests;

use super::deployed_as;
use super::layer_arg::{LayerArg, Located, layers_of, locate};
use super::task::{Judge, Of, Task, signed_revocation};
use crate::complete;
use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::output::{Exit, note, refuse};
use crate::suggest;
use crate::verdicts::ReportArgs;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Exit status: 0 allowed or warned, 1 denied, 2 no verdict.\n\n\
    Examples:\n  \
    countersign verify\n  \
    countersign verify dist/orders.zip\n  \
    countersign verify orders.zip --function orders\n  \
    countersign verify --function orders \\\n    \
    --layer arn:countersign:lambda::vendor:layer:base:3\n  \
    countersign verify --source v1.2.0\n  \
    countersign verify --source HEAD dist/orders.zip --function orders\n  \
    countersign verify a.zip --csc csc-0123456789abcdefg --format json")]
pub struct Args {
    /// Artifact to verify [default: every package of the workspace]
    artifact: Option<PathBuf>,
    /// Manifest of the artifact [default: ARTIFACT.sigstore.json]
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Compare the artifact with this commit; without ARTIFACT and `--manifest`, verify the manifests that
    /// are attached to the commit
    #[arg(long, value_name = "REV")]
    source: Option<String>,
    /// Function that the artifact is deployed as; its CSC applies [default: the item of the workspace whose
    /// package it is]
    #[arg(long, value_name = "NAME", add = complete::functions())]
    function: Option<ArtifactName>,
    /// Another layer of the function, in addition to those in countersign.toml: `ARN`, `ARN=FILE` or
    /// `NAME=FILE`; can be repeated
    #[arg(long = "layer", value_name = "LAYER", conflicts_with = "source")]
    layers: Vec<LayerArg>,
    /// CSC to use: an id, or a CSC file in a policy directory
    #[arg(long, value_name = "ID|FILE", add = complete::cscs())]
    csc: Option<String>,
    /// Signed revocation to apply besides those in the policy directory; can be repeated
    #[arg(long = "revocation", value_name = "FILE")]
    revocations: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Also check the SHA-384 of artifacts over 64 MiB, besides the SHA-256 and the chunk digest
    #[arg(long)]
    all_digests: bool,
    #[command(flatten)]
    report: ReportArgs,
}

impl Args {
    /// Verifies the artifact, or every package of the workspace.
    pub fn run(mut self, global: &GlobalArgs) -> Result<Exit> {
        let csc = self.csc.as_deref().map(|text| self.csc_id(text)).transpose()?;
        if let Some((_, Some(directory))) = &csc {
            self.trust.policy = Some(directory.clone());
        }
        let context = match (&self.artifact, &self.source) {
            (Some(_), None) => Context::read_with(global, &self.trust)?,
            _ => Context::read(global)?,
        };
        let policy = context.policy(&context.location(&self.trust)?)?;
        let csc = csc.map(|(id, _)| id);
        if let (Some(revision), None, None) = (&self.source, &self.artifact, &self.manifest) {
            return self.attached(&context, &policy, revision);
        }
        let (mut verdicts, mut notes) = (Vec::new(), policy.notes().to_vec());
        let with_layers = |task| {
            let layers = self.layers_of(&context, &policy, &task)?;
            Ok((task, layers))
        };
        let tasks = self.tasks(&context, &policy, csc.is_some())?.into_iter().map(with_layers);
        let tasks = tasks.collect::<Result<Vec<_>>>()?;
        let judge = Judge::new(&policy, csc, tasks.len(), context.threads)?;
        judge.each(&tasks, |judged| {
            verdicts.extend(judged.tell(&mut notes));
            Ok(())
        })?;
        self.report.show(&context, Occasion::Verify, &verdicts, &notes)
    }

    /// The layers that a function is verified with; a commit has the bytes of none.
    fn layers_of(&self, context: &Context, policy: &Policy, task: &Task) -> Result<Vec<Located>> {
        if !self.layers.is_empty() {
            // Without an artifact and a function, every function of the workspace is verified.
            let asked = task.asked.as_ref().filter(|_| self.artifact.is_some() || self.function.is_some());
            deployed_as::check_has_layers(asked)?;
        }
        let Some((Kind::Function, name)) = &task.asked else { return Ok(Vec::new()) };
        if task.source.is_some() {
            return Ok(Vec::new());
        }
        let layers = layers_of(context, name, &self.layers);
        layers.into_iter().map(|layer| locate(context, policy, layer)).collect()
    }

    /// Verifies what is attached to a commit, for each function and layer that the commit has to package.
    fn attached(&self, context: &Context, policy: &Policy, revision: &str) -> Result<Exit> {
        if self.function.is_some() || self.csc.is_some() || !self.revocations.is_empty() {
            return Err(refuse(
                "without an artifact, `--source` verifies every attached manifest under the sealed policy",
                "remove `--function`, `--csc` and `--revocation`, or name an artifact or a `--manifest`",
            ));
        }
        let repository = context.in_repository()?;
        let (now, threads) = (context.now, context.threads);
        let hook = Hook { policy, repository, side: Side::Pusher, now, threads };
        let judged = hook.verify_commit(repository.commit(revision)?)?;
        judged.notes.iter().for_each(|text| note(text));
        let notes = [policy.notes(), &judged.notes].concat();
        self.report.show(context, Occasion::Verify, &judged.verdicts, &notes)
    }

    /// The CSC's id, and the policy directory if a file in one was named.
    fn csc_id(&self, text: &str) -> Result<(CscId, Option<PathBuf>)> {
        if let Ok(id) = text.parse() {
            return Ok((id, None));
        }
        let path = Path::new(text);
        let id = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        let folder = std::path::absolute(path)?.parent().map(Path::to_path_buf).unwrap_or_default();
        let in_policy = folder.file_name().is_some_and(|name| name == "csc")
            && path.extension().is_some_and(|e| e == "toml");
        match (id, folder.parent()) {
            (Some(id), Some(directory)) if in_policy => Ok((id, Some(directory.into()))),
            _ => Err(refuse(
                format!("`{text}` is neither a CSC id nor a CSC file in a policy directory"),
                "name an id such as `csc-0123456789abcdefg`, or a file such as `POLICY/csc/csc-….toml`",
            )),
        }
    }

    fn tasks(&self, context: &Context, policy: &Policy, has_csc: bool) -> Result<Vec<Task>> {
        let items = context.workspace.items.iter();
        let digests = if self.all_digests { Digests::All } else { Digests::Quick };
        let revocations =
            self.revocations.iter().map(|path| signed_revocation(path)).collect::<Result<Vec<_>>>()?;
        if self.artifact.is_none() && self.source.is_none() {
            if self.manifest.is_some() {
                return Err(refuse(
                    "a manifest cannot be verified without its artifact",
                    "name the artifact too, or the commit of its package with `--source`",
                ));
            }
            let named = items.filter(|item| {
                self.function.as_ref().is_none_or(|name| item.kind == Kind::Function && item.name == *name)
            });
            let tasks: Vec<Task> = named
                .map(|item| Task {
                    artifact: Some(item.artifact(&context.workspace.output)),
                    source: None,
                    manifest: None,
                    asked: Some((item.kind, item.name.clone())),
                    digests,
                    revocations: revocations.clone(),
                })
                .collect();
            if tasks.is_empty() {
                let name = self.function.as_ref().map_or("", ArtifactName::as_str);
                let functions = context.workspace.items.iter().filter(|item| item.kind == Kind::Function);
                let hint = suggest::known(name, functions.map(|item| item.name.as_str()));
                let hint = format!("{hint}; or name the artifact");
                return Err(refuse(format!("the workspace has no function `{name}`"), hint));
            }
            return Ok(tasks);
        }
        let source = self.source.as_deref();
        let source = source.map(|revision| self.package_of(context, policy, revision)).transpose()?;
        let (item, source) = source.unzip();
        let of_place = || self.artifact.as_deref().and_then(|path| deployed_as::item_at(context, path));
        let of_place = || of_place().filter(|_| !has_csc).map(|item| (item.kind, item.name.clone()));
        let asked = self.function.clone().map(|name| (Kind::Function, name)).or(item).or_else(of_place);
        if let (None, Some(artifact), false) = (&asked, &self.artifact, has_csc) {
            return Err(deployed_as::unnamed(context, artifact));
        }
        Ok(vec![Task {
            artifact: self.artifact.clone(),
            source,
            manifest: self.manifest.clone(),
            asked,
            digests,
            revocations,
        }])
    }

    /// The package that a commit makes of the function or layer that is asked about.
    ///
    /// Its name is `--function`'s, or that of the artifact's or the manifest's file.
    fn package_of(
        &self,
        context: &Context,
        policy: &Policy,
        revision: &str,
    ) -> Result<((Kind, ArtifactName), Of)> {
        let repository = context.in_repository()?;
        let commit = repository.commit(revision)?;
        let workspace = source::workspace(repository, &commit).map_err(HookError::from)?;
        let file = self.artifact.as_deref().or(self.manifest.as_deref()).and_then(Path::file_name);
        let stem = file.and_then(|name| name.to_str()?.split_once(".zip")?.0.parse().ok());
        let name = self.function.clone().or(stem);
        let item = name.as_ref().and_then(|name| workspace.item(name)).ok_or_else(|| {
            let named = name.as_ref().map_or("that".into(), |name| format!("`{name}`"));
            let known = workspace.items.iter().map(|item| item.name.as_str());
            refuse(
                format!("commit {} has no function or layer {named}", commit.short()),
                suggest::known(name.as_ref().map_or("", ArtifactName::as_str), known),
            )
        })?;
        let files = source::files(repository, &commit, &workspace, item, &Known::default(), context.threads);
        let files = match files {
            Err(SelectError::Git(error)) => return Err(error.into()),
            Err(_) if policy.functions()?.build_of(&item.name, &commit.id).is_some() => None,
            files => Some(files.with_context(|| {
                format!("commit {} cannot be packaged as `{}`", commit.short(), item.name)
            })?),
        };
        Ok(((item.kind, item.name.clone()), Of { commit, files }))
    }
}
