//! The documents in a policy directory, and how they differ from the sealed ones.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use super::error::PolicyError;
pub use super::kind::*;
use super::kind::{FILES, FOLDERS};
use super::snapshot::{SealedDocument, Snapshot};
use crate::digest::{Sha384, Sha384Hasher};
use crate::files::{self, reading};
use crate::ledger;
use crate::limits::DOCUMENT_BYTES_MAX;

/// How a document differs from the sealed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The document's path in the policy directory.
    pub path: String,
    /// `added`, `changed`, `removed`, `line endings`, or for the ledger `extended`.
    pub kind: &'static str,
}

/// The kind of a document that is the sealed one, except that its lines end in CR LF.
pub const LINE_ENDINGS: &str = "line endings";

/// The error for documents that differ from the sealed ones.
///
/// git writes CR LF into a checkout with `core.autocrlf`: such a document is not the sealed one, but no one edited it.
/// The ledger is too long to compare it in that way, and git converts it with the documents.
pub fn unsealed(directory: &Path, changes: Vec<Change>) -> PolicyError {
    let is_converted = |change: &Change| change.kind == LINE_ENDINGS;
    let is_checkout = changes.iter().any(is_converted)
        && changes.iter().all(|change| is_converted(change) || change.path == ledger::FILE_NAME);
    let (directory, paths) = (directory.into(), changes.into_iter().map(|change| change.path).collect());
    match is_checkout {
        true => PolicyError::LineEndings { directory, paths },
        false => PolicyError::Unsealed { directory, paths },
    }
}

/// How the bytes of a document differ from the sealed ones.
pub fn difference(bytes: &[u8], sealed: &SealedDocument) -> Option<&'static str> {
    if Sha384::of(bytes) == sealed.sha384 {
        return None;
    }
    Some(if Sha384::of(&with_lf(bytes)) == sealed.sha384 { LINE_ENDINGS } else { "changed" })
}

/// The bytes with LF for each CR LF.
fn with_lf(bytes: &[u8]) -> Vec<u8> {
    let mut next = bytes.iter().skip(1).chain([&0]);
    let mut plain = bytes.to_vec();
    plain.retain(|byte| (*byte, next.next()) != (b'\r', Some(&b'\n')));
    plain
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
        Some(bytes) => difference(&bytes, sealed),
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
    fn a_checkout_with_other_line_endings_is_named_as_that() {
        let sealed = |text: &str| {
            let (size, sha384) = (text.len() as u64, Sha384::of(text.as_bytes()));
            SealedDocument { path: "csc/a.toml".into(), size, sha384 }
        };
        for (sealed_as, here, kind) in [
            ("a\nb\n", "a\r\nb\r\n", Some(LINE_ENDINGS)),
            ("a\nb\n", "a\nb\r\n", Some(LINE_ENDINGS)),
            ("a\r\nb\n", "a\r\nb\n", None),
            ("a\r\nb\n", "a\nb\n", Some("changed")),
            ("a\nb\n", "a\rb\r\n", Some("changed")),
            ("a\nb\n", "a\r\nc\r\n", Some("changed")),
            ("ab", "ab\r", Some("changed")),
            ("", "\r\n", Some("changed")),
        ] {
            assert_eq!(difference(here.as_bytes(), &sealed(sealed_as)), kind, "{sealed_as:?} {here:?}");
        }
        let change = |kind| Change { path: "csc/a.toml".into(), kind };
        let of = |changes: Vec<Change>| unsealed(Path::new("policy"), changes);
        assert!(matches!(of(vec![change(LINE_ENDINGS)]), PolicyError::LineEndings { .. }));
        let mixed = of(vec![change(LINE_ENDINGS), change("changed")]);
        assert!(matches!(mixed, PolicyError::Unsealed { paths, .. } if paths.len() == 2));
        let ledger = || Change { path: ledger::FILE_NAME.into(), kind: "changed" };
        let both = of(vec![change(LINE_ENDINGS), ledger()]);
        assert!(matches!(both, PolicyError::LineEndings { paths, .. } if paths.len() == 2));
        assert!(matches!(of(vec![ledger()]), PolicyError::Unsealed { .. }));
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
