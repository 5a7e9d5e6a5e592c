//! Objects: commits and tags, parsed from the stored bytes; only one form is accepted.
//!
//! ```text
//! commit  = "tree " id LF *( "parent " id LF ) "author " text LF "committer " text LF *header LF message
//! tag     = "object " id LF "type " kind LF "tag " text LF *header LF message
//! header  = name SP text LF / SP text LF       a name that is none of the names above; no NUL
//! id      = 40 lower-case hexadecimal digits
//! ```
//! Other readers take the last of two `tree` lines, or skip unknown lines: such a commit is ambiguous.
//! `refs/replace/`, `info/grafts` and `shallow` are not followed: an object is the one with its id.

use git2::{ObjectType, Oid};

use super::{Commit, GitError, ObjectFault};
use crate::limits::{COMMIT_BYTES_MAX, TAGS_MAX};

/// The fields of a commit.
pub(super) struct CommitObject {
    /// Its tree.
    pub tree: Oid,
    /// Its parents.
    pub parents: Vec<Oid>,
    /// The committer's time, in seconds since 1970; zero if there is none.
    pub time: i64,
}

/// Reads an object's bytes; checks its kind and that its bytes have the hash in its id.
pub(super) fn read(
    repository: &git2::Repository,
    id: Oid,
    kind: ObjectType,
    limit: u64,
) -> Result<Vec<u8>, GitError> {
    let odb = repository.odb()?;
    let (size, found) = odb.read_header(id)?;
    let fault =
        |fault: String| Err(GitError::Object(ObjectFault { kind: kind.str(), id: id.to_string(), fault }));
    if found != kind {
        return fault(format!("is a {found}, expected a {kind}"));
    }
    if size as u64 > limit {
        return fault(format!("has {size} bytes, over the limit of {limit}"));
    }
    // libgit2 compares the hash with the id (`strict_hash_verification`); `git` does not on every read.
    let object = odb.read(id)?;
    if object.kind() != kind || object.len() != size {
        return fault("differs from its header".into());
    }
    Ok(object.data().to_vec())
}

/// Reads a commit.
pub(super) fn commit(repository: &git2::Repository, id: Oid) -> Result<CommitObject, GitError> {
    let bytes = read(repository, id, ObjectType::Commit, COMMIT_BYTES_MAX)?;
    parse_commit(&bytes).map_err(|fault| {
        GitError::Object(ObjectFault { kind: "commit", id: id.to_string(), fault: fault.into() })
    })
}

/// The commit with this id, or the one that this tag names; `None` for a tree or a blob.
pub(super) fn peel(repository: &git2::Repository, id: Oid) -> Result<Option<Commit>, GitError> {
    let mut at = id;
    for _ in 0..=TAGS_MAX {
        let (_, kind) = repository.odb()?.read_header(at)?;
        if kind == ObjectType::Commit {
            let commit = commit(repository, at)?;
            return Ok(Some(Commit { id: at.to_string(), tree: commit.tree.to_string() }));
        }
        if kind != ObjectType::Tag {
            return Ok(None);
        }
        let bytes = read(repository, at, ObjectType::Tag, COMMIT_BYTES_MAX)?;
        let fault = |fault: &str| {
            GitError::Object(ObjectFault { kind: "tag", id: at.to_string(), fault: fault.into() })
        };
        let (to, said) = parse_tag(&bytes).map_err(fault)?;
        let (_, found) = repository.odb()?.read_header(to)?;
        if found.str() != said {
            return Err(fault("names an object of another type than it claims"));
        }
        at = to;
    }
    let fault = format!("leads to a chain of more than {TAGS_MAX} tags");
    Err(GitError::Object(ObjectFault { kind: "tag", id: id.to_string(), fault }))
}

fn parse_commit(bytes: &[u8]) -> Result<CommitObject, &'static str> {
    let mut lines = Lines(bytes);
    let tree = lines.field("tree ").and_then(id).ok_or("does not start with the id of its tree")?;
    let mut parents = Vec::new();
    while let Some(text) = lines.field("parent ") {
        parents.push(id(text).ok_or("has a parent that is not an id")?);
    }
    lines.field("author ").ok_or("has no author line after its parents")?;
    let committer = lines.field("committer ").ok_or("has no committer line after its author")?;
    lines.check_rest(&["tree", "parent", "author", "committer"])?;
    Ok(CommitObject { tree, parents, time: time(committer) })
}

fn parse_tag(bytes: &[u8]) -> Result<(Oid, &str), &'static str> {
    let mut lines = Lines(bytes);
    let object = lines.field("object ").and_then(id).ok_or("does not start with the id of its object")?;
    let kind = lines.field("type ").and_then(|text| std::str::from_utf8(text).ok());
    let kind = kind.ok_or("has no type line")?;
    lines.field("tag ").ok_or("has no name line after its type")?;
    lines.check_rest(&["object", "type", "tag"])?;
    Ok((object, kind))
}

/// The lines of a header, read from the front.
struct Lines<'b>(&'b [u8]);

impl<'b> Lines<'b> {
    fn line(&self) -> Option<(&'b [u8], &'b [u8])> {
        let end = self.0.iter().position(|byte| *byte == b'\n')?;
        Some((&self.0[..end], &self.0[end + 1..]))
    }

    /// The rest of the line after a name at the front.
    fn field(&mut self, name: &str) -> Option<&'b [u8]> {
        let (line, rest) = self.line()?;
        let text = line.strip_prefix(name.as_bytes()).filter(|text| !text.contains(&0))?;
        self.0 = rest;
        Some(text)
    }

    /// Checks that none of these names occurs again before the message.
    fn check_rest(mut self, names: &[&str]) -> Result<(), &'static str> {
        while let Some((line, rest)) = self.line() {
            if line.is_empty() {
                return Ok(());
            }
            if line.contains(&0) {
                return Err("has a NUL byte in its header");
            }
            let name = line.split(|byte| *byte == b' ').next().unwrap_or_default();
            if names.iter().any(|known| known.as_bytes() == name) {
                return Err("has a duplicate header line");
            }
            self.0 = rest;
        }
        if self.0.is_empty() { Ok(()) } else { Err("has an incomplete header") }
    }
}

/// An id, in the only spelling that git writes.
fn id(text: &[u8]) -> Option<Oid> {
    let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let text =
        std::str::from_utf8(text).ok().filter(|text| text.len() == 40 && text.bytes().all(|b| is_hex(&b)))?;
    Oid::from_str(text).ok()
}

/// The time of `NAME <ADDRESS> SECONDS ZONE`.
fn time(person: &[u8]) -> i64 {
    let after = person.rsplit(|byte| *byte == b'>').next().unwrap_or_default();
    let seconds = std::str::from_utf8(after).ok().and_then(|text| text.split_whitespace().next());
    seconds.and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const WHO: &str = "author A <a@b> 1 +0000\ncommitter A <a@b> 7 +0000\n";

    #[test]
    fn reads_a_commit_that_git_writes() {
        let text =
            format!("tree {A}\nparent {A}\nparent {B}\n{WHO}gpgsig x\n tree y\nencoding z\n\ntree {B}\n");
        let commit = parse_commit(text.as_bytes()).unwrap();
        assert_eq!((commit.tree.to_string().as_str(), commit.parents.len(), commit.time), (A, 2, 7));
        assert!(parse_commit(format!("tree {A}\n{WHO}\n").as_bytes()).unwrap().parents.is_empty());
        assert_eq!(time(b"A <a@b>"), 0);
        assert_eq!(time(b"A <a> <b> 12 +0000"), 12);
    }

    #[test]
    fn refuses_a_commit_that_two_readers_see_differently() {
        for text in [
            String::new(),
            format!("{WHO}\n"),
            format!("tree {A}\ntree {B}\n{WHO}\n"),
            format!("parent {A}\ntree {A}\n{WHO}\n"),
            format!("tree {A}\n{WHO}tree {B}\n\n"),
            format!("tree {A}\n{WHO}parent {B}\n\n"),
            format!("tree {A}\n{WHO}author A <a@b> 1 +0000\n\n"),
            format!("tree {A}\nauthor A <a@b> 1 +0000\n{WHO}\n"),
            format!("tree {A}\nparent {}\n{WHO}\n", &A[1..]),
            format!("tree {}\n{WHO}\n", A.to_uppercase()),
            format!("tree  {A}\n{WHO}\n"),
            format!("tree {A} \n{WHO}\n"),
            format!("tree {A}\r\n{WHO}\n"),
            format!("tree {A}\n{WHO}x\0y\n\n"),
            format!("tree {A}\nx y\n{WHO}\n"),
            format!("tree {A}\n{WHO}encoding"),
        ] {
            assert!(parse_commit(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn refuses_a_tag_that_two_readers_see_differently() {
        let good = format!("object {A}\ntype commit\ntag v1\ntagger A <a@b> 1 +0000\n\nobject {B}\n");
        assert_eq!(parse_tag(good.as_bytes()).unwrap().1, "commit");
        for text in [
            format!("object {A}\nobject {B}\ntype commit\ntag v1\n\n"),
            format!("object {A}\ntype commit\ntag v1\nobject {B}\n\n"),
            format!("object {A}\ntype commit\ntype tree\ntag v1\n\n"),
            format!("type commit\nobject {A}\ntag v1\n\n"),
            format!("object {A}\ntag v1\ntype commit\n\n"),
        ] {
            assert!(parse_tag(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
