//! The operation: one target after the other, or several at once, is brought to what it should hold.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::account::{self, Next, Sealer};
use super::central::Central;
use super::clone::{Clone, Tip};
use super::error::TargetError;
use super::order::{self, End, Preferences};
use super::{Memory, copy, message};
use crate::crypto::secret::SecretKey;
use crate::git::branch::Branch;
use crate::git::commit::{Author, Changes};
use crate::git::program::ProgramError;
use crate::git::source::RemoteUrl;
use crate::policy::diff::Difference;
use crate::policy::edit::Mode;
use crate::stackset::{Deploy, Target};
use crate::time::Timestamp;

/// How often a target is tried, where somebody else pushes at the same time.
const ATTEMPTS: usize = 2;

/// What an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Targets get what the central policy says.
    Deploy,
    /// Targets get it, and lose what nobody rolled out.
    Remediate,
}

/// An operation on targets of a stack set.
#[derive(Debug)]
pub struct Operation<'a> {
    /// What they are to hold.
    pub central: &'a Central,
    /// What it is for.
    pub intent: Intent,
    /// Whether anything is pushed.
    pub mode: Mode,
    /// Keys that seal in the targets' own accounts.
    pub keys: &'a [SecretKey],
    /// When a seal made now ends.
    pub expires: Timestamp,
    /// What was seen of the targets' own accounts.
    pub memory: &'a Memory,
    /// Whose the commits are; its time is the clock.
    pub author: &'a Author,
}

/// How it stands with a target, in CloudFormation's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It holds what it should.
    Current,
    /// It does not yet.
    Outdated,
    /// It could not be brought there.
    Failed,
    /// Too many others failed before its turn.
    Cancelled,
}

impl Status {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "CURRENT",
            Self::Outdated => "OUTDATED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// What was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The commit's id.
    pub commit: String,
    /// The branch.
    pub branch: Branch,
}

/// What came of a target.
#[derive(Debug)]
pub struct Outcome {
    /// How it stands now.
    pub status: Status,
    /// What was pushed, if anything was.
    pub pushed: Option<Pushed>,
    /// What changed, or in a rehearsal would, of its documents.
    pub differences: Vec<Difference>,
    /// What is still to be done there, each with the way out.
    pub left: Vec<String>,
    /// Why it failed.
    pub error: Option<TargetError>,
}

impl Outcome {
    fn of(status: Status) -> Self {
        Self { status, pushed: None, differences: Vec::new(), left: Vec::new(), error: None }
    }

    fn failed(error: TargetError) -> Self {
        Self { error: Some(error), ..Self::of(Status::Failed) }
    }
}

impl Operation<'_> {
    /// Works on targets in their order, as the preferences say, and tells of each in that order.
    pub fn run(&self, targets: &[&Target], preferences: Preferences, mut take: impl FnMut(&Target, Outcome)) {
        // Two targets in one repository would race each other for nothing.
        let places: BTreeMap<&RemoteUrl, Mutex<()>> =
            targets.iter().map(|target| (target.url(), Mutex::default())).collect();
        let work = |target: &&Target| {
            let place =
                places.get(target.url()).map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
            let outcome = self.bring(target);
            drop(place);
            outcome
        };
        let has_failed = |outcome: &Outcome| outcome.status == Status::Failed;
        order::run(targets, preferences, work, has_failed, |target, end| {
            take(
                target,
                match end {
                    End::Done(outcome) => outcome,
                    End::Cancelled => Outcome::of(Status::Cancelled),
                },
            );
        });
    }

    /// Brings one target to what it should hold.
    pub fn bring(&self, target: &Target) -> Outcome {
        let mut last = TargetError::Raced(target.pull_request().unwrap_or(target.branch()).clone());
        for _ in 0..ATTEMPTS {
            match self.attempt(target) {
                Ok(outcome) => return outcome,
                Err(TargetError::Program(ProgramError::Push { words, .. })) if was_raced(&words) => {}
                // A push that is under way has a lock for a moment; an interrupted one leaves it.
                Err(error @ TargetError::Program(ProgramError::Locked { .. })) => last = error,
                Err(error) => return Outcome::failed(error),
            }
        }
        Outcome::failed(last)
    }

    fn attempt(&self, target: &Target) -> Result<Outcome, TargetError> {
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
        // What somebody put on the branch of the pull request, such as a seal, stays and is built upon.
        if !clone.sees(request)? {
            return self.push(target, &clone, &tip, plan, request);
        }
        let waiting = clone.tip(request)?;
        // Once merged, it is as old as the merge, and nobody can be asked to merge it again.
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
        let now = self.author.time;
        Ok(match target.deploy() {
            Deploy::Policy => Plan { changes: copy::changes(self.central, clone, tip, now)?, account: None },
            Deploy::Documents(_) => {
                let sealer = Sealer {
                    keys: self.keys,
                    now,
                    expires: self.expires,
                    memory: self.memory,
                    mode: self.mode,
                };
                let mut next = account::next(self.central, target, self.intent, &sealer, clone, tip)?;
                Plan { changes: std::mem::take(&mut next.changes), account: Some(next) }
            }
        })
    }

    /// Commits what changes and pushes it to a branch, unless this is a rehearsal.
    fn push(
        &self,
        target: &Target,
        clone: &Clone<'_>,
        tip: &Tip,
        plan: Plan,
        branch: &Branch,
    ) -> Result<Outcome, TargetError> {
        let mut outcome = plan.outcome(Status::Outdated);
        outcome.differences = message::differences(clone, tip, &plan.changes)?;
        if plan.changes.is_empty() {
            outcome.left.push("its account's owners seal what is there".into());
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

/// What is to be done with a target.
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

    /// The outcome with what is left, which keeps a target from being what it should.
    fn outcome(&self, status: Status) -> Outcome {
        let left = self.account.as_ref().map(|account| account.left.clone()).unwrap_or_default();
        let status = if left.is_empty() || !self.changes.is_empty() { status } else { Status::Failed };
        Outcome { left, ..Outcome::of(status) }
    }
}

fn waits(branch: &Branch, is_sealed: bool) -> String {
    let seal = if is_sealed { "" } else { ", which its account's owners seal first" };
    format!("branch `{branch}` waits to be merged{seal}")
}

/// Whether a push failed because the branch had moved meanwhile.
fn was_raced(words: &str) -> bool {
    ["[rejected]", "cannot lock ref", "failed to update ref", "incorrect old value"]
        .iter()
        .any(|word| words.contains(word))
}
