//! Public keys: P-384 points, their PEM form, their fingerprints, and verification.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64Unpadded, Encoding};
use p384::ecdsa::signature::Verifier as _;
use p384::ecdsa::{Signature, VerifyingKey};
use pkcs8::{DecodePublicKey, EncodePublicKey, LineEnding};
use serde::{Deserialize, Serialize};

use crate::digest::Sha256;

/// The OpenSSH fingerprint of a public key: `SHA256:` and 43 characters, as `ssh-keygen -lf` prints it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

/// Why a text is not a public key or a fingerprint of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not a fingerprint.
    #[error("{0:?} is not a key fingerprint such as `SHA256:` and 43 characters of base64")]
    Fingerprint(String),
    /// The text is not the PEM of a P-384 public key.
    #[error("not a PEM P-384 public key (`-----BEGIN PUBLIC KEY-----`, curve secp384r1)")]
    Public,
}

impl KeyId {
    /// The fingerprint as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = text.strip_prefix("SHA256:").map(Base64Unpadded::decode_vec);
        match bytes {
            Some(Ok(bytes)) if bytes.len() == 32 => Ok(Self(text.into())),
            _ => Err(KeyError::Fingerprint(crate::shown::shortened(text).into_owned())),
        }
    }
}

crate::text_form!(KeyId);

/// A P-384 public key: a point on the curve that is not the identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(VerifyingKey);

/// Verifies signatures: the library, or a faster check for an audit.
///
/// Only [`verify::report`](crate::verify::report) accepts another check than [`Library`], and no gate admits its result.
pub trait SignatureCheck: fmt::Debug + Sync {
    /// Whether a DER signature of `message` is valid for the key, as in [`PublicKey::verifies`].
    fn verifies(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool;
}

/// The library's check: [`PublicKey::verifies`].
#[derive(Debug, Clone, Copy)]
pub struct Library;

impl SignatureCheck for Library {
    fn verifies(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        key.verifies(message, signature)
    }
}

impl PublicKey {
    /// The key from its uncompressed or compressed SEC1 point.
    pub fn from_sec1(point: &[u8]) -> Result<Self, KeyError> {
        VerifyingKey::from_sec1_bytes(point).map(Self).map_err(|_| KeyError::Public)
    }

    /// The uncompressed point, as in SEC 1 (version 2.0, 2.3.3).
    pub fn to_sec1(&self) -> Vec<u8> {
        self.0.to_sec1_point(false).as_bytes().to_vec()
    }

    /// The key as SubjectPublicKeyInfo PEM, which openssl and cosign can read.
    pub fn to_pem(&self) -> String {
        let key = p384::PublicKey::from(&self.0);
        key.to_public_key_pem(LineEnding::LF).expect("a P-384 key always has a PEM form")
    }

    /// `"SHA256:" || base64(SHA-256(string(type) || string(curve) || string(point)))`
    ///
    /// `string(x)` is `u32be(length) || x` (RFC 4251), the point is uncompressed (RFC 5656), and
    /// the base64 has no padding, as OpenSSH prints fingerprints.
    pub fn id(&self) -> KeyId {
        let parts: [&[u8]; 3] = [b"ecdsa-sha2-nistp384", b"nistp384", &self.to_sec1()];
        let wire: Vec<u8> =
            parts.iter().flat_map(|part| [&(part.len() as u32).to_be_bytes(), *part].concat()).collect();
        KeyId(format!("SHA256:{}", Base64Unpadded::encode_string(Sha256::of(&wire).as_bytes())))
    }

    /// Whether `signature` is a DER ECDSA signature with SHA-384 by this key of `message` (FIPS 186-5).
    ///
    /// The DER is parsed strictly: one encoding per signature, and no trailing bytes.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_der(signature).is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(pem: &str) -> Result<Self, KeyError> {
        let key = p384::PublicKey::from_public_key_pem(pem).map_err(|_| KeyError::Public)?;
        Ok(Self(VerifyingKey::from(&key)))
    }
}

impl TryFrom<String> for PublicKey {
    type Error = KeyError;

    fn try_from(pem: String) -> Result<Self, KeyError> {
        pem.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_pem()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sample::SecretKey;

    #[test]
    fn a_signature_is_valid_for_its_key_and_message_alone() {
        let (key, other) = (SecretKey::new(), SecretKey::new());
        let signature = key.sign(b"a message");
        assert!(key.public().verifies(b"a message", &signature));
        assert!(!other.public().verifies(b"a message", &signature), "another key's");
        assert!(!key.public().verifies(b"another message", &signature), "another message");
        assert!(!key.public().verifies(b"a message", &[&signature[..], &[0]].concat()), "a byte more");
        for at in 0..signature.len() {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            assert!(!key.public().verifies(b"a message", &changed), "byte {at}");
        }
        assert!(!key.public().verifies(b"a message", &[]));
    }

    #[test]
    fn a_fingerprint_has_32_bytes() {
        for (bytes, good) in [(31, false), (32, true), (33, false)] {
            let text = format!("SHA256:{}", Base64Unpadded::encode_string(&vec![7; bytes]));
            assert_eq!(text.parse::<KeyId>().is_ok(), good, "{bytes} bytes");
        }
    }
}
