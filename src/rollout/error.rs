//! Target errors: why a target cannot be compared or changed, and what to do about it.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use crate::document::DocumentError;
use crate::files::FileError;
use crate::git::GitError;
use crate::git::bare::FetchedError;
use crate::git::branch::Branch;
use crate::git::program::ProgramError;
use crate::hint::Hint;
use crate::policy::diff::{self, Difference};
use crate::policy::error::PolicyError;
use crate::policy::fetch::error::FetchError;
use crate::policy::seal::SealError;

/// Why a target failed, or was not checked.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The git program failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The fetched repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The path leads through something that is not a folder.
    #[error("`{0}` in the target is a file, a link or a submodule, not a folder")]
    Taken(String),
    /// The target has no policy.
    #[error("the target has no policy in `{0}`")]
    NoAccount(String),
    /// The target has a newer seal of the central account.
    #[error("the target has seal {found}, newer than the local seal {here}")]
    Newer {
        /// The version of the target's seal.
        found: u64,
        /// The version of the local seal.
        here: u64,
    },
    /// Its files are not those of a policy.
    #[error(transparent)]
    Files(#[from] FetchError),
    /// The target's policy is not trusted, or cannot be changed in its state.
    #[error("{said}")]
    Policy {
        /// What is wrong, with paths in the target's policy.
        said: String,
        /// What to do about it.
        hint: Option<Cow<'static, str>>,
    },
    /// Like [`TargetError::Policy`], for the branch of a pull request.
    #[error("branch `{branch}` of the pull request: {said}")]
    Waiting {
        /// The branch.
        branch: Branch,
        /// What is wrong.
        said: String,
    },
    /// There are other unsealed changes, which sealing would include.
    #[error("the target has unsealed changes that are not from this stack set: {}", .0.join(", "))]
    Unsealed(Vec<String>),
    /// The table of differences forbids the changes.
    #[error("the rollout would make changes that are not allowed:{}", diff::listed(.0))]
    Forbidden(Vec<Difference>),
    /// No key for the target's seal was passed, and changes are pushed to the branch itself.
    #[error("not enough keys for the target's policy role: {given} of {needed}")]
    NoKey {
        /// How many of the passed keys have the role.
        given: usize,
        /// How many the role needs.
        needed: usize,
    },
    /// A document of the central account cannot be used for the target.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Other users pushed first, twice.
    #[error("another user pushed to `{0}` at the same time, twice")]
    Raced(Branch),
    /// The folder for the clone is not usable.
    #[error(transparent)]
    Folder(FileError),
    /// The clone cannot be created.
    #[error("cannot create a temporary folder")]
    Scratch(#[source] io::Error),
}

impl Hint for TargetError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Program(error) => return error.hint(),
            Self::Git(_) => "check the repository with `git fsck`",
            Self::Files(error) => return error.hint(),
            Self::Folder(error) => return error.hint(),
            Self::Policy { hint, .. } => return hint.clone(),
            Self::Waiting { .. } => {
                "ask the account's owners to merge the target's branch into it, or to delete it; then run the command again"
            }
            Self::Taken(_) => "remove it from the target, or fix the target's `path` in `stackset.toml`",
            Self::NoAccount(_) => {
                "restore it from the history of that repository, or ask its owners to create an account with `countersign init`"
            }
            Self::Newer { .. } => {
                "update the local central policy, for example with `git pull`, and run the command again"
            }
            Self::Unsealed(_) => "ask the account's owners to seal or undo them",
            Self::Forbidden(_) => {
                "fix each line in the central policy, or ask the account's owners to do it in the target"
            }
            Self::NoKey { .. } => {
                "pass the keys with `--key`, or set `pull_request` to a branch on which the account's owners seal"
            }
            Self::Document(_) => "fix the target's `parameters` in `stackset.toml`",
            Self::Raced(_) => "run the command again",
            Self::Scratch(_) => "free disk space, or set TMPDIR",
        };
        Some(hint.into())
    }
}

impl TargetError {
    /// A policy error, with paths in the target in place of the checked copy.
    pub(super) fn policy(error: &PolicyError, copy: &Path) -> Self {
        Self::Policy { said: said(error, copy), hint: error.hint() }
    }

    /// Like [`TargetError::policy`], for an error of sealing.
    pub(super) fn seal(error: SealError, copy: &Path) -> Self {
        match error {
            SealError::Forbidden(differences) => Self::Forbidden(differences),
            error => Self::Policy { said: said(&error, copy), hint: error.hint() },
        }
    }

    /// The same error, for the branch of a pull request.
    pub(super) fn of_waiting(self, branch: &Branch) -> Self {
        match self {
            Self::Policy { said, .. } => Self::Waiting { branch: branch.clone(), said },
            error => error,
        }
    }
}

/// An error's text with that of its cause, without the removed folder.
pub(super) fn said(error: &dyn std::error::Error, copy: &Path) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    let copy = copy.display().to_string();
    text.replace(&format!("{copy}{}", std::path::MAIN_SEPARATOR), "").replace(&copy, ".")
}

impl From<FetchedError> for TargetError {
    fn from(error: FetchedError) -> Self {
        match error {
            FetchedError::Program(error) => Self::Program(error),
            FetchedError::Git(error) => Self::Git(error),
        }
    }
}

impl From<FileError> for TargetError {
    fn from(error: FileError) -> Self {
        Self::Policy { said: said(&error, Path::new("")), hint: None }
    }
}
