//! Extraction: writes a commit's policy files, and only those, as regular files to a folder.
//!
//! One table here lists the paths of policy files. A policy path that is not a regular file, or that file
//! systems read differently, is refused; other files are not extracted.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::error::FetchError;
use crate::files::writing;
use crate::git::bare::{Bare, Entry, FolderId, Node};
use crate::git::{BlobId, Commit};
use crate::ledger;
use crate::limits::{
    DOCUMENT_BYTES_MAX, LEDGER_BYTES_MAX, ORGANIZATION_BYTES_MAX, POLICY_BYTES_MAX, POLICY_FILES_MAX,
    POLICY_NAMES_MAX, REVOCATIONS_BYTES_MAX, ROOT_BYTES_MAX, SIGNED_REVOCATION_BYTES_MAX, SNAPSHOT_BYTES_MAX,
};
use crate::name::AccountName;
use crate::package::name::check_path;
use crate::pin::Pin;
use crate::policy::accounts::FOLDER_DIGITS;
use crate::policy::documents::{self, ACCOUNTS};

/// Files at the top, each with its largest size in bytes.
const FILES: [(&str, u64); 7] = [
    ("snapshot.json", SNAPSHOT_BYTES_MAX),
    (documents::MEMBERSHIP, DOCUMENT_BYTES_MAX),
    (documents::FUNCTIONS, DOCUMENT_BYTES_MAX),
    (documents::ORGANIZATION, ORGANIZATION_BYTES_MAX),
    (documents::REVOCATIONS, REVOCATIONS_BYTES_MAX),
    (documents::STACKSET, DOCUMENT_BYTES_MAX),
    (ledger::FILE_NAME, LEDGER_BYTES_MAX),
];

/// Whether a name in a folder is a policy file.
type IsWanted = fn(&[u8]) -> bool;

/// Folders, each with the policy files in it and the largest size of one, in bytes.
const FOLDERS: [(&str, IsWanted, u64); 6] = [
    ("roots", is_root, ROOT_BYTES_MAX),
    (documents::PROFILES, is_toml, DOCUMENT_BYTES_MAX),
    (documents::CSCS, is_toml, DOCUMENT_BYTES_MAX),
    (documents::LAYERS, is_toml, DOCUMENT_BYTES_MAX),
    (documents::ACCOUNTS, is_toml, DOCUMENT_BYTES_MAX),
    ("revocations", is_json, SIGNED_REVOCATION_BYTES_MAX),
];

/// Whether a name in `roots` is a root.
fn is_root(name: &[u8]) -> bool {
    let number = name.strip_suffix(b".json").unwrap_or_default();
    matches!(number, [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit))
}

/// Whether a name is a document.
fn is_toml(name: &[u8]) -> bool {
    name.ends_with(b".toml") && !name.starts_with(b".")
}

fn is_json(name: &[u8]) -> bool {
    name.ends_with(b".json") && !name.starts_with(b".")
}

/// Whether a name consists of lower-case hexadecimal digits.
fn is_hex(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a path in a policy directory is extracted; anything else there is not ours.
pub fn is_policy_path(path: &str) -> bool {
    let of_account = path.strip_prefix(ACCOUNTS).and_then(|path| {
        let path = path.strip_prefix('/')?;
        let (name, path) = path.split_once('/')?;
        let (seal, path) = path.split_once('/')?;
        (name.parse::<AccountName>().is_ok() && is_seal_folder(seal.as_bytes())).then_some(path)
    });
    let path = of_account.unwrap_or(path);
    let Some((folder, name)) = path.split_once('/') else {
        return FILES.iter().any(|(name, _)| *name == path);
    };
    match name.split_once('/') {
        None => FOLDERS.iter().any(|(known, wanted, _)| *known == folder && wanted(name.as_bytes())),
        Some((digits, name)) => {
            folder == "objects" && is_objects_folder(digits.as_bytes()) && is_hex(name.as_bytes())
        }
    }
}

/// Whether a name in `objects` is a folder of objects.
fn is_objects_folder(name: &[u8]) -> bool {
    name.len() == 2 && is_hex(name)
}

/// Whether a name in an account's folder is the folder of a seal.
fn is_seal_folder(name: &[u8]) -> bool {
    name.len() == FOLDER_DIGITS && is_hex(name)
}

/// The folder at a path in a commit.
pub fn folder(bare: &Bare, commit: &Commit, path: &str) -> Result<FolderId, FetchError> {
    let mut folder = bare.top(commit)?;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        let Some(Node::Folder(next)) = bare.entry(folder, name)? else {
            return Err(FetchError::Absent(path.into()));
        };
        folder = next;
    }
    Ok(folder)
}

/// The digest of the first root of the policy in a folder.
pub fn first_root(bare: &Bare, top: FolderId) -> Result<Pin, FetchError> {
    let absent = || FetchError::Absent("roots/1.json".into());
    let Some(Node::Folder(roots)) = bare.entry(top, "roots")? else { return Err(absent()) };
    let Some(Node::File(blob)) = bare.entry(roots, "1.json")? else { return Err(absent()) };
    check_size("roots/1.json", bare.size(blob)?, ROOT_BYTES_MAX)?;
    Ok(bare.lend(blob, Pin::of)?)
}

/// Writes the policy in a folder of a commit to an empty folder.
pub fn extract(bare: &Bare, top: FolderId, to: &Path) -> Result<(), FetchError> {
    let mut extraction = Extraction { bare, to, walk: Walk::default(), files: 0, bytes: 0 };
    extraction.add_policy("", top)?;
    extraction.add_accounts(top)?;
    if extraction.files == 0 { Err(FetchError::Absent("roots/1.json".into())) } else { Ok(()) }
}

/// Counts the names of folders that were read.
#[derive(Debug, Default)]
pub struct Walk {
    names: usize,
}

impl Walk {
    /// The entries of a folder.
    ///
    /// Errors: too many names in total.
    pub fn entries(&mut self, bare: &Bare, path: &str, folder: FolderId) -> Result<Vec<Entry>, FetchError> {
        let entries = bare.entries(folder)?;
        // A folder counts too, since there can be as many empty ones.
        self.names += entries.len() + 1;
        if self.names > POLICY_NAMES_MAX {
            return Err(FetchError::TooMuch {
                path: path.into(),
                limit: format!("{POLICY_NAMES_MAX} names"),
            });
        }
        Ok(entries)
    }
}

struct Extraction<'a> {
    bare: &'a Bare,
    to: &'a Path,
    walk: Walk,
    files: usize,
    bytes: u64,
}

impl Extraction<'_> {
    /// Adds the policy in a folder; `path` is empty or ends in a slash.
    fn add_policy(&mut self, path: &str, folder: FolderId) -> Result<(), FetchError> {
        let entries = self.walk.entries(self.bare, path, folder)?;
        let node =
            |name: &str| entries.iter().find(|entry| entry.name == name.as_bytes()).map(|entry| entry.node);
        for (name, limit) in FILES {
            if let Some(node) = node(name) {
                self.add(&format!("{path}{name}"), node, limit)?;
            }
        }
        for (name, wanted, limit) in FOLDERS {
            self.add_folder(&format!("{path}{name}"), node(name), wanted, limit)?;
        }
        self.add_objects(&format!("{path}objects"), node("objects"))
    }

    /// Adds the policies of other accounts, each in a folder named by its seal: `accounts/NAME/SEAL/`.
    ///
    /// Those have no further accounts in them, since trust is not transitive.
    fn add_accounts(&mut self, top: FolderId) -> Result<(), FetchError> {
        let Some(Node::Folder(accounts)) = self.bare.entry(top, ACCOUNTS)? else { return Ok(()) };
        for account in self.walk.entries(self.bare, ACCOUNTS, accounts)? {
            let name =
                std::str::from_utf8(&account.name).ok().and_then(|name| name.parse::<AccountName>().ok());
            let (Some(name), Node::Folder(seals)) = (name, account.node) else { continue };
            for seal in self.walk.entries(self.bare, &format!("{ACCOUNTS}/{name}"), seals)? {
                if is_seal_folder(&seal.name) {
                    let path = format!("{ACCOUNTS}/{name}/{}", String::from_utf8_lossy(&seal.name));
                    self.add_policy(&format!("{path}/"), as_folder(&path, seal.node)?)?;
                }
            }
        }
        Ok(())
    }

    /// Objects are in folders named by the first two digits of their digest; the largest is a document.
    fn add_objects(&mut self, path: &str, node: Option<Node>) -> Result<(), FetchError> {
        let Some(node) = node else { return Ok(()) };
        for entry in self.walk.entries(self.bare, path, as_folder(path, node)?)? {
            if is_objects_folder(&entry.name) {
                let path = format!("{path}/{}", String::from_utf8_lossy(&entry.name));
                self.add_folder(&path, Some(entry.node), is_hex, REVOCATIONS_BYTES_MAX)?;
            }
        }
        Ok(())
    }

    fn add_folder(
        &mut self,
        path: &str,
        node: Option<Node>,
        wanted: IsWanted,
        limit: u64,
    ) -> Result<(), FetchError> {
        let Some(node) = node else { return Ok(()) };
        for entry in self.walk.entries(self.bare, path, as_folder(path, node)?)? {
            if wanted(&entry.name) {
                let name = String::from_utf8_lossy(&entry.name);
                let path = format!("{path}/{name}");
                if name.as_bytes() != entry.name || name.contains('/') || check_path(&path).is_err() {
                    return Err(FetchError::Entry { path, reason: "has a name that is not portable" });
                }
                self.add(&path, entry.node, limit)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &str, node: Node, limit: u64) -> Result<(), FetchError> {
        let Node::File(blob) = node else {
            return Err(FetchError::Entry { path: path.into(), reason: "is not a regular file" });
        };
        let size = self.bare.size(blob)?;
        check_size(path, size, limit)?;
        self.bytes += size;
        check_size(path, self.bytes, POLICY_BYTES_MAX)?;
        self.files += 1;
        if self.files > POLICY_FILES_MAX {
            return Err(FetchError::TooMuch {
                path: path.into(),
                limit: format!("{POLICY_FILES_MAX} files"),
            });
        }
        self.write(path, blob)
    }

    fn write(&self, path: &str, blob: BlobId) -> Result<(), FetchError> {
        let file = self.to.join(path);
        let made = |bytes: &[u8]| -> std::io::Result<()> {
            file.parent().map_or(Ok(()), fs::create_dir_all)?;
            // On file systems that treat two names as one, such as on macOS, the second is refused.
            File::create_new(&file)?.write_all(bytes)
        };
        Ok(self.bare.lend(blob, made)?.map_err(writing(&file))?)
    }
}

fn as_folder(path: &str, node: Node) -> Result<FolderId, FetchError> {
    match node {
        Node::Folder(folder) => Ok(folder),
        Node::File(_) | Node::Other => {
            Err(FetchError::Entry { path: path.into(), reason: "is not a folder" })
        }
    }
}

fn check_size(path: &str, size: u64, limit: u64) -> Result<(), FetchError> {
    if size <= limit {
        return Ok(());
    }
    Err(FetchError::TooMuch { path: path.into(), limit: format!("{limit} bytes") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_named_by_its_number() {
        for (name, is) in [("1.json", true), ("12.json", true), ("01.json", false), (".json", false)] {
            assert_eq!(is_root(name.as_bytes()), is, "{name}");
        }
        assert!(!is_root(b"1") && !is_root(b"1a.json") && !is_root(b"\xff.json"));
    }
}
