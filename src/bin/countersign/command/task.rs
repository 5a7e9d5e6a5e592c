//! Tasks: the verdict on one artifact, or one commit's package, under the CSC that governs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use countersign::arn::LayerArn;
use countersign::crypto::envelope::Envelope;
use countersign::crypto::key::Library;
use countersign::document;
use countersign::files::Loaded;
use countersign::files::artifact::Artifact;
use countersign::function::Functions;
use countersign::gate::deployment::{self, Deployment, InPlace, Part};
use countersign::gate::{self, Labels};
use countersign::git::Commit;
use countersign::limits::{MANIFEST_BYTES_MAX, SIGNED_REVOCATION_BYTES_MAX, VERDICTS_AHEAD};
use countersign::manifest;
use countersign::name::{ArtifactName, CscId};
use countersign::parallel::{Threads, in_order};
use countersign::policy::store::Policy;
use countersign::provenance::Kind;
use countersign::report::{Decision, Verdict};
use countersign::verify::CommitFiles;
use countersign::verify::integrity::Digests;
use countersign::verify::{self, Elsewhere, Here, OfCommit, Publishers, Question};

use super::layer_arg::Located;
use crate::context::shown;
use crate::output::{note, refuse};
use crate::progress::Progress;

/// One artifact to verify.
#[derive(Debug, Clone)]
pub struct Task {
    /// The artifact; nothing if only a commit is asked about.
    pub artifact: Option<PathBuf>,
    /// The commit that it is to be of.
    pub source: Option<Of>,
    /// Its manifest, if it was named.
    pub manifest: Option<PathBuf>,
    /// What it is asked about as.
    pub asked: Option<(Kind, ArtifactName)>,
    /// Which of its digests are computed.
    pub digests: Digests,
    /// Signed revocations that were given.
    pub revocations: Vec<Loaded>,
}

/// A commit that an artifact is to be of.
#[derive(Debug, Clone)]
pub struct Of {
    /// The commit.
    pub commit: Commit,
    /// The package that it gives; `None` if it gives none, and the policy accepts builds of it.
    pub files: Option<CommitFiles>,
}

/// A signed revocation that was named; any other file is an error.
pub fn signed_revocation(path: &Path) -> Result<Loaded> {
    let file = Loaded::read(path, SIGNED_REVOCATION_BYTES_MAX)?;
    let _: Envelope = document::from_json(path, &file.bytes)?;
    Ok(file)
}

/// Verifies artifacts under one policy, whose documents are read once; all threads share it.
pub struct Judge<'p> {
    policy: &'p Policy,
    functions: Functions,
    /// The CSC that was named.
    named: Option<CscId>,
    /// What was read of each CSC, and of the profiles that it allows.
    publishers: Mutex<BTreeMap<CscId, Arc<Publishers<'p>>>>,
    /// The threads for all artifacts together.
    threads: Threads,
    /// The threads for one of them.
    each: Threads,
}

/// Verdicts on an artifact and its layers, and notes that change no verdict.
#[derive(Debug)]
pub struct Judged {
    verdicts: Vec<Verdict>,
    notes: Vec<String>,
}

impl Judged {
    /// Whether the artifact itself is allowed, whatever its layers are.
    pub fn is_allowed(&self) -> bool {
        self.verdicts.first().is_some_and(|own| own.decision == Decision::Allowed)
    }

    /// Prints the notes, adds them to those of the report, and returns the verdicts.
    pub fn tell(self, notes: &mut Vec<String>) -> Vec<Verdict> {
        self.notes.iter().for_each(|text| note(text));
        notes.extend(self.notes);
        self.verdicts
    }
}

impl<'p> Judge<'p> {
    /// Reads which CSC governs each name, to verify so many artifacts.
    pub fn new(policy: &'p Policy, csc: Option<CscId>, count: usize, threads: Threads) -> Result<Self> {
        let functions = policy.functions()?;
        let each = if count == 1 { threads } else { Threads::one() };
        Ok(Self { policy, functions, named: csc, publishers: Mutex::default(), threads, each })
    }

    /// Verifies each artifact, with the layers of a function; passes what was found to `take`, in order.
    pub fn each(
        &self,
        tasks: &[(Task, Vec<Located>)],
        mut take: impl FnMut(Judged) -> Result<()>,
    ) -> Result<()> {
        let progress = match tasks {
            [(task, _)] => Progress::start(&format!("verifying {}", labels(task, None).artifact), 0),
            _ => Progress::of_items("verifying", tasks.len() as u64),
        };
        let work = |(task, layers): &(Task, Vec<Located>)| match (&task.asked, layers.as_slice()) {
            (_, []) | (None, _) => self.verdict(task),
            (Some((_, name)), layers) => self.verdicts_with_layers((task, name), layers),
        };
        in_order(
            self.threads,
            VERDICTS_AHEAD,
            tasks,
            |_| 1,
            work,
            |judged| {
                progress.count_item();
                take(judged)
            },
        )
    }

    /// Verifies one artifact under the CSC that governs it.
    fn verdict(&self, task: &Task) -> Result<Judged> {
        let artifact = task.artifact.as_deref().map(open).transpose()?;
        let manifest = manifest_of(task)?;
        let labels = labels(task, manifest.as_ref());
        let one = |verdict, notes: &[String]| Judged { verdicts: vec![verdict], notes: notes.to_vec() };
        let publishers = self.governing(task)?.map(|id| self.publishers(id)).transpose()?;
        let Some(publishers) = publishers else {
            return Ok(one(gate::stop_ungoverned(self.policy.account(), labels).into(), &[]));
        };
        let judged = |source: Option<OfCommit<'_>>| {
            let subject = match (&artifact, source) {
                (Some(artifact), None) => Here::Artifact(artifact),
                (Some(artifact), Some(source)) => Here::OfCommit(artifact, source),
                (None, Some(source)) => {
                    let question = self.question(task, Elsewhere::Commit(source), manifest.as_ref());
                    let reported = verify::report(&Library, &publishers, &question)?;
                    return Ok(one(gate::report(&reported, labels.clone()), reported.notes()));
                }
                (None, None) => return Err(refuse("nothing to verify", "name an artifact")),
            };
            let question = self.question(task, subject, manifest.as_ref());
            let evidence = verify::verify(&publishers, &question)?;
            Ok(one(gate::decide(&evidence, labels.clone()).into(), evidence.notes()))
        };
        self.of_source(task, judged)
    }

    /// The verdict on what a commit gives, if one is named; where that does not allow it, on a build of the commit, if
    /// the policy accepts builds.
    fn of_source(
        &self,
        task: &Task,
        judged: impl Fn(Option<OfCommit<'_>>) -> Result<Judged>,
    ) -> Result<Judged> {
        let Some(Of { commit, files }) = &task.source else { return judged(None) };
        let name = task.asked.as_ref().map(|(_, name)| name);
        let build = name.and_then(|name| self.functions.build_of(name, &commit.id));
        let by_files = files.as_ref().map(|files| judged(Some(OfCommit::Files(files)))).transpose()?;
        match (by_files, build) {
            (Some(judged), None) => Ok(judged),
            (Some(judged), Some(_)) if judged.is_allowed() => Ok(judged),
            (_, Some(build)) => {
                let mut judged = judged(Some(OfCommit::Build(build)))?;
                let short = commit.short();
                let note =
                    format!("the files were not compared with commit {short}: the policy accepts its builds");
                judged.notes.extend(judged.is_allowed().then_some(note));
                Ok(judged)
            }
            (None, None) => Err(refuse("the commit gives no package", "name another commit")),
        }
    }

    /// Verifies a function's artifact and its layers under the function's CSC; each gate, and one for all if there is cause.
    fn verdicts_with_layers(
        &self,
        (task, function): (&Task, &ArtifactName),
        layers: &[Located],
    ) -> Result<Judged> {
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
            let code = InPlace { artifact: open(path)?, manifest: manifest_of(task)? };
            let (kind, name) = task.asked.clone().unwrap_or((Kind::Function, function.clone()));
            let labels = labels(task, code.manifest.as_ref());
            anyhow::Ok(Part { kind, name, arn: arn.cloned(), labels, code })
        };
        let layer = |(task, layer): (&Task, &Located)| part(task, layer.arn.as_ref());
        let asked = Deployment {
            function: part(task, None)?,
            layers: of_layers.iter().zip(layers).map(layer).collect::<Result<_>>()?,
            revocations: task.revocations.clone(),
            digests: task.digests,
            threads: self.each,
        };
        let csc = self.governing(task)?;
        csc.map(|id| self.publishers(id)).transpose()?;
        let (gates, notes) = deployment::decide_parts(self.policy, csc, &asked)?.into_parts();
        Ok(Judged { verdicts: gates.into_iter().map(Verdict::from).collect(), notes })
    }

    fn question<'a, S>(&self, task: &'a Task, subject: S, manifest: Option<&'a Loaded>) -> Question<'a, S> {
        Question {
            subject,
            manifest,
            asked: task.asked.clone(),
            revocations: &task.revocations,
            digests: task.digests,
            threads: self.each,
        }
    }

    /// The CSC that the sealed policy attaches to the name asked about; without one, the CSC that was named.
    ///
    /// The command line cannot select another CSC than the policy does, and a function without one is denied.
    fn governing(&self, task: &Task) -> Result<Option<&CscId>> {
        let named = self.named.as_ref();
        let Some((_, name)) = &task.asked else { return Ok(named) };
        let attached = self.functions.csc_of(name);
        match (attached, named) {
            (Some(attached), Some(named)) if attached != named => {
                let message = format!("`{name}` is governed by `{attached}`, not by `{named}`");
                Err(refuse(message, "remove `--csc`: the sealed policy selects the CSC"))
            }
            _ => Ok(attached),
        }
    }

    /// The publishers of a CSC, which are read once.
    fn publishers(&self, id: &CscId) -> Result<Arc<Publishers<'p>>> {
        // Values are added to the map last, so it is consistent after a panic in another thread.
        let mut known = self.publishers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(id) {
            return Ok(Arc::clone(found));
        }
        let absent = || {
            let hint = "list them with `countersign csc list`; a new CSC has no effect until `countersign policy seal`";
            refuse(format!("account `{}` has no sealed CSC `{id}`", self.policy.account()), hint)
        };
        let found = Arc::new(Publishers::read(self.policy, id)?.ok_or_else(absent)?);
        known.insert(id.clone(), Arc::clone(&found));
        Ok(found)
    }
}

/// The manifest that was named, or the one next to the artifact, if there is one.
fn manifest_of(task: &Task) -> Result<Option<Loaded>> {
    if let Some(named) = &task.manifest {
        return Ok(Some(Loaded::read(named, MANIFEST_BYTES_MAX)?));
    }
    let Some(artifact) = &task.artifact else { return Ok(None) };
    Ok(Loaded::read_if_exists(&manifest::path_next_to(artifact), MANIFEST_BYTES_MAX)?)
}

fn labels(task: &Task, manifest: Option<&Loaded>) -> Labels {
    let commit = || task.source.as_ref().map(|source| format!("commit {}", source.commit.short()));
    let artifact = task.artifact.as_deref().map(shown).or_else(commit);
    Labels {
        artifact: artifact.unwrap_or_default(),
        manifest: manifest.map(|manifest| shown(&manifest.path)),
        kind: task.asked.as_ref().map(|(kind, _)| *kind),
        name: task.asked.as_ref().map(|(_, name)| name.clone()),
    }
}

fn open(path: &Path) -> Result<Artifact> {
    Artifact::open(path).map_err(|error| match error.is_absent() {
        true => refuse(
            format!("`{}` does not exist", shown(path)),
            "create it with `countersign release`, or name another",
        ),
        false => error.into(),
    })
}
