//! A signing job and its profile, for the unit tests of the checks.

#![cfg(test)]

use std::path::Path;

use serde_json::{Value, json};

use crate::crypto::key::KeyId;
use crate::crypto::sample::SecretKey;
use crate::digest::Sha384;
use crate::manifest::Job;
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
