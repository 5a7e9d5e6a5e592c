//! The tree: the entries of one folder, parsed from the stored bytes; only one form is accepted.
//!
//! libgit2 and git accept trees that git does not write, and disagree about them: to one of them an entry of
//! mode `644` is a file, to the other a submodule. This reader accepts exactly what `git fsck --strict`
//! accepts:
//!
//! ```text
//! tree   = *( mode SP name NUL id )
//! mode   = "40000" / "100644" / "100755" / "120000" / "160000"    folder, file, program, link, submodule
//! name   = 1*4095( any byte but NUL and "/" )
//! id     = 20 bytes, not all of them zero
//! ```
//!
//! - A name is not `.`, `..` or `.git`, nor a name that HFS+ or NTFS treat as `.git` ([`super::dotgit`]).
//! - A link is not named `.gitmodules`, nor a name that HFS+ or NTFS treat as that: git would read its
//!   settings from elsewhere.
//! - Names are in byte order, where a folder's name ends in a slash (git's `base_name_compare`).
//! - No name occurs twice, neither as two files nor as a file and a folder.

use std::cmp::Ordering;

use git2::{ObjectType, Oid};

use super::dotgit::{is_dotgit, is_dotgitmodules};
use super::{GitError, ObjectFault};
use crate::inventory::FileMode;
use crate::limits::{PATH_BYTES_MAX, TREE_BYTES_MAX};

/// Bytes of an object's id in a tree (SHA-1).
const ID_BYTES: usize = 20;

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file or a link.
    File(FileMode),
    /// A commit of another repository.
    Submodule,
}

/// One entry of a tree.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'t> {
    /// What it is.
    pub kind: Kind,
    /// Its name; any bytes that the rules above allow.
    pub name: &'t [u8],
    /// The object.
    pub id: Oid,
}

/// A tree whose entries follow every rule of this module. Only [`Tree::read`] creates it.
#[derive(Debug, Clone)]
pub struct Tree {
    bytes: Vec<u8>,
    /// The offset of each entry.
    starts: Vec<u32>,
}

impl Tree {
    /// Reads a tree from the object database.
    pub fn read(repository: &git2::Repository, id: Oid) -> Result<Self, GitError> {
        Self::read_at_most(repository, id, TREE_BYTES_MAX)
    }

    /// Reads a tree of at most `limit` bytes.
    pub fn read_at_most(repository: &git2::Repository, id: Oid, limit: u64) -> Result<Self, GitError> {
        let bytes = super::object::read(repository, id, ObjectType::Tree, limit)?;
        Self::parse(bytes)
            .map_err(|fault| GitError::Object(ObjectFault { kind: "tree", id: id.to_string(), fault }))
    }

    /// Parses a tree's bytes. An error completes the sentence "tree ID …".
    fn parse(bytes: Vec<u8>) -> Result<Self, String> {
        let (mut starts, mut rest) = (Vec::new(), bytes.as_slice());
        let mut before: Option<Entry<'_>> = None;
        // Earlier files whose names later names can start with: a folder with that name would sort later.
        let mut open: Vec<&[u8]> = Vec::new();
        while !rest.is_empty() {
            let start = bytes.len() - rest.len();
            starts.push(u32::try_from(start).map_err(|_| "is too large".to_owned())?);
            let entry = take(&mut rest)?;
            check_name(&entry).map_err(|fault| format!("has an entry {} {fault}", shown(entry.name)))?;
            while open.last().is_some_and(|name| !entry.name.starts_with(name)) {
                open.pop();
            }
            if open.last() == Some(&entry.name) || before.is_some_and(|before| before.name == entry.name) {
                return Err(format!("has the name {} twice", shown(entry.name)));
            }
            if before.is_some_and(|before| order(before.name, before.kind, entry.name, entry.kind).is_ge()) {
                return Err(format!("has the entry {} out of order", shown(entry.name)));
            }
            if entry.kind != Kind::Folder {
                open.push(entry.name);
            }
            before = Some(entry);
        }
        Ok(Self { bytes, starts })
    }

    /// The size of its bytes.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// How many entries it has.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// Its entries, in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.starts.len()).filter_map(|index| self.at(index))
    }

    /// The entry of a name, if there is one.
    pub fn get(&self, name: &[u8]) -> Option<Entry<'_>> {
        [Kind::Submodule, Kind::Folder].into_iter().find_map(|kind| {
            let (mut low, mut high) = (0, self.starts.len());
            while low < high {
                let middle = low + (high - low) / 2;
                let entry = self.at(middle)?;
                match order(entry.name, entry.kind, name, kind) {
                    Ordering::Less => low = middle + 1,
                    Ordering::Greater => high = middle,
                    Ordering::Equal => return Some(entry),
                }
            }
            None
        })
    }

    fn at(&self, index: usize) -> Option<Entry<'_>> {
        let start = usize::try_from(*self.starts.get(index)?).ok()?;
        take(&mut self.bytes.get(start..)?).ok()
    }
}

/// Parses one entry from the front.
fn take<'t>(rest: &mut &'t [u8]) -> Result<Entry<'t>, String> {
    let cut = || "is truncated".to_owned();
    let space = rest.iter().take(8).position(|byte| *byte == b' ');
    let (mode, after) = rest.split_at(space.ok_or("has an entry without a mode")?);
    let after = &after[1..];
    let (name, after) = after.split_at(after.iter().position(|byte| *byte == 0).ok_or_else(cut)?);
    let (id, after) = after[1..].split_at_checked(ID_BYTES).ok_or_else(cut)?;
    let kind = match mode {
        b"40000" => Kind::Folder,
        b"100644" => Kind::File(FileMode::Regular),
        b"100755" => Kind::File(FileMode::Executable),
        b"120000" => Kind::File(FileMode::Link),
        b"160000" => Kind::Submodule,
        other => {
            return Err(format!(
                "has an entry {} of mode {}, expected one of: 40000, 100644, 100755, 120000, 160000",
                shown(name),
                shown(other)
            ));
        }
    };
    let id = Oid::from_bytes(id).map_err(|_| cut())?;
    *rest = after;
    Ok(Entry { kind, name, id })
}

fn check_name(entry: &Entry<'_>) -> Result<(), &'static str> {
    let Entry { kind, name, id } = entry;
    let is_link = *kind == Kind::File(FileMode::Link);
    match *name {
        b"" | b"." | b".." => Err("whose name is not a file name"),
        name if name.len() > PATH_BYTES_MAX => Err("whose name is too long"),
        name if name.contains(&b'/') => Err("whose name contains a slash"),
        name if is_dotgit(name) => Err("whose name some file systems treat as `.git`"),
        name if is_link && is_dotgitmodules(name) => Err("that is a link named `.gitmodules`"),
        _ if id.is_zero() => Err("whose object id is zero"),
        _ => Ok(()),
    }
}

/// Git's order of names, in which a folder's name ends in a slash (`base_name_compare`).
fn order(a: &[u8], a_kind: Kind, b: &[u8], b_kind: Kind) -> Ordering {
    let slash = |kind| if kind == Kind::Folder { b"/".as_slice() } else { b"" };
    a.iter().chain(slash(a_kind)).cmp(b.iter().chain(slash(b_kind)))
}

fn shown(name: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(name).chars().take(200).collect();
    format!("{text:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: [u8; 20] = [1; 20];

    fn bytes(entries: &[(&str, &str)]) -> Vec<u8> {
        let entry = |(mode, name): &(&str, &str)| [format!("{mode} {name}\0").as_bytes(), &ONE].concat();
        entries.iter().flat_map(entry).collect()
    }

    fn fault(entries: &[(&str, &str)]) -> String {
        Tree::parse(bytes(entries)).expect_err(&format!("{entries:?}"))
    }

    #[test]
    fn accepts_what_git_writes() {
        let all = [
            ("100644", "a"),
            ("100644", "a-b"),
            ("40000", "a.d"),
            ("100755", "a0"),
            ("40000", "b"),
            ("120000", "b0"),
            ("160000", "sub"),
        ];
        let tree = Tree::parse(bytes(&all)).unwrap();
        assert_eq!(tree.count(), all.len());
        for (_, name) in all {
            assert_eq!(tree.get(name.as_bytes()).unwrap().name, name.as_bytes());
        }
        assert!(tree.get(b"a.").is_none() && tree.get(b"zz").is_none() && tree.get(b"").is_none());
        assert_eq!(Tree::parse(Vec::new()).unwrap().count(), 0);
    }

    #[test]
    fn refuses_modes_that_git_does_not_write() {
        for mode in [
            "644", "0", "", "100664", "100600", "0100644", "040000", "40755", "140644", "100644x", "10644",
            "-100644", "+100644", "0x81a4", "1000000", "120777", "160755", "57600", "１00644",
        ] {
            let said = fault(&[(mode, "a")]);
            assert!(said.contains("mode"), "{mode}: {said}");
        }
    }

    #[test]
    fn refuses_names_that_no_checkout_has() {
        for name in ["", ".", "..", ".git", ".GIT", "a/b", "/", "git~1", ".git.", ".g\u{200c}it", ".git\\x"] {
            assert!(fault(&[("100644", name)]).contains("whose name"), "{name:?}");
        }
        assert!(fault(&[("120000", ".gitmodules")]).contains("link"));
        assert!(fault(&[("100644", &"a".repeat(PATH_BYTES_MAX + 1))]).contains("too long"));
        assert!(Tree::parse(bytes(&[("100644", ".gitignore"), ("100644", ".gitmodules")])).is_ok());
    }

    #[test]
    fn refuses_names_twice_and_names_out_of_order() {
        for entries in [
            &[("100644", "a"), ("100644", "a")][..],
            &[("100644", "a"), ("40000", "a")],
            &[("100644", "a"), ("100644", "a-"), ("100644", "a."), ("40000", "a")],
            &[("100644", "a"), ("100644", "a-"), ("40000", "a-"), ("100644", "a.")],
            &[("120000", "a"), ("160000", "a")],
            &[("40000", "a"), ("40000", "a")],
            &[("40000", "a"), ("100644", "a")],
        ] {
            assert!(fault(entries).contains("twice"), "{entries:?}");
        }
        for entries in [
            &[("100644", "b"), ("100644", "a")][..],
            &[("40000", "a"), ("100644", "a.b")],
            &[("100644", "a0"), ("40000", "a")],
        ] {
            assert!(fault(entries).contains("out of order"), "{entries:?}");
        }
    }

    #[test]
    fn refuses_a_tree_that_is_cut_short() {
        let whole = bytes(&[("100644", "abc")]);
        for end in 1..whole.len() {
            assert!(Tree::parse(whole[..end].to_vec()).is_err(), "{end}");
        }
        let zero = [b"100644 a\0".as_slice(), &[0; 20]].concat();
        assert!(Tree::parse(zero).unwrap_err().contains("zero"));
        assert!(Tree::parse([whole.as_slice(), b"\0"].concat()).is_err());
    }
}
