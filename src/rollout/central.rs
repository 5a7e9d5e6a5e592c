//! The central policy: what targets are to hold, read once, as it was sealed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::digest::Sha384;
use crate::document::DocumentError;
use crate::files;
use crate::git::BlobId;
use crate::git::GitError;
use crate::git::bare::Bare;
use crate::ledger;
use crate::limits::{
    LEDGER_BYTES_MAX, REVOCATIONS_BYTES_MAX, ROOT_BYTES_MAX, SIGNED_REVOCATION_BYTES_MAX, SNAPSHOT_BYTES_MAX,
};
use crate::name::AccountName;
use crate::pin::Pin;
use crate::policy::documents::{self, Kind};
use crate::policy::error::PolicyError;
use crate::policy::index::Index;
use crate::policy::objects::Objects;
use crate::policy::root;
use crate::policy::snapshot::{self, Snapshot};
use crate::policy::store::Policy;
use crate::stackset::{Part, StackSet, Target};

/// An account's sealed policy, to be rolled out.
#[derive(Debug)]
pub struct Central {
    directory: PathBuf,
    account: AccountName,
    snapshot: Snapshot,
    pin: Pin,
    set: StackSet,
    files: BTreeMap<String, File>,
}

/// A file that every copy holds.
#[derive(Debug)]
pub(super) struct File {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its name among git's objects.
    pub blob: BlobId,
}

/// Why nothing can be rolled out.
#[derive(Debug, thiserror::Error)]
pub enum CentralError {
    /// No target is sealed.
    #[error("account `{0}` has sealed no `stackset.toml`")]
    None(AccountName),
    /// The policy is not trusted, or not what was sealed.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Bytes could not be named.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl CentralError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::None(_) => {
                Some("write `stackset.toml` into the policy directory, and run `countersign policy seal`")
            }
            Self::Policy(error) => error.hint(),
            Self::Git(_) => None,
        }
    }
}

impl Central {
    /// Reads what a policy sealed, all of which must be here and whole.
    ///
    /// Jobs that the ledger recorded since wait for their seal here, and are not rolled out.
    pub fn read(policy: &Policy, pin: Pin) -> Result<Self, CentralError> {
        policy.check_index()?;
        let (directory, snapshot) = (policy.directory(), policy.snapshot());
        let changes = documents::changes(directory, snapshot)?;
        let unsealed: Vec<String> =
            changes.into_iter().filter(|each| each.kind != "extended").map(|each| each.path).collect();
        if !unsealed.is_empty() {
            return Err(PolicyError::Unsealed { directory: directory.into(), paths: unsealed }.into());
        }
        let set = policy.stackset()?.ok_or_else(|| CentralError::None(policy.account().clone()))?;
        let bytes = sealed_files(directory, snapshot, policy.root().version())?;
        let file =
            |(path, bytes): (String, Vec<u8>)| Ok((path, File { blob: Bare::blob_of(&bytes)?, bytes }));
        let files = bytes.into_iter().map(file).collect::<Result<_, GitError>>()?;
        let account = policy.account().clone();
        Ok(Self { directory: directory.into(), account, snapshot: snapshot.clone(), pin, set, files })
    }

    /// The account.
    pub fn account(&self) -> &AccountName {
        &self.account
    }

    /// The seal that is rolled out.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Where to, and how carefully.
    pub fn set(&self) -> &StackSet {
        &self.set
    }

    /// The pin of the account's first root.
    pub(super) fn pin(&self) -> Pin {
        self.pin
    }

    /// The files of a copy, by their paths.
    pub(super) fn files(&self) -> &BTreeMap<String, File> {
        &self.files
    }

    /// The documents that a target's own account is to have, with the target's parameters.
    pub(super) fn documents(&self, target: &Target) -> Result<BTreeMap<String, Vec<u8>>, DocumentError> {
        let mut found = BTreeMap::new();
        for (path, file) in &self.files {
            let part = match Kind::of(path) {
                Some(Kind::Csc) => Part::Csc,
                Some(Kind::Profile) => Part::Profiles,
                Some(Kind::Functions) => Part::Functions,
                _ => continue,
            };
            if target.deploy().has(part) {
                let parameters = target.parameters();
                let bytes = match part {
                    Part::Csc => {
                        parameters.apply_to(&self.directory.join(path), &file.bytes, &self.account)?
                    }
                    Part::Profiles | Part::Functions => file.bytes.clone(),
                };
                found.insert(path.clone(), bytes);
            }
        }
        Ok(found)
    }
}

/// Every file of the policy directory that the seal stands for, and the signed revocations beside it.
fn sealed_files(
    directory: &Path,
    sealed: &Snapshot,
    root_version: u64,
) -> Result<BTreeMap<String, Vec<u8>>, PolicyError> {
    let mut found = BTreeMap::new();
    let read = |path: &Path, limit| files::read(path, limit);
    for version in 1..=root_version {
        found.insert(format!("roots/{version}.json"), read(&root::path(directory, version), ROOT_BYTES_MAX)?);
    }
    found.insert("snapshot.json".into(), read(&snapshot::path(directory), SNAPSHOT_BYTES_MAX)?);
    let objects = Objects::of(directory);
    let mut kept = Index::new(objects.clone(), sealed.index).objects()?;
    for document in &sealed.documents {
        let is_ledger = document.path == ledger::FILE_NAME;
        let limit = if is_ledger { LEDGER_BYTES_MAX } else { document.size };
        let mut bytes = read(&directory.join(&document.path), limit)?;
        if is_ledger {
            bytes.truncate(usize::try_from(document.size).unwrap_or(usize::MAX));
        } else {
            kept.push(document.sha384);
        }
        // It was compared before, and may have changed since.
        if bytes.len() as u64 != document.size || Sha384::of(&bytes) != document.sha384 {
            let paths = vec![document.path.clone()];
            return Err(PolicyError::Unsealed { directory: directory.into(), paths });
        }
        found.insert(document.path.clone(), bytes);
    }
    for digest in kept {
        let text = digest.to_string();
        let bytes = objects.need(&digest, REVOCATIONS_BYTES_MAX)?;
        found.insert(format!("objects/{}/{}", &text[..2], &text[2..]), bytes);
    }
    for name in files::names_in(&directory.join("revocations"))? {
        if name.ends_with(".json") && !name.starts_with('.') {
            let path = directory.join("revocations").join(&name);
            found.insert(format!("revocations/{name}"), read(&path, SIGNED_REVOCATION_BYTES_MAX)?);
        }
    }
    Ok(found)
}
