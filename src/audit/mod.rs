//! The audit: is deployed code signed by an allowed publisher, and is the signature still valid?
//!
//! AWS checks a signature only at deployment. An audit compares the hashes of deployed code with manifests
//! and runs the four checks now, so it finds code that was deployed before signing was enabled, and code
//! whose signature was revoked or has expired since. Covered code passes every check, even where the CSC only
//! warns.

pub mod answer;
pub mod candidates;
pub mod deployed;
pub mod error;
mod finding;
pub mod json;
pub mod text;
mod verifier;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::candidates::Candidates;
use self::deployed::{Code, Function, layer_name};
use self::error::{AuditError, Undecidable};
use self::verifier::{DeployedVerifier, Task};
use crate::digest::Sha256;
use crate::name::{AccountName, CscId};
use crate::parallel::Threads;
use crate::policy::store::Policy;
use crate::provenance::Kind;
use crate::report::{Check, Decision, Verdict};
use crate::time::Timestamp;

/// The inputs of an audit.
pub struct Auditor<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The candidate manifests.
    pub candidates: &'a Candidates,
    /// The auditor's clock.
    pub now: Timestamp,
    /// Number of threads.
    pub threads: Threads,
}

/// The result of an audit, the worst first.
#[derive(Debug)]
pub struct Audit {
    /// The account of the policy.
    pub account: AccountName,
    /// Each function, and each layer version that no function uses.
    pub entries: Vec<Entry>,
    /// What no verdict is possible on.
    pub undecided: Vec<Undecided>,
    /// How many manifests were read.
    pub manifests: usize,
    /// Notes for the user that change no verdict.
    pub notes: Vec<String>,
}

/// A function with its layers, or a layer version that no function uses.
#[derive(Debug)]
pub struct Entry {
    /// Function or layer.
    pub kind: Kind,
    /// Its name as AWS printed it, or a layer version's ARN.
    pub name: String,
    /// Its ARN, if known.
    pub arn: Option<String>,
    /// The function's version, if known.
    pub version: Option<String>,
    /// When the function was last changed, as AWS printed it.
    pub last_modified: Option<String>,
    /// SHA-256 of the deployed code, if known.
    pub sha256: Option<Sha256>,
    /// The verdict on its code.
    pub verdict: Arc<Verdict>,
    /// The verdicts on the function's layers, by ARN; empty for a function without a CSC.
    pub layers: Vec<(String, Arc<Verdict>)>,
}

/// A function or a layer version without a verdict: a manifest that could cover it, or a layer of it, is newer than
/// this program.
#[derive(Debug)]
pub struct Undecided {
    /// Function or layer.
    pub kind: Kind,
    /// Its name as AWS printed it, or a layer version's ARN.
    pub name: String,
    /// Its ARN, if known.
    pub arn: Option<String>,
    /// Why.
    pub error: Undecidable,
}

impl Entry {
    /// The verdicts on its code and on its layers.
    pub fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        std::iter::once(&*self.verdict).chain(self.layers.iter().map(|(_, verdict)| &**verdict))
    }

    /// The worst of the verdicts, and its layer if it is about one.
    pub fn worst(&self) -> (Option<&str>, &Verdict) {
        let code = (None, &*self.verdict);
        let layers = self.layers.iter().map(|(arn, verdict)| (Some(arn.as_str()), &**verdict));
        layers.fold(code, |worst, each| if badness(each.1) > badness(worst.1) { each } else { worst })
    }

    /// Whether its code and all of its layers pass every check.
    pub fn is_covered(&self) -> bool {
        self.verdicts().all(is_covered)
    }
}

/// A warned artifact is not covered.
fn is_covered(verdict: &Verdict) -> bool {
    verdict.decision == Decision::Allowed
}

/// The severity of a verdict: known problems come before code that was never signed.
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
    /// Whether there is deployed code, and all of it is covered.
    pub fn is_covered(&self) -> bool {
        self.undecided.is_empty() && !self.entries.is_empty() && self.entries.iter().all(Entry::is_covered)
    }

    /// Every verdict: of each entry's code, and of its layers.
    pub fn verdicts(&self) -> Vec<Verdict> {
        self.entries.iter().flat_map(Entry::verdicts).cloned().collect()
    }
}

impl Auditor<'_> {
    /// Audits every function with its layers, and the layer versions that no function uses.
    pub fn audit(
        &self,
        functions: Vec<Function>,
        layers: &BTreeMap<String, Code>,
    ) -> Result<Audit, AuditError> {
        let verifier = DeployedVerifier::new(self)?;
        let code = |arn: &String| layers.get(arn).cloned().unwrap_or(Code::Untold);
        let used: BTreeSet<&String> = functions.iter().flat_map(|function| &function.layers).collect();
        let unused = layers.keys().filter(|arn| !used.contains(arn)).map(|arn| {
            let csc = layer_name(arn).and_then(|name| verifier.csc_of(&name));
            Task::of_layer(arn, code(arn), csc)
        });
        let unused: Vec<Task> = unused.collect();
        let with_layers = |function: Function| {
            let task = Task::of_function(&function, &verifier);
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
        let mut notes = BTreeSet::new();
        let verdicts = verifier.all(tasks.into_iter().collect(), &mut notes)?;

        let mut entries = Vec::with_capacity(functions.len() + unused.len());
        let mut undecided = Vec::new();
        for (function, task, layers) in &functions {
            let layer = |layer: &Task| Ok((layer.label.clone(), verdicts[layer].clone()?));
            let judged = verdicts[task].clone();
            let judged =
                judged.and_then(|code| Ok((code, layers.iter().map(layer).collect::<Result<_, _>>()?)));
            let (verdict, layers) = match judged {
                Ok(judged) => judged,
                Err(error) => {
                    let (name, arn) = (function.told_name.clone(), function.arn.clone());
                    undecided.push(Undecided { kind: Kind::Function, name, arn, error });
                    continue;
                }
            };
            entries.push(Entry {
                kind: Kind::Function,
                name: function.told_name.clone(),
                arn: function.arn.clone(),
                version: function.version.clone(),
                last_modified: function.last_modified.clone(),
                sha256: sha256(&function.code),
                verdict,
                layers,
            });
        }
        for task in &unused {
            let (kind, name, arn) = (Kind::Layer, task.label.clone(), Some(task.label.clone()));
            let verdict = match verdicts[task].clone() {
                Ok(verdict) => verdict,
                Err(error) => {
                    undecided.push(Undecided { kind, name, arn, error });
                    continue;
                }
            };
            entries.push(Entry {
                kind,
                name,
                arn,
                version: None,
                last_modified: None,
                sha256: sha256(&task.code),
                verdict,
                layers: Vec::new(),
            });
        }
        entries.sort_by_cached_key(|entry| {
            (Reverse(badness(entry.worst().1)), entry.kind, entry.name.clone(), entry.arn.clone())
        });
        Ok(Audit {
            account: self.policy.account().clone(),
            entries,
            undecided,
            manifests: self.candidates.count,
            notes: self.candidates.notes.iter().cloned().chain(notes).collect(),
        })
    }
}

fn sha256(code: &Code) -> Option<Sha256> {
    match code {
        Code::Zip(sha256) => Some(*sha256),
        Code::Image | Code::Untold | Code::Malformed(_) => None,
    }
}

/// An empty set of candidates for the names and hashes of deployed code.
pub fn wanted(functions: &[Function], layers: &BTreeMap<String, Code>) -> Candidates {
    let used = functions.iter().flat_map(|function| &function.layers).chain(layers.keys());
    let layer_names = used.filter_map(|arn| Some((Kind::Layer, layer_name(arn)?)));
    let names = functions.iter().filter_map(|function| Some((Kind::Function, function.name()?)));
    let codes = functions.iter().map(|function| &function.code).chain(layers.values());
    Candidates::of(names.chain(layer_names), codes.filter_map(sha256))
}
