//! Roots and snapshots for the unit tests of policy opening.

#![cfg(test)]

use std::path::Path;

use super::root::{self, RoleFile, Root, RootFile};
use super::snapshot::{SealedDocument, Snapshot};
use crate::crypto::secret::SecretKey;
use crate::digest::Sha384;
use crate::pin::Pin;
use crate::time::Timestamp;

/// An instant.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// New keys.
pub fn keys<const N: usize>() -> [SecretKey; N] {
    std::array::from_fn(|_| SecretKey::generate().unwrap())
}

/// A role of these keys.
pub fn role(keys: &[&SecretKey], threshold: usize) -> RoleFile {
    RoleFile { keys: keys.iter().map(|key| key.public().id()).collect(), threshold }
}

/// A root of account `acme`, created on 2026-01-01, that expires on 2027-01-01.
pub fn root_file(version: u64, keys: &[&SecretKey], root: RoleFile, policy: RoleFile) -> RootFile {
    RootFile {
        account: "acme".parse().unwrap(),
        version,
        created: at("2026-01-01T00:00:00Z"),
        expires: at("2027-01-01T00:00:00Z"),
        keys: keys.iter().map(|key| key.public()).collect(),
        root,
        policy,
    }
}

/// Writes a signed root into a policy directory; the pin is that of root 1.
pub fn write_root(directory: &Path, file: &RootFile, signers: &[&SecretKey]) -> Pin {
    let (path, bytes) = (root::path(directory, file.version), root::sign(file, signers));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, &bytes).unwrap();
    Pin::of(&bytes)
}

/// A root whose two roles are held by one key each, or both by one.
pub fn root(version: u64, root_key: &SecretKey, policy_key: &SecretKey) -> Root {
    let both = [root_key, policy_key];
    let held = if root_key.public() == policy_key.public() { &both[..1] } else { &both };
    Root::of(&root_file(version, held, role(&[root_key], 1), role(&[policy_key], 1))).unwrap()
}

/// A snapshot of account `acme` over documents at these paths, created on 2026-02-01, that expires on 2026-08-01.
pub fn snapshot(version: u64, paths: &[&str]) -> Snapshot {
    let document = |path: &&str| SealedDocument { path: (*path).into(), size: 3, sha384: Sha384::of(b"abc") };
    Snapshot {
        account: "acme".parse().unwrap(),
        version,
        created: at("2026-02-01T00:00:00Z"),
        expires: at("2026-08-01T00:00:00Z"),
        documents: paths.iter().map(document).collect(),
        index: None,
    }
}
