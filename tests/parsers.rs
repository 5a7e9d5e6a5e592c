//! Parsers: does whatever bytes come in end in a value or a typed error, and never in a panic?

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Write;
use std::path::Path;

use base64ct::{Base64, Encoding};
use countersign::arn::{JobArn, LayerArn, ProfileArn, PublisherArn};
use countersign::crypto::envelope::Envelope;
use countersign::crypto::key::{KeyId, PublicKey};
use countersign::crypto::secret::SecretKey;
use countersign::csc::Csc;
use countersign::document;
use countersign::files::artifact::Artifact;
use countersign::function::Functions;
use countersign::manifest::{self, Statement};
use countersign::package::{name, read};
use countersign::parallel::Threads;
use countersign::policy::root::RootFile;
use countersign::policy::snapshot::Snapshot;
use countersign::policy::state::State;
use countersign::profile::Profile;
use countersign::revocation::Revocations;
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
    let text = String::from_utf8_lossy(bytes);
    let _ = SecretKey::from_pem(&text, None);
    let _ = text.parse::<PublicKey>();
    let _ = text.parse::<KeyId>();
    let _ = (text.parse::<ProfileArn>(), text.parse::<PublisherArn>());
    let _ = (text.parse::<JobArn>(), text.parse::<LayerArn>());
    let _ = (text.parse::<Timestamp>(), text.parse::<Period>());
    let _ = (name::check_path(&text), name::check_link("a/b", &text));
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
        assert!(manifest::parse(Path::new("m"), bytes.as_bytes()).is_err(), "{bytes}");
        assert!(Statement::parse(bytes.as_bytes()).is_err(), "{bytes}");
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
    fn any_text_is_a_value_or_an_error(text in "[\\PC\\n\"{}\\[\\]:=,./-]{0,200}") {
        parse_all(text.as_bytes());
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
