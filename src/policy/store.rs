//! The store: an account's documents, each read only as it was sealed.

use std::path::{Path, PathBuf};

use super::documents;
use super::error::PolicyError;
use super::pin::Pin;
use super::root::{self, Root};
use super::snapshot::{self, SealedDocument, Snapshot};
use super::state::State;
use crate::crypto::key::KeyId;
use crate::csc::Csc;
use crate::digest::Sha384;
use crate::document::DocumentError;
use crate::files;
use crate::function::Functions;
use crate::limits::DOCUMENT_BYTES_MAX;
use crate::name::{AccountName, CscId, ProfileName};
use crate::profile::Profile;
use crate::revocation::Revocations;
use crate::time::Timestamp;

/// Where a policy is, and what it must agree with.
#[derive(Debug, Clone)]
pub struct Location {
    /// The policy directory.
    pub directory: PathBuf,
    /// The pin, if there is one.
    pub pin: Option<Pin>,
    /// Where the highest version seen is remembered, if anywhere.
    pub state: Option<PathBuf>,
}

/// An account's policy, trusted as of an instant.
#[derive(Debug)]
pub struct Policy {
    directory: PathBuf,
    root: Root,
    snapshot: Snapshot,
    notes: Vec<String>,
}

impl Policy {
    /// Opens a policy: pin, roots, seal, expiry, and nothing older than what was seen.
    ///
    /// A state that cannot be written changes no verdict; it is a note.
    pub fn open(location: &Location, now: Timestamp) -> Result<Self, PolicyError> {
        let Location { directory, pin, state } = location;
        let pin = pin.as_ref().ok_or_else(|| PolicyError::Unpinned(directory.clone()))?;
        let root = root::walk(directory, pin, now)?;
        let (snapshot, payload) = snapshot::read(directory, &root)?;
        if now >= snapshot.expires {
            return Err(PolicyError::Expired { path: snapshot::path(directory), expires: snapshot.expires });
        }
        let mut notes = Vec::new();
        if let Some(path) = state {
            remember(path, &State::of(&root, &snapshot, payload), &mut notes)?;
        }
        Ok(Self { directory: directory.clone(), root, snapshot, notes })
    }

    /// Things worth saying that change no verdict.
    pub fn notes(&self) -> &[String] {
        &self.notes
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

    /// A signing profile, if the account has one of this name.
    pub fn profile(&self, name: &ProfileName) -> Result<Option<Profile>, PolicyError> {
        self.parsed(&format!("profiles/{name}.toml"), Profile::parse)
    }

    /// The names of every sealed profile.
    pub fn profile_names(&self) -> Vec<ProfileName> {
        let name = |document: &SealedDocument| {
            document.path.strip_prefix("profiles/")?.strip_suffix(".toml")?.parse().ok()
        };
        self.snapshot.documents.iter().filter_map(name).collect()
    }

    /// A CSC, if the account has one with this id.
    pub fn csc(&self, id: &CscId) -> Result<Option<Csc>, PolicyError> {
        self.parsed(&format!("csc/{id}.toml"), Csc::parse)
    }

    /// Which CSC governs which functions.
    pub fn functions(&self) -> Result<Functions, PolicyError> {
        self.parsed("functions.toml", Functions::parse)?.ok_or(PolicyError::Missing("functions.toml"))
    }

    /// What was revoked.
    pub fn revocations(&self) -> Result<Revocations, PolicyError> {
        self.parsed("revocations.toml", Revocations::parse)?.ok_or(PolicyError::Missing("revocations.toml"))
    }

    fn parsed<T>(
        &self,
        path: &str,
        parse: impl FnOnce(&Path, &[u8]) -> Result<T, DocumentError>,
    ) -> Result<Option<T>, PolicyError> {
        let Some(sealed) = self.snapshot.document(path) else {
            return Ok(None);
        };
        let file = self.directory.join(path);
        let bytes = files::read(&file, DOCUMENT_BYTES_MAX)?;
        if bytes.len() as u64 != sealed.size || Sha384::of(&bytes) != sealed.sha384 {
            let paths = documents::changes(&self.directory, &self.snapshot)?;
            let paths = paths.into_iter().map(|change| change.path).collect();
            return Err(PolicyError::Unsealed { directory: self.directory.clone(), paths });
        }
        Ok(Some(parse(&file, &bytes)?))
    }

    /// The fingerprints that hold the policy role, for people.
    pub fn sealers(&self) -> Vec<KeyId> {
        self.root.policy().keys().iter().map(crate::crypto::key::PublicKey::id).collect()
    }
}

fn remember(path: &Path, next: &State, notes: &mut Vec<String>) -> Result<(), PolicyError> {
    let before = State::read(path)?;
    if let Some(before) = &before {
        before.allows(next)?;
    }
    if before.as_ref() != Some(next)
        && let Err(error) = next.write(path)
    {
        notes.push(format!("{error}: a policy older than this one could not be told next time"));
    }
    Ok(())
}
