//! The operation: updates targets, one after another or several at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::account::{self, Next, Sealer};
use super::central::Central;
use super::clone::{Clone, Tip};
use super::error::TargetError;
use super::order::{self, End, Preferences};
use super::{Intent, Memory, copy, message};
use crate::crypto::secret::SecretKey;
use crate::git::branch::Branch;
use crate::git::commit::{Author, Changes};
use crate::git::program::ProgramError;
use crate::git::source::RemoteUrl;
use crate::policy::diff::Difference;
use crate::policy::edit::Mode;
use crate::stackset::{Deploy, Target};
use crate::time::Timestamp;

/// How often a target is tried if other users push at the same time.
const ATTEMPTS: usize = 2;

/// An operation on targets of a stack set.
#[derive(Debug)]
pub struct Operation<'a> {
    /// The central policy.
    pub central: &'a Central,
    /// The purpose.
    pub intent: Intent,
    /// Whether anything is pushed.
    pub mode: Mode,
    /// Keys that seal in the targets' own accounts.
    pub keys: &'a [SecretKey],
    /// The expiry of a new seal.
    pub expires: Timestamp,
    /// The remembered states of the targets' own accounts.
    pub memory: &'a Memory,
    /// The author of the commits; its time is the current time.
    pub author: &'a Author,
}

/// The status of a target, in CloudFormation's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It has what it should.
    Current,
    /// It does not have it yet.
    Outdated,
    /// It cannot be updated.
    Failed,
    /// Too many others failed before its turn.
    Cancelled,
}

impl Status {
    /// The status as a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "CURRENT",
            Self::Outdated => "OUTDATED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// A pushed commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The commit's id.
    pub commit: String,
    /// The branch.
    pub branch: Branch,
}

/// The result for a target.
#[derive(Debug)]
pub struct TargetOutcome {
    /// Its status.
    pub status: Status,
    /// The pushed commit, if any.
    pub pushed: Option<Pushed>,
    /// What changed in its documents, or would change in a rehearsal.
    pub differences: Vec<Difference>,
    /// What remains to be done there, each with advice.
    pub left: Vec<String>,
    /// Why it failed.
    pub error: Option<TargetError>,
}

impl TargetOutcome {
    fn of(status: Status) -> Self {
        Self { status, pushed: None, differences: Vec::new(), left: Vec::new(), error: None }
    }

    fn failed(error: TargetError) -> Self {
        Self { error: Some(error), ..Self::of(Status::Failed) }
    }
}

impl Operation<'_> {
    /// Updates targets in order, by the preferences, and passes each result to `take` in that order.
    pub fn run(
        &self,
        targets: &[&Target],
        preferences: Preferences,
        mut take: impl FnMut(&Target, TargetOutcome),
    ) {
        // Two targets in one repository would only race each other.
        let places: BTreeMap<&RemoteUrl, Mutex<()>> =
            targets.iter().map(|target| (target.url(), Mutex::default())).collect();
        let work = |target: &&Target| {
            let place =
                places.get(target.url()).map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
            let outcome = self.update(target);
            drop(place);
            outcome
        };
        let has_failed = |outcome: &TargetOutcome| outcome.status == Status::Failed;
        order::run(targets, preferences, work, has_failed, |target, end| {
            take(
                target,
                match end {
                    End::Done(outcome) => outcome,
                    End::Cancelled => TargetOutcome::of(Status::Cancelled),
                },
            );
        });
    }

    /// Updates one target.
    pub fn update(&self, target: &Target) -> TargetOutcome {
        let mut last = TargetError::Raced(target.pull_request().unwrap_or(target.branch()).clone());
        for _ in 0..ATTEMPTS {
            match self.attempt(target) {
                Ok(outcome) => return outcome,
                Err(TargetError::Program(ProgramError::Push { words, .. })) if was_raced(&words) => {}
                // A running push holds a lock for a moment; an interrupted one leaves it behind.
                Err(error @ TargetError::Program(ProgramError::Locked { .. })) => last = error,
                Err(error) => return TargetOutcome::failed(error),
            }
        }
        TargetOutcome::failed(last)
    }

    fn attempt(&self, target: &Target) -> Result<TargetOutcome, TargetError> {
        let clone = Clone::of(target)?;
        let tip = clone.tip(target.branch())?;
        let plan = self.plan(target, &clone, &tip)?;
        if plan.is_done() {
            plan.remember(self.author.time)?;
            return Ok(plan.outcome(Status::Current));
        }
        let Some(request) = target.pull_request() else {
            return self.push(target, &clone, &tip, plan, target.branch());
        };
        // Commits that others pushed to the branch of the pull request, such as a seal, are kept.
        if !clone.has_branch(request)? {
            return self.push(target, &clone, &tip, plan, request);
        }
        let waiting = clone.tip(request)?;
        // A merged branch is as old as the merge, and cannot be merged again.
        if clone.has_merged(&waiting)? {
            return self.push(target, &clone, &tip, plan, request);
        }
        let tip = waiting;
        let plan = self.plan(target, &clone, &tip).map_err(|error| error.of_waiting(request))?;
        if !plan.changes.is_empty() {
            return self.push(target, &clone, &tip, plan, request);
        }
        let mut outcome = plan.outcome(Status::Outdated);
        outcome.left.push(waits(request, plan.is_sealed()));
        Ok(outcome)
    }

    fn plan(&self, target: &Target, clone: &Clone<'_>, tip: &Tip) -> Result<Plan, TargetError> {
        Ok(match target.deploy() {
            Deploy::Policy => Plan { changes: copy::changes(self.central, clone, tip)?, account: None },
            Deploy::Documents(_) => {
                let sealer = Sealer {
                    keys: self.keys,
                    now: self.author.time,
                    expires: self.expires,
                    memory: self.memory,
                    mode: self.mode,
                };
                let mut next = account::next(self.central, target, self.intent, &sealer, clone, tip)?;
                Plan { changes: std::mem::take(&mut next.changes), account: Some(next) }
            }
        })
    }

    /// Commits the changes and pushes them to a branch, unless this is a rehearsal.
    fn push(
        &self,
        target: &Target,
        clone: &Clone<'_>,
        tip: &Tip,
        plan: Plan,
        branch: &Branch,
    ) -> Result<TargetOutcome, TargetError> {
        let mut outcome = plan.outcome(Status::Outdated);
        outcome.differences = message::differences(clone, tip, &plan.changes)?;
        if plan.changes.is_empty() {
            outcome.left.push("ask the account's owners to seal it".into());
            return Ok(outcome);
        }
        if self.mode == Mode::Rehearse {
            return Ok(outcome);
        }
        let text = message::text(self.central, target, self.intent, &outcome.differences, plan.is_sealed());
        let commit = clone.commit(tip, &plan.changes, self.author, &text)?;
        clone.push(&commit, branch)?;
        outcome.pushed = Some(Pushed { commit: commit.id, branch: branch.clone() });
        if branch == target.branch() {
            plan.remember(self.author.time)?;
            outcome.status = if outcome.left.is_empty() { Status::Current } else { Status::Failed };
        } else {
            outcome.left.push(waits(branch, plan.is_sealed()));
        }
        Ok(outcome)
    }
}

/// The plan for a target.
struct Plan {
    changes: Changes,
    account: Option<Next>,
}

impl Plan {
    fn is_sealed(&self) -> bool {
        self.account.as_ref().is_none_or(|account| account.is_sealed)
    }

    fn is_done(&self) -> bool {
        self.changes.is_empty() && self.is_sealed()
    }

    fn remember(&self, now: Timestamp) -> Result<(), TargetError> {
        self.account.as_ref().map_or(Ok(()), |account| account.remember(now))
    }

    /// The result with the given status, or less if something remains to be done.
    fn outcome(&self, status: Status) -> TargetOutcome {
        let left = self.account.as_ref().map(|account| account.left.clone()).unwrap_or_default();
        let status = if left.is_empty() || !self.changes.is_empty() { status } else { Status::Failed };
        TargetOutcome { left, ..TargetOutcome::of(status) }
    }
}

fn waits(branch: &Branch, is_sealed: bool) -> String {
    let seal = if is_sealed { "" } else { ", and its account's owners must seal it first" };
    format!("branch `{branch}` must be merged{seal}")
}

/// Whether a push failed because the branch had moved.
fn was_raced(words: &str) -> bool {
    ["[rejected]", "cannot lock ref", "failed to update ref", "incorrect old value"]
        .iter()
        .any(|word| words.contains(word))
}
