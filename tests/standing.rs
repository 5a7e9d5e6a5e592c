//! Releases that stand: nothing is written twice, and what an earlier run left changes no byte of a package.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::MetadataExt;

use countersign::digest::ArtifactHasher;
use libdeflater::{CompressionLvl, Compressor, Decompressor};
use serde_json::{Value, json};

use crate::support::{Ran, Scene};

/// A scene whose function is large enough that its entries are reused.
fn scene() -> Scene {
    let scene = Scene::new();
    let text: String = (0..60_000).map(|line| format!("line {line} of {}\n", line * 7919 % 1013)).collect();
    fs::write(scene.repository().join("large.txt"), text).unwrap();
    fs::write(scene.repository().join("small.txt"), "small\n".repeat(100)).unwrap();
    scene.commit();
    release(&scene);
    scene
}

fn release(scene: &Scene) -> Ran {
    let ran = scene.run(&["release"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.out().contains("allowed: dist/orders.zip"), "{ran}");
    ran
}

/// The package as it is made without an earlier one.
fn full(scene: &Scene) -> Vec<u8> {
    let ran = scene.run(&["package", "--output", "../full"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    fs::read(scene.path().join("full/orders.zip")).unwrap()
}

fn check(scene: &Scene, what: &str) {
    assert!(
        fs::read(scene.artifact()).unwrap() == full(scene),
        "{what}: the bytes are those of a full package"
    );
    assert_eq!(scene.verify().code, Some(0), "{what}");
}

/// What tells a file from another one of the same content.
fn inodes(scene: &Scene) -> [u64; 2] {
    [scene.artifact(), scene.manifest()].map(|path| fs::metadata(path).unwrap().ino())
}

#[test]
fn a_release_without_a_change_writes_nothing() {
    let scene = scene();
    let before = inodes(&scene);
    let ran = release(&scene);
    assert!(ran.err().contains("it already signs this content, with job "), "{ran}");
    assert_eq!(inodes(&scene), before);
    check(&scene, "nothing changed");
}

#[test]
fn a_change_of_any_kind_is_released() {
    let scene = scene();
    let changes: [(&str, &dyn Fn()); 4] = [
        ("content", &|| fs::write(scene.repository().join("small.txt"), "other\n").unwrap()),
        ("a new file", &|| fs::write(scene.repository().join("new.txt"), "new\n").unwrap()),
        ("a removed file", &|| fs::remove_file(scene.repository().join("new.txt")).unwrap()),
        ("a mode", &|| drop(scene.shell("chmod +x small.txt"))),
    ];
    for (what, change) in changes {
        let before = inodes(&scene);
        change();
        release(&scene);
        assert!(inodes(&scene)[0] != before[0] && inodes(&scene)[1] != before[1], "{what}");
        check(&scene, what);
    }
    scene.commit();
    let before = inodes(&scene);
    assert!(!release(&scene).err().contains("already signs"), "another commit is another source");
    assert_ne!(inodes(&scene)[1], before[1]);
    let dated = Ran::of(scene.countersign().arg("release").env("SOURCE_DATE_EPOCH", "1000000000"));
    assert_eq!(dated.code, Some(0), "{dated}");
    assert!(fs::read(scene.artifact()).unwrap() != full(&scene), "another time of the entries");
    release(&scene);
    check(&scene, "the fixed time again");
}

/// The archive with its entries deflated at another level.
fn repacked(zip: &[u8]) -> Vec<u8> {
    let number = |at: usize| u32::from_le_bytes(zip[at..at + 4].try_into().unwrap());
    let end = zip.len() - 22;
    let (mut at, mut out, mut central) = (number(end + 16) as usize, Vec::new(), Vec::new());
    while number(at) == 0x0201_4b50 {
        let name = usize::from(u16::from_le_bytes([zip[at + 28], zip[at + 29]]));
        let (offset, packed, size) =
            (number(at + 42) as usize, number(at + 20) as usize, number(at + 24) as usize);
        let data = &zip[offset + 30 + name..][..packed];
        let data = if zip[at + 10] == 8 { deflated_again(data, size) } else { data.to_vec() };
        let mut header = zip[at..at + 46 + name].to_vec();
        header[20..24].copy_from_slice(&(data.len() as u32).to_le_bytes());
        header[42..46].copy_from_slice(&(out.len() as u32).to_le_bytes());
        let mut local = zip[offset..offset + 30 + name].to_vec();
        local[18..22].copy_from_slice(&(data.len() as u32).to_le_bytes());
        out.extend([local, data].concat());
        central.extend(header);
        at += 46 + name;
    }
    let mut record = zip[end..].to_vec();
    record[12..16].copy_from_slice(&(central.len() as u32).to_le_bytes());
    record[16..20].copy_from_slice(&(out.len() as u32).to_le_bytes());
    let repacked = [out, central, record].concat();
    assert!(repacked != zip, "the level makes a difference");
    repacked
}

fn deflated_again(data: &[u8], size: usize) -> Vec<u8> {
    let mut content = vec![0; size];
    Decompressor::new().deflate_decompress(data, &mut content).unwrap();
    let mut compressor = Compressor::new(CompressionLvl::new(1).unwrap());
    let mut again = vec![0; compressor.deflate_compress_bound(size)];
    let length = compressor.deflate_compress(&content, &mut again).unwrap();
    again.truncate(length);
    again
}

/// Makes a statement describe these bytes.
fn describe(statement: &mut Value, zip: &[u8]) {
    let mut hasher = ArtifactHasher::default();
    hasher.update(zip);
    let digests = hasher.finish();
    let digest = json!({ "sha256": digests.sha256.to_string(), "sha384": digests.sha384.to_string() });
    statement["subject"][0]["digest"] = digest;
    statement["predicate"]["size"] = json!(digests.size);
    statement["predicate"]["chunkDigest"] = json!(digests.chunk.to_string());
}

/// Puts something else in place of the package of an earlier run.
type Poison = fn(&Scene);

const POISONS: [(&str, Poison); 5] = [
    ("a byte of an entry", |scene| {
        let mut zip = fs::read(scene.artifact()).unwrap();
        let middle = zip.len() / 2;
        zip[middle] ^= 1;
        fs::write(scene.artifact(), zip).unwrap();
    }),
    ("another level, with the manifest from before", |scene| {
        fs::write(scene.artifact(), repacked(&fs::read(scene.artifact()).unwrap())).unwrap();
    }),
    ("another encoder, by a key of the profile", |scene| {
        let zip = repacked(&fs::read(scene.artifact()).unwrap());
        fs::write(scene.artifact(), &zip).unwrap();
        scene.restate(|statement| {
            describe(statement, &zip);
            statement["predicate"]["encoder"] = json!("libdeflate 1.26 level 1");
        });
    }),
    ("our encoder, by a key that is not known", |scene| {
        let zip = repacked(&fs::read(scene.artifact()).unwrap());
        fs::write(scene.artifact(), &zip).unwrap();
        scene.restate(|statement| describe(statement, &zip));
        let signature = scene.signature();
        scene.put_signature(&crate::support::malleated(&signature));
        let mut bundle = scene.bundle();
        let other = Scene::fresh().bundle();
        bundle["dsseEnvelope"]["signatures"][0]["keyid"] =
            other["dsseEnvelope"]["signatures"][0]["keyid"].clone();
        scene.put_bundle(&bundle);
    }),
    ("our encoder, with a signature that is invalid", |scene| {
        let zip = repacked(&fs::read(scene.artifact()).unwrap());
        fs::write(scene.artifact(), &zip).unwrap();
        let before = scene.signature();
        scene.restate(|statement| describe(statement, &zip));
        scene.put_signature(&before);
    }),
];

#[test]
fn a_poisoned_earlier_package_changes_nothing() {
    for (what, poison) in POISONS {
        for is_changed in [false, true] {
            let scene = scene();
            poison(&scene);
            if is_changed {
                fs::write(scene.repository().join("small.txt"), "other\n").unwrap();
            }
            release(&scene);
            check(&scene, what);
        }
    }
}

#[test]
fn nothing_of_a_revoked_job_stands() {
    let scene = scene();
    let job = scene.statement()["predicate"]["job"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let revoke = ["job", "revoke", &job, "--reason-code", "superseded", "--reason", "a test"];
    let ran = scene.run(&revoke);
    assert_eq!(ran.code, Some(0), "{ran}");
    scene.seal();
    let ran = scene.run(&["release"]);
    assert_eq!(scene.verify().code, ran.code, "{ran}");
}
