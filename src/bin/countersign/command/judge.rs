//! Judging: one artifact, or one commit's package, under the CSC that governs it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use countersign::crypto::envelope::Envelope;
use countersign::csc::Csc;
use countersign::document;
use countersign::files;
use countersign::files::artifact::Artifact;
use countersign::gate::{self, Gate, Labels};
use countersign::limits::{MANIFEST_BYTES_MAX, SIGNED_REVOCATION_BYTES_MAX};
use countersign::manifest;
use countersign::name::{ArtifactName, CscId};
use countersign::policy::store::Policy;
use countersign::provenance::Kind;
use countersign::verify::integrity::Digests;
use countersign::verify::source::SourcePackage;
use countersign::verify::{Question, Subject, verify};

use crate::context::Context;
use crate::output::{note, refuse};
use crate::progress::Progress;

/// One artifact to verify.
pub struct Task {
    /// The artifact; nothing if only a commit is asked about.
    pub artifact: Option<PathBuf>,
    /// The commit's package that it is to be.
    pub source: Option<SourcePackage>,
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
    let beside = || task.artifact.as_deref().map(manifest::path_beside);
    let path = task.manifest.clone().or_else(beside).unwrap_or_default();
    let bytes = match &task.manifest {
        Some(named) => Some(files::read(named, MANIFEST_BYTES_MAX)?),
        None => files::read_if_there(&path, MANIFEST_BYTES_MAX)?,
    };
    let commit = || task.source.as_ref().map(|source| format!("commit {}", source.commit().short()));
    let labels = Labels {
        artifact: task
            .artifact
            .as_deref()
            .map(|path| context.shown(path))
            .or_else(commit)
            .unwrap_or_default(),
        manifest: bytes.as_ref().map(|_| context.shown(&path)),
        kind: task.asked.as_ref().map(|(kind, _)| *kind),
        name: task.asked.as_ref().map(|(_, name)| name.clone()),
    };
    let subject = match (&artifact, &task.source) {
        (Some(artifact), None) => Subject::Artifact(artifact),
        (Some(artifact), Some(source)) => Subject::Both(artifact, source),
        (None, Some(source)) => Subject::Source(source),
        (None, None) => return Err(refuse("there is nothing to verify", "name an artifact")),
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

fn open(context: &Context, path: &Path) -> Result<Artifact> {
    Artifact::open(path).map_err(|error| match error.is_absent() {
        true => refuse(
            format!("there is no `{}`", context.shown(path)),
            "make it with `countersign release`, or name another",
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
                return Err(refuse(message, "leave out `--csc`; the sealed policy chooses"));
            }
            (attached, _) => attached,
        },
    };
    let Some(id) = id else { return Ok(None) };
    let absent = || {
        let hint = "name a CSC of this account, or ask the owner of the policy to seal it";
        refuse(format!("account `{}` has no sealed CSC `{id}`", policy.account()), hint)
    };
    policy.csc(id)?.ok_or_else(absent).map(Some)
}
