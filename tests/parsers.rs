//! Parsers: does whatever bytes come in end in a value or a typed error, and never in a panic?

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;

use base64ct::{Base64, Encoding};
use countersign::arn::{JobArn, LayerArn, ProfileArn, PublisherArn};
use countersign::crypto::envelope::Envelope;
use countersign::crypto::key::{KeyId, PublicKey};
use countersign::crypto::secret::SecretKey;
use countersign::csc::Csc;
use countersign::document;
use countersign::document::format::Format;
use countersign::exchange::import::answer;
use countersign::files::artifact::Artifact;
use countersign::function::Functions;
use countersign::git::source::Source;
use countersign::ledger::{self, Line};
use countersign::manifest::{self, Statement};
use countersign::package::{name, read};
use countersign::parallel::Threads;
use countersign::pin::Pin;
use countersign::plan;
use countersign::policy::index::Index;
use countersign::policy::objects::Objects;
use countersign::policy::root::{self, RoleFile, RootFile};
use countersign::policy::rotation::{self, Pending};
use countersign::policy::seal::Sealing;
use countersign::policy::snapshot::{self, Snapshot};
use countersign::policy::state::State;
use countersign::profile::Profile;
use countersign::revocation::{Revocations, signed};
use countersign::time::{Period, Timestamp};
use countersign::workspace::Workspace;
use proptest::prelude::*;

/// Gives the bytes to every parser of a document. What comes out is of no interest here.
fn parse_all(bytes: &[u8]) {
    let path = Path::new("document.toml");
    let _ = manifest::parse(path, bytes).map(|bundle| bundle.envelope().is_ok());
    let _ = Statement::parse(bytes);
    let _ = document::from_json::<Envelope>(path, bytes);
    let _ = document::from_json::<RootFile>(path, bytes);
    let _ = document::from_json::<Snapshot>(path, bytes);
    let _ = document::from_json::<State>(path, bytes);
    let _ = Profile::parse(path, bytes);
    let _ = Csc::parse(path, bytes);
    let _ = Functions::parse(path, bytes);
    let _ = Revocations::parse(path, bytes);
    let _ = Workspace::parse(Path::new("folder"), bytes);
    let _ = document::from_json::<Line>(path, bytes);
    let _ = plan::read(bytes);
    let _ = answer::read(path, bytes);
    let _ = signed::open(bytes, std::iter::once(key()));
    let text = String::from_utf8_lossy(bytes);
    let _ = SecretKey::from_pem(&text, None);
    let _ = text.parse::<PublicKey>();
    let _ = text.parse::<KeyId>();
    let _ = (text.parse::<ProfileArn>(), text.parse::<PublisherArn>());
    let _ = (text.parse::<JobArn>(), text.parse::<LayerArn>());
    let _ = (text.parse::<Timestamp>(), text.parse::<Period>());
    let _ = text.parse::<Source>().map(|source| assert_eq!(source.to_string().parse(), Ok(source)));
    let _ = (name::check_path(&text), name::check_link("a/b", &text));
}

/// Gives the bytes to everything that reads a policy directory, under every name that it looks for.
fn read_policy(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path();
    let account = "acme".parse().unwrap();
    let put = |path: &str| {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    ["roots/1.json", "snapshot.json", "snapshot.draft.json", "ledger.jsonl"].into_iter().for_each(put);
    let _ = ledger::read(&directory.join("ledger.jsonl"), &account, u64::MAX, |_, _| {});
    let _ = root::walk(directory, &Pin::of(bytes));
    // As a table, and as the only page of one that holds.
    let objects = Objects::of(directory);
    let any = countersign::policy::keep::put(&objects, bytes).unwrap();
    let table =
        countersign::policy::keep::put(&objects, format!("countersign index 1 0\n{any}\n").as_bytes())
            .unwrap();
    for table in [any, table] {
        let index = Index::new(objects.clone(), Some(table));
        let _ = (index.get("job 0").is_ok(), index.get("artifacts").is_ok(), index.objects().is_ok());
    }
}

/// Gives the payload, well signed, to what reads roots and seals, and what waits to be one.
fn read_sealed(payload: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path();
    std::fs::create_dir(directory.join("roots")).unwrap();
    let (root_file, secret) = account();
    let first = countersign::policy::signing::root(root_file, &[secret]);
    std::fs::write(root::path(directory, 1), &first).unwrap();
    let root = root::walk(directory, &Pin::of(&first)).unwrap();
    let envelope = |payload_type: &str| {
        document::to_json(&countersign::crypto::signing::sign(payload_type, payload.to_vec(), &[secret]))
    };
    for path in [snapshot::path(directory), snapshot::draft_path(directory)] {
        std::fs::write(path, envelope(snapshot::PAYLOAD_TYPE)).unwrap();
    }
    let _ = snapshot::read(directory, &root);
    let _ = Sealing::open(directory, &root).map(|sealing| sealing.draft().is_ok());
    std::fs::write(rotation::draft_path(directory, 2), envelope(root::PAYLOAD_TYPE)).unwrap();
    let _ = Pending::read(directory, &root);
    let revocation = countersign::crypto::signing::sign(signed::PAYLOAD_TYPE, payload.to_vec(), &[secret]);
    let _ = signed::open(&document::to_json(&revocation), std::iter::once(key()));
}

/// An account with one key, made once.
fn account() -> &'static (RootFile, SecretKey) {
    static ACCOUNT: OnceLock<(RootFile, SecretKey)> = OnceLock::new();
    ACCOUNT.get_or_init(|| {
        let secret = SecretKey::generate().unwrap();
        let role = || RoleFile { keys: vec![secret.public().id()], threshold: 1 };
        let (created, expires) =
            ("2026-01-01T00:00:00Z".parse().unwrap(), "2027-01-01T00:00:00Z".parse().unwrap());
        let (keys, account) = (vec![secret.public()], "acme".parse().unwrap());
        (
            RootFile {
                format: Format::default(),
                account,
                version: 1,
                created,
                expires,
                keys,
                root: role(),
                policy: role(),
            },
            secret,
        )
    })
}

fn key() -> &'static PublicKey {
    &account().0.keys[0]
}

fn read_zip(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let _ = read::read(&Artifact::open(file.path()).unwrap(), Threads::per_core());
}

/// Archives to change: the vectors that are well formed.
fn archives() -> Vec<Vec<u8>> {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("vectors/packages/vectors.json")).unwrap();
    let good = vectors.as_array().unwrap().iter().filter(|vector| vector["expect"] == "ok");
    good.map(|vector| Base64::decode_vec(vector["zip"].as_str().unwrap()).unwrap()).collect()
}

/// rekor CVE-2023-33199: `null`, `[]` and missing fields.
#[test]
fn nearly_nothing_is_an_error() {
    for bytes in [
        "",
        "null",
        "[]",
        "{}",
        "\"\"",
        "0",
        "[[]]",
        "{\"payload\":null}",
        "a = 1",
        "[[version]]",
        "\u{feff}",
    ] {
        parse_all(bytes.as_bytes());
        read_zip(bytes.as_bytes());
        read_policy(bytes.as_bytes());
        read_sealed(bytes.as_bytes());
        assert!(manifest::parse(Path::new("m"), bytes.as_bytes()).is_err(), "{bytes}");
        assert!(Statement::parse(bytes.as_bytes()).is_err(), "{bytes}");
        assert!(answer::read(Path::new("a.json"), bytes.as_bytes()).is_err(), "{bytes}");
        assert!(Profile::parse(Path::new("p.toml"), bytes.as_bytes()).is_err(), "{bytes}");
    }
}

/// JSON and TOML that nests as deep as somebody likes.
#[test]
fn deep_nesting_is_an_error() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("a = [", "]")] {
        parse_all(format!("{}{}", open.repeat(100_000), close.repeat(100_000)).as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn any_bytes_are_a_value_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        parse_all(&bytes);
        read_zip(&bytes);
    }

    #[test]
    fn any_policy_is_a_value_or_an_error(
        start in prop::sample::select(vec!["", "countersign index 1 ", "{\"payload\":\"", "job 0\t"]),
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        read_policy(&[start.as_bytes(), &bytes].concat());
    }

    #[test]
    fn any_text_is_a_value_or_an_error(text in "[\\PC\\n\"{}\\[\\]:=,./-]{0,200}") {
        parse_all(text.as_bytes());
    }

    #[test]
    fn any_change_of_a_plan_is_a_value_or_an_error(
        which in 0..5usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let mut bytes = [
            include_str!("vectors/plans/terraform.json"),
            include_str!("vectors/plans/cloudformation.json"),
            include_str!("vectors/plans/cloudformation.yaml"),
            include_str!("vectors/plans/sam.yaml"),
            include_str!("vectors/plans/globals.yaml"),
        ][which].as_bytes().to_vec();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = plan::read(&bytes);
    }

    #[test]
    fn any_change_of_an_archive_is_a_value_or_an_error(
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let archives = archives();
        let mut bytes = which.get(&archives).clone();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read_zip(&bytes);
    }
}

proptest! {
    // Each case is signed four times.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn any_change_of_a_sealed_payload_is_a_value_or_an_error(
        which in 0..2,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let snapshot = r#"{"account":"acme","version":7,"created":"2026-01-01T00:00:00Z","expires":"2027-01-01T00:00:00Z","documents":[]}"#;
        let mut bytes = match which {
            0 => document::to_json(&RootFile { version: 2, ..account().0.clone() }),
            _ => snapshot.as_bytes().to_vec(),
        };
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read_sealed(&bytes);
    }
}
