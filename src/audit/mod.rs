//! The audit: is what runs in the cloud signed, by somebody who may, and still so today?
//!
//! AWS looks at a signature when code is deployed and never again. An audit holds the hashes of what runs
//! against manifests and asks the four checks now: so it finds code from before signing was switched on,
//! and code whose signature was revoked or has expired since. What is covered passes every check, also
//! where the CSC only warns.

pub mod answer;
pub mod candidates;
pub mod deployed;
mod finding;
pub mod json;
pub mod text;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use self::candidates::Candidates;
use self::deployed::{Code, Function, layer_name};
use crate::csc::Csc;
use crate::digest::Sha256;
use crate::files::FileError;
use crate::gate::{self, Gate, Labels};
use crate::git::GitError;
use crate::limits::{DEPLOYED_BYTES_MAX, DEPLOYED_MAX, SEARCHED_FILES_MAX};
use crate::name::{AccountName, ArtifactName, CscId};
use crate::parallel::{Threads, in_order};
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::provenance::Kind;
use crate::report::{Check, Decision, Finding, Verdict};
use crate::time::Timestamp;
use crate::verify::deployed::Deployment;
use crate::verify::governing::Governing;
use crate::verify::integrity::Digests;
use crate::verify::{Evidence, Publishers, Question, Subject, VerifyError, verify_by};

/// Why nothing could be decided about what is deployed.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// An input is not what `aws lambda` prints.
    #[error("cannot read `{}` as an answer of `aws lambda`\n  {message}", path.display())]
    Answer {
        /// The input.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A list has no last page.
    #[error("the answer of `{command}` in `{}` goes on, and the rest of it is not given", path.display())]
    GoesOn {
        /// The input.
        path: PathBuf,
        /// The command that printed it.
        command: &'static str,
    },
    /// An input is larger than any honest one.
    #[error("`{}` is larger than {DEPLOYED_BYTES_MAX} bytes", .0.display())]
    TooLarge(PathBuf),
    /// More is deployed than one audit takes.
    #[error("more than {DEPLOYED_MAX} functions and layer versions are deployed")]
    TooMuch,
    /// A folder holds more files than are searched.
    #[error("`{}` holds more than {SEARCHED_FILES_MAX} files and folders", .0.display())]
    TooManyFiles(PathBuf),
    /// The policy is not trusted.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Git's data could not be had.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl AuditError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Answer { .. } => Some(
                "save what `aws lambda list-functions --output json` prints, or one of the other commands that \
                `countersign audit --help` names",
            ),
            Self::GoesOn { .. } => Some(
                "give every page with `--deployed`, or ask again without `--no-paginate` and `--max-items`",
            ),
            Self::TooLarge(_) | Self::TooMuch => Some("audit one region, or a part of it, at a time"),
            Self::TooManyFiles(_) => Some("name a folder with manifests alone with `--manifests`"),
            Self::Policy(error) => error.hint(),
            Self::File(_) | Self::Git(_) => None,
        }
    }
}

impl From<VerifyError> for AuditError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Policy(error) => Self::Policy(error),
            VerifyError::File(error) => Self::File(error),
        }
    }
}

/// What an audit judges with.
pub struct Auditor<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The manifests.
    pub candidates: &'a Candidates,
    /// The auditor's clock.
    pub now: Timestamp,
    /// How many threads may work.
    pub threads: Threads,
}

/// What was found, the worst first.
#[derive(Debug)]
pub struct Audit {
    /// Whose policy it was held against.
    pub account: AccountName,
    /// Each function, and each layer version that none of them uses.
    pub entries: Vec<Entry>,
    /// How many manifests were read.
    pub manifests: usize,
    /// Things worth saying that change no verdict.
    pub notes: Vec<String>,
}

/// A function with its layers, or a layer version that no function uses.
#[derive(Debug)]
pub struct Entry {
    /// Which of the two.
    pub kind: Kind,
    /// Its name, as it was told; a layer version's ARN.
    pub name: String,
    /// Its ARN, if it is told.
    pub arn: Option<String>,
    /// The function's version, if it is told.
    pub version: Option<String>,
    /// When the function was last changed, in the cloud's own words.
    pub last_modified: Option<String>,
    /// SHA-256 of what runs, if it is told.
    pub sha256: Option<Sha256>,
    /// What the gate says of its code.
    pub gate: Arc<Gate>,
    /// What it says of each of the function's layers, by ARN; none are judged of a function without a CSC.
    pub layers: Vec<(String, Arc<Gate>)>,
}

impl Entry {
    /// What the gates say, of its code and of its layers.
    pub fn gates(&self) -> impl Iterator<Item = &Gate> {
        std::iter::once(&*self.gate).chain(self.layers.iter().map(|(_, gate)| &**gate))
    }

    /// The worst of the verdicts, and the layer that it is about, if it is about one.
    pub fn worst(&self) -> (Option<&str>, &Verdict) {
        let code = (None, self.gate.verdict());
        let layers = self.layers.iter().map(|(arn, gate)| (Some(arn.as_str()), gate.verdict()));
        layers.fold(code, |worst, each| if badness(each.1) > badness(worst.1) { each } else { worst })
    }

    /// Whether its code and all of its layers are admitted, without a warning.
    pub fn is_covered(&self) -> bool {
        self.gates().all(is_covered)
    }
}

fn is_covered(gate: &Gate) -> bool {
    matches!(gate, Gate::Admitted(admitted) if admitted.verdict().decision == Decision::Allowed)
}

/// How bad a verdict is: what was known to be wrong comes before what was never signed.
fn badness(verdict: &Verdict) -> (Decision, u8) {
    let status = match verdict.status {
        None => 0,
        Some(Check::Expiry) => 1,
        Some(Check::Mismatch | Check::Package) => 2,
        Some(Check::Revocation) => 3,
        Some(Check::Integrity) => 4,
    };
    (verdict.decision, status)
}

impl Audit {
    /// Whether something was audited, and all of it is covered.
    pub fn is_covered(&self) -> bool {
        !self.entries.is_empty() && self.entries.iter().all(Entry::is_covered)
    }

    /// Every verdict: of each entry's code, and of its layers.
    pub fn verdicts(&self) -> Vec<Verdict> {
        self.entries.iter().flat_map(Entry::gates).map(|gate| gate.verdict().clone()).collect()
    }
}

/// One thing to judge. The same layer under the same CSC is judged once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Task {
    kind: Kind,
    /// The ARN or the name, for the verdict.
    label: String,
    name: Option<ArtifactName>,
    code: Code,
    /// The CSC that governs it: a function's layers are under the function's.
    csc: Option<CscId>,
}

impl Task {
    fn of_function(function: &Function, governing: &Governing) -> Self {
        let name = function.name();
        Self {
            kind: Kind::Function,
            label: function.arn.clone().unwrap_or_else(|| function.told_name.clone()),
            csc: name.as_ref().and_then(|name| governing.id_of(name)).cloned(),
            name,
            code: function.code.clone(),
        }
    }

    fn of_layer(arn: &str, code: Code, csc: Option<CscId>) -> Self {
        Self { kind: Kind::Layer, label: arn.into(), name: layer_name(arn), code, csc }
    }
}

impl Auditor<'_> {
    /// Judges every function with its layers, and the layer versions that none of them uses.
    pub fn audit(
        &self,
        functions: Vec<Function>,
        layers: &BTreeMap<String, Code>,
    ) -> Result<Audit, AuditError> {
        let governing = Governing::read(self.policy)?;
        let code = |arn: &String| layers.get(arn).cloned().unwrap_or(Code::Untold);
        let used: BTreeSet<&String> = functions.iter().flat_map(|function| &function.layers).collect();
        let unused = layers.keys().filter(|arn| !used.contains(arn)).map(|arn| {
            let csc = layer_name(arn).and_then(|name| governing.id_of(&name).cloned());
            Task::of_layer(arn, code(arn), csc)
        });
        let unused: Vec<Task> = unused.collect();
        let with_layers = |function: Function| {
            let task = Task::of_function(&function, &governing);
            let under = |csc: &CscId| {
                let layer = |arn: &String| Task::of_layer(arn, code(arn), Some(csc.clone()));
                function.layers.iter().map(layer).collect()
            };
            let layers: Vec<Task> = task.csc.as_ref().map(under).unwrap_or_default();
            (function, task, layers)
        };
        let functions: Vec<(Function, Task, Vec<Task>)> = functions.into_iter().map(with_layers).collect();
        let of_functions = functions.iter().flat_map(|(_, task, layers)| std::iter::once(task).chain(layers));
        let tasks: BTreeSet<&Task> = of_functions.chain(&unused).collect();
        let gates = self.judge_all(&governing, tasks.into_iter().collect())?;

        let mut entries = Vec::with_capacity(functions.len() + unused.len());
        for (function, task, layers) in &functions {
            let layers = layers.iter().map(|layer| (layer.label.clone(), gates[layer].clone())).collect();
            entries.push(Entry {
                kind: Kind::Function,
                name: function.told_name.clone(),
                arn: function.arn.clone(),
                version: function.version.clone(),
                last_modified: function.last_modified.clone(),
                sha256: sha256(&function.code),
                gate: gates[task].clone(),
                layers,
            });
        }
        for task in &unused {
            entries.push(Entry {
                kind: Kind::Layer,
                name: task.label.clone(),
                arn: Some(task.label.clone()),
                version: None,
                last_modified: None,
                sha256: sha256(&task.code),
                gate: gates[task].clone(),
                layers: Vec::new(),
            });
        }
        entries.sort_by_cached_key(|entry| {
            (Reverse(badness(entry.worst().1)), entry.kind, entry.name.clone(), entry.arn.clone())
        });
        Ok(Audit {
            account: self.policy.account().clone(),
            entries,
            manifests: self.candidates.count,
            notes: self.candidates.notes.clone(),
        })
    }

    fn judge_all<'t>(
        &self,
        governing: &Governing,
        tasks: Vec<&'t Task>,
    ) -> Result<BTreeMap<&'t Task, Arc<Gate>>, AuditError> {
        let mut gates = BTreeMap::new();
        let batches: Vec<&[&Task]> = tasks.chunks(BATCH).collect();
        let work = |batch: &&[&'t Task]| -> Result<Vec<_>, AuditError> {
            batch.iter().map(|task| Ok((*task, Arc::new(self.judge(governing, task)?)))).collect()
        };
        // A task holds one manifest, whose own limit bounds it.
        in_order(
            self.threads,
            u64::MAX,
            &batches,
            |_| 0,
            work,
            |judged| {
                gates.extend(judged);
                Ok::<_, AuditError>(())
            },
        )?;
        Ok(gates)
    }

    fn judge(&self, governing: &Governing, task: &Task) -> Result<Gate, AuditError> {
        let labels = |manifest: Option<String>| Labels {
            artifact: task.label.clone(),
            manifest,
            kind: Some(task.kind),
            name: task.name.clone(),
        };
        let Some(name) = &task.name else {
            return Ok(gate::stop(finding::unsignable(task.kind), labels(None)));
        };
        let Some((csc, publishers)) = task.csc.as_ref().and_then(|id| governing.get(id)) else {
            return Ok(match task.code {
                Code::Image => gate::stop(finding::image(), labels(None)),
                _ => gate::stop_ungoverned(self.policy.account(), labels(None)),
            });
        };
        let only = |finding: Finding| Ok(gate::decide(&Evidence::only(finding), csc, labels(None)));
        let deployment = match &task.code {
            Code::Zip(deployment) => deployment,
            Code::Image => return only(finding::image()),
            Code::Untold => return only(finding::untold()),
            Code::Malformed(what) => return only(finding::malformed(what)),
        };
        let named = (task.kind, name.clone());
        let mut best: Option<Gate> = None;
        for candidate in self.candidates.for_deployment(&named, &deployment.sha256) {
            let path = candidate.path();
            let shown = path.display().to_string();
            let manifest = Some((path, candidate.bytes()?));
            let evidence = self.ask(manifest, &named, deployment, csc, publishers)?;
            let gate = gate::decide(&evidence, csc, labels(Some(shown)));
            let better = best.as_ref().is_none_or(|best| gate.verdict().decision < best.verdict().decision);
            if better {
                best = Some(gate);
            }
            if best.as_ref().is_some_and(is_covered) {
                break;
            }
        }
        best.map_or_else(|| only(finding::unsigned()), Ok)
    }

    fn ask(
        &self,
        manifest: Option<(PathBuf, Vec<u8>)>,
        named: &(Kind, ArtifactName),
        deployment: &Deployment,
        csc: &Csc,
        publishers: &Publishers,
    ) -> Result<Evidence, AuditError> {
        let question = Question {
            subject: Subject::Deployed(deployment),
            manifest,
            asked: Some(named.clone()),
            revocations: Vec::new(),
            csc,
            now: self.now,
            digests: Digests::Quick,
            threads: Threads::one(),
        };
        Ok(verify_by(self.policy, publishers, &question)?)
    }
}

/// Tasks that one thread judges before it reports, so that the threads do not wait for one another.
const BATCH: usize = 32;

fn sha256(code: &Code) -> Option<Sha256> {
    match code {
        Code::Zip(deployment) => Some(deployment.sha256),
        Code::Image | Code::Untold | Code::Malformed(_) => None,
    }
}

/// What the manifests are wanted for: the names and hashes of what is deployed.
pub fn wanted(functions: &[Function], layers: &BTreeMap<String, Code>) -> Candidates {
    let used = functions.iter().flat_map(|function| &function.layers).chain(layers.keys());
    let layer_names = used.filter_map(|arn| Some((Kind::Layer, layer_name(arn)?)));
    let names = functions.iter().filter_map(|function| Some((Kind::Function, function.name()?)));
    let codes = functions.iter().map(|function| &function.code).chain(layers.values());
    Candidates::of(names.chain(layer_names), codes.filter_map(sha256))
}
