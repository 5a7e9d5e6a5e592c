//! The store: an account's documents, read only as they were sealed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::documents::{self, DocumentName, Kind};
use super::entries::{ANY_ARTIFACT, Recorded, recorded};
use super::error::PolicyError;
use super::index::Index;
use super::objects::Objects;
use super::root::{self, Root};
use super::snapshot::{self, SealedDocument, Snapshot};
use super::state::State;
use crate::account::{KnownAccount, Membership, Organization, Reached};
use crate::crypto::key::KeyId;
use crate::csc::Csc;
use crate::digest::Sha384;
use crate::document::{self, DocumentError};
use crate::files::{self, Loaded};
use crate::function::Functions;
use crate::layer::Layer;
use crate::ledger;
use crate::limits::{
    DOCUMENT_BYTES_MAX, EXPIRY_WARNING_SECONDS, NOTICED_BYTES_MAX, SIGNED_REVOCATION_BYTES_MAX,
};
use crate::name::{AccountName, ArtifactName, CscId, JobId, ProfileName};
use crate::pin::Pin;
use crate::profile::Profile;
use crate::revocation::{Revocation, Revocations, signed};
use crate::time::Timestamp;

/// The location of a policy, and what it is checked against.
#[derive(Debug, Clone)]
pub struct Location {
    /// The policy directory.
    pub directory: PathBuf,
    /// The pin, if there is one.
    pub pin: Option<Pin>,
    /// The file of the remembered state, if there is one.
    pub state: Option<PathBuf>,
}

impl Location {
    /// A policy directory and the pin of its first root; no version is remembered.
    pub fn pinned(directory: PathBuf, pin: Pin) -> Self {
        Self { directory, pin: Some(pin), state: None }
    }
}

/// The result of opening another account's policy.
type Opened = Result<Arc<Policy>, Arc<PolicyError>>;

/// An account's policy, trusted at one time; it can be shared by threads.
#[derive(Debug)]
pub struct Policy {
    directory: PathBuf,
    root: Root,
    snapshot: Snapshot,
    index: Index,
    pin: Pin,
    payload: Sha384,
    state: State,
    now: Timestamp,
    notes: Vec<String>,
    noticed: Mutex<BTreeSet<&'static str>>,
    /// The policies of other accounts that were opened, each once for all questions.
    pub(super) others: Mutex<BTreeMap<AccountName, Opened>>,
}

impl Policy {
    /// Opens a policy: checks pin, roots, seal and expiry, and that it is not older than one seen before.
    ///
    /// Each verdict is as of `now`, so open the policy again for each decision. Nothing is written: to reject a rollback
    /// next time, keep [`Policy::state`] at [`Location::state`].
    pub fn open(location: &Location, now: Timestamp) -> Result<Self, PolicyError> {
        let Location { directory, pin, state } = location;
        let pin = pin.as_ref().ok_or_else(|| PolicyError::Unpinned(directory.clone()))?;
        let root = root::walk(directory, pin)?;
        root.check_expiry(directory, now)?;
        let sealed = snapshot::read(directory, &root)?;
        let snapshot = &sealed.snapshot;
        if now >= snapshot.expires {
            let path = snapshot::path(directory);
            return Err(PolicyError::Expired { path, role: "policy", expires: snapshot.expires });
        }
        let notes = ending(&root, snapshot, now);
        let before = state.as_ref().map_or(Ok(None), |path| State::read(path))?;
        let state = State::of(&root, &sealed);
        if let Some(before) = before {
            before.allows(&state, &root, snapshot.created)?;
        }
        let index = Index::new(Objects::of(directory), snapshot.index);
        Ok(Self {
            directory: directory.clone(),
            root,
            snapshot: sealed.snapshot,
            index,
            pin: *pin,
            payload: sealed.payload,
            state,
            now,
            notes,
            noticed: Mutex::default(),
            others: Mutex::default(),
        })
    }

    /// Notes for the user that change no verdict.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Adds a note that changes no verdict.
    pub fn with_note(mut self, note: String) -> Self {
        self.notes.push(note);
        self
    }

    /// The state to remember, so that an older policy is rejected.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Rejects this policy if it is older than one that was seen.
    pub fn check_follows(&self, before: &State) -> Result<(), PolicyError> {
        before.allows(&self.state, &self.root, self.snapshot.created)
    }

    /// The policy directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The account.
    pub fn account(&self) -> &AccountName {
        self.root.account()
    }

    /// The newest root.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The snapshot.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The digest of the first root, which identifies the account.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// The root and snapshot that the policy is at.
    pub fn reached(&self) -> Reached {
        Reached {
            root_version: self.root.version(),
            snapshot: self.snapshot.version,
            snapshot_sha384: self.payload,
        }
    }

    /// The time at which it is trusted.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The index of revocations and recorded signatures.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The signing profile with this name, if the account has one.
    pub fn profile(&self, name: &ProfileName) -> Result<Option<Profile>, PolicyError> {
        self.document(&Kind::path_of(name), Profile::parse)
    }

    /// The names of every sealed profile.
    pub fn profile_names(&self) -> Vec<ProfileName> {
        self.names()
    }

    /// The CSC with this id, if the account has one.
    pub fn csc(&self, id: &CscId) -> Result<Option<Csc>, PolicyError> {
        self.document(&Kind::path_of(id), Csc::parse)
    }

    /// The layer with this name, if the account has published one.
    pub fn layer(&self, name: &ArtifactName) -> Result<Option<Layer>, PolicyError> {
        self.document(&Kind::path_of(name), Layer::parse)
    }

    /// The document about another account, if there is one.
    pub fn known_account(&self, name: &AccountName) -> Result<Option<KnownAccount>, PolicyError> {
        self.document(&Kind::path_of(name), KnownAccount::parse)
    }

    /// The organization that the account is in, by its own word.
    pub fn membership(&self) -> Result<Option<Membership>, PolicyError> {
        self.document(documents::MEMBERSHIP, Membership::parse)
    }

    /// The members of the organization that the account is, if it is one.
    pub fn organization(&self) -> Result<Option<Organization>, PolicyError> {
        self.document(documents::ORGANIZATION, Organization::parse)
    }

    /// The CSC of each function pattern.
    pub fn functions(&self) -> Result<Functions, PolicyError> {
        self.document(documents::FUNCTIONS, Functions::parse)?
            .ok_or(PolicyError::Missing(documents::FUNCTIONS))
    }

    /// The ids of every sealed CSC.
    pub fn csc_ids(&self) -> Vec<CscId> {
        self.names()
    }

    /// The names of every sealed layer.
    pub fn layer_names(&self) -> Vec<ArtifactName> {
        self.names()
    }

    /// The names of all other accounts with a document.
    pub fn account_names(&self) -> Vec<AccountName> {
        self.names()
    }

    fn names<N: DocumentName>(&self) -> Vec<N> {
        let name = |document: &SealedDocument| N::KIND.name_in(&document.path)?.parse().ok();
        self.snapshot.documents.iter().filter_map(name).collect()
    }

    /// Every revocation. Verification uses [`Policy::revocations_of`], which reads less.
    pub fn revocations(&self) -> Result<Revocations, PolicyError> {
        self.document(documents::REVOCATIONS, Revocations::parse)?
            .ok_or(PolicyError::Missing(documents::REVOCATIONS))
    }

    /// The revocations of any of these subjects.
    pub fn revocations_of(&self, subjects: &[String]) -> Result<Vec<Revocation>, PolicyError> {
        self.check_unread(documents::REVOCATIONS)?;
        let mut found = Vec::new();
        for subject in subjects {
            for value in self.index.get(subject)? {
                found.push(self.entry(&value)?);
            }
        }
        Ok(found)
    }

    /// Checks that every part of the index exists and is intact; a lookup checks only what it reads.
    pub fn check_index(&self) -> Result<(), PolicyError> {
        self.index.check()
    }

    /// Whether any artifact is revoked by its digest.
    pub fn revokes_artifacts(&self) -> Result<bool, PolicyError> {
        Ok(!self.index.get(ANY_ARTIFACT)?.is_empty())
    }

    /// When the ledger recorded a payload signed with this key, if it did.
    pub fn recorded_at(&self, payload: &Sha384, key: &KeyId) -> Result<Option<Timestamp>, PolicyError> {
        if self.snapshot.document(ledger::FILE_NAME).is_none() {
            return Ok(None);
        }
        self.check_unread(ledger::FILE_NAME)?;
        let mut earliest: Option<Timestamp> = None;
        for value in self.index.get(&recorded(payload))? {
            let record: Recorded = self.entry(&value)?;
            if record.key == *key {
                earliest = Some(earliest.map_or(record.at, |before| before.min(record.at)));
            }
        }
        Ok(earliest)
    }

    /// The signed revocations of a job in the policy directory, valid or not.
    pub fn signed_revocations(&self, job: &JobId) -> Result<Vec<Loaded>, PolicyError> {
        let mut found = Vec::new();
        for path in signed::places(&self.directory, job) {
            found.extend(Loaded::read_if_exists(&path, SIGNED_REVOCATION_BYTES_MAX)?);
        }
        Ok(found)
    }

    fn entry<T: DeserializeOwned + Serialize>(&self, value: &str) -> Result<T, PolicyError> {
        let fail = |_| PolicyError::Index(self.snapshot.index.unwrap_or(Sha384::of(b"")));
        document::parse_json(value.as_bytes()).map_err(fail)
    }

    /// Detects an unsealed change of a document that the index replaces, once for all questions.
    ///
    /// The sealed index is what counts, so only the size of a large document is compared.
    fn check_unread(&self, path: &'static str) -> Result<(), PolicyError> {
        // Values are added to the set last, so it is consistent after a panic in another thread.
        let mut noticed = self.noticed.lock().unwrap_or_else(PoisonError::into_inner);
        if !noticed.contains(path) {
            self.compare_unread(path)?;
            noticed.insert(path);
        }
        Ok(())
    }

    fn compare_unread(&self, path: &'static str) -> Result<(), PolicyError> {
        let sealed = self.snapshot.document(path).ok_or(PolicyError::Missing(path))?;
        let file = self.directory.join(path);
        let size = std::fs::metadata(&file).map_or(0, |metadata| metadata.len());
        let grows = path == ledger::FILE_NAME;
        let fits = if grows { size >= sealed.size } else { size == sealed.size };
        if fits && (sealed.size > NOTICED_BYTES_MAX || documents::begins_with(&file, sealed)?) {
            return Ok(());
        }
        Err(self.unsealed()?)
    }

    fn unsealed(&self) -> Result<PolicyError, PolicyError> {
        Ok(documents::unsealed(&self.directory, documents::changes(&self.directory, &self.snapshot)?))
    }

    /// A sealed document, parsed as it was sealed; `None` if none is sealed at this path.
    pub fn document<T>(
        &self,
        path: &str,
        parse: impl FnOnce(&Path, &[u8]) -> Result<T, DocumentError>,
    ) -> Result<Option<T>, PolicyError> {
        let Some(sealed) = self.snapshot.document(path) else {
            return Ok(None);
        };
        let file = self.directory.join(path);
        let limit = Kind::of(path).map_or(DOCUMENT_BYTES_MAX, Kind::limit);
        let bytes = match files::read_if_exists(&file, limit)? {
            Some(bytes) if bytes.len() as u64 == sealed.size && Sha384::of(&bytes) == sealed.sha384 => bytes,
            _ => return Err(self.unsealed()?),
        };
        Ok(Some(parse(&file, &bytes)?))
    }

    /// The fingerprints of the policy role's keys, for people.
    pub fn sealers(&self) -> Vec<KeyId> {
        self.root.policy().keys().iter().map(crate::crypto::key::PublicKey::id).collect()
    }
}

/// Warnings about what expires soon: in [`EXPIRY_WARNING_SECONDS`], or a quarter of its validity if less.
fn ending(root: &Root, snapshot: &Snapshot, now: Timestamp) -> Vec<String> {
    let soon = |created: Timestamp, expires: Timestamp| {
        let warning = EXPIRY_WARNING_SECONDS.min((expires.unix() - created.unix()) / 4);
        now.plus_seconds(warning) >= expires
    };
    let mut notes = Vec::new();
    if soon(root.file().created, root.expires()) {
        let expires = root.expires();
        notes.push(format!(
            "the root expires at {expires}: ask the root key holders to run `countersign policy rotate-root`"
        ));
    }
    if soon(snapshot.created, snapshot.expires) {
        let expires = snapshot.expires;
        notes.push(format!(
            "the seal expires at {expires}: ask the policy key holders to run `countersign policy renew`"
        ));
    }
    notes
}

#[cfg(test)]
mod tests;
