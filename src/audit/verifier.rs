//! Decides on each piece of deployed code, by the manifests that claim to be for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::candidates::Candidate;
use super::deployed::{Code, Function, layer_name};
use super::error::{AuditError, Undecidable};
use super::{Auditor, finding};
use crate::crypto::many::Many;
use crate::digest::Sha256;
use crate::files::Loaded;
use crate::gate::{self, Labels};
use crate::name::{ArtifactName, CscId};
use crate::parallel::{Threads, in_order};
use crate::policy::error::PolicyError;
use crate::provenance::Kind;
use crate::report::{Decision, Finding, Verdict};
use crate::verify::governance::Governance;
use crate::verify::integrity::Digests;
use crate::verify::{self, Elsewhere, Publishers, Question, Reported};

/// Tasks that one thread decides before it reports, so that threads do not wait for each other.
const BATCH: usize = 32;

/// Something to decide. A layer under one CSC is decided once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    kind: Kind,
    /// The ARN or the name, for the verdict.
    pub label: String,
    name: Option<ArtifactName>,
    /// The deployed code.
    pub code: Code,
    /// The CSC that governs it; a function's CSC also governs its layers.
    pub csc: Option<CscId>,
}

impl Task {
    /// A function's code.
    pub fn of_function(function: &Function, verifier: &DeployedVerifier<'_>) -> Self {
        let name = function.name();
        Self {
            kind: Kind::Function,
            label: function.arn.clone().unwrap_or_else(|| function.told_name.clone()),
            csc: name.as_ref().and_then(|name| verifier.csc_of(name)),
            name,
            code: function.code.clone(),
        }
    }

    /// A layer version, under this CSC.
    pub fn of_layer(arn: &str, code: Code, csc: Option<CscId>) -> Self {
        Self { kind: Kind::Layer, label: arn.into(), name: layer_name(arn), code, csc }
    }
}

/// The verdict on a task, or why there is none.
pub type Judged = Result<Arc<Verdict>, Undecidable>;

/// Decides under one policy, whose documents are read once. All threads share it.
pub struct DeployedVerifier<'a> {
    auditor: &'a Auditor<'a>,
    governance: Governance<'a>,
    many: Many,
}

impl<'a> DeployedVerifier<'a> {
    /// Reads every CSC that governs a name, and its publishers.
    pub fn new(auditor: &'a Auditor<'a>) -> Result<Self, PolicyError> {
        let governance = Governance::read(auditor.policy, auditor.policy.functions()?)?;
        Ok(Self { auditor, governance, many: Many::default() })
    }

    /// The CSC that governs a name.
    pub fn csc_of(&self, name: &ArtifactName) -> Option<CscId> {
        self.governance.of(name).map(|publishers| publishers.csc().id().clone())
    }

    /// The verdict on each, if there is one. Appends to the notes.
    pub fn all<'t>(
        &self,
        tasks: Vec<&'t Task>,
        notes: &mut BTreeSet<String>,
    ) -> Result<BTreeMap<&'t Task, Judged>, AuditError> {
        let mut verdicts = BTreeMap::new();
        let batches: Vec<&[&Task]> = tasks.chunks(BATCH).collect();
        let work = |batch: &&[&'t Task]| -> Result<(Vec<_>, BTreeSet<String>), AuditError> {
            let mut notes = BTreeSet::new();
            let each = |task: &&'t Task| match self.verdict(task, &mut notes) {
                Ok(verdict) => Ok((*task, Ok(Arc::new(verdict)))),
                // One manifest must not hide what is known about all other code.
                Err(AuditError::Undecidable(why)) => Ok((*task, Err(why))),
                Err(error) => Err(error),
            };
            Ok((batch.iter().map(each).collect::<Result<_, AuditError>>()?, notes))
        };
        let take = |(judged, said)| {
            verdicts.extend::<Vec<_>>(judged);
            notes.extend::<BTreeSet<_>>(said);
            Ok(())
        };
        // A task holds one manifest, whose size is limited.
        in_order(self.auditor.threads, u64::MAX, &batches, |_| 0, work, take)?;
        Ok(verdicts)
    }

    fn verdict(&self, task: &Task, notes: &mut BTreeSet<String>) -> Result<Verdict, AuditError> {
        let Some(name) = &task.name else {
            return Ok(gate::stop(finding::unsignable(task.kind), labels(task, None)).into());
        };
        let Some(publishers) = task.csc.as_ref().and_then(|id| self.governance.by(id)) else {
            let labels = labels(task, None);
            let stopped = match task.code {
                Code::Image => gate::stop(finding::image(), labels),
                _ => gate::stop_ungoverned(self.auditor.policy.account(), labels),
            };
            return Ok(stopped.into());
        };
        let only = |finding: Finding, candidate: Option<&Candidate>| {
            Ok(gate::report(
                &Reported::only(publishers, (task.kind, name.clone()), finding),
                labels(task, candidate),
            ))
        };
        let sha256 = match &task.code {
            Code::Zip(sha256) => sha256,
            Code::Image => return only(finding::image(), None),
            Code::Untold => return only(finding::untold(), None),
            Code::Malformed(what) => return only(finding::malformed(what), None),
        };
        let named = (task.kind, name.clone());
        let candidates = self.auditor.candidates.of_package(&named, sha256);
        let each = |candidate: &Arc<Candidate>| {
            let audited = self.ask(&named, sha256, publishers, candidate)?;
            notes.extend(audited.notes().iter().cloned());
            Ok::<_, AuditError>(gate::report(&audited, labels(task, Some(candidate))))
        };
        let newer = self.auditor.candidates.newer_of(sha256);
        let best = gate::best(candidates.iter().chain(newer).map(each))?;
        // Beyond the limit nothing is known about the signers.
        let is_allowed = best.as_ref().is_some_and(|best| best.decision == Decision::Allowed);
        if !is_allowed && self.auditor.candidates.has_more_newer(sha256) {
            return Err(AuditError::Undecidable(Undecidable::TooManyNewer(*sha256)));
        }
        if let Some(best) = best {
            return Ok(best);
        }
        match self.auditor.candidates.newest_of(&named) {
            Some(newest) => only(finding::differs(sha256, newest), Some(newest)),
            None => only(finding::unsigned(), None),
        }
    }

    fn ask(
        &self,
        named: &(Kind, ArtifactName),
        sha256: &Sha256,
        publishers: &Publishers<'_>,
        candidate: &Candidate,
    ) -> Result<Reported, AuditError> {
        let manifest = Loaded { path: candidate.path(), bytes: candidate.bytes()? };
        let question = Question {
            subject: Elsewhere::Digest(sha256),
            manifest: Some(&manifest),
            asked: Some(named.clone()),
            revocations: &[],
            digests: Digests::Quick,
            threads: Threads::one(),
        };
        Ok(verify::report(&self.many, publishers, &question)?)
    }
}

fn labels(task: &Task, candidate: Option<&Candidate>) -> Labels {
    Labels {
        artifact: task.label.clone(),
        manifest: candidate.map(|candidate| candidate.path().display().to_string()),
        kind: Some(task.kind),
        name: task.name.clone(),
    }
}
