//! The judge: what the gate says about each function and layer of a commit.

use std::path::PathBuf;

use super::candidates::{Candidate, Candidates, Named};
use super::{Hook, HookError, Judged};
use crate::function::Functions;
use crate::gate::{self, Gate, Labels};
use crate::git::notes::{NOTES_REF, Notes};
use crate::git::{Commit, Handles};
use crate::package::select::SelectError;
use crate::parallel::{Threads, in_order};
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::report::{Check, Finding};
use crate::time::Timestamp;
use crate::verify::governance::{Governance, Governing};
use crate::verify::integrity::Digests;
use crate::verify::source::{self, SourcePackage};
use crate::verify::{Evidence, Question, Subject, verify_by};
use crate::workspace::{Item, Workspace};

/// Judges commits under one policy, whose documents are read once. All threads share it.
pub struct Judge<'a> {
    policy: &'a Policy,
    governance: Governance,
    handles: Handles,
    now: Timestamp,
    threads: Threads,
}

/// A function or a layer of the commit, and its package if the commit makes one.
struct Subjected<'a> {
    named: Named,
    item: &'a Item,
    package: Result<SourcePackage, SelectError>,
}

impl<'a> Judge<'a> {
    /// Reads every CSC that governs something, and its publishers.
    pub fn new(hook: &Hook<'a>, functions: Functions) -> Result<Self, PolicyError> {
        let Hook { policy, repository, now, threads, .. } = *hook;
        let governance = Governance::read(policy, functions)?;
        Ok(Self { policy, governance, handles: repository.handles(), now, threads })
    }

    /// Judges what a commit has to package.
    pub fn commit(
        &self,
        hook: &Hook<'_>,
        notes: &Notes<'_>,
        commit: Commit,
        references: Vec<String>,
    ) -> Result<Judged, HookError> {
        let workspace = source::workspace(hook.repository, &commit)?;
        let subjects = self.subjects(&commit, &workspace)?;
        let mut candidates = Candidates::of(notes, &commit)?;
        let missing = subjects.iter().filter_map(|subject| {
            let files = subject.package.as_ref().ok()?.files();
            (!candidates.has(&subject.named, files)).then(|| (subject.named.clone(), files))
        });
        let missing: Vec<_> = missing.collect();
        if !missing.is_empty() {
            let known = hook.side.known(hook.remote);
            candidates.search(hook.repository, notes, &commit, &known, missing)?;
        }
        let mut gates = Vec::with_capacity(subjects.len());
        self.each(&subjects, |subject| self.gate(&commit, subject, &candidates), |gate| gates.push(gate))?;
        Ok(Judged { commit, references, gates, notes: candidates.notes })
    }

    fn subjects<'w>(
        &self,
        commit: &Commit,
        workspace: &'w Workspace,
    ) -> Result<Vec<Subjected<'w>>, HookError> {
        let one = Threads::one();
        let package = |item: &&'w Item| {
            let of = |repository: &_| Ok(SourcePackage::of(repository, commit, workspace, item, one));
            let package = match self.handles.with::<_, HookError>(of)? {
                Err(SelectError::Git(error)) => return Err(error.into()),
                package => package,
            };
            Ok(Subjected { named: (item.kind, item.name.clone()), item, package })
        };
        let items: Vec<&Item> = workspace.items.iter().collect();
        let mut subjects = Vec::with_capacity(items.len());
        self.each(&items, package, |subject| subjects.push(subject))?;
        Ok(subjects)
    }

    /// Does the work for each job, on all threads.
    fn each<J: Sync, T: Send>(
        &self,
        jobs: &[J],
        work: impl Fn(&J) -> Result<T, HookError> + Sync,
        mut take: impl FnMut(T),
    ) -> Result<(), HookError> {
        // What a job holds is bounded by the limits of a package, one file at a time.
        let take = |result| {
            take(result);
            Ok(())
        };
        in_order(self.threads, u64::MAX, jobs, |_| 0, work, take)
    }

    fn gate(
        &self,
        commit: &Commit,
        subject: &Subjected<'_>,
        candidates: &Candidates,
    ) -> Result<Gate, HookError> {
        let Some(governing) = self.governance.of(&subject.item.name) else {
            let labels = labels(commit, subject, None);
            return Ok(gate::stop_ungoverned(self.policy.account(), labels));
        };
        let package = match &subject.package {
            Ok(package) => package,
            Err(error) => {
                let evidence = Evidence::only(unpackable(error));
                return Ok(gate::decide(&evidence, &governing.csc, labels(commit, subject, None)));
            }
        };
        let named = candidates.named(&subject.named);
        let fits = |candidate: &&Candidate| candidate.manifest.claimed().files == package.files();
        // Of those that describe other files the nearest tells best what has changed.
        let fitting: Vec<&Candidate> = named.iter().filter(fits).collect();
        let asked: Vec<&Candidate> =
            if fitting.is_empty() { named.iter().take(1).collect() } else { fitting };
        let each = |candidate| self.ask(commit, subject, (package, candidate), governing);
        let unsigned =
            || gate::decide(&Evidence::only(unattached()), &governing.csc, labels(commit, subject, None));
        Ok(gate::best(asked.into_iter().map(each))?.unwrap_or_else(unsigned))
    }

    fn ask(
        &self,
        commit: &Commit,
        subject: &Subjected<'_>,
        (package, candidate): (&SourcePackage, &Candidate),
        governing: &Governing,
    ) -> Result<Gate, HookError> {
        let Governing { csc, publishers } = governing;
        let path = PathBuf::from(format!("{NOTES_REF}:{}", candidate.commit));
        let question = Question {
            subject: Subject::Source(package),
            manifest: Some((path, candidate.manifest.line().as_bytes().to_vec())),
            asked: Some(subject.named.clone()),
            revocations: Vec::new(),
            csc,
            now: self.now,
            digests: Digests::Quick,
            threads: Threads::one(),
        };
        let evidence = verify_by(self.policy, publishers, &question)?;
        Ok(gate::decide(&evidence, csc, labels(commit, subject, Some(candidate))))
    }
}

fn labels(commit: &Commit, subject: &Subjected<'_>, candidate: Option<&Candidate>) -> Labels {
    Labels {
        artifact: format!("commit {}", commit.short()),
        manifest: candidate.map(|candidate| format!("{NOTES_REF} of {}", candidate.commit)),
        kind: Some(subject.item.kind),
        name: Some(subject.item.name.clone()),
    }
}

fn unattached() -> Finding {
    Finding::new(
        Check::Mismatch,
        "manifest-missing",
        "no manifest of it is attached to the commit, nor to another commit of the push",
        "sign and attach it with `countersign release --attach`; if that was done, on this machine or another, bring \
        and send what is attached with `countersign manifests --fetch --push`, and push again",
    )
}

fn unpackable(error: &SelectError) -> Finding {
    Finding::new(
        Check::Mismatch,
        "source-unpackable",
        format!("the commit makes no package: {error}"),
        "mend what the message names, commit, and sign that commit",
    )
}
