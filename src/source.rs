//! The source: the package of a workspace's item at a commit, read from the object database.
//!
//! Nothing is checked out or compressed; the commit's own `countersign.toml` lists the items.

use std::borrow::Cow;

use crate::document::DocumentError;
use crate::git::{Commit, GitError, Repository};
use crate::hint::Hint;
use crate::limits::DOCUMENT_BYTES_MAX;
use crate::package::select::{self, Known, Request, SelectError};
use crate::parallel::Threads;
use crate::provenance::SelectionRecord;
use crate::verify::CommitFiles;
use crate::workspace::{self, Item, Workspace};

/// Why a commit's workspace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The commit has no `countersign.toml`.
    #[error("commit {commit} has no `{}`", workspace::FILE_NAME)]
    Missing {
        /// The commit.
        commit: String,
    },
    /// Its `countersign.toml` is malformed.
    #[error("cannot use the workspace of commit {commit}: {source}")]
    Malformed {
        /// The commit.
        commit: String,
        /// What is wrong with it.
        source: DocumentError,
    },
    /// Git's data cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Hint for WorkspaceError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Missing { .. } => {
                "commit a `countersign.toml` at the top that lists the functions and layers of the repository"
            }
            Self::Malformed { .. } => "fix the file, and commit it",
            Self::Git(error) => return error.hint(),
        };
        Some(hint.into())
    }
}

/// What a commit packages, from its own `countersign.toml`.
pub fn workspace(repository: &Repository, commit: &Commit) -> Result<Workspace, WorkspaceError> {
    let bytes = repository.committed_file(commit, workspace::FILE_NAME, DOCUMENT_BYTES_MAX)?;
    let bytes = bytes.ok_or_else(|| WorkspaceError::Missing { commit: commit.short() })?;
    Workspace::parse(repository.top(), &bytes)
        .map_err(|source| WorkspaceError::Malformed { commit: commit.short(), source })
}

/// The files of the package that `package --from COMMIT` would create of the item; blobs in `known` are not
/// read again.
pub fn files(
    repository: &Repository,
    commit: &Commit,
    workspace: &Workspace,
    item: &Item,
    known: &Known,
    threads: Threads,
) -> Result<CommitFiles, SelectError> {
    let request = Request {
        folder: &item.folder,
        rules: &SelectionRecord { untracked: false, ..item.rules.clone() },
        outputs: &workspace.outputs(),
        allow_secrets: &item.allow_secrets,
    };
    let selection = select::select_of(repository, commit, &request, known)?;
    let files = select::inventory(&selection, known, threads)?.files;
    Ok(CommitFiles { commit: commit.short(), files })
}
