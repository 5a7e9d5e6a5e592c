//! Commits: writes files to a folder on top of another commit, without a checkout.
//!
//! Trees are written to the object database directly. Links and submodules are never followed: one inside the
//! folder is replaced, and a path that leads through one is refused.

use std::collections::BTreeMap;

use git2::{ObjectType, Oid, Signature, Time};

use super::bare::{Bare, FolderId, Node};
use super::tree::Tree;
use super::{Commit, GitError};
use crate::time::Timestamp;

/// Changes of files, by path: the new bytes, or `None` to remove the file.
pub type Changes = BTreeMap<String, Option<Vec<u8>>>;

/// One file's change, by its path below a folder.
type Change<'a> = (&'a str, Option<&'a [u8]>);

/// The mode that git writes for a regular file that is not executable.
const REGULAR: i32 = 0o100_644;
/// A folder.
const FOLDER: i32 = 0o040_000;

/// The author of a commit, and its time.
#[derive(Debug, Clone)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// The commit's time.
    pub time: Timestamp,
}

/// What a path in a commit refers to.
#[derive(Debug, Clone)]
pub enum Place {
    /// A folder.
    Folder(FolderId),
    /// Nothing: a folder can be created there.
    Free,
    /// A file, a link or a submodule at this path, which is not followed.
    Taken(String),
}

impl Bare {
    /// What a path refers to; the empty path is the top.
    pub fn place(&self, commit: &Commit, path: &str) -> Result<Place, GitError> {
        let mut folder = self.top(commit)?;
        let mut walked = String::new();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            walked = if walked.is_empty() { name.to_owned() } else { format!("{walked}/{name}") };
            match self.entry(folder, name)? {
                Some(Node::Folder(next)) => folder = next,
                Some(Node::File(_) | Node::Other) => return Ok(Place::Taken(walked)),
                None => return Ok(Place::Free),
            }
        }
        Ok(Place::Folder(folder))
    }

    /// Commits changes to files in a folder on top of a commit. Other files keep their content.
    pub fn commit(
        &self,
        parent: &Commit,
        folder: &str,
        changes: &Changes,
        author: &Author,
        message: &str,
    ) -> Result<Commit, GitError> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let changes: Vec<(String, Option<&[u8]>)> =
            changes.iter().map(|(path, bytes)| (format!("{prefix}{path}"), bytes.as_deref())).collect();
        let below: Vec<Change<'_>> = changes.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
        let tree = match self.changed(Some(Oid::from_str(&parent.tree)?), &below)? {
            Some(tree) => tree,
            None => self.inner.treebuilder(None)?.write()?,
        };
        let tree = self.inner.find_tree(tree)?;
        let who = Signature::new(&author.name, &author.email, &Time::new(author.time.unix(), 0))?;
        let above = self.inner.find_commit(Oid::from_str(&parent.id)?)?;
        let id = self.inner.commit(None, &who, &who, message, &tree, &[&above])?;
        Ok(Commit { id: id.to_string(), tree: tree.id().to_string() })
    }

    /// The tree with the changes applied; `None` if no file is left in it.
    fn changed(&self, tree: Option<Oid>, changes: &[Change<'_>]) -> Result<Option<Oid>, GitError> {
        // libgit2 would rewrite an entry that is not as git writes it; other files must keep their content.
        tree.map(|id| Tree::read(&self.inner, id)).transpose()?;
        let tree = tree.map(|id| self.inner.find_tree(id)).transpose()?;
        let mut builder = self.inner.treebuilder(tree.as_ref())?;
        let mut below: BTreeMap<&str, Vec<Change<'_>>> = BTreeMap::new();
        for (path, bytes) in changes {
            match (path.split_once('/'), bytes) {
                (Some((name, rest)), bytes) => below.entry(name).or_default().push((rest, *bytes)),
                (None, Some(bytes)) => drop(builder.insert(path, self.inner.blob(bytes)?, REGULAR)?),
                (None, None) if builder.get(path)?.is_some() => builder.remove(path)?,
                (None, None) => {}
            }
        }
        for (name, changes) in below {
            let entry = tree.as_ref().and_then(|tree| tree.get_name(name));
            let inner = entry.filter(|entry| entry.kind() == Some(ObjectType::Tree)).map(|entry| entry.id());
            match self.changed(inner, &changes)? {
                Some(folder) => drop(builder.insert(name, folder, FOLDER)?),
                None if inner.is_some() => builder.remove(name)?,
                None => {}
            }
        }
        Ok(if builder.is_empty() { None } else { Some(builder.write()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with a commit of these files.
    fn repository(files: &[(&str, &str)]) -> (tempfile::TempDir, Bare, Commit) {
        let folder = tempfile::tempdir().unwrap();
        let bare = Bare::open_or_create(folder.path()).unwrap();
        let empty = bare.inner.treebuilder(None).unwrap().write().unwrap();
        let who = Signature::new("a", "a@b", &Time::new(0, 0)).unwrap();
        let id = {
            let tree = bare.inner.find_tree(empty).unwrap();
            bare.inner.commit(None, &who, &who, "first", &tree, &[]).unwrap()
        };
        let first = Commit { id: id.to_string(), tree: empty.to_string() };
        let changes = files.iter().map(|(path, text)| ((*path).to_owned(), Some(text.as_bytes().to_vec())));
        let second = bare.commit(&first, "", &changes.collect(), &author(), "second").unwrap();
        (folder, bare, second)
    }

    fn author() -> Author {
        let time = Timestamp::from_unix(1_000_000_000).unwrap();
        Author { name: "Ada".into(), email: "ada@example.org".into(), time }
    }

    fn files(bare: &Bare, commit: &Commit) -> Vec<String> {
        let tree = bare.inner.find_tree(Oid::from_str(&commit.tree).unwrap()).unwrap();
        let mut all = Vec::new();
        tree.walk(git2::TreeWalkMode::PreOrder, |above, entry| {
            if entry.kind() == Some(ObjectType::Blob) {
                all.push(format!("{above}{}:{:o}", entry.name().unwrap(), entry.filemode()));
            }
            git2::TreeWalkResult::Ok
        })
        .unwrap();
        all
    }

    #[test]
    fn only_what_changes_changes() {
        let (_folder, bare, commit) = repository(&[("a/x", "1"), ("a/b/y", "2"), ("z", "3")]);
        let changes = [("x", None), ("b/y", None), ("c/n", Some(b"new".to_vec()))];
        let changes = changes.map(|(path, bytes)| (path.to_owned(), bytes)).into_iter().collect();
        let next = bare.commit(&commit, "a", &changes, &author(), "next").unwrap();
        assert_eq!(files(&bare, &next), ["a/c/n:100644", "z:100644"]);
    }

    #[test]
    fn a_link_below_is_replaced_and_one_above_is_refused() {
        let (_folder, bare, commit) = repository(&[("policy/a", "1")]);
        let link = bare.inner.blob(b"/etc").unwrap();
        let tree = bare.inner.find_tree(Oid::from_str(&commit.tree).unwrap()).unwrap();
        let mut builder = bare.inner.treebuilder(Some(&tree)).unwrap();
        builder.insert("link", link, 0o120_000).unwrap();
        let tree = builder.write().unwrap();
        let linked = Commit { tree: tree.to_string(), ..commit };
        assert!(matches!(bare.place(&linked, "link/policy").unwrap(), Place::Taken(at) if at == "link"));
        assert!(matches!(bare.place(&linked, "policy/none").unwrap(), Place::Free));
        let changes = [("link/x".to_owned(), Some(b"1".to_vec()))].into_iter().collect();
        let next = bare.commit(&linked, "", &changes, &author(), "next").unwrap();
        assert_eq!(files(&bare, &next), ["link/x:100644", "policy/a:100644"]);
    }
}
