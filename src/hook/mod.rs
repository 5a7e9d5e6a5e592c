//! Hooks: a push succeeds only if everything that the protected refs lead to is signed.
//!
//! The sealed policy lists the protected refs. For the commit that each of them would point to, every
//! function and layer of that commit's own `countersign.toml` is verified under the CSC that governs it: a
//! manifest attached to the commit, or to one of its ancestors, must describe exactly the package of the
//! commit, and pass every check now. If the sealed policy says `covered_by = "commit"`, manifests of
//! ancestors do not count. If it says `source = "artifact"` for a function, a manifest that is attached to the
//! very commit, names it and is not dirty covers it too, whatever its files are. The caller chooses the policy; nothing in the push can change it, and neither does
//! the answer depend on which commits the other side has.

mod candidates;
mod finding;
mod item;
pub mod update;
mod verifier;

use std::borrow::Cow;
use std::collections::BTreeMap;

use self::candidates::Search;
use self::update::{Side, Update};
use self::verifier::CommitVerifier;
use crate::document::format::FormatNewer;
use crate::files::FileError;
use crate::function::{Functions, Protected, is_alike, replaces_objects};
use crate::git::notes::NOTES_REF;
use crate::git::{Commit, GitError, Repository};
use crate::hint::Hint;
use crate::limits::{CANDIDATES_MAX, COMMIT_NAMES_MAX, PUSHED_NAMES_MAX, PUSHED_VERDICTS_MAX};
use crate::parallel::Threads;
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::report::Verdict;
use crate::source::WorkspaceError;
use crate::time::Timestamp;
use crate::verify::VerifyError;

/// Why no decision was possible about a push.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// A protected ref would point to an object that is not a commit.
    #[error("protected ref `{reference}` would point to {object}, which is not a commit of this repository")]
    NotACommit {
        /// The ref.
        reference: String,
        /// The object's id.
        object: String,
    },
    /// A ref that makes git read one object in place of another.
    #[error(
        "the push changes `{0}`: with refs below `refs/replace/`, git reads another object in place of the one that a \
        protected ref points to"
    )]
    Replacement(String),
    /// A ref whose name a server could store as a protected one.
    #[error(
        "the push changes `{reference}`, which some servers store in the same place as a ref that `{pattern}` protects"
    )]
    Alike {
        /// The ref.
        reference: String,
        /// The pattern.
        pattern: String,
    },
    /// The functions and layers of a commit have too many files and folders together.
    #[error(
        "the functions and layers of commit {commit} have more than {COMMIT_NAMES_MAX} files and folders in total"
    )]
    TooManyNames {
        /// The commit.
        commit: String,
    },
    /// The commits of a push have too many files and folders together.
    #[error("the commits of the push have more than {PUSHED_NAMES_MAX} files and folders to verify")]
    TooManyPushedNames,
    /// The commits of a push have too many functions and layers together.
    #[error("the commits of the push have more than {PUSHED_VERDICTS_MAX} functions and layers to verify")]
    TooManyVerdicts,
    /// What the commit packages cannot be read.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A manifest is newer than this program.
    #[error(transparent)]
    FormatNewer(FormatNewer),
    /// There are too many manifests newer than this program to look for one by an allowed publisher.
    #[error(
        "more than {CANDIDATES_MAX} manifests for commit {commit} are newer than this program, and no other one allows it"
    )]
    TooManyNewer {
        /// The commit.
        commit: String,
    },
    /// The policy is not trusted.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Git's data cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Hint for HookError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::NotACommit { .. } => "push a commit or a tag of a commit",
            Self::Workspace(error) => return error.hint(),
            Self::Policy(error) => return error.hint(),
            Self::FormatNewer(newer) => return newer.hint(),
            Self::Replacement(_) => {
                "push only the branch: `git push origin <branch>`; the owner of the \
                server deletes existing ones with `git replace -d`"
            }
            Self::Alike { .. } => {
                "push to the protected ref by its own name, or choose a name that differs more"
            }
            Self::TooManyPushedNames | Self::TooManyVerdicts => "push fewer refs at a time",
            Self::TooManyNewer { .. } => {
                "update countersign, or remove the manifests with `countersign manifest detach`"
            }
            Self::TooManyNames { .. } => "give each function its own folder in `countersign.toml`",
            Self::Git(error) => return error.hint(),
            Self::File(_) => return None,
        };
        Some(hint.into())
    }
}

impl From<VerifyError> for HookError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Policy(error) => Self::Policy(error),
            VerifyError::FormatNewer(newer) => Self::FormatNewer(newer),
            VerifyError::File(error) => Self::File(error),
        }
    }
}

/// The input of a hook.
pub struct Hook<'a> {
    /// The policy, which lists the protected refs.
    pub policy: &'a Policy,
    /// The repository, including the objects of the push.
    pub repository: &'a Repository,
    /// Which hook is running.
    pub side: Side,
    /// The verifier's clock.
    pub now: Timestamp,
    /// Number of threads.
    pub threads: Threads,
}

/// The decisions about one commit.
#[derive(Debug)]
pub struct CommitVerdicts {
    /// The commit.
    pub commit: Commit,
    /// The protected refs that would point to it.
    pub references: Vec<String>,
    /// The verdict about each function and layer; at least one.
    pub verdicts: Vec<Verdict>,
    /// Notes for the user that change no verdict.
    pub notes: Vec<String>,
}

impl Hook<'_> {
    /// Decides on a push; empty if it moves no protected ref.
    pub fn verify_push(&self, updates: &[Update]) -> Result<Vec<CommitVerdicts>, HookError> {
        let functions = self.policy.functions()?;
        let commits = self.protected(&functions, updates)?;
        if commits.is_empty() {
            return Ok(Vec::new());
        }
        // The manifests come with this push, or came with an earlier one.
        let pushed = updates.iter().find(|update| update.reference == NOTES_REF);
        let notes = match pushed.and_then(|update| update.to.as_deref()) {
            Some(commit) => self.repository.notes_as_of(commit)?,
            None => self.repository.notes()?,
        };
        let mut search = Search::of(self.repository, &notes, functions.covered_by());
        let verifier = CommitVerifier::new(self, functions)?;
        let (mut judged, mut verdicts) = (Vec::new(), 0);
        for commit in commits.keys() {
            let next = verifier.commit(self, &mut search, &commits, commit)?;
            verdicts += next.verdicts.len();
            judged.push(next);
            // A single commit has at most as many as its `countersign.toml` can list.
            if verdicts > PUSHED_VERDICTS_MAX && commits.len() > 1 {
                return Err(HookError::TooManyVerdicts);
            }
        }
        Ok(judged)
    }

    /// The commits that the push moves protected refs to, each with those refs.
    ///
    /// Errors: the push changes the meaning of a protected commit, or reaches a protected ref by another
    /// name.
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
        // On the receiving side, a symbolic ref carries the push to others; on the pushing side this is
        // unknown.
        let aliases = match self.side {
            Side::Pusher => Vec::new(),
            Side::Receiver => {
                self.repository.check_ref_links()?;
                self.repository.aliases()?
            }
        };
        // Many refs can point to one large commit.
        let mut last: Option<(String, Commit)> = None;
        for update in updates {
            let name = &update.reference;
            // The notes ref is read for what it says about other commits; it deploys nothing itself.
            if name == NOTES_REF {
                continue;
            }
            let moved =
                aliases.iter().filter(|names| names.iter().any(|each| is_alike(each, name))).flatten();
            let moved: Vec<&String> = moved.chain([name]).collect();
            if let Some(reference) = moved.iter().find(|name| replaces_objects(name)) {
                return Err(HookError::Replacement((*reference).clone()));
            }
            // A deleted ref deploys nothing.
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

    /// Decides on one commit by the attached manifests, whatever refs point to it.
    pub fn verify_commit(&self, commit: Commit) -> Result<CommitVerdicts, HookError> {
        let functions = self.policy.functions()?;
        let notes = self.repository.notes()?;
        let commits = BTreeMap::from([(commit.clone(), Vec::new())]);
        let mut search = Search::of(self.repository, &notes, functions.covered_by());
        CommitVerifier::new(self, functions)?.commit(self, &mut search, &commits, &commit)
    }
}
