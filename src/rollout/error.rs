//! Target errors: why a target could not be compared or changed, and what to do about it.

use std::io;
use std::path::Path;

use crate::document::DocumentError;
use crate::files::FileError;
use crate::git::GitError;
use crate::git::bare::FetchedError;
use crate::git::branch::Branch;
use crate::git::program::ProgramError;
use crate::policy::diff::Difference;
use crate::policy::error::PolicyError;
use crate::policy::fetch::error::FetchError;
use crate::policy::seal::SealError;

/// Why a target failed, or was not checked.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The git program brought or sent nothing.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// What it brought cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The path leads through something that is no folder.
    #[error("`{0}` there is a file, a link or a submodule, and no folder")]
    Taken(String),
    /// The target's account is not there.
    #[error("there is no policy in `{0}` there")]
    NoAccount(String),
    /// The target has a newer seal of the central account.
    #[error("seal {found} is there, which is newer than seal {here} here")]
    Newer {
        /// The seal's version there.
        found: u64,
        /// The seal's version here.
        here: u64,
    },
    /// Its files are not a policy's.
    #[error(transparent)]
    Files(#[from] FetchError),
    /// The policy there does not hold, or cannot be changed as it is.
    #[error("{said}")]
    Policy {
        /// What is wrong, with paths in the target's policy.
        said: String,
        /// What to do about it.
        hint: Option<&'static str>,
    },
    /// As [`TargetError::Policy`], of what waits on the branch of a pull request.
    #[error("branch `{branch}`, which waits to be merged: {said}")]
    Waiting {
        /// The branch.
        branch: Branch,
        /// What is wrong.
        said: String,
    },
    /// There are unsealed changes that this does not roll out, and sealing would seal them too.
    #[error("there are unsealed changes that are not this stack set's: {}", .0.join(", "))]
    Unsealed(Vec<String>),
    /// The table forbids what would change.
    #[error("what would change may not:{}", listed(.0))]
    Forbidden(Vec<Difference>),
    /// No key that seals there was given, and changes go to the branch itself.
    #[error("the keys given do not seal there: {given} of {needed} that the policy role takes")]
    NoKey {
        /// How many of the keys given hold the role.
        given: usize,
        /// How many the role takes.
        needed: usize,
    },
    /// A document of the central account cannot be had in the target.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Somebody was faster, twice.
    #[error("somebody pushed to `{0}` meanwhile, twice")]
    Raced(Branch),
    /// No folder is fit for the clone.
    #[error(transparent)]
    Folder(FileError),
    /// There is no room for the clone.
    #[error("cannot make a temporary folder")]
    Scratch(#[source] io::Error),
}

fn listed(forbidden: &[Difference]) -> String {
    let line = |each: &Difference| {
        format!("\n  {}: {}: {}", each.path, each.text, each.forbidden.as_deref().unwrap_or_default())
    };
    forbidden.iter().map(line).collect()
}

impl TargetError {
    /// A policy error, with paths in the target and not in the copy that was judged.
    pub(super) fn policy(error: &PolicyError, copy: &Path) -> Self {
        Self::Policy { said: said(error, copy), hint: error.hint() }
    }

    /// As [`TargetError::policy`], for an error of sealing.
    pub(super) fn seal(error: SealError, copy: &Path) -> Self {
        match error {
            SealError::Forbidden(differences) => Self::Forbidden(differences),
            error => Self::Policy { said: said(&error, copy), hint: error.hint() },
        }
    }

    /// The same error, of what waits on a branch.
    pub(super) fn of_waiting(self, branch: &Branch) -> Self {
        match self {
            Self::Policy { said, .. } => Self::Waiting { branch: branch.clone(), said },
            error => error,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Program(error) => return error.hint(),
            Self::Git(_) => "look at the repository with `git fsck`",
            Self::Files(error) => return error.hint(),
            Self::Folder(error) => return error.hint(),
            Self::Policy { hint, .. } => return *hint,
            Self::Waiting { .. } => {
                "have the account's owners bring that branch up to date with the target's, or delete it; then run it again"
            }
            Self::Taken(_) => "remove it there, or mend the target's `path` in `stackset.toml`",
            Self::NoAccount(_) => {
                "restore it from that repository's history; its owners make an account with `countersign init`"
            }
            Self::Newer { .. } => {
                "bring the central policy up to date here, as with `git pull`, and run it again"
            }
            Self::Unsealed(_) => "have the account's owners seal or undo them",
            Self::Forbidden(_) => {
                "do as each line says in the central policy, or let the account's owners do it there"
            }
            Self::NoKey { .. } => {
                "give the keys with `--key`, or let `pull_request` name a branch where the account's owners seal"
            }
            Self::Document(_) => "mend the target's `parameters` in `stackset.toml`",
            Self::Raced(_) => "run it again",
            Self::Scratch(_) => "make room, or set TMPDIR",
        })
    }
}

/// An error's text and its cause's, without the folder that is gone.
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
