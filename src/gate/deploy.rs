//! Deploying: the four checks on sealed copies, and a command that runs on those very copies.
//!
//! ```text
//! Sealed --judge(policy)--> Judged --cleared--> Cleared --run(command)--> exit status
//! ```
//! [`Judged`] holds each copy beside what the gate said of it, and gives a [`Cleared`] only if all of them
//! were admitted. Nothing else makes one, so a verdict about other bytes, or about a commit, runs nothing.

use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use super::command::{CommandError, CommandLine, Paths};
use super::sealed::Sealed;
use super::watch::Watch;
use super::{Gate, Labels, decide, stop_ungoverned};
use crate::limits::LAYERS_MAX;
use crate::name::ArtifactName;
use crate::package::size;
use crate::parallel::Threads;
use crate::policy::store::Policy;
use crate::provenance::Kind;
use crate::report::Finding;
use crate::time::Timestamp;
use crate::verify::integrity::Digests;
use crate::verify::{Publishers, Question, Subject, VerifyError, verify_by};

/// Why nothing was judged.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The question could not be decided.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A function has no more layers than that.
    #[error("{0} layers where AWS Lambda takes {LAYERS_MAX}")]
    Layers(usize),
    /// One layer was given twice.
    #[error("layer `{0}` is given twice")]
    Twice(ArtifactName),
}

/// Why a command that may run did not, or did not run on what was verified.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The command does not fit the copies.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A signal came before it began.
    #[error("stopped by signal {0} before anything ran")]
    Interrupted(i32),
    /// The program could not be started or waited for.
    #[error("cannot run `{program}`")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The copy is not what it was: something of the same user wrote into it.
    #[error("the verified copy of `{}` was changed while the command ran", .0.display())]
    Changed(PathBuf),
}

impl RunError {
    /// What to do about it, if there is something to do.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Command(error) => Some(error.hint()),
            Self::Interrupted(_) => None,
            Self::Start { .. } => Some("check that the program is on the PATH and may be executed"),
            Self::Changed(_) => Some(
                "take what was deployed as unverified: find what writes there as the same user, and deploy again",
            ),
        }
    }
}

/// A copy, and what it would be deployed as.
#[derive(Debug)]
pub struct Part {
    /// A function's package, or a layer's.
    pub kind: Kind,
    /// The name of the function or layer.
    pub name: ArtifactName,
    /// Where the copy was taken from.
    pub original: PathBuf,
    /// How the original and its manifest are named in the report.
    pub labels: Labels,
    /// The copy.
    pub sealed: Sealed,
}

/// What is asked of a function and its layers.
pub struct Request {
    /// The function's package.
    pub function: Part,
    /// Its layers' packages, each under its own name.
    pub layers: Vec<Part>,
    /// Signed revocations that were given.
    pub revocations: Vec<(PathBuf, Vec<u8>)>,
    /// The verifier's clock.
    pub now: Timestamp,
    /// How many threads may work.
    pub threads: Threads,
}

/// A function and its layers with what the gate said of each. Only [`judge`] makes it.
#[derive(Debug)]
pub struct Judged {
    parts: Vec<Part>,
    gates: Vec<Gate>,
    notes: Vec<String>,
    size: Option<Finding>,
}

/// Copies that may be deployed: the function's first, then its layers'. Only [`Judged::cleared`] makes it.
#[derive(Debug)]
pub struct Cleared(Vec<Part>);

/// Verifies every copy under the CSC of the function: a layer is as much its code as its own.
pub fn judge(policy: &Policy, request: Request) -> Result<Judged, DeployError> {
    let Request { function, layers, revocations, now, threads } = request;
    if layers.len() > LAYERS_MAX {
        return Err(DeployError::Layers(layers.len()));
    }
    for (index, layer) in layers.iter().enumerate() {
        if layers[..index].iter().any(|other| other.name == layer.name) {
            return Err(DeployError::Twice(layer.name.clone()));
        }
    }
    let functions = policy.functions().map_err(VerifyError::from)?;
    let csc = functions.csc_of(&function.name).map_or(Ok(None), |id| policy.csc(id));
    let csc = csc.map_err(VerifyError::from)?;
    let parts: Vec<Part> = std::iter::once(function).chain(layers).collect();
    let (mut gates, mut notes, mut unzipped) = (Vec::new(), Vec::new(), 0u64);
    let Some(csc) = csc else {
        let name = Some(parts[0].name.clone());
        let stopped = |part: &Part| {
            stop_ungoverned(
                policy.account(),
                Labels { kind: Some(Kind::Function), name: name.clone(), ..part.labels.clone() },
            )
        };
        let gates = parts.iter().map(stopped).collect();
        return Ok(Judged { parts, gates, notes, size: None });
    };
    let publishers = Publishers::read(policy, &csc).map_err(VerifyError::from)?;
    for part in &parts {
        let question = Question {
            subject: Subject::Artifact(part.sealed.artifact()),
            manifest: part.sealed.manifest().map(|(path, bytes)| (path.into(), bytes.into())),
            asked: Some((part.kind, part.name.clone())),
            revocations: revocations.clone(),
            csc: &csc,
            now,
            digests: Digests::Quick,
            threads,
        };
        let evidence = verify_by(policy, &publishers, &question)?;
        unzipped = unzipped.saturating_add(evidence.unzipped().unwrap_or_default());
        notes.extend_from_slice(evidence.notes());
        gates.push(decide(&evidence, &csc, part.labels.clone()));
    }
    Ok(Judged { parts, gates, notes, size: size::check_total(unzipped) })
}

impl Judged {
    /// What the gate said of the function, then of each layer.
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// Things worth saying that change no verdict.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// AWS's limit of a function with its layers, if they pass it; it stops nothing here.
    pub fn size(&self) -> Option<&Finding> {
        self.size.as_ref()
    }

    /// The copies, if the gate admitted every one of them.
    pub fn cleared(self) -> Option<Cleared> {
        let admitted = |gate: &Gate| matches!(gate, Gate::Admitted(_));
        let all =
            !self.parts.is_empty() && self.parts.len() == self.gates.len() && self.gates.iter().all(admitted);
        all.then_some(Cleared(self.parts))
    }
}

impl Cleared {
    /// Runs the command on the copies, and tells how it ended once the copies are gone.
    ///
    /// It finds them in its arguments, and in `COUNTERSIGN_ARTIFACT` and `COUNTERSIGN_MANIFEST`.
    pub fn run(self, line: &CommandLine, watch: &Watch) -> Result<ExitStatus, RunError> {
        let Self(parts) = self;
        let layers = |part: &&Part| part.kind == Kind::Layer;
        let sealed = &parts[0].sealed;
        let paths = Paths {
            artifact: sealed.artifact().path(),
            manifest: sealed.manifest_path(),
            layers: parts
                .iter()
                .filter(layers)
                .map(|part| (&part.name, part.sealed.artifact().path()))
                .collect(),
        };
        if line.needs_manifest() && paths.manifest.is_none() {
            return Err(CommandError::NoManifest(parts[0].original.clone()).into());
        }
        if let Some(signal) = watch.interrupted() {
            return Err(RunError::Interrupted(signal));
        }
        let mut command = Command::new(line.program());
        command.args(line.arguments(&paths)).env("COUNTERSIGN_ARTIFACT", paths.artifact);
        match paths.manifest {
            Some(manifest) => command.env("COUNTERSIGN_MANIFEST", manifest),
            None => command.env_remove("COUNTERSIGN_MANIFEST"),
        };
        let cannot =
            |source| RunError::Start { program: line.program().to_string_lossy().into_owned(), source };
        let child = command.spawn().map_err(cannot)?;
        let ended = watch.wait(child).map_err(cannot)?;
        match parts.iter().find(|part| !part.sealed.is_unchanged()) {
            Some(part) => Err(RunError::Changed(part.original.clone())),
            None => Ok(ended),
        }
    }
}
