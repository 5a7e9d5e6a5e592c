//! Policy directories: roots, snapshots, the remembered state, the index, the ledger and signed revocations.

use std::fs;
use std::path::Path;

use countersign::digest::Sha384;
use countersign::document;
use countersign::document::format::Format;
use countersign::ledger::{self, Line};
use countersign::pin::Pin;
use countersign::policy::index::{self, Entry, Index};
use countersign::policy::objects::Objects;
use countersign::policy::root::{self, RoleFile, RootFile};
use countersign::policy::rotation::{self, Pending};
use countersign::policy::seal::Sealing;
use countersign::policy::snapshot::{self, SealedDocument, Snapshot};
use countersign::policy::state::State;
use countersign::revocation::signed::{self, SignedRevocation};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

fn put(directory: &Path, path: &Path, bytes: &[u8]) {
    let path = directory.join(path);
    fs::create_dir_all(path.parent().unwrap_or(directory)).expect("a folder can be made");
    fs::write(path, bytes).expect("a file can be written");
}

/// Reads a JSON document; what is written of it is read as the same.
fn json<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) -> Option<T> {
    let document = document::parse_json::<T>(bytes).ok()?;
    assert_eq!(document::parse_json::<T>(&document::to_json(&document)).as_ref(), Ok(&document));
    Some(document)
}

/// The first root, and its file.
fn first() -> (RootFile, Vec<u8>) {
    let key = keys::public();
    let role = || RoleFile { keys: vec![key.id()], threshold: 1 };
    let time = |text: &str| text.parse().expect("it is a time");
    let file = RootFile {
        format: Format::default(),
        account: "acme".parse().expect("it is a name"),
        version: 1,
        created: time("2026-01-01T00:00:00Z"),
        expires: time("2027-01-01T00:00:00Z"),
        keys: vec![key.clone()],
        root: role(),
        policy: role(),
    };
    let bytes = countersign::policy::signing::root(&file, &[keys::secret()]);
    (file, bytes)
}

/// As the envelope of the first root, and as the payload of the first and of the second root.
pub fn root(bytes: &[u8]) {
    let folder = folder();
    let directory = folder.path();
    put(directory, &root::path(Path::new(""), 1), bytes);
    let _ = root::walk(directory, &Pin::of(bytes));

    if let Some(file) = json::<RootFile>(bytes) {
        let signed = countersign::policy::signing::root(&file, &[keys::secret()]);
        put(directory, &root::path(Path::new(""), 1), &signed);
        if let Ok(root) = root::walk(directory, &Pin::of(&signed)) {
            assert_eq!(root.file(), &file);
        }
        let (_, first) = first();
        put(directory, &root::path(Path::new(""), 1), &first);
        let root = root::walk(directory, &Pin::of(&first)).expect("the first root is sound");
        put(directory, &rotation::draft_path(Path::new(""), 2), &signed);
        let _ = Pending::read(directory, &root);
        put(directory, &root::path(Path::new(""), 2), &signed);
        let _ = root::walk(directory, &Pin::of(&first));
    }
}

pub fn root_seeds() -> Vec<Vec<u8>> {
    let (file, envelope) = first();
    let second = RootFile { version: 2, ..file.clone() };
    vec![document::to_json(&file), document::to_json(&second), envelope]
}

/// As the snapshot, and as the payload of a snapshot and of a draft.
pub fn snapshot(bytes: &[u8]) {
    let folder = folder();
    let directory = folder.path();
    let (_, first) = first();
    put(directory, &root::path(Path::new(""), 1), &first);
    let root = root::walk(directory, &Pin::of(&first)).expect("the first root is sound");
    let read = json::<Snapshot>(bytes);
    let signed =
        read.as_ref().map(|snapshot| countersign::policy::signing::snapshot(snapshot, &[keys::secret()]));
    let file = signed.as_deref().unwrap_or(bytes);
    put(directory, &snapshot::path(Path::new("")), file);
    put(directory, &snapshot::draft_path(Path::new("")), file);
    if let Ok(sealed) = snapshot::read(directory, &root) {
        assert!(read.is_none_or(|read| read == sealed.snapshot));
    }
    let _ = Sealing::open(directory, &root).map(|sealing| sealing.draft().is_ok());
}

pub fn snapshot_seeds() -> Vec<Vec<u8>> {
    let (root, _) = first();
    let document = |path: &str| SealedDocument { path: path.into(), size: 7, sha384: Sha384::of(b"x") };
    let snapshot = Snapshot {
        format: Format::default(),
        account: root.account,
        version: 7,
        created: root.created,
        expires: root.expires,
        documents: vec![document("functions.toml"), document("profiles/release.toml")],
        index: Some(Sha384::of(b"")),
    };
    vec![document::to_json(&snapshot), countersign::policy::signing::snapshot(&snapshot, &[keys::secret()])]
}

pub fn state(bytes: &[u8]) {
    let read = super::in_file(bytes, State::read);
    if let Ok(Some(state)) = read {
        assert_eq!(json::<State>(bytes), Some(state));
    }
}

pub fn state_seeds() -> Vec<Vec<u8>> {
    let (key, digest) = (keys::public().id(), Sha384::of(b""));
    super::texts(&[&format!(r#"{{"root":1,"sealers":["{key}"],"snapshot":7,"sha384":"{digest}"}}"#)])
}

/// As a table, as the only page of a table, and as entries that an index is made of.
pub fn index(bytes: &[u8]) {
    let folder = folder();
    let objects = Objects::of(folder.path());
    let store =
        |bytes: &[u8]| countersign::policy::keep::put(&objects, bytes).expect("an object can be written");
    let page = store(bytes);
    let table = store(format!("countersign index 1 0\n{page}\n").as_bytes());
    for table in [page, table] {
        let index = Index::new(objects.clone(), Some(table));
        let _ = (index.get("job 0").is_ok(), index.get("artifacts").is_ok(), index.objects().is_ok());
        let _ = index.check();
    }
    let entries: Vec<Entry> = String::from_utf8_lossy(bytes)
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(key, value)| Entry { key: key.into(), value: value.into() })
        .collect();
    if let Some(made) = index::make(entries.clone()) {
        let table = store(&made.table);
        for page in &made.pages {
            store(page);
        }
        let index = Index::new(objects.clone(), Some(table));
        for Entry { key, value } in entries {
            let values = index.get(&key).expect("what is made is read");
            assert!(values.contains(&value), "an entry is lost");
        }
    }
}

pub fn index_seeds() -> Vec<Vec<u8>> {
    let digest = Sha384::of(b"");
    super::texts(&[
        &format!("artifacts\t\njob 0\t{{}}\nrecorded {digest}\t{{}}\n"),
        &format!("countersign index 1 1\n{digest}\n{digest}\n"),
        &format!("countersign index 1 0\n{digest}\n"),
        "countersign index 1 16\n",
    ])
}

/// As a ledger, and as one whose lines follow one another whatever they say about it.
pub fn ledger(bytes: &[u8]) {
    let account = "acme".parse().expect("it is a name");
    let read = |bytes: &[u8]| {
        let mut lines = Vec::new();
        let tail =
            super::in_file(bytes, |path| ledger::read(path, &account, u64::MAX, |_, line| lines.push(line)));
        (tail.ok(), lines)
    };
    let (tail, lines) = read(bytes);
    if let Some(tail) = tail {
        assert_eq!(tail.count, lines.len() as u64);
        assert!(tail.size <= bytes.len() as u64);
    }
    let (mut chained, mut count, mut before) = (Vec::new(), 0, None);
    let mut previous = Sha384::of(format!("countersign ledger 1 {account}\n").as_bytes());
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(mut line) = document::parse_json::<Line>(line) else { continue };
        line.previous = previous;
        if before.is_some_and(|before| line.recorded_at < before) {
            continue;
        }
        before = Some(line.recorded_at);
        let line = [&document::to_json(&line)[..], b"\n"].concat();
        previous = Sha384::of(&line);
        chained.extend(line);
        count += 1;
    }
    let (tail, lines) = read(&chained);
    let tail = tail.expect("a chain of lines is a ledger");
    assert_eq!((tail.count, tail.size, lines.len()), (count, chained.len() as u64, count as usize));
}

pub fn ledger_seeds() -> Vec<Vec<u8>> {
    let (key, digest) = (keys::public().id(), Sha384::of(b""));
    let previous = Sha384::of(b"countersign ledger 1 acme\n");
    let line = format!(
        r#"{{"previous":"{previous}","recorded_at":"2026-02-01T00:00:00Z","recorded":{{"job":"arn:countersign:signer::acme:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10","payload":"{digest}","key":"{key}","profile":"arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5","requested_by":"ci","signed_at":"2026-01-31T12:00:00Z","expires_at":"2027-01-31T12:00:00Z","kind":"function","name":"orders","artifact":"{digest}"}}}}"#
    );
    super::texts(&[&format!("{line}\n"), &format!("{line}\n{line}\n"), &line])
}

/// As a file, and as the payload of one.
pub fn revocation(bytes: &[u8]) {
    let key = || std::iter::once(keys::public());
    let _ = signed::open(bytes, key());
    if let Some(revocation) = json::<SignedRevocation>(bytes) {
        let file = countersign::policy::signing::revocation(&revocation, keys::secret());
        let opened = signed::open(&file, key()).expect("what is signed is opened");
        assert_eq!(opened.revocation(), &revocation);
    } else if serde_json::from_slice::<serde_json::Value>(bytes).is_ok() {
        let file =
            countersign::crypto::signing::sign(signed::PAYLOAD_TYPE, bytes.to_vec(), &[keys::secret()]);
        assert!(signed::open(&document::to_json(&file), key()).is_err());
    }
}

pub fn revocation_seeds() -> Vec<Vec<u8>> {
    let payload = r#"{"job":"arn:countersign:signer::acme:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10","profile":"arn:countersign:signer::acme:/signing-profiles/release/*","requested_by":"ci","revoked_at":"2026-01-31T12:00:00Z","reason_code":"superseded","reason":"x"}"#;
    let file = countersign::crypto::signing::sign(signed::PAYLOAD_TYPE, payload.into(), &[keys::secret()]);
    vec![payload.into(), document::to_json(&file)]
}
