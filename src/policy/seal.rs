//! Sealing: the documents of a policy directory, checked and put under a new snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::root::Root;
use super::snapshot::{self, SealedDocument, Snapshot};
use super::store::PolicyError;
use crate::crypto::secret::SecretKey;
use crate::csc::Csc;
use crate::digest::Sha384;
use crate::document::DocumentError;
use crate::files::{self, Access, reading};
use crate::function::Functions;
use crate::limits::DOCUMENT_BYTES_MAX;
use crate::name::CscId;
use crate::profile::Profile;
use crate::revocation::Revocations;
use crate::time::Timestamp;

/// How a document differs from what was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The document's path in the policy directory.
    pub path: String,
    /// `added`, `changed` or `removed`.
    pub kind: &'static str,
}

/// Why a policy could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The keys given do not meet the policy role.
    #[error("{given} of the keys given hold the policy role, and {needed} are needed: {}", holders.join(", "))]
    Threshold {
        /// How many distinct keys of the role were given.
        given: usize,
        /// The role's threshold.
        needed: usize,
        /// The fingerprints that hold the role.
        holders: Vec<String>,
    },
    /// The documents are not fit to be sealed, or the policy is not trusted.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// The documents of a policy directory, by path, as they are now.
fn documents(directory: &Path) -> Result<BTreeMap<String, Vec<u8>>, PolicyError> {
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
    let found = documents(directory)?;
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

/// Checks that every document is well formed and that what they name is there.
fn check(directory: &Path, found: &BTreeMap<String, Vec<u8>>) -> Result<(), PolicyError> {
    let mut cscs = BTreeSet::new();
    let mut named: Vec<CscId> = Vec::new();
    for (path, bytes) in found {
        let file = directory.join(path);
        if path.starts_with("profiles/") {
            Profile::parse(&file, bytes)?;
        } else if path.starts_with("csc/") {
            cscs.insert(Csc::parse(&file, bytes)?.id().clone());
        } else if path == "functions.toml" {
            named.extend(Functions::parse(&file, bytes)?.cscs().cloned());
        } else {
            Revocations::parse(&file, bytes)?;
        }
    }
    for name in ["functions.toml", "revocations.toml"] {
        if !found.contains_key(name) {
            return Err(PolicyError::Missing(name));
        }
    }
    match named.iter().find(|id| !cscs.contains(*id)) {
        Some(id) => {
            let file: PathBuf = directory.join("functions.toml");
            Err(DocumentError::new(&file, format!("`{id}` is not a CSC of this account")).into())
        }
        None => Ok(()),
    }
}

/// Puts every document under a snapshot with the next version, and writes it.
///
/// Takes the version sealed before, 0 if there was none.
pub fn seal(
    directory: &Path,
    root: &Root,
    before: u64,
    keys: &[&SecretKey],
    now: Timestamp,
    expires: Timestamp,
) -> Result<Snapshot, SealError> {
    let held: BTreeSet<_> = keys.iter().map(|key| key.public().id()).collect();
    let holders: BTreeSet<_> = root.policy().keys().iter().map(crate::crypto::key::PublicKey::id).collect();
    let given = held.intersection(&holders).count();
    let needed = root.policy().threshold();
    if given < needed {
        let holders = holders.iter().map(ToString::to_string).collect();
        return Err(SealError::Threshold { given, needed, holders });
    }
    let found = documents(directory)?;
    check(directory, &found)?;
    let sealed = |(path, bytes): (String, Vec<u8>)| SealedDocument {
        path,
        size: bytes.len() as u64,
        sha384: Sha384::of(&bytes),
    };
    let snapshot = Snapshot {
        account: root.account().clone(),
        version: before + 1,
        created: now,
        expires,
        documents: found.into_iter().map(sealed).collect(),
    };
    let bytes = snapshot::sign(&snapshot, keys);
    files::write(&snapshot::path(directory), &bytes, Access::Public).map_err(PolicyError::from)?;
    Ok(snapshot)
}
