//! Changed: what a workspace's functions and layers are in a commit, so that two commits can be compared.
//!
//! Only trees are read, no file: a file is its path, its mode and the id of its blob. What a commit cannot package (build
//! output, a submodule, a Git LFS pointer) has no content here and counts as changed: `release` packages it, or says why not.

use crate::digest::Sha384;
use crate::git::{GitError, Repository};
use crate::package::select::{self, Look, Outputs, Request, SelectError};
use crate::provenance::SelectionRecord;
use crate::source::{self, WorkspaceError};
use crate::workspace::{Item, Workspace};

/// The files of a function or layer in a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// How many files there are.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
    digest: Sha384,
}

/// A commit, for reading the content of items.
pub struct State {
    look: Look,
    /// The commit's own list of items; `None` if it has none or one that cannot be read.
    workspace: Option<Workspace>,
}

impl State {
    /// The state of a revision, to read the content of these items. A commit whose `countersign.toml` is missing or
    /// malformed has no items.
    ///
    /// Errors: the revision does not name a commit, or the repository cannot be read.
    pub fn of(repository: &Repository, revision: &str, items: &[&Item]) -> Result<Self, GitError> {
        let commit = repository.commit(revision)?;
        let workspace = match source::workspace(repository, &commit) {
            Ok(workspace) => Some(workspace),
            Err(WorkspaceError::Missing { .. } | WorkspaceError::Malformed { .. }) => None,
            Err(WorkspaceError::Git(error)) => return Err(error),
        };
        let look = Look::commit(repository, &commit.id, items.iter().map(|item| item.folder.as_path()))?;
        Ok(Self { look, workspace })
    }

    /// The content of an item in this commit; `None` if the commit alone does not give a package.
    pub fn content(&self, item: &Item, outputs: &Outputs) -> Result<Option<Content>, GitError> {
        let rules = SelectionRecord { untracked: false, ..item.rules.clone() };
        let (folder, allow_secrets) = (&item.folder, &item.allow_secrets);
        let request = Request { folder, rules: &rules, outputs, allow_secrets };
        let selection = match select::select(&self.look, &request) {
            Ok(selection) => selection,
            Err(SelectError::Git(error)) => return Err(error),
            Err(_) => return Ok(None),
        };
        let mut lines = Vec::new();
        for candidate in &selection.candidates {
            let Some(blob) = candidate.blob() else { return Ok(None) };
            lines.extend(format!("{} {blob} {}\0", candidate.mode.unix(), candidate.path).into_bytes());
        }
        let (files, bytes) =
            (selection.candidates.len(), selection.candidates.iter().map(|each| each.size).sum());
        Ok(Some(Content { files, bytes, digest: Sha384::of(&lines) }))
    }

    /// Whether an item of `workspace`, with this content, is the same in this commit: its entry in `countersign.toml`, the
    /// account, and each file.
    pub fn has(
        &self,
        workspace: &Workspace,
        item: &Item,
        content: Option<&Content>,
    ) -> Result<bool, GitError> {
        let (Some(own), Some(content)) = (&self.workspace, content) else { return Ok(false) };
        if own.account != workspace.account || own.item(&item.name) != Some(item) {
            return Ok(false);
        }
        Ok(self.content(item, &own.outputs())?.as_ref() == Some(content))
    }
}
