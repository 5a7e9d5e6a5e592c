//! What do the tests of roots and seals judge: a policy with nothing else in it.

use std::path::PathBuf;

use base64ct::{Base64, Encoding};
use countersign::crypto::key::KeyId;
use countersign::crypto::secret::SecretKey;
use countersign::document::format::Format;
use countersign::pin::Pin;
use countersign::policy::error::PolicyError;
use countersign::policy::memory;
use countersign::policy::root::{self, RoleFile, RootFile};
use countersign::policy::snapshot::{self, Snapshot};
use countersign::policy::store::Location;
use countersign::time::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{decode, malleated, read, scratch, time, write, year_after};

/// A policy directory with nothing but roots and a seal, and keys for every role.
pub struct Chain {
    pub folder: TempDir,
    pub keys: Vec<SecretKey>,
}

const NOW: &str = "2026-06-01T12:00:00Z";

impl Chain {
    /// Root 1, whose two roles each need two of three keys: root 0, 1, 2 and policy 3, 4, 5; 6 has none.
    pub fn new() -> Self {
        let keys = (0..7).map(|_| SecretKey::generate().expect("a key")).collect();
        let chain = Self { folder: scratch(), keys };
        chain.put_root(1, &chain.root(), &[0, 1]);
        chain.put_snapshot(&chain.snapshot(1), &[3, 4]);
        chain
    }

    /// A document of root 1.
    pub fn root(&self) -> RootFile {
        let role = |keys: std::ops::Range<usize>| RoleFile { keys: self.ids(keys), threshold: 2 };
        RootFile {
            format: Format::default(),
            account: "acme".parse().expect("a name"),
            version: 1,
            created: now(),
            expires: year_after(now()),
            keys: self.keys[..6].iter().map(SecretKey::public).collect(),
            root: role(0..3),
            policy: role(3..6),
        }
    }

    pub fn ids(&self, keys: std::ops::Range<usize>) -> Vec<KeyId> {
        self.keys[keys].iter().map(|key| key.public().id()).collect()
    }

    pub fn some(&self, keys: &[usize]) -> Vec<&SecretKey> {
        keys.iter().map(|key| &self.keys[*key]).collect()
    }

    pub fn put_root(&self, number: u64, file: &RootFile, signers: &[usize]) {
        write(
            &root::path(self.folder.path(), number),
            countersign::policy::signing::root(file, &self.some(signers)),
        );
    }

    pub fn snapshot(&self, version: u64) -> Snapshot {
        let account = "acme".parse().expect("a name");
        Snapshot {
            format: Format::default(),
            account,
            version,
            created: now(),
            expires: year_after(now()),
            documents: Vec::new(),
            index: None,
        }
    }

    pub fn put_snapshot(&self, sealed: &Snapshot, signers: &[usize]) {
        write(
            &snapshot::path(self.folder.path()),
            countersign::policy::signing::snapshot(sealed, &self.some(signers)),
        );
    }

    pub fn pin(&self) -> Pin {
        Pin::of(&read(&root::path(self.folder.path(), 1)))
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("memory/state.json")
    }

    /// The version of the newest root that the pin leads to.
    pub fn walk(&self) -> Result<u64, PolicyError> {
        self.walk_at(now())
    }

    pub fn walk_at(&self, now: Timestamp) -> Result<u64, PolicyError> {
        let root = root::walk(self.folder.path(), &self.pin())?;
        root.check_expiry(self.folder.path(), now)?;
        Ok(root.version())
    }

    /// Opens the policy, which remembers what it saw; tells the snapshot's version.
    pub fn open(&self) -> Result<u64, PolicyError> {
        let (directory, pin) = (self.folder.path().to_path_buf(), Some(self.pin()));
        let location = Location { directory, pin, state: Some(self.state()) };
        memory::open(&location, now()).map(|policy| policy.snapshot().version)
    }
}

pub fn now() -> Timestamp {
    time(NOW)
}

#[track_caller]
pub fn opened(result: Result<u64, PolicyError>, version: u64) {
    assert_eq!(result.unwrap_or_else(|error| panic!("{error}")), version);
}

/// A list of an envelope's signatures, by whoever made them, edited as JSON.
pub fn envelope(bytes: &[u8], signatures: impl FnOnce(Vec<Value>) -> Vec<Value>) -> Vec<u8> {
    let mut envelope: Value = serde_json::from_slice(bytes).expect("JSON");
    let before = envelope["signatures"].as_array().expect("a list").clone();
    envelope["signatures"] = Value::Array(signatures(before));
    envelope.to_string().into_bytes()
}

/// The other valid form of a signature.
pub fn other_form(signature: &Value) -> Value {
    json!({ "keyid": signature["keyid"], "sig": Base64::encode_string(&malleated(&decode(&signature["sig"]))) })
}
