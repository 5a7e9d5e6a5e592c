//! The documents in a policy directory, and how they differ from the sealed ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use super::error::PolicyError;
use super::snapshot::{SealedDocument, Snapshot};
use crate::digest::{Sha384, Sha384Hasher};
use crate::files::{self, reading};
use crate::ledger;
use crate::limits::{DOCUMENT_BYTES_MAX, ORGANIZATION_BYTES_MAX, REVOCATIONS_BYTES_MAX};
use crate::name::{AccountName, ArtifactName, CscId, ProfileName};

/// The kind of a document, from its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `profiles/NAME.toml`
    Profile,
    /// `csc/csc-….toml`
    Csc,
    /// `functions.toml`
    Functions,
    /// `revocations.toml`
    Revocations,
    /// `layers/NAME.toml`
    Layer,
    /// `accounts/NAME.toml`
    Account,
    /// `account.toml`
    Membership,
    /// `organization.toml`
    Organization,
    /// `stackset.toml`
    StackSet,
}

/// The folder of the documents about other accounts, and of copies of their policies.
pub const ACCOUNTS: &str = "accounts";
/// The folder of the CSCs.
pub const CSCS: &str = "csc";
/// The folder of the layers.
pub const LAYERS: &str = "layers";
/// The folder of the signing profiles.
pub const PROFILES: &str = "profiles";

/// Folders of documents; each document is a file in one of them that ends in `.toml`.
const FOLDERS: [&str; 4] = [ACCOUNTS, CSCS, LAYERS, PROFILES];

/// The document with the CSC of each function pattern.
pub const FUNCTIONS: &str = "functions.toml";
/// The document with the revocations.
pub const REVOCATIONS: &str = "revocations.toml";
/// The document with the organization that the account is in.
pub const MEMBERSHIP: &str = "account.toml";
/// The document with the members of the organization that the account is.
pub const ORGANIZATION: &str = "organization.toml";
/// Where the policy is rolled out to: read by the program that does it, and by no verdict.
pub const STACKSET: &str = "stackset.toml";

/// Documents at the top. Only the first two have to be there.
const FILES: [&str; 5] = [FUNCTIONS, REVOCATIONS, MEMBERSHIP, ORGANIZATION, STACKSET];

/// A name that a document in a folder has.
pub trait DocumentName: fmt::Display + FromStr {
    /// The kind of the document.
    const KIND: Kind;
}

impl DocumentName for ProfileName {
    const KIND: Kind = Kind::Profile;
}

impl DocumentName for CscId {
    const KIND: Kind = Kind::Csc;
}

impl DocumentName for ArtifactName {
    const KIND: Kind = Kind::Layer;
}

impl DocumentName for AccountName {
    const KIND: Kind = Kind::Account;
}

impl Kind {
    /// The kind of the editable document at a path; `None` for other paths.
    pub fn of(path: &str) -> Option<Self> {
        match path.split_once('/') {
            // Deeper paths belong to other accounts.
            Some((_, name)) if name.contains('/') => None,
            Some((PROFILES, _)) => Some(Self::Profile),
            Some((CSCS, _)) => Some(Self::Csc),
            Some((LAYERS, _)) => Some(Self::Layer),
            Some((ACCOUNTS, _)) => Some(Self::Account),
            Some(_) => None,
            None => match path {
                FUNCTIONS => Some(Self::Functions),
                REVOCATIONS => Some(Self::Revocations),
                MEMBERSHIP => Some(Self::Membership),
                ORGANIZATION => Some(Self::Organization),
                STACKSET => Some(Self::StackSet),
                _ => None,
            },
        }
    }

    /// The path of the document with this name in the policy directory.
    pub fn path_of<N: DocumentName>(name: &N) -> String {
        match N::KIND.folder() {
            Some(folder) => format!("{folder}/{name}.toml"),
            None => format!("{name}.toml"),
        }
    }

    /// The name of a document of this kind, from its path; `None` for paths of other kinds.
    pub fn name_in(self, path: &str) -> Option<&str> {
        let name = path.strip_prefix(self.folder()?)?.strip_prefix('/')?.strip_suffix(".toml")?;
        (!name.contains('/')).then_some(name)
    }

    /// The folder of documents of this kind; `None` if there is only one, at the top.
    fn folder(self) -> Option<&'static str> {
        match self {
            Self::Profile => Some(PROFILES),
            Self::Csc => Some(CSCS),
            Self::Layer => Some(LAYERS),
            Self::Account => Some(ACCOUNTS),
            Self::Functions | Self::Revocations | Self::Membership | Self::Organization | Self::StackSet => {
                None
            }
        }
    }

    /// The largest size of such a document, in bytes.
    pub fn limit(self) -> u64 {
        match self {
            Self::Revocations => REVOCATIONS_BYTES_MAX,
            Self::Organization => ORGANIZATION_BYTES_MAX,
            Self::Profile
            | Self::Csc
            | Self::Functions
            | Self::Layer
            | Self::Account
            | Self::Membership
            | Self::StackSet => DOCUMENT_BYTES_MAX,
        }
    }
}

/// How a document differs from the sealed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The document's path in the policy directory.
    pub path: String,
    /// `added`, `changed`, `removed`, or for the ledger `extended`.
    pub kind: &'static str,
}

/// The current documents of a policy directory, by path, without the ledger.
pub fn read(directory: &Path) -> Result<BTreeMap<String, Vec<u8>>, PolicyError> {
    let mut found = BTreeMap::new();
    for path in paths(directory)? {
        let limit = Kind::of(&path).map_or(DOCUMENT_BYTES_MAX, Kind::limit);
        if let Some(bytes) = files::read_if_exists(&directory.join(&path), limit)? {
            found.insert(path, bytes);
        }
    }
    Ok(found)
}

/// The paths where documents can be, sorted.
fn paths(directory: &Path) -> Result<BTreeSet<String>, PolicyError> {
    let mut paths: BTreeSet<String> = FILES.map(str::to_owned).into();
    for folder in FOLDERS {
        let names = files::names_in(&directory.join(folder))?;
        let toml = names.into_iter().filter(|name| name.ends_with(".toml") && !name.starts_with('.'));
        paths.extend(toml.map(|name| format!("{folder}/{name}")));
    }
    Ok(paths)
}

/// How the documents differ from those of a snapshot, sorted by path.
pub fn changes(directory: &Path, sealed: &Snapshot) -> Result<Vec<Change>, PolicyError> {
    let here = paths(directory)?;
    let documents = sealed.documents.iter().map(|each| &each.path).filter(|path| *path != ledger::FILE_NAME);
    let mut changes = Vec::new();
    for path in here.iter().chain(documents).collect::<BTreeSet<_>>() {
        let kind = match sealed.document(path) {
            // Not read: anyone who can write to the tree could have added any number of files.
            None => directory.join(path).exists().then_some("added"),
            Some(_) if !here.contains(path) => Some("removed"),
            Some(sealed) => document_change(directory, sealed)?,
        };
        changes.extend(kind.map(|kind| Change { path: path.clone(), kind }));
    }
    if let Some(kind) = ledger_change(directory, sealed)? {
        changes.push(Change { path: ledger::FILE_NAME.into(), kind });
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(changes)
}

fn document_change(directory: &Path, sealed: &SealedDocument) -> Result<Option<&'static str>, PolicyError> {
    let limit = Kind::of(&sealed.path).map_or(DOCUMENT_BYTES_MAX, Kind::limit);
    Ok(match files::read_if_exists(&directory.join(&sealed.path), limit)? {
        Some(bytes) if Sha384::of(&bytes) == sealed.sha384 => None,
        Some(_) => Some("changed"),
        None => Some("removed"),
    })
}

fn ledger_change(directory: &Path, sealed: &Snapshot) -> Result<Option<&'static str>, PolicyError> {
    let path = directory.join(ledger::FILE_NAME);
    let size = match std::fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(reading(&path)(error).into()),
    };
    Ok(match sealed.document(ledger::FILE_NAME) {
        None => (size > 0).then_some("added"),
        Some(_) if size == 0 => Some("removed"),
        Some(sealed) if !begins_with(&path, sealed)? => Some("changed"),
        Some(sealed) => (size > sealed.size).then_some("extended"),
    })
}

/// Refuses a ledger that does not start with the lines that a snapshot sealed, or is missing.
pub fn check_ledger(directory: &Path, sealed: &Snapshot) -> Result<(), PolicyError> {
    let path = directory.join(ledger::FILE_NAME);
    match sealed.document(ledger::FILE_NAME) {
        Some(sealed) if !begins_with(&path, sealed)? => Err(PolicyError::LedgerLost(path)),
        _ => Ok(()),
    }
}

/// Whether a file starts with the sealed bytes.
pub fn begins_with(path: &Path, sealed: &SealedDocument) -> Result<bool, PolicyError> {
    let file = match files::open(path) {
        Ok((file, _)) => file,
        Err(error) if error.is_absent() => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let mut rest = file.take(sealed.size);
    let mut hasher = Sha384Hasher::default();
    let mut buffer = vec![0; 64 << 10];
    let mut total = 0;
    loop {
        let count = rest.read(&mut buffer).map_err(reading(path))?;
        if count == 0 {
            return Ok(total == sealed.size && hasher.finish() == sealed.sha384);
        }
        hasher.update(&buffer[..count]);
        total += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::sample::snapshot;

    /// A policy directory with these files, and a snapshot that sealed `abc` at each of these paths.
    fn directory(files: &[(&str, &str)], sealed: &[&str]) -> (tempfile::TempDir, Snapshot) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        (folder, snapshot(1, sealed))
    }

    fn changed(files: &[(&str, &str)], sealed: &[&str]) -> Vec<(String, &'static str)> {
        let (folder, sealed) = directory(files, sealed);
        let changes = changes(folder.path(), &sealed).unwrap();
        changes.into_iter().map(|change| (change.path, change.kind)).collect()
    }

    #[test]
    fn a_path_names_its_kind_of_document() {
        for (path, kind) in [
            ("profiles/release.toml", Some(Kind::Profile)),
            ("csc/csc-00000000000000001.toml", Some(Kind::Csc)),
            ("layers/base.toml", Some(Kind::Layer)),
            ("accounts/other.toml", Some(Kind::Account)),
            ("functions.toml", Some(Kind::Functions)),
            ("revocations.toml", Some(Kind::Revocations)),
            ("account.toml", Some(Kind::Membership)),
            ("organization.toml", Some(Kind::Organization)),
            ("stackset.toml", Some(Kind::StackSet)),
            ("accounts/other/functions.toml", None),
            ("others/release.toml", None),
            ("ledger.jsonl", None),
        ] {
            assert_eq!(Kind::of(path), kind, "{path}");
        }
    }

    #[test]
    fn a_name_gives_the_path_of_its_document_and_back() {
        let csc: CscId = "csc-00000000000000001".parse().unwrap();
        let account: AccountName = "acme".parse().unwrap();
        for (path, kind, name) in [
            (Kind::path_of(&csc), Kind::Csc, csc.as_str()),
            (Kind::path_of(&account), Kind::Account, account.as_str()),
        ] {
            assert_eq!((Kind::of(&path), kind.name_in(&path)), (Some(kind), Some(name)));
        }
        for path in ["csc/a.txt", "csc2/a.toml", "csc.toml", "csc/a/b.toml", "layers/a.toml"] {
            assert_eq!(Kind::Csc.name_in(path), None, "{path}");
        }
        assert_eq!(Kind::Functions.name_in(FUNCTIONS), None);
    }

    #[test]
    fn each_difference_from_the_seal_is_named() {
        let path = |name: &str| format!("csc/{name}.toml");
        let (same, other, new) = (path("same"), path("other"), path("new"));
        let found = changed(
            &[
                (&same, "abc"),
                (&other, "abcd"),
                (&new, "abc"),
                ("account.toml", "abc"),
                ("csc/.hidden.toml", ""),
                ("csc/note.txt", ""),
            ],
            &["csc/gone.toml", &other, &same, "functions.toml"],
        );
        let expected = [
            ("account.toml", "added"),
            ("csc/gone.toml", "removed"),
            ("csc/new.toml", "added"),
            ("csc/other.toml", "changed"),
            ("functions.toml", "removed"),
        ];
        assert_eq!(found, expected.map(|(path, kind)| (path.to_owned(), kind)));
        assert!(changed(&[(&same, "abc")], &[&same]).is_empty());
        // What is sealed under a name that no document has is not read.
        assert_eq!(changed(&[("csc/a.txt", "abc")], &["csc/a.txt"])[0].1, "removed");
        let found = changed(&[("profiles/a.toml", ""), (ledger::FILE_NAME, "a")], &[]);
        assert_eq!([&*found[0].0, &*found[1].0], [ledger::FILE_NAME, "profiles/a.toml"]);
    }

    #[test]
    fn the_ledger_may_only_grow() {
        let ledger = ledger::FILE_NAME;
        let kind = |files: &[(&str, &str)], sealed: &[&str]| -> Option<&'static str> {
            changed(files, sealed).into_iter().map(|(_, kind)| kind).next()
        };
        assert_eq!(kind(&[], &[]), None);
        assert_eq!(kind(&[(ledger, "")], &[]), None);
        assert_eq!(kind(&[(ledger, "abc")], &[]), Some("added"));
        for (text, change, is_lost) in [
            ("", "removed", true),
            ("ab", "changed", true),
            ("abx", "changed", true),
            ("xabc", "changed", true),
            ("abcd", "extended", false),
        ] {
            assert_eq!(kind(&[(ledger, text)], &[ledger]), Some(change), "{text:?}");
            let (folder, sealed) = directory(&[(ledger, text)], &[ledger]);
            assert_eq!(check_ledger(folder.path(), &sealed).is_err(), is_lost, "{text:?}");
        }
        assert_eq!(kind(&[(ledger, "abc")], &[ledger]), None);
        assert_eq!(kind(&[], &[ledger]), Some("removed"));
        let (folder, mut sealed) = directory(&[], &[ledger]);
        assert!(matches!(check_ledger(folder.path(), &sealed), Err(PolicyError::LedgerLost(_))));
        std::fs::write(folder.path().join(ledger), "abc").unwrap();
        assert!(check_ledger(folder.path(), &sealed).is_ok());
        sealed.documents[0].size = 4;
        assert!(check_ledger(folder.path(), &sealed).is_err());
        assert!(check_ledger(folder.path(), &snapshot(1, &[])).is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn a_ledger_that_cannot_be_read_is_an_error() {
        let (folder, sealed) = directory(&[], &[ledger::FILE_NAME]);
        let path = folder.path().join(ledger::FILE_NAME);
        std::os::unix::fs::symlink(&path, &path).unwrap();
        assert!(matches!(changes(folder.path(), &snapshot(1, &[])), Err(PolicyError::File(_))));
        assert!(matches!(check_ledger(folder.path(), &sealed), Err(PolicyError::File(_))));
    }

    #[test]
    fn documents_are_read_but_for_the_ledger_and_other_files() {
        let files =
            [("csc/a.toml", "a"), ("csc/a.txt", "b"), ("functions.toml", "c"), (ledger::FILE_NAME, "d")];
        let (folder, _) = directory(&files, &[]);
        let found: Vec<String> = read(folder.path()).unwrap().into_keys().collect();
        assert_eq!(found, ["csc/a.toml", "functions.toml"]);
    }
}
