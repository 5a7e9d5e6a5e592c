//! Hooks: a push goes on only if all that the refs it protects lead to is signed.
//!
//! The sealed policy says which refs are protected. For the commit that each of them would lead to,
//! every function and layer of that commit's own `countersign.toml` is judged under the CSC that
//! governs it: some manifest attached to the commit, or to another commit of the push, has to describe
//! exactly the package of the commit. Which policy counts is for the caller; nothing that is pushed says.

mod candidates;
mod judge;
pub mod update;

use std::collections::BTreeMap;

use self::candidates::Search;
use self::judge::Judge;
use self::update::{Side, Update};
use crate::files::FileError;
use crate::function::{Functions, Protected, is_alike, replaces_objects};
use crate::git::notes::NOTES_REF;
use crate::git::{Commit, GitError, Repository};
use crate::limits::{COMMIT_NAMES_MAX, PUSHED_NAMES_MAX, PUSHED_VERDICTS_MAX};
use crate::parallel::Threads;
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::report::Verdict;
use crate::source::WorkspaceError;
use crate::time::Timestamp;
use crate::verify::VerifyError;

/// Why nothing could be decided about a push.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// A protected ref would lead to something that is not a commit.
    #[error("protected ref `{reference}` would lead to {object}, which is no commit of this repository")]
    NotACommit {
        /// The ref.
        reference: String,
        /// The object's id.
        object: String,
    },
    /// A ref by which git reads other objects for those that are named.
    #[error(
        "the push changes `{0}`, and with refs below `refs/replace/` git reads another object for the one that a \
        protected ref leads to"
    )]
    Replacement(String),
    /// A ref with another name than a protected one, which a server may keep in the same place.
    #[error(
        "the push changes `{reference}`, which servers that fold names take for a ref that `{pattern}` protects"
    )]
    Alike {
        /// The ref.
        reference: String,
        /// The pattern.
        pattern: String,
    },
    /// The functions and layers of a commit have more files and folders together than are counted.
    #[error(
        "the functions and layers of commit {commit} have more than {COMMIT_NAMES_MAX} files and folders together"
    )]
    TooManyNames {
        /// The commit.
        commit: String,
    },
    /// The commits of a push have more files and folders together than are counted.
    #[error("the commits of the push have more than {PUSHED_NAMES_MAX} files and folders to verify together")]
    TooManyPushedNames,
    /// The commits of a push have more functions and layers together than are judged.
    #[error(
        "the commits of the push have more than {PUSHED_VERDICTS_MAX} functions and layers to verify together"
    )]
    TooManyVerdicts,
    /// What the commit has to package cannot be told.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The policy is not trusted.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Git's data could not be had.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl HookError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotACommit { .. } => Some("push a commit, or a tag of one"),
            Self::Workspace(error) => error.hint(),
            Self::Policy(error) => error.hint(),
            Self::Replacement(_) => Some(
                "push without refs below `refs/replace/`, such as with `git push origin <branch>`; the owner of the \
                server deletes those that it has with `git replace -d`",
            ),
            Self::Alike { .. } => {
                Some("push to the protected ref by its own name, or choose a name that differs more")
            }
            Self::TooManyPushedNames | Self::TooManyVerdicts => Some("push fewer refs at a time"),
            Self::TooManyNames { .. } => Some("give each function its own folder in `countersign.toml`"),
            Self::Git(error) => error.hint(),
            Self::File(_) => None,
        }
    }
}

impl From<VerifyError> for HookError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Policy(error) => Self::Policy(error),
            VerifyError::File(error) => Self::File(error),
        }
    }
}

/// What a hook judges with.
pub struct Hook<'a> {
    /// The policy that says which refs are protected, and by what.
    pub policy: &'a Policy,
    /// The repository, with what is pushed among its objects.
    pub repository: &'a Repository,
    /// Where the hook runs.
    pub side: Side,
    /// What git calls the other end, where a push starts.
    pub remote: Option<&'a str>,
    /// The verifier's clock.
    pub now: Timestamp,
    /// How many threads may work.
    pub threads: Threads,
}

/// What was judged of one commit.
#[derive(Debug)]
pub struct Judged {
    /// The commit.
    pub commit: Commit,
    /// The protected refs that would lead to it.
    pub references: Vec<String>,
    /// What the gate says about each function and layer; at least one.
    pub verdicts: Vec<Verdict>,
    /// Things worth saying that change no verdict.
    pub notes: Vec<String>,
}

impl Hook<'_> {
    /// Judges a push; nothing is judged where it moves no protected ref.
    pub fn judge(&self, updates: &[Update]) -> Result<Vec<Judged>, HookError> {
        let functions = self.policy.functions()?;
        let commits = self.protected(&functions, updates)?;
        if commits.is_empty() {
            return Ok(Vec::new());
        }
        // What is attached comes with the push itself, or came before.
        let pushed = updates.iter().find(|update| update.reference == NOTES_REF);
        let notes = match pushed.and_then(|update| update.to.as_deref()) {
            Some(commit) => self.repository.notes_as_of(commit)?,
            None => self.repository.notes()?,
        };
        let (judge, search) = (Judge::new(self, functions)?, Search::of(&notes));
        let (mut judged, mut verdicts) = (Vec::new(), 0);
        for commit in commits.keys() {
            let next = judge.commit(self, &search, &commits, commit)?;
            verdicts += next.verdicts.len();
            judged.push(next);
            // A single commit has as many as its `countersign.toml` can name.
            if verdicts > PUSHED_VERDICTS_MAX && commits.len() > 1 {
                return Err(HookError::TooManyVerdicts);
            }
        }
        Ok(judged)
    }

    /// The commits that a push would put under protected refs, each with those refs.
    ///
    /// What would change the meaning of a protected commit, or reach a protected ref by another name, is refused.
    fn protected(
        &self,
        functions: &Functions,
        updates: &[Update],
    ) -> Result<BTreeMap<Commit, Vec<String>>, HookError> {
        let protection = functions.protection();
        let mut commits: BTreeMap<Commit, Vec<String>> = BTreeMap::new();
        if protection.is_empty() {
            return Ok(commits);
        }
        // Where a push arrives, a symbolic ref carries it to others; where it starts, nobody knows.
        let aliases = match self.side {
            Side::Pusher => Vec::new(),
            Side::Receiver => {
                self.repository.check_ref_links()?;
                self.repository.aliases()?
            }
        };
        // Many refs can lead to one large commit.
        let mut last: Option<(String, Commit)> = None;
        for update in updates {
            let name = &update.reference;
            // What is attached is looked at for what it says of others, and is no deploy itself.
            if name == NOTES_REF {
                continue;
            }
            let moved =
                aliases.iter().filter(|names| names.iter().any(|each| is_alike(each, name))).flatten();
            let moved: Vec<&String> = moved.chain([name]).collect();
            if let Some(reference) = moved.iter().find(|name| replaces_objects(name)) {
                return Err(HookError::Replacement((*reference).clone()));
            }
            // A ref that is gone deploys nothing.
            let Some(object) = &update.to else { continue };
            if let Protected::Alike(pattern) = protection.of_ref(name) {
                return Err(HookError::Alike { reference: name.clone(), pattern: pattern.to_string() });
            }
            if moved.iter().all(|name| protection.of_ref(name) == Protected::No) {
                continue;
            }
            let commit = match &last {
                Some((known, commit)) if known == object => Some(commit.clone()),
                _ => self.repository.peeled(object)?,
            };
            let commit = commit
                .ok_or_else(|| HookError::NotACommit { reference: name.clone(), object: object.clone() })?;
            last = Some((object.clone(), commit.clone()));
            commits.entry(commit).or_default().push(name.clone());
            if commits.len() > PUSHED_VERDICTS_MAX {
                return Err(HookError::TooManyVerdicts);
            }
        }
        Ok(commits)
    }

    /// Judges one commit by what is attached here, whatever refs lead to it.
    pub fn judge_commit(&self, commit: Commit) -> Result<Judged, HookError> {
        let functions = self.policy.functions()?;
        let notes = self.repository.notes()?;
        let commits = BTreeMap::from([(commit.clone(), Vec::new())]);
        Judge::new(self, functions)?.commit(self, &Search::of(&notes), &commits, &commit)
    }
}
