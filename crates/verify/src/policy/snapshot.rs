//! The snapshot: the seal over every document of an account.
//!
//! `snapshot.json` is a DSSE envelope of type [`PAYLOAD_TYPE`] around
//! ```json
//! { "account": "acme", "version": 7, "created": "…", "expires": "…",
//!   "documents": [ { "path": "csc/csc-….toml", "size": 212, "sha384": "…" } ],
//!   "index": "SHA-384 of the index's table; absent if nothing is revoked or recorded" }
//! ```
//! with paths sorted and distinct. Of `ledger.jsonl` the first `size` bytes are sealed. A snapshot is valid
//! if enough keys of the root's policy role signed it and it is not expired. It is parsed only after its
//! signatures are verified.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::PolicyError;
use super::kind::Kind;
use super::root::Root;
use crate::crypto::envelope::Envelope;
use crate::crypto::key::KeyId;
use crate::digest::Sha384;
use crate::document::format::{self, Format};
use crate::document::{self, DocumentError};
use crate::files;
use crate::ledger;
use crate::limits::{SNAPSHOT_BYTES_MAX, SNAPSHOT_VERSION_MAX};
use crate::name::AccountName;
use crate::package::name::check_path;
use crate::time::Timestamp;

/// The DSSE payload type of a snapshot.
pub const PAYLOAD_TYPE: &str = "application/vnd.countersign.snapshot.v1+json";

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Its format number.
    #[serde(default, skip_serializing_if = "Format::is_absent")]
    pub format: Format<{ format::SNAPSHOT }>,
    /// The account.
    pub account: AccountName,
    /// The seal's number; each seal has a higher one.
    pub version: u64,
    /// When it was created.
    pub created: Timestamp,
    /// The time at which it expires.
    pub expires: Timestamp,
    /// Every document, sorted by path.
    pub documents: Vec<SealedDocument>,
    /// The table of the index; absent if nothing is revoked or recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Sha384>,
}

/// A sealed document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedDocument {
    /// Its path in the policy directory.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-384 of its bytes.
    pub sha384: Sha384,
}

impl Snapshot {
    /// The document at a path, if it is sealed.
    pub fn document(&self, path: &str) -> Option<&SealedDocument> {
        let found = self.documents.binary_search_by(|document| document.path.as_str().cmp(path));
        found.ok().map(|index| &self.documents[index])
    }
}

/// A snapshot whose signatures meet the policy role, and its payload's digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSnapshot {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// SHA-384 of its payload.
    pub payload: Sha384,
    /// The keys of the policy role that signed it.
    pub sealers: BTreeSet<KeyId>,
}

/// The path of the snapshot in a policy directory.
pub fn path(directory: &Path) -> PathBuf {
    directory.join("snapshot.json")
}

/// The path of a snapshot that needs more signatures, or the root that it is sealed under.
pub fn draft_path(directory: &Path) -> PathBuf {
    directory.join("snapshot.draft.json")
}

/// Reads the snapshot whose signatures meet the root's policy role, expired or not.
///
/// Between publishing a root with other policy keys and renaming the seal made for it, that seal is the
/// draft.
pub fn read(directory: &Path, root: &Root) -> Result<SealedSnapshot, PolicyError> {
    let first = open(&path(directory), root);
    if matches!(&first, Err(PolicyError::Threshold { .. }))
        && let Ok(sealed) = open(&draft_path(directory), root)
    {
        return Ok(sealed);
    }
    first
}

/// Whether the current snapshot has its final name, not the name of the draft.
pub fn is_in_place(directory: &Path, root: &Root) -> bool {
    open(&path(directory), root).is_ok()
}

fn open(file: &Path, root: &Root) -> Result<SealedSnapshot, PolicyError> {
    let bytes = files::read(file, SNAPSHOT_BYTES_MAX)?;
    let envelope: Envelope = document::from_json(file, &bytes)?;
    let sealers = envelope.signers(PAYLOAD_TYPE, root.policy().keys());
    if sealers.len() < root.policy().threshold() {
        return Err(PolicyError::Threshold { path: file.into(), role: "policy" });
    }
    let payload = envelope.unverified_payload();
    let snapshot = parse(file, payload, root)?;
    Ok(SealedSnapshot { snapshot, payload: Sha384::of(payload), sealers })
}

/// Parses a payload; the caller has counted the signatures.
pub fn parse(file: &Path, payload: &[u8], root: &Root) -> Result<Snapshot, PolicyError> {
    let snapshot: Snapshot = document::from_versioned_json(format::SNAPSHOT, file, payload)?;
    let fail = |message: &str| Err(DocumentError::new(file, message).into());
    if snapshot.account != *root.account() {
        return fail("the snapshot is of another account");
    }
    if snapshot.documents.windows(2).any(|pair| pair[0].path >= pair[1].path) {
        return fail("the documents are not sorted and distinct");
    }
    // The seal of another account is written to disk by these paths.
    if let Some((path, fault)) = (snapshot.documents.iter())
        .find_map(|document| Some((&document.path, check_path(&document.path).err()?)))
    {
        return fail(&format!("document path {path:?} {}", fault.message));
    }
    // The program that sealed it may deny by it.
    let is_known = |path: &str| path == ledger::FILE_NAME || Kind::of(path).is_some();
    if let Some(unknown) = snapshot.documents.iter().find(|document| !is_known(&document.path)) {
        return Err(PolicyError::KindUnknown(unknown.path.clone()));
    }
    if !(1..=SNAPSHOT_VERSION_MAX).contains(&snapshot.version) {
        return Err(PolicyError::FastForward { path: file.into(), version: snapshot.version });
    }
    Ok(snapshot)
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::root::{self, RoleFile, RootFile};
    use crate::crypto::sample::SecretKey;
    use crate::pin::Pin;
    use crate::policy::sample::{sign_root, sign_snapshot};

    #[test]
    fn a_corrupt_snapshot_is_an_error_also_next_to_a_valid_draft() {
        let folder = tempfile::tempdir().unwrap();
        let key = SecretKey::new();
        let time = |text: &str| -> Timestamp { text.parse().unwrap() };
        let role = || RoleFile { keys: vec![key.public().id()], threshold: 1 };
        let file = RootFile {
            format: Format::default(),
            account: "acme".parse().unwrap(),
            version: 1,
            created: time("2026-01-01T00:00:00Z"),
            expires: time("2030-01-01T00:00:00Z"),
            keys: vec![key.public()],
            root: role(),
            policy: role(),
        };
        let bytes = sign_root(&file, &[&key]);
        let directory = folder.path();
        std::fs::create_dir_all(directory.join("roots")).unwrap();
        std::fs::write(root::path(directory, 1), &bytes).unwrap();
        let root = root::walk(directory, &Pin::of(&bytes)).unwrap();
        let snapshot = Snapshot {
            format: Format::default(),
            account: file.account.clone(),
            version: 1,
            created: file.created,
            expires: file.expires,
            documents: Vec::new(),
            index: None,
        };
        let put = |path: PathBuf, bytes: &[u8]| std::fs::write(path, bytes).unwrap();
        let (good, other) = (sign_snapshot(&snapshot, &[&key]), SecretKey::new());
        put(draft_path(directory), &good);
        // Signed for another root, the draft counts in its place; damaged, nothing does.
        put(path(directory), &sign_snapshot(&snapshot, &[&other]));
        assert_eq!(read(directory, &root).unwrap().snapshot, snapshot);
        let text = String::from_utf8(good.clone()).unwrap();
        for corrupt in
            ["", "{", "null", &text[..text.len() - 1], &text.replace("payloadType", "payload_type")]
        {
            put(path(directory), corrupt.as_bytes());
            assert!(matches!(read(directory, &root), Err(PolicyError::Document(_))), "{corrupt}");
        }
        let foreign = Snapshot { account: "other".parse().unwrap(), ..snapshot.clone() };
        put(path(directory), &sign_snapshot(&foreign, &[&key]));
        assert!(read(directory, &root).is_err());
        std::fs::remove_file(path(directory)).unwrap();
        assert!(read(directory, &root).is_err());
        put(path(directory), &good);
        assert!(read(directory, &root).is_ok());
    }
}

#[cfg(test)]
mod parsing {
    use super::*;
    use crate::policy::sample::{Sample, keys, root, sign_snapshot, snapshot};

    fn parsed(snapshot: &Snapshot) -> Result<Snapshot, PolicyError> {
        let [key] = keys();
        parse(Path::new("snapshot.json"), &document::to_json(snapshot), &root(1, &key, &key))
    }

    #[test]
    fn a_draft_counts_where_the_seal_lacks_signatures_and_nowhere_else() {
        let (sample, [other]) = (Sample::new(&[]), keys());
        let (directory, root) = (sample.directory(), Root::of(sample.root()).unwrap());
        let version = || read(&directory, &root).map(|sealed| sealed.snapshot.version);
        assert!(is_in_place(&directory, &root));
        std::fs::write(draft_path(&directory), sign_snapshot(&sample.prepared(2), &[sample.key()])).unwrap();
        assert_eq!(version().unwrap(), 1);
        sample.put(&sample.prepared(1), &[&other]);
        assert_eq!(version().unwrap(), 2);
        assert!(!is_in_place(&directory, &root));
        std::fs::write(draft_path(&directory), "").unwrap();
        assert!(matches!(version(), Err(PolicyError::Threshold { .. })));
    }

    #[test]
    fn a_snapshot_is_of_the_root_s_account() {
        let mut other = snapshot(1, &[]);
        assert!(parsed(&other).is_ok());
        other.account = "other".parse().unwrap();
        assert!(parsed(&other).unwrap_err().to_string().contains("of another account"));
    }

    #[test]
    fn documents_are_sorted_and_distinct_and_inside_the_directory() {
        assert!(parsed(&snapshot(1, &["account.toml", "functions.toml"])).is_ok());
        for paths in [["functions.toml", "account.toml"], ["account.toml", "account.toml"]] {
            assert!(
                parsed(&snapshot(1, &paths)).unwrap_err().to_string().contains("not sorted and distinct")
            );
        }
        assert!(parsed(&snapshot(1, &["../account.toml"])).is_err());
    }

    #[test]
    fn every_document_is_of_a_known_kind() {
        assert!(parsed(&snapshot(1, &["csc/a.toml", "functions.toml", "ledger.jsonl"])).is_ok());
        for path in ["quarantine.toml", "quarantine/a.toml", "csc/a/b.toml", "ledger.jsonl.toml"] {
            let error = parsed(&snapshot(1, &[path])).unwrap_err();
            assert!(matches!(&error, PolicyError::KindUnknown(found) if found == path), "{error}");
            assert!(error.is_newer());
        }
    }

    #[test]
    fn a_version_is_from_1_to_the_highest() {
        for (version, good) in
            [(0, false), (1, true), (SNAPSHOT_VERSION_MAX, true), (SNAPSHOT_VERSION_MAX + 1, false)]
        {
            assert_eq!(parsed(&snapshot(version, &[])).is_ok(), good, "version {version}");
        }
    }

    #[test]
    fn a_document_is_found_by_its_path() {
        let snapshot = snapshot(1, &["account.toml", "csc/a.toml", "functions.toml"]);
        assert_eq!(snapshot.document("csc/a.toml").map(|each| each.path.as_str()), Some("csc/a.toml"));
        assert!(snapshot.document("csc/b.toml").is_none());
    }
}
