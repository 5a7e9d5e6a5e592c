//! Manifests, and the other documents that are signed: each is parsed before or after its signature is verified.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use base64ct::{Base64, Encoding};
use countersign::limits::{ROOT_BYTES_MAX, SNAPSHOT_BYTES_MAX};

use crate::bounds::{bounded, fill};
use crate::support::{NAME, Scene};

/// A file as the base64 of an envelope's payload.
fn envelope(payload: &Path, to: &Path, before: &str, after: &str) -> u64 {
    let mut from = fs::File::open(payload).expect("a file");
    let mut out = std::io::BufWriter::new(fs::File::create(to).expect("a file"));
    out.write_all(before.as_bytes()).expect("it is written");
    let mut piece = vec![0; 3 << 16];
    loop {
        let mut read = 0;
        while read < piece.len() {
            match from.read(&mut piece[read..]).expect("it is read") {
                0 => break,
                count => read += count,
            }
        }
        out.write_all(Base64::encode_string(&piece[..read]).as_bytes()).expect("it is written");
        if read < piece.len() {
            break;
        }
    }
    out.write_all(after.as_bytes()).expect("it is written");
    out.into_inner().expect("it is written").metadata().expect("a file").len()
}

#[test]
fn a_manifest_takes_memory_by_its_size() {
    let scene = Scene::new();
    let full = 8 << 20;
    let bundle = scene.bundle();
    let key = bundle["dsseEnvelope"]["signatures"][0]["keyid"].as_str().expect("a key").to_owned();
    let before = format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{{"publicKey":{{"hint":"{key}"}},"tlogEntries":[]}},"dsseEnvelope":{{"payload":""#
    );
    let signature = format!(r#"{{"keyid":"{key}","sig":"AAAA"}}"#);
    let after = format!(r#"","payloadType":"application/vnd.in-toto+json","signatures":[{signature}]}}}}"#);
    let statement = scene.statement().to_string();
    let with = |from: &str, to: &str| {
        let (head, tail) = statement.split_once(from).expect("it is there");
        (format!("{head}{to}"), tail.to_owned())
    };
    let file = r#"{"mode":"100644","path":"a","sha384":"#.to_owned()
        + &format!(r#""{}","size":0}},"#, "a".repeat(96));
    let (files, files_end) = with(r#""files":["#, r#""files":["#);
    let (include, include_end) = with(r#""include":["#, r#""include":["#);
    let payload = scene.path().join("payload");
    let manifest = scene.manifest();
    for (what, beginning, unit, end) in [
        ("tiny files", files.as_str(), file.as_str(), files_end.as_str()),
        ("empty files", &files, "{},", &files_end),
        ("arrays in files", &files, "[],", &files_end),
        ("texts", &include, "\"\",", &include_end),
        ("arrays in arrays", &include, "[", ""),
        ("a long text", &include, "a", ""),
        ("white space", &statement, " ", ""),
    ] {
        fill(&payload, beginning, unit, full / 4 * 3 - 100_000, end);
        let size = envelope(&payload, &manifest, &before, &after);
        bounded(&scene, &format!("{what}, verified"), &["verify"], 1, size);
        // White space is no reason for a command that verifies nothing.
        let code = if what == "white space" { 0 } else { 2 };
        bounded(
            &scene,
            &format!("{what}, inspected"),
            &["inspect", "dist/orders.zip.sigstore.json"],
            code,
            size,
        );
        bounded(
            &scene,
            &format!("{what}, attached"),
            &["manifest", "attach", "HEAD", "dist/orders.zip.sigstore.json"],
            code,
            size,
        );
    }
    for (what, beginning, unit, end) in [
        (
            "signatures",
            format!("{before}{}[", &after[..after.len() - signature.len() - 3]),
            format!("{signature},"),
            "]}}",
        ),
        (
            "tiny signatures",
            format!("{before}{}[", &after[..after.len() - signature.len() - 3]),
            r#"{"keyid":"","sig":""},"#.into(),
            "]}}",
        ),
        ("arrays", String::new(), "[".into(), ""),
        ("objects", String::new(), "{\"a\":".into(), ""),
        ("white space before", String::new(), " ".into(), "x"),
        ("an unknown field", "{\"".into(), "a".into(), "\":1}"),
    ] {
        let beginning = beginning.replace("[[", "[");
        let size = fill(&manifest, &beginning, &unit, full - 1000, end);
        bounded(&scene, what, &["verify", "--function", NAME], 1, size);
    }
}

#[test]
fn the_signed_documents_of_a_policy_take_memory_by_their_size() {
    for (path, limit) in [("snapshot.json", SNAPSHOT_BYTES_MAX), ("roots/2.json", ROOT_BYTES_MAX)] {
        let scene = Scene::new();
        let file = scene.policy().join(path);
        let full = usize::try_from(limit).expect("a size").min(16 << 20) - 1000;
        for (what, beginning, unit, end) in [
            (
                "signatures",
                r#"{"payload":"","payloadType":"x","signatures":["#,
                r#"{"keyid":"","sig":""},"#,
                "]}",
            ),
            ("a payload", r#"{"payload":""#, "AAAA", r#"","payloadType":"x","signatures":[]}"#),
            ("arrays", "", "[", ""),
            ("texts", "[", "\"\",", "1]"),
        ] {
            let size = fill(&file, beginning, unit, full, end);
            bounded(&scene, &format!("{path}: {what}"), &["verify"], 2, size);
        }
        // A payload is read before a root's signatures are counted.
        let payload = scene.path().join("payload");
        for unit in ["\"\",", "[", "{\"path\":\"a\",\"size\":0,\"sha384\":\"\"},"] {
            fill(&payload, "{\"account\":\"acme\",\"keys\":[", unit, full / 4 * 3 - 1000, "]}");
            let size =
                envelope(&payload, &file, "{\"payload\":\"", "\",\"payloadType\":\"x\",\"signatures\":[]}");
            bounded(&scene, &format!("{path}: a payload of {unit}"), &["verify"], 2, size);
        }
    }
}
