//! Roots and snapshots for the unit tests of policy opening.

#![cfg(test)]

use std::path::{Path, PathBuf};

use super::error::PolicyError;
use super::objects::Objects;
use super::root::{self, RoleFile, Root, RootFile};
use super::snapshot::{self, SealedDocument, Snapshot};
use super::store::{Location, Policy};
use super::{accounts, documents, entries, index, sealed};
use crate::account::KnownAccount;
use crate::crypto::envelope::Envelope;
use crate::crypto::sample::SecretKey;
use crate::digest::Sha384;
use crate::document;
use crate::document::format::Format;
use crate::ledger::{self, Tail};
use crate::limits::LEDGER_BYTES_MAX;
use crate::pin::Pin;
use crate::revocation::Revocations;
use crate::time::Timestamp;

/// A time.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// New keys.
pub fn keys<const N: usize>() -> [SecretKey; N] {
    std::array::from_fn(|_| SecretKey::new())
}

/// A role of these keys.
pub fn role(keys: &[&SecretKey], threshold: usize) -> RoleFile {
    RoleFile { keys: keys.iter().map(|key| key.public().id()).collect(), threshold }
}

/// A root of account `acme`, created on 2026-01-01, that expires on 2027-01-01.
pub fn root_file(version: u64, keys: &[&SecretKey], root: RoleFile, policy: RoleFile) -> RootFile {
    RootFile {
        format: Format::default(),
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
    let (path, bytes) = (root::path(directory, file.version), sign_root(file, signers));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, &bytes).unwrap();
    Pin::of(&bytes)
}

/// A root whose two roles have one key each, or the same one.
pub fn root(version: u64, root_key: &SecretKey, policy_key: &SecretKey) -> Root {
    let both = [root_key, policy_key];
    let held = if root_key.public() == policy_key.public() { &both[..1] } else { &both };
    Root::of(&root_file(version, held, role(&[root_key], 1), role(&[policy_key], 1))).unwrap()
}

/// A snapshot of account `acme` over documents at these paths, created on 2026-02-01, that expires on 2026-08-01.
pub fn snapshot(version: u64, paths: &[&str]) -> Snapshot {
    let document = |path: &&str| SealedDocument { path: (*path).into(), size: 3, sha384: Sha384::of(b"abc") };
    Snapshot {
        format: Format::default(),
        account: "acme".parse().unwrap(),
        version,
        created: at("2026-02-01T00:00:00Z"),
        expires: at("2026-08-01T00:00:00Z"),
        documents: paths.iter().map(document).collect(),
        index: None,
    }
}

/// A root document, signed with the keys.
pub fn sign_root(file: &RootFile, keys: &[&SecretKey]) -> Vec<u8> {
    document::to_json(&Envelope::sign(root::PAYLOAD_TYPE, document::to_json(file), keys))
}

/// A snapshot, signed with the keys.
pub fn sign_snapshot(snapshot: &Snapshot, keys: &[&SecretKey]) -> Vec<u8> {
    document::to_json(&Envelope::sign(snapshot::PAYLOAD_TYPE, document::to_json(snapshot), keys))
}

/// Keeps bytes among the objects.
pub fn keep(objects: &Objects, bytes: &[u8]) -> Sha384 {
    let digest = Sha384::of(bytes);
    let path = objects.path(&digest);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
    digest
}

/// A policy directory of account `acme` whose only key has both roles.
pub struct Sample {
    folder: tempfile::TempDir,
    key: SecretKey,
    root: RootFile,
    pin: Pin,
}

impl Sample {
    /// The policy directory with these documents, sealed as version 1.
    pub fn new(documents: &[(&str, &str)]) -> Self {
        Self::of("acme", documents)
    }

    /// The same of another account.
    pub fn of(account: &str, documents: &[(&str, &str)]) -> Self {
        let (folder, [key]) = (tempfile::tempdir().unwrap(), keys());
        let root = root_file(1, &[&key], role(&[&key], 1), role(&[&key], 1));
        let root = RootFile { account: account.parse().unwrap(), ..root };
        let pin = write_root(&folder.path().join("policy"), &root, &[&key]);
        let sample = Self { folder, key, root, pin };
        sample.write("functions.toml", "revision = 1\nprotected_refs = []\n");
        sample.write("revocations.toml", "revision = 1\n");
        documents.iter().for_each(|(path, text)| sample.write(path, text));
        sample.seal(1);
        sample
    }

    /// The policy directory.
    pub fn directory(&self) -> PathBuf {
        self.folder.path().join("policy")
    }

    /// The file of its remembered state.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state.json")
    }

    /// The only key.
    pub fn key(&self) -> &SecretKey {
        &self.key
    }

    /// The root document.
    pub fn root(&self) -> &RootFile {
        &self.root
    }

    /// Writes a file of the directory.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.directory().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Pins another account, copies its documents, and seals the result as this version.
    pub fn bring(&self, other: &Self, version: u64) {
        let policy = other.open("2026-03-01T00:00:00Z").unwrap();
        let (account, reached) = (policy.account().clone(), policy.reached());
        let known = KnownAccount::new(account.clone(), other.pin, "../other", reached);
        self.write(&format!("accounts/{account}.toml"), &document::to_toml(&known));
        sealed::visit(&policy, sealed::Which::All, |path, bytes| {
            let path = format!("{}/{path}", accounts::path(&account, &reached));
            self.write(&path, std::str::from_utf8(&bytes).unwrap());
            Ok(())
        })
        .unwrap();
        self.seal(version);
    }

    /// The snapshot of the documents, valid from 2026-02-01 to 2026-08-01; its objects are kept.
    pub fn prepared(&self, version: u64) -> Snapshot {
        let found = documents::read(&self.directory()).unwrap();
        let sealed = |(path, bytes): (&String, &Vec<u8>)| SealedDocument {
            path: path.clone(),
            size: bytes.len() as u64,
            sha384: Sha384::of(bytes),
        };
        let mut documents: Vec<SealedDocument> = found.iter().map(sealed).collect();
        let revocations = Path::new("revocations.toml");
        let revocations = Revocations::parse(revocations, &found["revocations.toml"]).unwrap().into_all();
        let mut all = entries::of_revocations(&revocations);
        let path = self.directory().join(ledger::FILE_NAME);
        let tail = ledger::read(&path, &self.root.account, LEDGER_BYTES_MAX, |_, line| {
            all.push(entries::of_line(&line));
        });
        let Tail { count, size, sha384, .. } = tail.unwrap();
        documents.extend((count > 0).then(|| SealedDocument {
            path: ledger::FILE_NAME.into(),
            size,
            sha384,
        }));
        documents.sort_by(|a, b| a.path.cmp(&b.path));
        let made = index::make(all);
        let index = made.as_ref().map(|made| Sha384::of(&made.table));
        let objects = Objects::of(&self.directory());
        let made = made.into_iter().flat_map(|made| made.pages.into_iter().chain([made.table]));
        found.into_values().chain(made).for_each(|bytes| {
            keep(&objects, &bytes);
        });
        Snapshot { account: self.root.account.clone(), documents, index, ..snapshot(version, &[]) }
    }

    /// Seals the documents.
    pub fn seal(&self, version: u64) {
        self.put(&self.prepared(version), &[&self.key]);
    }

    /// Writes a snapshot to its place.
    pub fn put(&self, snapshot: &Snapshot, signers: &[&SecretKey]) {
        std::fs::write(snapshot::path(&self.directory()), sign_snapshot(snapshot, signers)).unwrap();
    }

    /// The location of the policy, with its pin and its state.
    pub fn location(&self) -> Location {
        Location { directory: self.directory(), pin: Some(self.pin), state: Some(self.state()) }
    }

    /// Opens the policy at a time.
    pub fn open(&self, now: &str) -> Result<Policy, PolicyError> {
        Policy::open(&self.location(), at(now))
    }
}
