//! Notes: what is attached to a commit, under a ref of its own.
//!
//! The ref leads to a commit whose tree has a blob for each annotated commit, named by that commit's
//! id in hexadecimal. Git cuts the names into folders as the tree grows (`ab/cdef…`, `ab/cd/ef…`);
//! all of these forms are read.

use git2::{ErrorCode, ObjectType, Oid, Signature};

use super::{Commit, GitError, Repository};
use crate::files::Lock;
use crate::limits::{NOTE_BYTES_MAX, NOTES_MAX};

/// The ref under which manifests are attached.
pub const NOTES_REF: &str = "refs/notes/countersign";

/// The notes of a repository, as of one state of their ref.
pub struct Notes<'r> {
    repository: &'r git2::Repository,
    tree: Option<git2::Tree<'r>>,
}

impl Repository {
    /// The notes as they are now; empty where nothing was ever attached.
    pub fn notes(&self) -> Result<Notes<'_>, GitError> {
        match self.inner.refname_to_id(NOTES_REF) {
            Ok(id) => self.notes_as_of(&id.to_string()),
            Err(error) if error.code() == ErrorCode::NotFound => {
                Ok(Notes { repository: &self.inner, tree: None })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The notes as a push would leave them: the commit to which it moves [`NOTES_REF`].
    pub fn notes_as_of(&self, commit: &str) -> Result<Notes<'_>, GitError> {
        let found = Oid::from_str(commit).and_then(|id| self.inner.find_commit(id)?.tree());
        let tree = found.map_err(|_| GitError::NoNotes(commit.into()))?;
        Ok(Notes { repository: &self.inner, tree: Some(tree) })
    }

    /// Changes what is attached to a commit; nothing is left where `change` gives nothing.
    ///
    /// One command changes notes at a time, and the ref moves only from the state that was read.
    pub fn change_note<E: From<GitError>>(
        &self,
        commit: &Commit,
        change: impl FnOnce(Option<Vec<u8>>) -> Result<Option<String>, E>,
    ) -> Result<(), E> {
        let place = self.common_dir().join("countersign").join("notes");
        let _lock = Lock::beside(&place).map_err(|error| GitError::Notes(error.to_string()))?;
        let id = Oid::from_str(&commit.id).map_err(GitError::from)?;
        let before = self.notes()?.of(&commit.id)?;
        let there = before.is_some();
        let (name, email) = self.who();
        let who = Signature::now(&name, &email).map_err(GitError::from)?;
        match change(before)? {
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
            None if there => {
                let removed = self.inner.note_delete(id, Some(NOTES_REF), &who, &who);
                removed.map_err(|error| GitError::from(error).into())
            }
            None => Ok(()),
        }
    }

    /// Whose name and address a change of the notes bears: git's user, or ours where a machine has none.
    pub(super) fn who(&self) -> (String, String) {
        let setting = |name: &str| self.setting(name).filter(|text| !text.trim().is_empty());
        match (setting("user.name"), setting("user.email")) {
            (Some(name), Some(email)) => (name, email),
            _ => ("countersign".into(), "countersign@localhost".into()),
        }
    }
}

impl<'r> Notes<'r> {
    /// What is attached to a commit.
    pub fn of(&self, commit: &str) -> Result<Option<Vec<u8>>, GitError> {
        let Some(tree) = &self.tree else { return Ok(None) };
        let Some(blob) = self.find(tree.clone(), commit)? else { return Ok(None) };
        let size = self.repository.odb()?.read_header(blob)?.0 as u64;
        if size > NOTE_BYTES_MAX {
            return Err(GitError::NoteTooLarge { commit: commit.into(), size, limit: NOTE_BYTES_MAX });
        }
        Ok(Some(self.repository.find_blob(blob)?.content().to_vec()))
    }

    /// The ids of every commit that something is attached to, sorted.
    pub fn commits(&self) -> Result<Vec<String>, GitError> {
        let (mut found, mut seen) = (Vec::new(), 0);
        let mut folders: Vec<(String, Oid)> =
            self.tree.iter().map(|tree| (String::new(), tree.id())).collect();
        while let Some((above, folder)) = folders.pop() {
            let folder = self.repository.find_tree(folder)?;
            // A few trees, one inside another, can be made to hold more names than anybody counts.
            seen += folder.len();
            if seen > NOTES_MAX {
                return Err(GitError::TooManyNotes(NOTES_MAX));
            }
            for entry in &folder {
                let Some(name) = entry.name().ok().filter(|name| is_hex(name)) else { continue };
                let name = format!("{above}{name}");
                match entry.kind() {
                    Some(ObjectType::Blob) if is_id(&name) => found.push(name),
                    // Each folder's name has a part of the id, so folders are never deeper than ids are long.
                    Some(ObjectType::Tree) if name.len() < ID_DIGITS => folders.push((name, entry.id())),
                    _ => {}
                }
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// The blob whose name, without the slashes, is `rest`.
    fn find(&self, mut tree: git2::Tree<'r>, mut rest: &str) -> Result<Option<Oid>, GitError> {
        loop {
            if let Some(entry) = tree.get_name(rest).filter(|entry| entry.kind() == Some(ObjectType::Blob)) {
                return Ok(Some(entry.id()));
            }
            let Some((folder, below)) = rest.split_at_checked(2) else { return Ok(None) };
            let next = tree.get_name(folder).filter(|entry| entry.kind() == Some(ObjectType::Tree));
            let Some(next) = next.map(|entry| entry.id()) else { return Ok(None) };
            (tree, rest) = (self.repository.find_tree(next)?, below);
        }
    }
}

/// How many digits a commit's id has.
const ID_DIGITS: usize = 40;

fn is_id(text: &str) -> bool {
    text.len() == ID_DIGITS && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
