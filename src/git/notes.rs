//! Notes: data attached to a commit, under a separate ref.
//!
//! The ref names a commit whose tree has a blob for each annotated commit, named by that commit's id in
//! hexadecimal. Git splits the names into folders as the tree grows (`ab/cdef…`, `ab/cd/ef…`); all of these
//! forms are read.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use git2::{ErrorCode, Oid, Signature};

use super::tree::{Kind, Tree};
use super::walk::Walk;
use super::{BlobId, Commit, GitError, Repository, object};
use crate::files::{FileError, Lock};
use crate::limits::{
    NOTE_BYTES_MAX, NOTE_FOLDER_BYTES_MAX, NOTE_FOLDERS_BYTES_MAX, NOTES_MAX, TREE_BYTES_MAX,
};

/// The ref under which manifests are attached.
pub const NOTES_REF: &str = "refs/notes/countersign";

/// The notes of a repository, at one state of their ref.
pub struct Notes<'r> {
    repository: &'r Repository,
    top: Option<Oid>,
    read: RefCell<Read>,
}

/// Folders that were read, cached up to [`NOTE_FOLDERS_BYTES_MAX`].
#[derive(Default)]
struct Read {
    folders: BTreeMap<Oid, Rc<Tree>>,
    bytes: u64,
}

impl Read {
    fn keep(&mut self, id: Oid, tree: &Rc<Tree>) {
        if self.bytes.saturating_add(tree.size()) > NOTE_FOLDERS_BYTES_MAX {
            *self = Self::default();
        }
        self.bytes = self.bytes.saturating_add(tree.size());
        self.folders.insert(id, Rc::clone(tree));
    }
}

impl Repository {
    /// The current notes; empty if nothing was ever attached.
    pub fn notes(&self) -> Result<Notes<'_>, GitError> {
        match self.inner.refname_to_id(NOTES_REF) {
            Ok(id) => self.notes_as_of(&id.to_string()),
            Err(error) if error.code() == ErrorCode::NotFound => {
                Ok(Notes { repository: self, top: None, read: RefCell::default() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The notes after a push: at the commit to which it moves [`NOTES_REF`].
    pub fn notes_as_of(&self, commit: &str) -> Result<Notes<'_>, GitError> {
        let found = Oid::from_str(commit).map_err(GitError::from);
        let found = found.and_then(|id| object::commit(&self.inner, id));
        let top = found.map_err(|_| GitError::NoNotes(commit.into()))?.tree;
        Ok(Notes { repository: self, top: Some(top), read: RefCell::default() })
    }

    /// Changes the note of a commit; removes it if `change` returns `None`.
    ///
    /// Only one command changes notes at a time, and the ref moves only from the state that was read.
    pub fn change_note<E: From<GitError>>(
        &self,
        commit: &Commit,
        change: impl FnOnce(Option<Vec<u8>>) -> Result<Option<String>, E>,
    ) -> Result<(), E> {
        let _lock = self.lock_notes().map_err(|error| GitError::Notes(error.to_string()))?;
        let id = Oid::from_str(&commit.id).map_err(GitError::from)?;
        let before = self.notes()?.of(&commit.id)?;
        let old = before.clone();
        let (name, email) = self.who();
        let who = Signature::now(&name, &email).map_err(GitError::from)?;
        match change(before)? {
            // Nothing changes, and so the notes get no commit.
            Some(text) if old.as_deref() == Some(text.as_bytes()) => Ok(()),
            Some(text) if text.len() as u64 > NOTE_BYTES_MAX => Err(GitError::NoteTooLarge {
                commit: commit.id.clone(),
                size: text.len() as u64,
                limit: NOTE_BYTES_MAX,
            }
            .into()),
            Some(text) => {
                let noted = self.inner.note(&who, &who, Some(NOTES_REF), id, &text, true);
                noted.map(drop).map_err(|error| GitError::from(error).into())
            }
            None if old.is_some() => {
                let removed = self.inner.note_delete(id, Some(NOTES_REF), &who, &who);
                removed.map_err(|error| GitError::from(error).into())
            }
            None => Ok(()),
        }
    }

    /// Waits until no other command changes notes, and keeps others waiting.
    pub(super) fn lock_notes(&self) -> Result<Lock, FileError> {
        Lock::next_to(&self.common_dir().join("countersign").join("notes"))
    }

    /// The names of the remotes, sorted.
    pub fn remotes(&self) -> Result<Vec<String>, GitError> {
        let names = self.inner.remotes()?;
        Ok(names.iter().flatten().flatten().map(str::to_owned).collect())
    }

    /// The name and address for commits of notes: git's user, or ours if none is set.
    pub(super) fn who(&self) -> (String, String) {
        let setting = |name: &str| self.setting(name).ok().flatten().filter(|text| !text.trim().is_empty());
        match (setting("user.name"), setting("user.email")) {
            (Some(name), Some(email)) => (name, email),
            _ => ("countersign".into(), "countersign@localhost".into()),
        }
    }
}

impl Notes<'_> {
    /// The note of a commit.
    pub fn of(&self, commit: &str) -> Result<Option<Vec<u8>>, GitError> {
        let Some(blob) = self.find(commit)? else { return Ok(None) };
        match self.repository.blob(blob, NOTE_BYTES_MAX) {
            Err(GitError::BlobTooLarge { size, limit, .. }) => {
                Err(GitError::NoteTooLarge { commit: commit.into(), size, limit })
            }
            note => note.map(Some),
        }
    }

    /// Whether nothing was ever attached.
    pub fn is_empty(&self) -> bool {
        self.top.is_none()
    }

    /// Whether a commit has a note.
    pub fn has(&self, commit: &str) -> Result<bool, GitError> {
        Ok(self.find(commit)?.is_some())
    }

    /// The ids of all commits with a note, sorted.
    pub fn commits(&self) -> Result<Vec<String>, GitError> {
        let (mut found, mut seen, mut walk) = (Vec::new(), 0, Walk::default());
        let mut folders: Vec<(String, Oid)> = self.top.iter().map(|top| (String::new(), *top)).collect();
        while let Some((above, id)) = folders.pop() {
            let folder = Tree::read_at_most(&self.repository.inner, id, limit(above.len()))?;
            // A few trees that contain one another can name more files than can be counted.
            walk.visit(id, &folder, above.len())?;
            seen += folder.count();
            if seen > NOTES_MAX {
                return Err(GitError::TooManyNotes(NOTES_MAX));
            }
            for entry in folder.entries() {
                let name = std::str::from_utf8(entry.name).ok().filter(|name| is_hex(name));
                let Some(name) = name else { continue };
                let name = format!("{above}{name}");
                match entry.kind {
                    Kind::File(_) if is_id(&name) => found.push(name),
                    // Each folder's name is part of the id, so folders are never deeper than ids are long.
                    Kind::Folder if name.len() < ID_DIGITS => folders.push((name, entry.id)),
                    _ => {}
                }
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// The blob whose name, without the slashes, is `rest`.
    fn find(&self, mut rest: &str) -> Result<Option<BlobId>, GitError> {
        let Some(mut id) = self.top else { return Ok(None) };
        let whole = rest.len();
        loop {
            let tree = self.tree(id, whole - rest.len())?;
            match tree.get(rest.as_bytes()) {
                Some(entry) if matches!(entry.kind, Kind::File(_)) => return Ok(Some(BlobId(entry.id))),
                _ => {}
            }
            let Some((folder, below)) = rest.split_at_checked(2) else { return Ok(None) };
            match tree.get(folder.as_bytes()) {
                Some(entry) if entry.kind == Kind::Folder => (id, rest) = (entry.id, below),
                _ => return Ok(None),
            }
        }
    }

    /// The folder whose names follow this many digits of an id.
    fn tree(&self, id: Oid, digits: usize) -> Result<Rc<Tree>, GitError> {
        if let Some(tree) = self.read.borrow().folders.get(&id) {
            return Ok(Rc::clone(tree));
        }
        let tree = Rc::new(Tree::read_at_most(&self.repository.inner, id, limit(digits))?);
        self.read.borrow_mut().keep(id, &tree);
        Ok(tree)
    }
}

/// The most bytes of a folder whose names follow this many digits of an id.
fn limit(digits: usize) -> u64 {
    if digits == 0 { TREE_BYTES_MAX } else { NOTE_FOLDER_BYTES_MAX }
}

/// How many digits a commit's id has.
const ID_DIGITS: usize = 40;

fn is_id(text: &str) -> bool {
    text.len() == ID_DIGITS && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
