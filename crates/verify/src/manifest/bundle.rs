//! The bundle: a Sigstore bundle v0.3 with one DSSE envelope and the name of its key.
//!
//! ```json
//! { "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
//!   "verificationMaterial": { "publicKey": { "hint": "SHA256:…" }, "tlogEntries": [] },
//!   "dsseEnvelope": { "payload": "…", "payloadType": "application/vnd.in-toto+json",
//!     "signatures": [ { "keyid": "SHA256:…", "sig": "…" } ] } }
//! ```
//! The hint and the key id are both the key's OpenSSH fingerprint. Any other form is refused, so no value
//! outside the signed payload can vary.

use serde::{Deserialize, Serialize};

use crate::crypto::envelope::Envelope;
use crate::crypto::key::KeyId;

/// A manifest as it is stored, not yet verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Bundle {
    media_type: MediaType,
    verification_material: VerificationMaterial,
    dsse_envelope: Envelope,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum MediaType {
    #[serde(rename = "application/vnd.dev.sigstore.bundle.v0.3+json")]
    V03,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct VerificationMaterial {
    public_key: PublicKeyIdentifier,
    tlog_entries: Vec<NoEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicKeyIdentifier {
    hint: String,
}

/// A transparency log entry: countersign has no log, so there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum NoEntry {}

impl Bundle {
    /// A bundle around an envelope signed by the key.
    pub fn new(envelope: Envelope, key: &KeyId) -> Self {
        Self {
            media_type: MediaType::V03,
            verification_material: VerificationMaterial {
                public_key: PublicKeyIdentifier { hint: key.to_string() },
                tlog_entries: Vec::new(),
            },
            dsse_envelope: envelope,
        }
    }

    /// The envelope, if the bundle's hint and the envelope's key id are the same key.
    pub fn envelope(&self) -> Result<&Envelope, KeyIdsDiffer> {
        let hint = self.verification_material.public_key.hint.as_str();
        if self.dsse_envelope.claimed_key().is_some_and(|id| id != hint) {
            return Err(KeyIdsDiffer);
        }
        Ok(&self.dsse_envelope)
    }
}

/// The bundle's hint and its envelope's key id name different keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the manifest's hint and key id name different keys")]
pub struct KeyIdsDiffer;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sample::SecretKey;

    #[test]
    fn hint_and_key_id_name_one_key() {
        let (a, b) = (SecretKey::new(), SecretKey::new());
        let bundle = |signers: &[&SecretKey], hint: &SecretKey| {
            Bundle::new(Envelope::sign("text/plain", b"hello".to_vec(), signers), &hint.public().id())
        };
        assert!(bundle(&[&a], &a).envelope().is_ok());
        assert_eq!(bundle(&[&a], &b).envelope().unwrap_err(), KeyIdsDiffer);
        // Whether there is one signature is for the envelope to say.
        assert!(bundle(&[], &a).envelope().is_ok());
    }
}
