//! A signing job, its profile and its package, for the unit tests of the checks.

#![cfg(test)]

use std::path::Path;

use serde_json::{Value, json};

use crate::crypto::key::KeyId;
use crate::crypto::sample::SecretKey;
use crate::digest::Sha384;
use crate::inventory::{FileMode, FileRecord};
use crate::manifest::Job;
use crate::package::zip;
use crate::profile::Profile;
use crate::time::Timestamp;

/// When the job was signed.
pub const SIGNED_AT: &str = "2026-03-01T12:00:00Z";

/// A time.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A job of `orders` by `ci@acme.example`, signed with `release/a1b2c3d4e5` until 2026-06-01.
pub fn job() -> Job {
    job_with(&[])
}

/// The same job with other fields.
pub fn job_with(fields: &[(&str, Value)]) -> Job {
    let mut job = json!({
        "job": "arn:countersign:signer::acme:/signing-jobs/00000000-0000-4000-8000-000000000001",
        "profile": "arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5",
        "platform": "AWSLambda-SHA384-ECDSA",
        "kind": "function",
        "name": "orders",
        "requestedBy": "ci@acme.example",
        "signedAt": SIGNED_AT,
        "signatureExpiresAt": "2026-06-01T12:00:00Z",
        "size": 3,
        "chunkDigest": Sha384::of(b"chunks").to_string(),
        "files": [],
        "tool": "countersign 0.1.0",
    });
    for (name, value) in fields {
        job[name] = value.clone();
    }
    serde_json::from_value(job).unwrap()
}

/// The profile `release`, whose version `a1b2c3d4e5` was created on 2026-01-01, with this status and validity, and with a
/// permission for `ci@acme.example` and the key that is returned.
pub fn profile(status: &str, validity: &str) -> (Profile, KeyId) {
    let (profile, key) = profile_for(status, validity, "signer:StartSigningJob");
    (profile, key.public().id())
}

/// The same profile with a permission for this action, and the secret key.
pub fn profile_for(status: &str, validity: &str, action: &str) -> (Profile, SecretKey) {
    let key = SecretKey::new();
    let text = format!(
        "name = 'release'\nplatform = 'AWSLambda-SHA384-ECDSA'\nrevision = 1\n\
        [[version]]\nversion = 'a1b2c3d4e5'\nstatus = '{status}'\ncreated = '2026-01-01T12:00:00Z'\n\
        validity = '{validity}'\n\
        [[permission]]\nstatement_id = 'ci'\nprincipal = 'ci@acme.example'\n\
        actions = ['{action}']\nkey = '''\n{}'''\nnot_before = '2026-01-01T12:00:00Z'\n",
        key.public().to_pem()
    );
    (Profile::parse(Path::new("profiles/release.toml"), text.as_bytes()).unwrap(), key)
}

/// The records of regular files with these paths and contents.
pub fn records(files: &[(&str, &str)]) -> Vec<FileRecord> {
    let record = |(path, content): &(&str, &str)| FileRecord {
        path: (*path).into(),
        mode: FileMode::Regular,
        size: content.len() as u64,
        sha384: Sha384::of(content.as_bytes()),
    };
    files.iter().map(record).collect()
}

/// A ZIP of these files, stored in this order.
pub fn package(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (path, content) in files {
        let mut crc = flate2::Crc::new();
        crc.update(content.as_bytes());
        let size = content.len() as u32;
        // Version 2.0, no flags, stored, 1980-01-01.
        let mut fields: Vec<u8> = [20, 0, zip::STORED, 0, 33].map(u16::to_le_bytes).concat();
        fields.extend([crc.sum(), size, size].map(u32::to_le_bytes).concat());
        fields.extend([path.len() as u16, 0].map(u16::to_le_bytes).concat());
        let offset = bytes.len() as u32;
        directory.extend(zip::CENTRAL.to_le_bytes());
        // Made on Unix.
        directory.extend((3_u16 << 8 | 20).to_le_bytes());
        directory.extend(&fields);
        directory.extend([0_u16; 3].map(u16::to_le_bytes).concat());
        directory.extend([FileMode::Regular.unix() << 16, offset].map(u32::to_le_bytes).concat());
        directory.extend(path.as_bytes());
        bytes.extend(zip::LOCAL.to_le_bytes());
        bytes.extend(fields);
        bytes.extend([path.as_bytes(), content.as_bytes()].concat());
    }
    let (count, start) = (files.len() as u16, bytes.len() as u32);
    bytes.extend(&directory);
    bytes.extend(zip::END.to_le_bytes());
    bytes.extend([0, 0, count, count].map(u16::to_le_bytes).concat());
    bytes.extend([directory.len() as u32, start].map(u32::to_le_bytes).concat());
    bytes.extend(0_u16.to_le_bytes());
    bytes
}
