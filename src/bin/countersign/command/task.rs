//! Tasks: the verdict on one artifact, or one commit's package, under the CSC that governs it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use countersign::arn::LayerArn;
use countersign::crypto::envelope::Envelope;
use countersign::crypto::key::Library;
use countersign::document;
use countersign::files::Loaded;
use countersign::files::artifact::Artifact;
use countersign::gate::deployment::{self, Deployment, InPlace, Part};
use countersign::gate::{self, Labels};
use countersign::limits::{MANIFEST_BYTES_MAX, SIGNED_REVOCATION_BYTES_MAX};
use countersign::manifest;
use countersign::name::{ArtifactName, CscId};
use countersign::policy::store::Policy;
use countersign::provenance::Kind;
use countersign::report::Verdict;
use countersign::verify::CommitFiles;
use countersign::verify::integrity::Digests;
use countersign::verify::{self, Elsewhere, Here, Publishers, Question};

use super::layer_arg::Located;
use crate::context::Context;
use crate::output::{note, refuse};
use crate::progress::Progress;

/// One artifact to verify.
pub struct Task {
    /// The artifact; nothing if only a commit is asked about.
    pub artifact: Option<PathBuf>,
    /// The commit's package that it is to be.
    pub source: Option<CommitFiles>,
    /// Its manifest, if it was named.
    pub manifest: Option<PathBuf>,
    /// What it is asked about as.
    pub asked: Option<(Kind, ArtifactName)>,
    /// Which of its digests are computed.
    pub digests: Digests,
    /// Signed revocations that were given.
    pub revocations: Vec<Loaded>,
}

/// A signed revocation that was named; any other file is an error.
pub fn signed_revocation(path: &Path) -> Result<Loaded> {
    let file = Loaded::read(path, SIGNED_REVOCATION_BYTES_MAX)?;
    let _: Envelope = document::from_json(path, &file.bytes)?;
    Ok(file)
}

/// Verifies one artifact under the CSC that governs it; prints notes, and adds them to the list.
pub fn verdict_of(
    context: &Context,
    policy: &Policy,
    csc: Option<&CscId>,
    task: &Task,
    notes: &mut Vec<String>,
) -> Result<Verdict> {
    let artifact = task.artifact.as_deref().map(|path| open(context, path)).transpose()?;
    let manifest = manifest_of(task)?;
    let labels = labels(context, task, manifest.as_ref());
    let csc = governing(policy, csc, task)?;
    let Some(publishers) = csc.map_or(Ok(None), |id| Publishers::read(policy, &id))? else {
        return Ok(gate::stop_ungoverned(policy.account(), labels).into());
    };
    let progress = Progress::start(&format!("verifying {}", labels.artifact), 0);
    let subject = match (&artifact, &task.source) {
        (Some(artifact), None) => Here::Artifact(artifact),
        (Some(artifact), Some(commit)) => Here::OfCommit(artifact, commit),
        (None, Some(commit)) => {
            let question = task.question(Elsewhere::Commit(commit), manifest.as_ref(), context);
            let reported = verify::report(&Library, &publishers, &question)?;
            drop(progress);
            keep(notes, reported.notes());
            return Ok(gate::report(&reported, labels));
        }
        (None, None) => return Err(refuse("nothing to verify", "name an artifact")),
    };
    let evidence = verify::verify(&publishers, &task.question(subject, manifest.as_ref(), context))?;
    drop(progress);
    keep(notes, evidence.notes());
    Ok(gate::decide(&evidence, labels).into())
}

impl Task {
    fn question<'a, S>(
        &'a self,
        subject: S,
        manifest: Option<&'a Loaded>,
        context: &Context,
    ) -> Question<'a, S> {
        Question {
            subject,
            manifest,
            asked: self.asked.clone(),
            revocations: &self.revocations,
            digests: self.digests,
            threads: context.threads,
        }
    }
}

/// Prints notes, and adds them to those of the report.
fn keep(notes: &mut Vec<String>, said: &[String]) {
    said.iter().for_each(|text| note(text));
    notes.extend_from_slice(said);
}

/// Verifies a function's artifact and its layers under the function's CSC; each gate, and one for all if there is cause.
pub fn verdicts_with_layers(
    context: &Context,
    policy: &Policy,
    csc: Option<&CscId>,
    (task, function): (&Task, &ArtifactName),
    layers: &[Located],
    notes: &mut Vec<String>,
) -> Result<Vec<Verdict>> {
    let of_layer = |layer: &Located| Task {
        artifact: Some(layer.file.clone()),
        source: None,
        manifest: None,
        asked: Some((Kind::Layer, layer.name.clone())),
        digests: task.digests,
        revocations: Vec::new(),
    };
    let of_layers: Vec<Task> = layers.iter().map(of_layer).collect();
    let part = |task: &Task, arn: Option<&LayerArn>| {
        let path = task.artifact.as_deref().unwrap_or(Path::new(""));
        let code = InPlace { artifact: open(context, path)?, manifest: manifest_of(task)? };
        let (kind, name) = task.asked.clone().unwrap_or((Kind::Function, function.clone()));
        let labels = labels(context, task, code.manifest.as_ref());
        anyhow::Ok(Part { kind, name, arn: arn.cloned(), labels, code })
    };
    let layer = |(task, layer): (&Task, &Located)| part(task, layer.arn.as_ref());
    let asked = Deployment {
        function: part(task, None)?,
        layers: of_layers.iter().zip(layers).map(layer).collect::<Result<_>>()?,
        revocations: task.revocations.clone(),
        digests: task.digests,
        threads: context.threads,
    };
    let csc = governing(policy, csc, task)?;
    let progress = Progress::start(&format!("verifying {function} and its layers"), 0);
    let (gates, said) = deployment::decide_parts(policy, csc.as_ref(), &asked)?.into_parts();
    drop(progress);
    keep(notes, &said);
    Ok(gates.into_iter().map(Verdict::from).collect())
}

/// The manifest that was named, or the one next to the artifact, if there is one.
fn manifest_of(task: &Task) -> Result<Option<Loaded>> {
    if let Some(named) = &task.manifest {
        return Ok(Some(Loaded::read(named, MANIFEST_BYTES_MAX)?));
    }
    let Some(artifact) = &task.artifact else { return Ok(None) };
    Ok(Loaded::read_if_exists(&manifest::path_next_to(artifact), MANIFEST_BYTES_MAX)?)
}

fn labels(context: &Context, task: &Task, manifest: Option<&Loaded>) -> Labels {
    let commit = || task.source.as_ref().map(|source| format!("commit {}", source.commit));
    let artifact = task.artifact.as_deref().map(|path| context.shown(path)).or_else(commit);
    Labels {
        artifact: artifact.unwrap_or_default(),
        manifest: manifest.map(|manifest| context.shown(&manifest.path)),
        kind: task.asked.as_ref().map(|(kind, _)| *kind),
        name: task.asked.as_ref().map(|(_, name)| name.clone()),
    }
}

fn open(context: &Context, path: &Path) -> Result<Artifact> {
    Artifact::open(path).map_err(|error| match error.is_absent() {
        true => refuse(
            format!("`{}` does not exist", context.shown(path)),
            "create it with `countersign release`, or name another",
        ),
        false => error.into(),
    })
}

/// The CSC that the sealed policy attaches to the name asked about; without one, the CSC that was named.
///
/// The command line cannot select another CSC than the policy does, and a function without one is denied.
fn governing(policy: &Policy, named: Option<&CscId>, task: &Task) -> Result<Option<CscId>> {
    let functions = policy.functions()?;
    let id = match (&task.asked, named) {
        (None, named) => named,
        (Some((_, name)), named) => match (functions.csc_of(name), named) {
            (Some(attached), Some(named)) if attached != named => {
                let message = format!("`{name}` is governed by `{attached}`, not by `{named}`");
                return Err(refuse(message, "remove `--csc`: the sealed policy selects the CSC"));
            }
            (attached, _) => attached,
        },
    };
    let Some(id) = id else { return Ok(None) };
    let absent = || {
        let hint =
            "list them with `countersign csc list`; a new CSC has no effect until `countersign policy seal`";
        refuse(format!("account `{}` has no sealed CSC `{id}`", policy.account()), hint)
    };
    policy.csc(id)?.ok_or_else(absent)?;
    Ok(Some(id.clone()))
}
