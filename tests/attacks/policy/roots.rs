//! Is there any root, seal or threshold that counts and should not?

use std::fs;

use base64ct::{Base64, Encoding};
use countersign::crypto::key::PublicKey;
use countersign::crypto::secret::SecretKey;
use countersign::digest::Sha384;
use countersign::hint::Hint;
use countersign::limits::SNAPSHOT_VERSION_MAX;
use countersign::policy::error::PolicyError;
use countersign::policy::root::{self, RoleFile, RootFile};
use countersign::policy::snapshot::{self, SealedDocument, Snapshot};
use serde_json::{Value, json};

use super::chain::{Chain, envelope, now, opened, other_form};
use super::names::PATHS;
use crate::support::{read, time, write, year_after};

/// tough CVE-2020-15093 and four more: one key was counted several times to a threshold.
#[test]
fn a_threshold_counts_keys_and_not_signatures() {
    let chain = Chain::new();
    opened(chain.open(), 1);
    let (a, b) = (chain.keys[3].public().id(), chain.keys[4].public().id());
    let sealed = chain.snapshot(1);
    let by = |signers: &[usize]| countersign::policy::signing::snapshot(&sealed, &chain.some(signers));
    let put = |bytes: &[u8]| write(&snapshot::path(chain.folder.path()), bytes);
    let only_a = |edit: &dyn Fn(&Value) -> Vec<Value>| envelope(&by(&[3]), |before| edit(&before[0]));
    let as_root = countersign::crypto::signing::sign(
        root::PAYLOAD_TYPE,
        serde_json::to_vec(&sealed).expect("JSON"),
        &chain.some(&[3, 4]),
    );
    let padded = format!("{a}=");
    let lower = a.as_str().to_lowercase();
    for (name, bytes) in [
        ("one", by(&[3])),
        ("none", by(&[])),
        ("one twice", by(&[3, 3])),
        ("one and a stranger", by(&[3, 6])),
        ("one and a root key", by(&[3, 0])),
        ("two root keys", by(&[0, 1])),
        ("one in both forms", only_a(&|a| vec![a.clone(), other_form(a)])),
        ("one under another's id", only_a(&|a| vec![a.clone(), under(a, b.as_str())])),
        ("one under a stranger's id", only_a(&|a| vec![a.clone(), under(a, "SHA256:x")])),
        ("one under a padded id", only_a(&|a| vec![a.clone(), under(a, &padded)])),
        ("one under a lower-case id", only_a(&|a| vec![a.clone(), under(a, &lower)])),
        ("one under no id", only_a(&|a| vec![a.clone(), under(a, "")])),
        ("more than anybody reads", by(&[&[3; 63][..], &[4, 5]].concat())),
        ("two as a root's", serde_json::to_vec(&as_root).expect("JSON")),
        ("two under another type", relabelled(&by(&[3, 4]), root::PAYLOAD_TYPE)),
    ] {
        put(&bytes);
        let refused = chain.open();
        assert!(matches!(refused, Err(PolicyError::Threshold { role: "policy", .. })), "{name}: {refused:?}");
    }
    let broken = |signature: &Value| json!({ "keyid": signature["keyid"], "sig": "AAAA" });
    for (name, bytes) in [
        ("two", by(&[3, 4])),
        ("two others", by(&[5, 3])),
        ("two and a stranger", by(&[6, 3, 4])),
        ("two and a broken one", envelope(&by(&[3, 4]), |all| [&[broken(&all[0])][..], &all[..]].concat())),
        ("three", by(&[3, 4, 5])),
    ] {
        put(&bytes);
        assert!(chain.open().is_ok(), "{name}");
    }
}

/// The envelope with another payload type, which is not the one that was signed.
fn relabelled(bytes: &[u8], payload_type: &str) -> Vec<u8> {
    let mut envelope: Value = serde_json::from_slice(bytes).expect("JSON");
    envelope["payloadType"] = payload_type.into();
    envelope.to_string().into_bytes()
}

/// The signature under another key id.
fn under(signature: &Value, keyid: &str) -> Value {
    json!({ "keyid": keyid, "sig": signature["sig"] })
}

/// tough CVE-2020-15093: roles that one key can meet alone, or that need none, are refused.
#[test]
fn a_role_needs_distinct_keys_and_at_least_one() {
    let chain = Chain::new();
    opened(chain.walk(), 1);
    let good = serde_json::to_value(chain.root()).expect("JSON");
    let ids: Vec<String> = chain.ids(0..3).into_iter().map(|id| id.to_string()).collect();
    let pem = chain.keys[3].public().to_pem();
    let compressed = compressed(&chain.keys[3].public());
    let many: Vec<Value> =
        (0..65).map(|_| json!(SecretKey::generate().expect("a key").public().id())).collect();
    let cases = [
        ("threshold 0", "/policy/threshold", json!(0)),
        ("threshold 0 of roots", "/root/threshold", json!(0)),
        ("a negative threshold", "/policy/threshold", json!(-1)),
        ("half a threshold", "/policy/threshold", json!(0.5)),
        ("a threshold in words", "/policy/threshold", json!("1")),
        ("a threshold over the keys", "/policy/threshold", json!(4)),
        ("no keys", "/policy/keys", json!([])),
        ("one key twice in a role", "/root/keys", json!([ids[0], ids[0], ids[1]])),
        (
            "a key that is not there",
            "/root/keys",
            json!([ids[0], ids[1], SecretKey::generate().expect("a key").public().id()]),
        ),
        ("no id", "/root/keys", json!([ids[0], ids[1], "SHA256:x"])),
        ("a padded id", "/root/keys", json!([ids[0], ids[1], format!("{}=", ids[2])])),
        ("more keys than anybody reads", "/root/keys", json!(many)),
        ("one key twice in the list", "/keys/4", json!(pem)),
        ("one key in two forms", "/keys/4", json!(compressed)),
        ("no key at all", "/keys/4", json!("")),
        ("an unknown field", "/policy/quorum", json!(1)),
    ];
    for (name, place, value) in cases {
        let mut file = good.clone();
        let (parent, field) = place.rsplit_once('/').expect("a pointer");
        match file.pointer_mut(parent).expect("it is there") {
            Value::Array(items) => items[field.parse::<usize>().expect("an index")] = value,
            other => other[field] = value,
        }
        let signed = countersign::crypto::signing::sign(
            root::PAYLOAD_TYPE,
            file.to_string().into_bytes(),
            &chain.some(&[0, 1, 2]),
        );
        write(&root::path(chain.folder.path(), 1), serde_json::to_vec(&signed).expect("JSON"));
        let refused = chain.walk();
        assert!(matches!(refused, Err(PolicyError::Document(_))), "{name}: {refused:?}");
    }
    chain.put_root(1, &chain.root(), &[0, 1]);
    opened(chain.walk(), 1);
}

/// The key's PEM with its point compressed: the same key in another form.
fn compressed(key: &PublicKey) -> String {
    const HEAD: [u8; 23] = [
        0x30, 0x46, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81,
        0x04, 0x00, 0x22, 0x03, 0x32, 0x00,
    ];
    let pem = key.to_pem();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = Base64::decode_vec(&body).expect("Base64");
    let point = &der[der.len() - 96..];
    let sign = 2 + (point[95] & 1);
    let short = Base64::encode_string(&[&HEAD[..], &[sign], &point[..48]].concat());
    let lines: Vec<&str> =
        short.as_bytes().chunks(64).map(|line| str::from_utf8(line).expect("ASCII")).collect();
    let other = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
    assert!(other.parse::<PublicKey>().is_ok_and(|other| other == *key), "it is no form of the key");
    other
}

/// tough CVE-2026-6968: an account's name in a root is never a path.
#[test]
fn an_account_in_a_root_is_never_a_path() {
    let chain = Chain::new();
    opened(chain.walk(), 1);
    for name in PATHS {
        let mut file = serde_json::to_value(chain.root()).expect("JSON");
        file["account"] = name.into();
        let signed = countersign::crypto::signing::sign(
            root::PAYLOAD_TYPE,
            file.to_string().into_bytes(),
            &chain.some(&[0, 1]),
        );
        write(&root::path(chain.folder.path(), 1), serde_json::to_vec(&signed).expect("JSON"));
        assert!(matches!(chain.walk(), Err(PolicyError::Document(_))), "{name:?}");
    }
}

/// tough CVE-2025-2885: root rotation skipped a step.
#[test]
fn a_root_follows_the_one_before_it_and_no_other() {
    let step = |chain: &Chain, version: u64, change: &dyn Fn(&mut RootFile), signers: &[usize]| {
        let mut file = RootFile { version, ..chain.root() };
        change(&mut file);
        chain.put_root(2, &file, signers);
        chain.walk()
    };
    // The next root has keys of its own: 2, 5 and 6 hold its root role.
    let handed_on = |chain: &Chain, file: &mut RootFile| {
        let keys: Vec<&SecretKey> = chain.some(&[2, 5, 6]);
        file.keys = chain.keys.iter().map(SecretKey::public).collect();
        file.root = RoleFile { keys: keys.iter().map(|key| key.public().id()).collect(), threshold: 2 };
    };
    let chain = Chain::new();
    opened(chain.walk(), 1);
    let next =
        |version: u64, signers: &[usize]| step(&chain, version, &|file| handed_on(&chain, file), signers);
    for (name, signers) in [
        ("nobody", &[][..]),
        ("the old threshold alone", &[0, 1]),
        ("the new threshold alone", &[5, 6]),
        ("too few of the old", &[0, 5, 6]),
        ("too few of the new", &[0, 1, 6]),
        ("policy keys", &[3, 4]),
    ] {
        let refused = next(2, signers);
        assert!(matches!(refused, Err(PolicyError::Threshold { role: "root", .. })), "{name}: {refused:?}");
    }
    opened(next(2, &[0, 1, 5, 6]), 2);
    // A key that holds both roles counts in both.
    opened(next(2, &[1, 2, 6]), 2);
    for version in [0, 1, 3, u64::MAX] {
        assert!(matches!(next(version, &[0, 1, 5, 6]), Err(PolicyError::Document(_))), "{version}");
    }
    let theirs = step(&chain, 2, &|file| file.account = "other".parse().expect("a name"), &[0, 1, 2]);
    assert!(matches!(theirs, Err(PolicyError::Document(_))), "{theirs:?}");

    // Root 3 answers to root 2 and to nobody before it; a gap ends the chain.
    let third = RootFile { version: 3, ..chain.root() };
    opened(next(2, &[0, 1, 5, 6]), 2);
    chain.put_root(3, &third, &[0, 1]);
    assert!(matches!(chain.walk(), Err(PolicyError::Threshold { role: "root", .. })));
    chain.put_root(3, &third, &[0, 1, 5, 6]);
    opened(chain.walk(), 3);
    fs::remove_file(root::path(chain.folder.path(), 2)).expect("it was there");
    opened(chain.walk(), 1);
}

/// tough CVE-2025-2885: the newest root must not be expired; an older one only led to it.
#[test]
fn only_the_newest_root_must_be_in_time() {
    let chain = Chain::new();
    let end = chain.root().expires;
    opened(chain.walk_at(end.plus_seconds(-1)), 1);
    for after in [0, 1, 86_400] {
        let refused = chain.walk_at(end.plus_seconds(after));
        assert!(matches!(refused, Err(PolicyError::Expired { .. })), "{after}: {refused:?}");
    }
    chain.put_root(2, &RootFile { version: 2, expires: year_after(end), ..chain.root() }, &[0, 1]);
    opened(chain.walk_at(end), 2);
}

/// tough CVE-2025-2885: a root that was seen does not go away.
#[test]
fn an_older_root_is_refused() {
    let chain = Chain::new();
    chain.put_root(2, &RootFile { version: 2, ..chain.root() }, &[0, 1]);
    opened(chain.open(), 1);
    let state = read(&chain.state());
    fs::remove_file(root::path(chain.folder.path(), 2)).expect("it was there");
    assert!(matches!(chain.open(), Err(PolicyError::RolledBack { what: "root", seen: 2, found: 1 })));
    assert_eq!(read(&chain.state()), state);
}

/// tough CVE-2025-2888: rejected metadata was cached, and blocked later updates.
#[test]
fn a_rejected_snapshot_leaves_the_memory_as_it_was() {
    let chain = Chain::new();
    for version in 1..=5 {
        chain.put_snapshot(&chain.snapshot(version), &[3, 4]);
        opened(chain.open(), version);
    }
    let state = read(&chain.state());
    let good = read(&snapshot::path(chain.folder.path()));
    let sign = |sealed: &Snapshot, signers: &[usize]| {
        countersign::policy::signing::snapshot(sealed, &chain.some(signers))
    };
    let six = chain.snapshot(6);
    let other = "other".parse().expect("a name");
    let twice = SealedDocument { path: "functions.toml".into(), size: 0, sha384: Sha384::of(b"") };
    let max = SNAPSHOT_VERSION_MAX;
    for (name, bytes) in [
        ("older", sign(&chain.snapshot(3), &[3, 4])),
        (
            "the same version with other bytes",
            sign(&Snapshot { expires: time("2027-01-01T00:00:00Z"), ..chain.snapshot(5) }, &[3, 4]),
        ),
        ("too few keys", sign(&six, &[3])),
        ("far too high", sign(&chain.snapshot(max + 1), &[3, 4])),
        ("as high as can be", sign(&chain.snapshot(u64::MAX), &[3, 4])),
        ("version 0", sign(&chain.snapshot(0), &[3, 4])),
        ("expired", sign(&Snapshot { expires: now(), ..six.clone() }, &[3, 4])),
        ("another account's", sign(&Snapshot { account: other, ..six.clone() }, &[3, 4])),
        (
            "a document twice",
            sign(&Snapshot { documents: vec![twice.clone(), twice], ..six.clone() }, &[3, 4]),
        ),
        ("nothing", Vec::new()),
        ("null", b"null".to_vec()),
        ("cut short", good[..good.len() - 1].to_vec()),
        ("two of them", good.repeat(2)),
    ] {
        write(&snapshot::path(chain.folder.path()), bytes);
        assert!(chain.open().is_err(), "{name}");
        assert_eq!(read(&chain.state()), state, "{name}");
    }
    // What was rejected blocks nothing: neither the one before nor the next.
    write(&snapshot::path(chain.folder.path()), good);
    opened(chain.open(), 5);
    chain.put_snapshot(&six, &[3, 4]);
    opened(chain.open(), 6);
}

/// TUF, fast forward: a version at the maximum is refused, and a root with new policy keys leads back.
#[test]
fn versions_pushed_up_by_a_thief_start_anew_with_a_new_root() {
    let chain = Chain::new();
    opened(chain.open(), 1);
    for version in [SNAPSHOT_VERSION_MAX + 1, u64::MAX] {
        chain.put_snapshot(&chain.snapshot(version), &[3, 4]);
        let refused = chain.open().expect_err("refused");
        assert!(matches!(refused, PolicyError::FastForward { .. }), "{refused}");
        assert!(refused.hint().is_some_and(|hint| hint.contains("rotate the root")), "{refused}");
    }
    // The thief of two policy keys goes as far as is accepted.
    chain.put_snapshot(&chain.snapshot(SNAPSHOT_VERSION_MAX), &[3, 4]);
    opened(chain.open(), SNAPSHOT_VERSION_MAX);
    chain.put_snapshot(&chain.snapshot(2), &[3, 4]);
    assert!(matches!(chain.open(), Err(PolicyError::RolledBack { what: "snapshot", .. })));
    // A new root that leaves the policy keys as they are changes nothing about that.
    let second = RootFile { version: 2, ..chain.root() };
    chain.put_root(2, &second, &[0, 1]);
    assert!(matches!(chain.open(), Err(PolicyError::RolledBack { what: "snapshot", .. })));
    // One that gives the role another key does, and shuts the thief out.
    let mut keys = second.keys.clone();
    keys.push(chain.keys[6].public());
    let policy = RoleFile { keys: vec![chain.keys[6].public().id()], threshold: 1 };
    chain.put_root(2, &RootFile { keys, policy, ..second }, &[0, 1]);
    assert!(matches!(chain.open(), Err(PolicyError::Threshold { role: "policy", .. })));
    chain.put_snapshot(&chain.snapshot(1), &[6]);
    opened(chain.open(), 1);
    chain.put_snapshot(&chain.snapshot(SNAPSHOT_VERSION_MAX), &[3, 4]);
    assert!(matches!(chain.open(), Err(PolicyError::Threshold { role: "policy", .. })));
    fs::remove_file(root::path(chain.folder.path(), 2)).expect("it was there");
    assert!(matches!(chain.open(), Err(PolicyError::RolledBack { what: "root", .. })));
}
