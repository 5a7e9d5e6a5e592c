//! Sealing: the documents of a policy directory, checked and put under a new snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::documents;
use super::error::PolicyError;
use super::root::Root;
use super::snapshot::{self, SealedDocument, Snapshot};
use crate::crypto::secret::SecretKey;
use crate::csc::Csc;
use crate::digest::Sha384;
use crate::document::DocumentError;
use crate::files::{self, Access};
use crate::function::Functions;
use crate::name::CscId;
use crate::profile::Profile;
use crate::revocation::Revocations;
use crate::time::Timestamp;

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
    let found = documents::read(directory)?;
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
