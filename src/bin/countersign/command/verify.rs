//! `countersign verify`: the four checks, under a CSC.

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
use countersign::verify::{Question, Subject, verify};

use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::output::{Exit, note, refuse};
use crate::progress::Progress;
use crate::verdicts::ReportArgs;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status: 0 allowed (also with warnings), 1 denied, 2 could not decide.\n\n\
    Examples:\n  countersign verify                               what the workspace's last release made\n  \
    countersign verify dist/orders.zip --function orders\n  \
    countersign verify a.zip --csc policy/csc/csc-0123456789abcdefg.toml --format json")]
pub struct Args {
    /// The artifact; otherwise every package of the workspace
    artifact: Option<PathBuf>,
    /// Its manifest; otherwise the file beside it with `.sigstore.json` after its name
    #[arg(long, value_name = "FILE", requires = "artifact")]
    manifest: Option<PathBuf>,
    /// The function that it would be deployed as; chooses the CSC that the policy attaches to it
    #[arg(long, value_name = "NAME")]
    function: Option<ArtifactName>,
    /// The CSC: an id, or a CSC file inside a policy directory
    #[arg(long, value_name = "ID|FILE")]
    csc: Option<String>,
    /// A signed revocation to honour beside those in the policy directory, once for each
    #[arg(long = "revocation", value_name = "FILE")]
    revocations: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Check the plain SHA-384 of an artifact over 64 MiB too, beside its chunk digest and SHA-256
    #[arg(long)]
    all_digests: bool,
    #[command(flatten)]
    report: ReportArgs,
}

/// One artifact to verify.
pub struct Task {
    /// The artifact.
    pub artifact: PathBuf,
    /// Its manifest, if it was named.
    pub manifest: Option<PathBuf>,
    /// What it is asked about as.
    pub asked: Option<(Kind, ArtifactName)>,
    /// Which of its digests are computed.
    pub digests: Digests,
    /// Signed revocations that were given.
    pub revocations: Vec<(PathBuf, Vec<u8>)>,
}

impl Args {
    /// Verifies the artifact, or every package of the workspace.
    pub fn run(mut self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        let csc = self.csc.as_deref().map(|text| self.csc_id(text)).transpose()?;
        if let Some((_, Some(directory))) = &csc {
            self.trust.policy = Some(directory.clone());
        }
        let policy = context.policy(&context.location(&self.trust)?)?;
        let csc = csc.map(|(id, _)| id);
        let (mut gates, mut notes) = (Vec::new(), policy.notes().to_vec());
        for task in self.tasks(&context, csc.is_some())? {
            gates.push(judge(&context, &policy, csc.as_ref(), &task, &mut notes)?);
        }
        self.report.show(&gates, &notes)
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
                format!("`{text}` is neither a CSC's id nor a CSC file in a policy directory"),
                "name one such as `csc-0123456789abcdefg`, or `POLICY/csc/csc-….toml`",
            )),
        }
    }

    fn tasks(&self, context: &Context, has_csc: bool) -> Result<Vec<Task>> {
        let items = context.workspace.items.iter();
        let digests = if self.all_digests { Digests::All } else { Digests::Quick };
        let revocations =
            self.revocations.iter().map(|path| signed_revocation(path)).collect::<Result<Vec<_>>>()?;
        let Some(artifact) = &self.artifact else {
            let named = items.filter(|item| {
                self.function.as_ref().is_none_or(|name| item.kind == Kind::Function && item.name == *name)
            });
            let tasks: Vec<Task> = named
                .map(|item| Task {
                    artifact: item.artifact(&context.workspace.output),
                    manifest: None,
                    asked: Some((item.kind, item.name.clone())),
                    digests,
                    revocations: revocations.clone(),
                })
                .collect();
            if tasks.is_empty() {
                let known: Vec<&str> =
                    context.workspace.items.iter().map(|item| item.name.as_str()).collect();
                let hint = format!("name the artifact too, or one of {}", known.join(", "));
                return Err(refuse("the workspace has no function of that name", hint));
            }
            return Ok(tasks);
        };
        let asked = self.function.clone().map(|name| (Kind::Function, name));
        if asked.is_none() && !has_csc {
            return Err(refuse(
                "nothing says which policy applies to the artifact",
                "name what it would be deployed as with `--function`, or a CSC with `--csc`",
            ));
        }
        Ok(vec![Task {
            artifact: artifact.clone(),
            manifest: self.manifest.clone(),
            asked,
            digests,
            revocations,
        }])
    }
}

/// A signed revocation that was named; one that is none is an error, since somebody meant it.
fn signed_revocation(path: &Path) -> Result<(PathBuf, Vec<u8>)> {
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
    let artifact = Artifact::open(&task.artifact).map_err(|error| match error.is_absent() {
        true => refuse(
            format!("there is no `{}`", context.shown(&task.artifact)),
            "make it with `countersign release`, or name another",
        ),
        false => error.into(),
    })?;
    let path = task.manifest.clone().unwrap_or_else(|| manifest::path_beside(&task.artifact));
    let bytes = match &task.manifest {
        Some(named) => Some(files::read(named, MANIFEST_BYTES_MAX)?),
        None => files::read_if_there(&path, MANIFEST_BYTES_MAX)?,
    };
    let labels = Labels {
        artifact: context.shown(&task.artifact),
        manifest: bytes.as_ref().map(|_| context.shown(&path)),
        name: task.asked.as_ref().map(|(_, name)| name.clone()),
    };
    let Some(csc) = governing(policy, csc, task)? else {
        return Ok(gate::stop_ungoverned(policy.account(), labels));
    };
    let progress = Progress::start(&format!("verifying {}", labels.artifact), 0);
    let question = Question {
        subject: Subject::Artifact(&artifact),
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
