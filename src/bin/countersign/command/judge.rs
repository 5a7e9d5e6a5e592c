//! Judging: one artifact, or one commit's package, under the CSC that governs it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use countersign::arn::LayerArn;
use countersign::crypto::envelope::Envelope;
use countersign::csc::Csc;
use countersign::document;
use countersign::files;
use countersign::files::artifact::Artifact;
use countersign::gate::deployment::{self, Deployment, Piece};
use countersign::gate::{self, Gate, Labels};
use countersign::limits::{MANIFEST_BYTES_MAX, SIGNED_REVOCATION_BYTES_MAX};
use countersign::manifest;
use countersign::name::{ArtifactName, CscId};
use countersign::policy::store::Policy;
use countersign::provenance::Kind;
use countersign::verify::CommitFiles;
use countersign::verify::integrity::Digests;
use countersign::verify::{Question, Subject, verify};

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
    pub revocations: Vec<(PathBuf, Vec<u8>)>,
}

/// A signed revocation that was named; one that is none is an error, since somebody meant it.
pub fn signed_revocation(path: &Path) -> Result<(PathBuf, Vec<u8>)> {
    let bytes = files::read(path, SIGNED_REVOCATION_BYTES_MAX)?;
    let _: Envelope = document::from_json(path, &bytes)?;
    Ok((path.into(), bytes))
}

/// Verifies one artifact under the CSC that governs it; what changes no verdict is said, and added to the notes.
pub fn judge(
    context: &Context,
    policy: &Policy,
    csc: Option<&CscId>,
    task: &Task,
    notes: &mut Vec<String>,
) -> Result<Gate> {
    let artifact = task.artifact.as_deref().map(|path| open(context, path)).transpose()?;
    let (path, bytes) = manifest_of(task)?;
    let labels = labels(context, task, bytes.as_ref().map(|_| path.as_path()));
    let subject = match (&artifact, &task.source) {
        (Some(artifact), None) => Subject::Artifact(artifact),
        (Some(artifact), Some(source)) => Subject::Both(artifact, source),
        (None, Some(source)) => Subject::Source(source),
        (None, None) => return Err(refuse("nothing to verify", "name an artifact")),
    };
    let Some(csc) = governing(policy, csc, task)? else {
        return Ok(gate::stop_ungoverned(policy.account(), labels));
    };
    let progress = Progress::start(&format!("verifying {}", labels.artifact), 0);
    let question = Question {
        subject,
        manifest: bytes.map(|bytes| (path, bytes)),
        asked: task.asked.clone(),
        revocations: task.revocations.clone(),
        csc: &csc,
        now: context.now,
        digests: task.digests,
        threads: context.threads,
    };
    let evidence = verify(policy, &question)?;
    drop(progress);
    evidence.notes().iter().for_each(|text| note(text));
    notes.extend_from_slice(evidence.notes());
    Ok(gate::decide(&evidence, &csc, labels))
}

/// Verifies a function's artifact and its layers under the function's CSC; each gate, and one for all if there is cause.
pub fn judge_with_layers(
    context: &Context,
    policy: &Policy,
    csc: Option<&CscId>,
    (task, function): (&Task, &ArtifactName),
    layers: &[Located],
    notes: &mut Vec<String>,
) -> Result<Vec<Gate>> {
    let of_layer = |layer: &Located| Task {
        artifact: Some(layer.file.clone()),
        source: None,
        manifest: None,
        asked: Some((Kind::Layer, layer.name.clone())),
        digests: task.digests,
        revocations: Vec::new(),
    };
    let of_layers: Vec<Task> = layers.iter().map(of_layer).collect();
    let read = |task: &Task| {
        let path = task.artifact.as_deref().unwrap_or(Path::new(""));
        anyhow::Ok((open(context, path)?, manifest_of(task)?))
    };
    let files = std::iter::once(task).chain(&of_layers).map(read).collect::<Result<Vec<_>>>()?;
    let piece = |index: usize, task: &Task, arn: Option<&LayerArn>| {
        let (artifact, (path, bytes)) = &files[index];
        let (kind, name) = task.asked.clone().unwrap_or((Kind::Function, function.clone()));
        let manifest = bytes.clone().map(|bytes| (path.clone(), bytes));
        let labels = labels(context, task, manifest.as_ref().map(|(path, _)| path.as_path()));
        Piece { kind, name, arn: arn.cloned(), artifact, manifest, labels }
    };
    let csc = governing(policy, csc, task)?;
    let progress = Progress::start(&format!("verifying {function} and its layers"), 0);
    let asked = Deployment {
        function: piece(0, task, None),
        layers: (1..)
            .zip(&of_layers)
            .zip(layers)
            .map(|((index, task), layer)| piece(index, task, layer.arn.as_ref()))
            .collect(),
        csc: csc.as_ref(),
        revocations: &task.revocations,
        now: context.now,
        digests: task.digests,
        threads: context.threads,
    };
    let (gates, said) = deployment::judge(policy, asked)?.into_parts();
    drop(progress);
    said.iter().for_each(|text| note(text));
    notes.extend(said);
    Ok(gates)
}

/// The manifest that was named, or the one beside the artifact, if there is one.
fn manifest_of(task: &Task) -> Result<(PathBuf, Option<Vec<u8>>)> {
    if let Some(named) = &task.manifest {
        return Ok((named.clone(), Some(files::read(named, MANIFEST_BYTES_MAX)?)));
    }
    let path = task.artifact.as_deref().map(manifest::path_beside).unwrap_or_default();
    let bytes = files::read_if_there(&path, MANIFEST_BYTES_MAX)?;
    Ok((path, bytes))
}

fn labels(context: &Context, task: &Task, manifest: Option<&Path>) -> Labels {
    let commit = || task.source.as_ref().map(|source| format!("commit {}", source.commit));
    let artifact = task.artifact.as_deref().map(|path| context.shown(path)).or_else(commit);
    Labels {
        artifact: artifact.unwrap_or_default(),
        manifest: manifest.map(|path| context.shown(path)),
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
/// Nobody chooses another CSC than the policy's for a function, and what it attaches none to is denied.
fn governing(policy: &Policy, named: Option<&CscId>, task: &Task) -> Result<Option<Csc>> {
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
        let hint = "name a CSC of this account, or ask the policy owner to seal it";
        refuse(format!("account `{}` has no sealed CSC `{id}`", policy.account()), hint)
    };
    policy.csc(id)?.ok_or_else(absent).map(Some)
}
