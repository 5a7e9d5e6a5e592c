//! Signing: the bytes of the policy's signed files.

use super::root::{self, RootFile};
use super::snapshot::{self, Snapshot};
use crate::crypto::secret::SecretKey;
use crate::crypto::signing;
use crate::document;
use crate::revocation::signed::{self, SignedRevocation};

/// A root document, signed with the keys.
pub fn root(file: &RootFile, keys: &[&SecretKey]) -> Vec<u8> {
    signed(root::PAYLOAD_TYPE, file, keys)
}

/// A snapshot, signed with the keys.
pub fn snapshot(snapshot: &Snapshot, keys: &[&SecretKey]) -> Vec<u8> {
    signed(snapshot::PAYLOAD_TYPE, snapshot, keys)
}

/// A revocation of a job, signed by a key with `signer:RevokeSignature`.
pub fn revocation(revocation: &SignedRevocation, key: &SecretKey) -> Vec<u8> {
    signed(signed::PAYLOAD_TYPE, revocation, &[key])
}

fn signed(payload_type: &str, payload: &impl serde::Serialize, keys: &[&SecretKey]) -> Vec<u8> {
    document::to_json(&signing::sign(payload_type, document::to_json(payload), keys))
}
