//! The root: which keys can sign the policy, as a chain of numbered documents.
//!
//! `roots/N.json` is a DSSE envelope of type [`PAYLOAD_TYPE`] around
//! ```json
//! { "account": "acme", "version": 1, "created": "…", "expires": "…",
//!   "keys": [ "-----BEGIN PUBLIC KEY-----…" ],
//!   "root":   { "keys": [ "SHA256:…" ], "threshold": 2 },
//!   "policy": { "keys": [ "SHA256:…" ], "threshold": 1 } }
//! ```
//! The pin is the digest of root 1, which is signed by its own root role. Root N+1 is signed by the root
//! roles of N and of N+1, each to its threshold (TUF 1.0, 5.3). The newest must not be expired.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::PolicyError;
use crate::crypto::envelope::Envelope;
use crate::crypto::key::{KeyId, PublicKey};
use crate::document::format::{self, Format};
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
    /// Its format number.
    #[serde(default, skip_serializing_if = "Format::is_absent")]
    pub format: Format<{ format::ROOT }>,
    /// The account.
    pub account: AccountName,
    /// The document's number, from 1.
    pub version: u64,
    /// When it was created.
    pub created: Timestamp,
    /// The time at which it expires.
    pub expires: Timestamp,
    /// The keys of all roles.
    pub keys: Vec<PublicKey>,
    /// The keys that sign roots.
    pub root: RoleFile,
    /// The keys that seal the policy.
    pub policy: RoleFile,
}

/// A role, as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleFile {
    /// The keys that have the role.
    pub keys: Vec<KeyId>,
    /// How many of them must sign.
    pub threshold: usize,
}

/// A valid role: a threshold of at least one, and enough keys for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    keys: Vec<PublicKey>,
    threshold: usize,
}

/// A root that is reached from the pin by a chain of signatures.
#[derive(Debug, Clone)]
pub struct Root {
    file: RootFile,
    root: Role,
    policy: Role,
}

impl Role {
    /// The keys that have the role.
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
            return Err(fail(format!("it has duplicate keys, or more than {SIGNATURES_MAX}")));
        }
        let held: Vec<PublicKey> = keys.iter().filter(|key| ids.contains(&key.id())).cloned().collect();
        if held.len() != ids.len() {
            return Err(fail("it names a key that is not in `keys`".into()));
        }
        if role.threshold == 0 || role.threshold > held.len() {
            return Err(fail(format!("threshold is {}, expected 1 to {}", role.threshold, held.len())));
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

    /// The time at which it expires.
    pub fn expires(&self) -> Timestamp {
        self.file.expires
    }

    /// The keys that sign roots.
    pub fn root(&self) -> &Role {
        &self.root
    }

    /// The keys that seal the policy.
    pub fn policy(&self) -> &Role {
        &self.policy
    }

    /// The document, as a base for the next one.
    pub fn file(&self) -> &RootFile {
        &self.file
    }

    /// Refuses an expired root.
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

    /// A root without signatures.
    #[cfg(test)]
    pub fn of(file: &RootFile) -> Result<Self, DocumentError> {
        Self::parse(Path::new("roots/1.json"), &document::to_json(file))
    }

    /// Parses a payload; the caller counts the signatures.
    fn parse(path: &Path, payload: &[u8]) -> Result<Self, DocumentError> {
        let file: RootFile = document::from_versioned_json(format::ROOT, path, payload)?;
        let ids: BTreeSet<KeyId> = file.keys.iter().map(PublicKey::id).collect();
        if ids.len() != file.keys.len() {
            return Err(DocumentError::new(path, "the root has a duplicate key"));
        }
        let root = Role::from_file(path, "root", &file.root, &file.keys)?;
        let policy = Role::from_file(path, "policy", &file.policy, &file.keys)?;
        Ok(Self { file, root, policy })
    }
}

/// The path of a root in a policy directory.
pub fn path(directory: &Path, version: u64) -> PathBuf {
    directory.join("roots").join(format!("{version}.json"))
}

/// Walks from the pinned root to the newest, expired or not.
///
/// A root's own payload names its signers, so it is parsed before the signatures are counted, and not used
/// until they are. Root 1 is vouched for by the pin. Only the newest must not be expired (TUF 1.0, 5.3.10):
/// see [`Root::check_expiry`].
pub fn walk(directory: &Path, pin: &Pin) -> Result<Root, PolicyError> {
    let first = path(directory, 1);
    let bytes = files::read(&first, ROOT_BYTES_MAX)?;
    if Pin::of(&bytes) != *pin {
        return Err(PolicyError::PinDiffers { path: first, found: Pin::of(&bytes), pinned: *pin });
    }
    let mut root = next(&first, &bytes, None)?;
    for version in 2..=ROOTS_MAX {
        let file = path(directory, version);
        let Some(bytes) = files::read_if_exists(&file, ROOT_BYTES_MAX)? else {
            break;
        };
        root = next(&file, &bytes, Some(&root))?;
    }
    Ok(root)
}

fn next(path: &Path, bytes: &[u8], before: Option<&Root>) -> Result<Root, PolicyError> {
    let envelope: Envelope = document::from_json(path, bytes)?;
    let old_threshold = before.is_none_or(|before| before.root.is_met(PAYLOAD_TYPE, &envelope));
    let root = match follow(path, &envelope, before) {
        // Anybody can write a number that is too high: it counts if those signed it who sign the next root.
        Err(PolicyError::FormatNewer(_)) if !old_threshold => {
            return Err(PolicyError::Threshold { path: path.into(), role: "root" });
        }
        root => root?,
    };
    if !old_threshold || !root.root.is_met(PAYLOAD_TYPE, &envelope) {
        return Err(PolicyError::Threshold { path: path.into(), role: "root" });
    }
    Ok(root)
}

/// A root that could follow another; signatures are not counted yet.
pub fn successor(path: &Path, bytes: &[u8], before: Option<&Root>) -> Result<(Envelope, Root), PolicyError> {
    let envelope: Envelope = document::from_json(path, bytes)?;
    let root = follow(path, &envelope, before)?;
    Ok((envelope, root))
}

fn follow(path: &Path, envelope: &Envelope, before: Option<&Root>) -> Result<Root, PolicyError> {
    let root = Root::parse(path, envelope.unverified_payload())?;
    let expected = before.map_or(1, |before| before.version() + 1);
    if root.version() != expected {
        let message = format!("root version is {}, expected {expected}", root.version());
        return Err(DocumentError::new(path, message).into());
    }
    match before {
        Some(before) if before.account() != root.account() => {
            Err(DocumentError::new(path, "the root is of another account").into())
        }
        _ => Ok(root),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sample::SecretKey;
    use crate::policy::sample::{at, keys, role, root_file, sign_root, write_root};

    fn fails(file: &RootFile, why: &str) {
        let error = Root::of(file).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn a_role_has_distinct_keys_of_the_document_and_a_threshold_that_they_can_meet() {
        let [a, b, c] = keys();
        let with = |role| root_file(1, &[&a, &b], role, self::role(&[&a], 1));
        for threshold in [1, 2] {
            let root = Root::of(&with(role(&[&a, &b], threshold))).unwrap();
            assert_eq!((root.root().keys().len(), root.root().threshold()), (2, threshold));
        }
        fails(&with(role(&[&a, &b], 0)), "threshold is 0, expected 1 to 2");
        fails(&with(role(&[&a, &b], 3)), "threshold is 3, expected 1 to 2");
        fails(&with(role(&[&a, &a], 1)), "duplicate keys");
        fails(&with(role(&[&a, &c], 1)), "a key that is not in `keys`");
        fails(&root_file(1, &[&a, &a], role(&[&a], 1), role(&[&a], 1)), "a duplicate key");
        fails(&root_file(1, &[&a], role(&[&a], 1), role(&[&a], 2)), "role `policy`");
    }

    #[test]
    fn a_role_has_at_most_64_keys() {
        let many: [SecretKey; SIGNATURES_MAX + 1] = keys();
        let all: Vec<&SecretKey> = many.iter().collect();
        let with = |held: &[&SecretKey]| root_file(1, held, role(held, 1), role(&held[..1], 1));
        assert!(Root::of(&with(&all[..SIGNATURES_MAX])).is_ok());
        fails(&with(&all), "more than 64");
    }

    #[test]
    fn a_root_ends_at_the_instant_that_it_names() {
        let [a] = keys();
        let root = Root::of(&root_file(1, &[&a], role(&[&a], 1), role(&[&a], 1))).unwrap();
        let (directory, end) = (Path::new("policy"), at("2027-01-01T00:00:00Z"));
        assert!(root.check_expiry(directory, end.plus_seconds(-1)).is_ok());
        assert!(matches!(root.check_expiry(directory, end), Err(PolicyError::Expired { role: "root", .. })));
    }

    #[test]
    fn root_1_is_the_pinned_one_and_signed_by_its_own_role() {
        let (folder, [a, b]) = (tempfile::tempdir().unwrap(), keys());
        let file = root_file(1, &[&a, &b], role(&[&a], 1), role(&[&b], 1));
        let pin = write_root(folder.path(), &file, &[&a]);
        assert_eq!(walk(folder.path(), &pin).unwrap().version(), 1);
        assert!(matches!(walk(folder.path(), &Pin::of(b"")), Err(PolicyError::PinDiffers { .. })));
        let pin = write_root(folder.path(), &file, &[&b]);
        assert!(matches!(walk(folder.path(), &pin), Err(PolicyError::Threshold { role: "root", .. })));
    }

    #[test]
    fn a_root_follows_by_the_signatures_of_both_roles() {
        let (folder, [a, b]) = (tempfile::tempdir().unwrap(), keys());
        let pin = write_root(folder.path(), &root_file(1, &[&a], role(&[&a], 1), role(&[&a], 1)), &[&a]);
        let second = root_file(2, &[&b], role(&[&b], 1), role(&[&b], 1));
        for signers in [&[&a][..], &[&b]] {
            write_root(folder.path(), &second, signers);
            assert!(matches!(walk(folder.path(), &pin), Err(PolicyError::Threshold { role: "root", .. })));
        }
        write_root(folder.path(), &second, &[&a, &b]);
        assert_eq!(walk(folder.path(), &pin).unwrap().version(), 2);
        // A root that is named like the next one has the next number, and is the account's.
        let bytes = sign_root(&RootFile { version: 3, ..second.clone() }, &[&a, &b]);
        std::fs::write(path(folder.path(), 2), bytes).unwrap();
        let error = walk(folder.path(), &pin).unwrap_err().to_string();
        assert!(error.contains("root version is 3, expected 2"), "{error}");
        write_root(folder.path(), &RootFile { account: "other".parse().unwrap(), ..second }, &[&a, &b]);
        let error = walk(folder.path(), &pin).unwrap_err().to_string();
        assert!(error.contains("of another account"), "{error}");
    }
}
