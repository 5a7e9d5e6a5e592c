//! The root: who may seal, as a chain of numbered documents.
//!
//! `roots/N.json` is a DSSE envelope of type [`PAYLOAD_TYPE`] around
//! ```json
//! { "account": "acme", "version": 1, "created": "…", "expires": "…",
//!   "keys": [ "-----BEGIN PUBLIC KEY-----…" ],
//!   "root":   { "keys": [ "SHA256:…" ], "threshold": 2 },
//!   "policy": { "keys": [ "SHA256:…" ], "threshold": 1 } }
//! ```
//! Root 1 is what the pin names, and is signed by its own root role. Root N+1 is signed by the
//! root roles of N and of N+1, each to its threshold (TUF 1.0, 5.3). The newest must not be expired.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::PolicyError;
use crate::crypto::envelope::Envelope;
use crate::crypto::key::{KeyId, PublicKey};
use crate::crypto::secret::SecretKey;
use crate::document::{self, DocumentError};
use crate::files;
use crate::limits::{ROOT_BYTES_MAX, ROOTS_MAX, SIGNATURES_MAX};
use crate::name::AccountName;
use crate::pin::Pin;
use crate::time::Timestamp;

/// The DSSE payload type of a root.
pub const PAYLOAD_TYPE: &str = "application/vnd.countersign.root.v1+json";

/// A root document, as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootFile {
    /// The account.
    pub account: AccountName,
    /// The document's number, from 1.
    pub version: u64,
    /// When it was made.
    pub created: Timestamp,
    /// The first instant at which it does not count any more.
    pub expires: Timestamp,
    /// Every key that a role names.
    pub keys: Vec<PublicKey>,
    /// Who may sign roots.
    pub root: RoleFile,
    /// Who may seal the policy.
    pub policy: RoleFile,
}

/// A role, as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleFile {
    /// The keys that hold the role.
    pub keys: Vec<KeyId>,
    /// How many of them must sign.
    pub threshold: usize,
}

/// A role that makes sense: at least one signature, and enough keys for the threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    keys: Vec<PublicKey>,
    threshold: usize,
}

/// A root that a chain of signatures leads to from the pin.
#[derive(Debug, Clone)]
pub struct Root {
    file: RootFile,
    root: Role,
    policy: Role,
}

impl Role {
    /// The keys that hold the role.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// How many of them must sign.
    pub fn threshold(&self) -> usize {
        self.threshold
    }

    /// Whether enough distinct keys of the role signed the envelope.
    pub fn is_met(&self, payload_type: &str, envelope: &Envelope) -> bool {
        envelope.signers(payload_type, &self.keys).len() >= self.threshold
    }

    fn from_file(
        path: &Path,
        name: &str,
        role: &RoleFile,
        keys: &[PublicKey],
    ) -> Result<Self, DocumentError> {
        let fail = |message: String| DocumentError::new(path, format!("role `{name}`: {message}"));
        let ids: BTreeSet<&KeyId> = role.keys.iter().collect();
        if ids.len() != role.keys.len() || ids.len() > SIGNATURES_MAX {
            return Err(fail(format!("its keys are not distinct, or over {SIGNATURES_MAX}")));
        }
        let held: Vec<PublicKey> = keys.iter().filter(|key| ids.contains(&key.id())).cloned().collect();
        if held.len() != ids.len() {
            return Err(fail("it names a key that the document does not hold".into()));
        }
        if role.threshold == 0 || role.threshold > held.len() {
            return Err(fail(format!("a threshold of {} for {} keys", role.threshold, held.len())));
        }
        Ok(Self { keys: held, threshold: role.threshold })
    }
}

impl Root {
    /// The account.
    pub fn account(&self) -> &AccountName {
        &self.file.account
    }

    /// The document's number.
    pub fn version(&self) -> u64 {
        self.file.version
    }

    /// The first instant at which it does not count any more.
    pub fn expires(&self) -> Timestamp {
        self.file.expires
    }

    /// Who may sign roots.
    pub fn root(&self) -> &Role {
        &self.root
    }

    /// Who may seal the policy.
    pub fn policy(&self) -> &Role {
        &self.policy
    }

    /// The document, to make the next one from.
    pub fn file(&self) -> &RootFile {
        &self.file
    }

    /// Refuses a root that does not count any more.
    pub fn check_expiry(&self, directory: &Path, now: Timestamp) -> Result<(), PolicyError> {
        if now < self.expires() {
            return Ok(());
        }
        Err(PolicyError::Expired {
            path: path(directory, self.version()),
            role: "root",
            expires: self.expires(),
        })
    }

    /// Makes sense of a payload; its signatures are for the caller to count.
    fn parse(path: &Path, payload: &[u8]) -> Result<Self, DocumentError> {
        let file: RootFile = document::from_json(path, payload)?;
        let ids: BTreeSet<KeyId> = file.keys.iter().map(PublicKey::id).collect();
        if ids.len() != file.keys.len() {
            return Err(DocumentError::new(path, "the root holds a key twice"));
        }
        let root = Role::from_file(path, "root", &file.root, &file.keys)?;
        let policy = Role::from_file(path, "policy", &file.policy, &file.keys)?;
        Ok(Self { file, root, policy })
    }
}

/// Where a policy directory keeps a root.
pub fn path(directory: &Path, version: u64) -> PathBuf {
    directory.join("roots").join(format!("{version}.json"))
}

/// Signs a root document with the keys.
pub fn sign(file: &RootFile, keys: &[&SecretKey]) -> Vec<u8> {
    document::to_json(&Envelope::sign(PAYLOAD_TYPE, document::to_json(file), keys))
}

/// Walks from the pinned root to the newest, expired or not.
///
/// A root's own payload says whose signatures it needs, so it is read before they are counted;
/// nothing of it is acted on until they are. For root 1 the pin already vouches for every byte.
/// Only the newest must not be expired (TUF 1.0, 5.3.10): see [`Root::check_expiry`].
pub fn walk(directory: &Path, pin: &Pin) -> Result<Root, PolicyError> {
    let first = path(directory, 1);
    let bytes = files::read(&first, ROOT_BYTES_MAX)?;
    if Pin::of(&bytes) != *pin {
        return Err(PolicyError::PinDiffers { path: first, found: Pin::of(&bytes), pinned: *pin });
    }
    let mut root = next(&first, &bytes, None)?;
    for version in 2..=ROOTS_MAX {
        let file = path(directory, version);
        let Some(bytes) = files::read_if_there(&file, ROOT_BYTES_MAX)? else {
            break;
        };
        root = next(&file, &bytes, Some(&root))?;
    }
    Ok(root)
}

fn next(path: &Path, bytes: &[u8], before: Option<&Root>) -> Result<Root, PolicyError> {
    let (envelope, root) = successor(path, bytes, before)?;
    let old_threshold = before.is_none_or(|before| before.root.is_met(PAYLOAD_TYPE, &envelope));
    if !old_threshold || !root.root.is_met(PAYLOAD_TYPE, &envelope) {
        return Err(PolicyError::Threshold { path: path.into(), role: "root" });
    }
    Ok(root)
}

/// A root that would follow another, whoever has signed it so far.
pub(super) fn successor(
    path: &Path,
    bytes: &[u8],
    before: Option<&Root>,
) -> Result<(Envelope, Root), PolicyError> {
    let envelope: Envelope = document::from_json(path, bytes)?;
    let root = Root::parse(path, envelope.unverified_payload())?;
    let expected = before.map_or(1, |before| before.version() + 1);
    if root.version() != expected {
        let message = format!("root version {} where {expected} is expected", root.version());
        return Err(DocumentError::new(path, message).into());
    }
    match before {
        Some(before) if before.account() != root.account() => {
            Err(DocumentError::new(path, "the root is another account's").into())
        }
        _ => Ok((envelope, root)),
    }
}
