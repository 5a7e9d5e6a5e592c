//! The clone: a target's newest commit in a temporary repository, and the policy files in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::error::TargetError;
use crate::files;
use crate::git::bare::{Bare, FolderId, Node};
use crate::git::branch::Branch;
use crate::git::commit::{Author, Changes, Place};
use crate::git::source::RemoteUrl;
use crate::git::{BlobId, Commit, GitError};
use crate::limits::{LEDGER_BYTES_MAX, POLICY_FILES_MAX, TARGET_GIT_SECONDS_MAX};
use crate::policy::documents;
use crate::policy::fetch::error::FetchError;
use crate::policy::fetch::extract::{self, Walk, is_policy_path};
use crate::stackset::Target;

/// Folders of a policy directory that are read, and the depth of files in them.
const FOLDERS: [(&str, usize); 7] = [
    (documents::ACCOUNTS, 5),
    (documents::CSCS, 1),
    (documents::LAYERS, 1),
    ("objects", 2),
    (documents::PROFILES, 1),
    ("revocations", 1),
    ("roots", 1),
];

/// A target's repository, as far as it was fetched.
pub(super) struct Clone<'t> {
    target: &'t Target,
    bare: Bare,
    _folder: TempDir,
}

/// The newest commit of a branch, with its policy.
pub(super) struct Tip {
    /// The branch's newest commit.
    pub commit: Commit,
    /// The policy directory, if there is one.
    pub folder: Option<FolderId>,
    /// Its policy files by path; `None` for one that is not a regular file.
    pub files: BTreeMap<String, Option<BlobId>>,
}

impl<'t> Clone<'t> {
    /// An empty clone, in a folder that is removed when dropped.
    pub fn of(target: &'t Target) -> Result<Self, TargetError> {
        let folder = scratch()?;
        let bare = Bare::open_or_create(folder.path())?.within(Duration::from_secs(TARGET_GIT_SECONDS_MAX));
        Ok(Self { target, bare, _folder: folder })
    }

    fn url(&self) -> &RemoteUrl {
        self.target.url()
    }

    /// Whether the target's repository has a branch.
    pub fn has_branch(&self, branch: &Branch) -> Result<bool, TargetError> {
        Ok(self.bare.has_branch(self.url(), branch)?)
    }

    /// Whether the content of a tip was merged into the target's branch.
    pub fn has_merged(&self, tip: &Tip) -> Result<bool, TargetError> {
        Ok(self.bare.is_in(self.url(), &tip.commit, self.target.branch())?)
    }

    /// Fetches a branch, and lists the policy files in it.
    pub fn tip(&self, branch: &Branch) -> Result<Tip, TargetError> {
        let commit = self.bare.fetch(self.url(), &branch.full())?;
        match self.bare.place(&commit, self.target.path().as_str())? {
            Place::Taken(path) => Err(TargetError::Taken(path)),
            Place::Free => Ok(Tip { commit, folder: None, files: BTreeMap::new() }),
            Place::Folder(folder) => {
                let files = self.files(folder)?;
                Ok(Tip { commit, folder: Some(folder), files })
            }
        }
    }

    fn files(&self, top: FolderId) -> Result<BTreeMap<String, Option<BlobId>>, TargetError> {
        let (mut files, mut walk) = (BTreeMap::new(), Walk::default());
        for entry in walk.entries(&self.bare, "", top)? {
            let Ok(name) = String::from_utf8(entry.name) else { continue };
            match (FOLDERS.iter().find(|(folder, _)| *folder == name), entry.node) {
                (Some((_, depth)), Node::Folder(folder)) => {
                    self.files_below(folder, &name, *depth, &mut files, &mut walk)?;
                }
                (Some(_), Node::File(_) | Node::Other) => drop(files.insert(name, None)),
                (None, node) if is_policy_path(&name) => drop(files.insert(name, blob(node))),
                (None, _) => {}
            }
        }
        Ok(files)
    }

    fn files_below(
        &self,
        folder: FolderId,
        above: &str,
        depth: usize,
        files: &mut BTreeMap<String, Option<BlobId>>,
        walk: &mut Walk,
    ) -> Result<(), TargetError> {
        for entry in walk.entries(&self.bare, above, folder)? {
            let name = String::from_utf8_lossy(&entry.name);
            let path = format!("{above}/{name}");
            // It could not be named to remove it.
            if name.as_bytes() != entry.name && is_policy_path(&path) {
                return Err(FetchError::Entry { path, reason: "has a name that is not portable" }.into());
            }
            match entry.node {
                Node::Folder(folder) if depth > 1 => {
                    self.files_below(folder, &path, depth - 1, files, walk)?;
                }
                node if is_policy_path(&path) => drop(files.insert(path, blob(node))),
                _ => {}
            }
            if files.len() > POLICY_FILES_MAX {
                let limit = format!("{POLICY_FILES_MAX} files");
                return Err(FetchError::TooMuch { path: above.into(), limit }.into());
            }
        }
        Ok(())
    }

    /// A file's bytes, if it exists with at most `limit` bytes.
    pub fn read(&self, tip: &Tip, path: &str, limit: u64) -> Result<Option<Vec<u8>>, GitError> {
        let Some(Some(blob)) = tip.files.get(path) else { return Ok(None) };
        if self.bare.size(*blob)? > limit {
            return Ok(None);
        }
        self.bare.lend(*blob, <[u8]>::to_vec).map(Some)
    }

    /// The policy at a tip, extracted to a folder; `None` if there is none.
    pub fn extracted(&self, tip: &Tip) -> Result<Option<TempDir>, TargetError> {
        let Some(folder) = tip.folder.filter(|_| !tip.files.is_empty()) else { return Ok(None) };
        let copy = scratch()?;
        extract::extract(&self.bare, folder, copy.path())?;
        Ok(Some(copy))
    }

    /// Commits changes of the policy directory on top of a tip.
    pub fn commit(
        &self,
        tip: &Tip,
        changes: &Changes,
        author: &Author,
        message: &str,
    ) -> Result<Commit, TargetError> {
        Ok(self.bare.commit(&tip.commit, self.target.path().as_str(), changes, author, message)?)
    }

    /// Pushes a commit to a branch of the target.
    pub fn push(&self, commit: &Commit, branch: &Branch) -> Result<(), TargetError> {
        Ok(self.bare.push(self.url(), commit, branch)?)
    }
}

/// A folder by its real path, as error messages have it.
pub(super) fn scratch() -> Result<TempDir, TargetError> {
    let parent = files::temporary::parent().map_err(TargetError::Folder)?;
    tempfile::Builder::new().prefix("countersign-").tempdir_in(parent).map_err(TargetError::Scratch)
}

fn blob(node: Node) -> Option<BlobId> {
    match node {
        Node::File(blob) => Some(blob),
        Node::Folder(_) | Node::Other => None,
    }
}

/// The policy files of a local folder, by path.
pub(super) fn files_of(directory: &Path) -> Result<BTreeMap<String, Vec<u8>>, TargetError> {
    let mut found = BTreeMap::new();
    let unread = |error| TargetError::Scratch(std::io::Error::other(error));
    for entry in walkdir::WalkDir::new(directory).sort_by_file_name() {
        let entry = entry.map_err(|error| TargetError::Scratch(error.into()))?;
        let path = entry
            .path()
            .strip_prefix(directory)
            .ok()
            .and_then(Path::to_str)
            .map(|path| path.replace('\\', "/"));
        if let Some(path) = path.filter(|path| entry.file_type().is_file() && is_policy_path(path)) {
            found.insert(path, files::read(entry.path(), LEDGER_BYTES_MAX).map_err(unread)?);
        }
    }
    Ok(found)
}
