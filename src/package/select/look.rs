//! The look: what is read once of a repository for all items of a command, and shared by all threads.
//!
//! The index, the rules for ignored files, the commit, and the trees on the way to each folder. Selecting one item then takes time for its
//! own files only, however many others the repository has.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{SelectError, folder_below};
use crate::git::ignore::Ignore;
use crate::git::{Blobs, Commit, Folders, GitError, Index, Repository};
use crate::provenance::Source;

/// Where files are selected from: a work tree, a commit, or a folder outside git.
pub struct Look(pub(super) Place);

pub(super) enum Place {
    Outside,
    WorkTree(Git, Box<WorkTree>),
    Commit(Git, Commit),
}

/// A repository for several threads.
pub(super) struct Git {
    pub top: PathBuf,
    pub blobs: Arc<Blobs>,
    /// The folders of the commit that were searched for.
    pub folders: Folders,
    origin: Option<String>,
}

/// What is read once of a work tree.
pub(super) struct WorkTree {
    pub index: Index,
    pub ignore: Ignore,
    pub modes: Modes,
    /// The commit that is checked out, if there is one.
    pub head: Option<Commit>,
}

/// How the work tree's file system shows modes and names, from the repository's own configuration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Modes {
    /// `core.fileMode`: whether the executable bit of a file counts.
    pub has_executables: bool,
    /// `core.symlinks`: whether links are links, and not files with their targets.
    pub has_links: bool,
    /// `core.ignorecase` or `core.precomposeunicode`: whether a name on disk can differ from the index's in case or
    /// in its Unicode form, and mean the same file.
    pub folds_names: bool,
}

impl Look {
    /// A folder outside git.
    pub fn outside() -> Self {
        Self(Place::Outside)
    }

    /// The work tree of a repository, to select from these folders.
    pub fn work_tree<'p>(
        repository: &Repository,
        folders: impl Iterator<Item = &'p Path>,
    ) -> Result<Self, SelectError> {
        let git = Git::new(repository);
        // Before the first commit, there is none.
        let head = repository.commit("HEAD").ok();
        if let Some(head) = &head {
            // A folder that cannot be read is reported, or differs, where it is selected from.
            let _ = git.find(repository, head, folders);
        }
        let modes = Modes {
            has_executables: repository.switch("core.filemode", cfg!(unix)),
            has_links: repository.switch("core.symlinks", true),
            folds_names: repository.switch("core.ignorecase", false)
                || repository.switch("core.precomposeunicode", false),
        };
        let index = repository.index()?;
        let ignore = Ignore::of(repository, &index)?;
        let tree = WorkTree { index, ignore, modes, head };
        Ok(Self(Place::WorkTree(git, Box::new(tree))))
    }

    /// A commit of a repository, to select from these folders.
    pub fn commit<'p>(
        repository: &Repository,
        revision: &str,
        folders: impl Iterator<Item = &'p Path>,
    ) -> Result<Self, GitError> {
        let git = Git::new(repository);
        let commit = repository.commit(revision)?;
        git.find(repository, &commit, folders)?;
        Ok(Self(Place::Commit(git, commit)))
    }
}

impl Git {
    fn new(repository: &Repository) -> Self {
        Self {
            top: repository.top().to_path_buf(),
            blobs: Arc::new(repository.blobs()),
            folders: Folders::default(),
            origin: repository.origin(),
        }
    }

    fn find<'p>(
        &self,
        repository: &Repository,
        commit: &Commit,
        folders: impl Iterator<Item = &'p Path>,
    ) -> Result<(), GitError> {
        let paths: Vec<String> = folders.map(|folder| folder_below(&self.top, folder)).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        repository.find_folders(&self.folders, commit, &paths, |_| Ok(()))
    }

    /// The origin of files of a folder.
    pub fn source(&self, commit: &Commit, path: String, dirty: bool) -> Source {
        let Commit { id: commit, tree } = commit.clone();
        Source { repository: self.origin.clone(), commit, tree, path, dirty }
    }
}
