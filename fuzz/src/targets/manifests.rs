//! Manifests, their envelopes and statements, and the notes that hold them.

use std::path::Path;

use countersign::crypto::envelope::Envelope;
use countersign::document;
use countersign::manifest::attached::NewerLines;
use countersign::manifest::bundle::Bundle;
use countersign::manifest::{self, PAYLOAD_TYPE, Statement, StatementError, attached};

use super::keys;

pub fn manifest(bytes: &[u8]) {
    let Ok(bundle) = manifest::parse(Path::new("manifest"), bytes) else { return };
    let written = document::to_json(&bundle);
    assert_eq!(document::parse_json::<Bundle>(&written).as_ref(), Ok(&bundle));
    if let Ok(read) = bundle.envelope() {
        open(read);
    }
    if let Ok(read) = attached::Attached::parse(bytes) {
        assert_eq!(attached::Attached::parse(read.line().as_bytes()), Ok(read));
    }
}

pub fn statement(bytes: &[u8]) {
    let parsed = Statement::parse(bytes);
    let is_newer = matches!(parsed, Err(StatementError::FormatNewer(_)));
    assert_eq!(is_newer, manifest::newer(bytes).is_some(), "a newer statement is nothing else");
    let Ok(statement) = parsed else { return };
    let again = Statement::parse(&statement.to_payload()).expect("what is written is read");
    assert_eq!(again, statement);
    assert_eq!(statement.inventory().len(), statement.job().files.len(), "an inventory has each path once");
}

pub fn envelope(bytes: &[u8]) {
    let Ok(envelope) = document::parse_json::<Envelope>(bytes) else { return };
    let written = document::to_json(&envelope);
    assert_eq!(document::parse_json::<Envelope>(&written).as_ref(), Ok(&envelope));
    open(&envelope);
}

/// Opens an envelope by the one key there is, in both ways: one signature that opens also counts.
fn open(envelope: &Envelope) {
    let key = keys::public();
    let keys = [(key.id(), key.clone())].into_iter().collect();
    let opened = envelope.opened_by(PAYLOAD_TYPE, &keys);
    let signers = envelope.signers(PAYLOAD_TYPE, std::slice::from_ref(key));
    if let Ok(opened) = opened {
        assert_eq!(opened.bytes(), envelope.unverified_payload());
        assert!(signers.contains(&key.id()), "a signature is valid in one way and not in the other");
    }
}

pub fn note(bytes: &[u8]) {
    let read = attached::read(bytes);
    let Ok((text, _)) = attached::with(Some(bytes), &read.manifests) else { return };
    let again = attached::with(Some(text.as_bytes()), &read.manifests);
    assert_eq!(again, Ok((text.clone(), 0)), "a note with its own manifests stays as it is");
    assert_eq!(attached::read(text.as_bytes()).malformed > 0, read.malformed > 0);
    assert_eq!(attached::read(text.as_bytes()).newer.is_empty(), read.newer.is_empty());
    for (lines, kept) in [(NewerLines::Keep, read.newer.len()), (NewerLines::Remove, 0)] {
        let without = attached::without(bytes, lines, |_| false).expect("the note is text");
        assert!(without.removed.is_empty() && without.newer == read.newer.len());
        let rest = attached::read(without.rest.unwrap_or_default().as_bytes());
        assert_eq!((rest.manifests, rest.newer.len()), (read.manifests.clone(), kept));
    }
}

/// A statement with every field.
fn statement_text() -> String {
    let (short, long) = ("00".repeat(32), "00".repeat(48));
    format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"orders.zip","digest":{{"sha256":"{short}","sha384":"{long}"}}}}],"predicateType":"urn:countersign:signing-job:v1","predicate":{{"job":"arn:countersign:signer::acme:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10","profile":"arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5","platform":"AWSLambda-SHA384-ECDSA","kind":"function","name":"orders","requestedBy":"ci@acme.example","signedAt":"2026-01-31T12:00:00Z","signatureExpiresAt":"2027-01-31T12:00:00Z","size":1234,"chunkDigest":"{long}","files":[{{"path":"a","mode":"100644","size":1,"sha384":"{long}"}},{{"path":"b","mode":"120000","size":1,"sha384":"{long}"}}],"selection":{{"include":["src/**"],"exclude":[],"untracked":true}},"encoder":"libdeflate 1.26 level 6","source":{{"repository":"https://git.acme.example/orders.git","commit":"1111111111111111111111111111111111111111","tree":"2222222222222222222222222222222222222222","path":"","dirty":false}},"builder":{{"name":"ci","run":"https://ci.acme.example/1"}},"layer":{{"compatibleRuntimes":["python3.13"]}},"tool":"countersign 0.1.0"}}}}"#
    )
}

pub fn statement_seeds() -> Vec<Vec<u8>> {
    let text = statement_text();
    let endorsed = text.replace(r#""selection":"#, r#""endorsement":true,"selection":"#);
    let newer = text.replace(r#""predicate":{"#, r#""predicate":{"format":3,"new":null,"#);
    let family = text.replace("signing-job:v1", "signing-job:v3");
    let ignored = text.replace(r#""predicate":{"#, r#""predicate":{"format":2,"#);
    let ignored = ignored.replace(r#""untracked":true"#, r#""untracked":true,"ignored":true"#);
    let all = [text, endorsed, newer, family, ignored];
    all.map(String::into_bytes).into()
}

fn signed() -> Envelope {
    countersign::crypto::signing::sign(PAYLOAD_TYPE, statement_text().into_bytes(), &[keys::secret()])
}

pub fn envelope_seeds() -> Vec<Vec<u8>> {
    let mut twice = signed();
    countersign::crypto::signing::add(&mut twice, &[keys::secret()]);
    let short =
        countersign::crypto::signing::sign(PAYLOAD_TYPE, b"{}".to_vec(), &[keys::secret(), keys::secret()]);
    vec![document::to_json(&signed()), document::to_json(&twice), document::to_json(&short)]
}

pub fn manifest_seeds() -> Vec<Vec<u8>> {
    let bundle = Bundle::new(signed(), &keys::public().id());
    let short = countersign::crypto::signing::sign(PAYLOAD_TYPE, b"{}".to_vec(), &[keys::secret()]);
    let short = Bundle::new(short, &keys::public().id());
    vec![document::to_json(&bundle), document::to_json(&short)]
}

pub fn note_seeds() -> Vec<Vec<u8>> {
    let mut seeds = manifest_seeds();
    let newer = statement_seeds().remove(2);
    let newer = countersign::crypto::signing::sign(PAYLOAD_TYPE, newer, &[keys::secret()]);
    let newer = document::to_json(&Bundle::new(newer, &keys::public().id()));
    seeds.push([seeds[0].as_slice(), b"\n", &newer, b"\n"].concat());
    seeds.push([seeds[0].as_slice(), b"\nnot a manifest\n\n", &seeds[0], b"\n"].concat());
    seeds
}
