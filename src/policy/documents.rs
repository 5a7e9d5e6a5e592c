//! The documents that lie in a policy directory, and how they differ from what was sealed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::error::PolicyError;
use super::snapshot::Snapshot;
use crate::digest::Sha384;
use crate::files::{self, reading};
use crate::limits::DOCUMENT_BYTES_MAX;

/// How a document differs from what was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The document's path in the policy directory.
    pub path: String,
    /// `added`, `changed` or `removed`.
    pub kind: &'static str,
}

/// The documents of a policy directory, by path, as they are now.
pub fn read(directory: &Path) -> Result<BTreeMap<String, Vec<u8>>, PolicyError> {
    let mut found = BTreeMap::new();
    let mut add = |path: String| -> Result<(), PolicyError> {
        if let Some(bytes) = files::read_if_there(&directory.join(&path), DOCUMENT_BYTES_MAX)? {
            found.insert(path, bytes);
        }
        Ok(())
    };
    for name in ["functions.toml", "revocations.toml"] {
        add(name.into())?;
    }
    for folder in ["profiles", "csc"] {
        for name in toml_files(&directory.join(folder))? {
            add(format!("{folder}/{name}"))?;
        }
    }
    Ok(found)
}

/// The names of a folder's TOML files; none if the folder is not there.
fn toml_files(folder: &Path) -> Result<BTreeSet<String>, PolicyError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(reading(folder)(error).into()),
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let name = entry.map_err(reading(folder))?.file_name();
        let name = name.to_str().filter(|name| name.ends_with(".toml") && !name.starts_with('.'));
        names.extend(name.map(str::to_owned));
    }
    Ok(names)
}

/// How the documents differ from what a snapshot sealed, sorted by path.
pub fn changes(directory: &Path, sealed: &Snapshot) -> Result<Vec<Change>, PolicyError> {
    let found = read(directory)?;
    let paths: BTreeSet<&str> =
        found.keys().map(String::as_str).chain(sealed.documents.iter().map(|d| d.path.as_str())).collect();
    let kind = |path: &str| match (sealed.document(path), found.get(path)) {
        (Some(sealed), Some(bytes)) if Sha384::of(bytes) == sealed.sha384 => None,
        (Some(_), Some(_)) => Some("changed"),
        (Some(_), None) => Some("removed"),
        (None, _) => Some("added"),
    };
    Ok(paths.into_iter().filter_map(|path| Some(Change { path: path.into(), kind: kind(path)? })).collect())
}
