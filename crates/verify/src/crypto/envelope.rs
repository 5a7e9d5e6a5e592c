//! The DSSE envelope: a payload, its type, and signatures over both.
//!
//! ```json
//! { "payload": "base64", "payloadType": "…", "signatures": [ { "keyid": "SHA256:…", "sig": "base64" } ] }
//! ```
//! From the DSSE v1.0 envelope. A payload is available only through [`Envelope::opened_by`] and
//! [`Envelope::signers`], which verify first; the verified bytes are the bytes returned.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base64ct::{Base64, Encoding};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::key::{KeyId, Library, PublicKey, SignatureCheck};
use super::pae;
use crate::limits::SIGNATURES_MAX;

/// A DSSE envelope, not yet verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    payload: Bytes,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeSignature {
    keyid: String,
    sig: Bytes,
}

/// Bytes that are written as standard base64 with padding, in canonical form.
///
/// A payload can have 48 MB: it is decoded without copying the text, and encoded in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("base64")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Bytes, E> {
                Base64::decode_vec(text).map(Bytes).map_err(|_| E::custom("not canonical base64"))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Three bytes are four characters, so only the last piece is padded.
        self.0.chunks(3 << 10).try_for_each(|piece| f.write_str(&Base64::encode_string(piece)))
    }
}

/// A payload with a valid signature by a known key.
#[derive(Debug)]
pub struct SignedPayload<'a> {
    bytes: &'a [u8],
    signer: KeyId,
}

impl<'a> SignedPayload<'a> {
    /// The verified bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The fingerprint of the key that signed them.
    pub fn signer(&self) -> &KeyId {
        &self.signer
    }
}

/// Why an envelope cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The payload is of another type.
    #[error("the payload type is {0:?}")]
    PayloadType(String),
    /// There is not exactly one signature.
    #[error("expected one signature, found {0}")]
    Signatures(usize),
    /// The key that the envelope names is not known.
    #[error("key {0:?} is not known")]
    UnknownKey(String),
    /// The named key's signature is invalid.
    #[error("the signature by key {0} is invalid")]
    Signature(KeyId),
}

impl Envelope {
    /// An envelope with these signatures: DER, over [`pae::encode`] of the type and the payload.
    ///
    /// They are not verified here: [`Envelope::opened_by`] and [`Envelope::signers`] do that.
    pub fn new(payload_type: &str, payload: Vec<u8>, signatures: Vec<(KeyId, Vec<u8>)>) -> Self {
        let signature =
            |(key, sig): (KeyId, Vec<u8>)| EnvelopeSignature { keyid: key.to_string(), sig: Bytes(sig) };
        Self {
            payload_type: payload_type.into(),
            signatures: signatures.into_iter().map(signature).collect(),
            payload: Bytes(payload),
        }
    }

    /// The message that is signed: [`pae::encode`] of the type and the payload.
    pub fn message(&self) -> Vec<u8> {
        pae::encode(&self.payload_type, &self.payload.0)
    }

    /// Adds a key's DER signature of [`Envelope::message`], replacing an existing one.
    pub fn add_signature(&mut self, key: &KeyId, signature: Vec<u8>) {
        self.signatures.retain(|signature| signature.keyid != key.as_str());
        self.signatures.push(EnvelopeSignature { keyid: key.as_str().into(), sig: Bytes(signature) });
    }

    /// The claimed key id of the only signature, to look up the key.
    pub fn claimed_key(&self) -> Option<&str> {
        match self.signatures.as_slice() {
            [one] => Some(&one.keyid),
            _ => None,
        }
    }

    /// Opens an envelope that must have exactly one signature, by one of the keys.
    ///
    /// The key id only selects a key, which must then verify the signature.
    pub fn opened_by(
        &self,
        payload_type: &str,
        keys: &BTreeMap<KeyId, PublicKey>,
    ) -> Result<SignedPayload<'_>, OpenError> {
        self.opened_with(&Library, payload_type, keys)
    }

    /// Like [`Envelope::opened_by`], with this check.
    pub(crate) fn opened_with(
        &self,
        check: &dyn SignatureCheck,
        payload_type: &str,
        keys: &BTreeMap<KeyId, PublicKey>,
    ) -> Result<SignedPayload<'_>, OpenError> {
        if self.payload_type != payload_type {
            return Err(OpenError::PayloadType(self.payload_type.clone()));
        }
        let [signature] = self.signatures.as_slice() else {
            return Err(OpenError::Signatures(self.signatures.len()));
        };
        let unknown = || OpenError::UnknownKey(signature.keyid.clone());
        let id: KeyId = signature.keyid.parse().map_err(|_| unknown())?;
        let key = keys.get(&id).ok_or_else(unknown)?;
        let message = pae::encode(payload_type, &self.payload.0);
        if !check.verifies(key, &message, &signature.sig.0) {
            return Err(OpenError::Signature(id));
        }
        Ok(SignedPayload { bytes: &self.payload.0, signer: id })
    }

    /// The distinct keys, among the given ones, with a valid signature of the payload.
    ///
    /// Keys are compared as points, so one key counts once, however often it signed. An invalid signature, or
    /// one by another key, is ignored (TUF 1.0, 4.2.1).
    pub fn signers(&self, payload_type: &str, keys: &[PublicKey]) -> BTreeSet<KeyId> {
        if self.payload_type != payload_type || self.signatures.len() > SIGNATURES_MAX {
            return BTreeSet::new();
        }
        let message = pae::encode(payload_type, &self.payload.0);
        let holds = |id: &KeyId, key: &PublicKey| {
            let by_it = self.signatures.iter().filter(|signature| signature.keyid == id.as_str());
            by_it.into_iter().any(|signature| key.verifies(&message, &signature.sig.0))
        };
        let named = keys.iter().map(|key| (key.id(), key));
        named.filter(|(id, key)| holds(id, key)).map(|(id, _)| id).collect()
    }

    /// The payload before signatures are counted; use it only after [`Envelope::signers`].
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload.0
    }
}

#[cfg(test)]
impl Envelope {
    /// A payload with a signature by each of the keys, also by one key twice.
    pub(crate) fn sign(payload_type: &str, payload: Vec<u8>, keys: &[&super::sample::SecretKey]) -> Self {
        let message = pae::encode(payload_type, &payload);
        let signatures = keys.iter().map(|key| (key.public().id(), key.sign(&message))).collect();
        Self::new(payload_type, payload, signatures)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::SecretKey;
    use super::*;

    const TYPE: &str = "text/plain";

    fn keys(secrets: &[&SecretKey]) -> BTreeMap<KeyId, PublicKey> {
        secrets.iter().map(|key| (key.public().id(), key.public())).collect()
    }

    #[test]
    fn opens_for_its_key_and_type_only() {
        let (key, other) = (SecretKey::new(), SecretKey::new());
        let envelope = Envelope::sign(TYPE, b"hello".to_vec(), &[&key]);
        assert_eq!(envelope.opened_by(TYPE, &keys(&[&key])).unwrap().bytes(), b"hello");
        assert!(matches!(envelope.opened_by("text/html", &keys(&[&key])), Err(OpenError::PayloadType(_))));
        assert!(matches!(envelope.opened_by(TYPE, &keys(&[&other])), Err(OpenError::UnknownKey(_))));
    }

    #[test]
    fn every_changed_byte_closes_it() {
        let key = SecretKey::new();
        let envelope = Envelope::sign(TYPE, b"hello".to_vec(), &[&key]);
        for i in 0..5 {
            let mut changed = envelope.clone();
            changed.payload.0[i] ^= 1;
            assert!(matches!(changed.opened_by(TYPE, &keys(&[&key])), Err(OpenError::Signature(_))));
        }
        for i in 0..envelope.signatures[0].sig.0.len() {
            let mut changed = envelope.clone();
            changed.signatures[0].sig.0[i] ^= 1;
            assert!(matches!(changed.opened_by(TYPE, &keys(&[&key])), Err(OpenError::Signature(_))), "{i}");
        }
    }

    #[test]
    fn two_signatures_or_none_do_not_open() {
        let key = SecretKey::new();
        for count in [0, 2] {
            let signers = vec![&key; count];
            let envelope = Envelope::sign(TYPE, b"hello".to_vec(), &signers);
            assert_eq!(envelope.opened_by(TYPE, &keys(&[&key])).unwrap_err(), OpenError::Signatures(count));
        }
    }

    #[test]
    fn a_signature_counts_for_the_key_that_made_it() {
        let (a, b) = (SecretKey::new(), SecretKey::new());
        let both = [a.public(), b.public()];
        let mut envelope = Envelope::sign(TYPE, b"hello".to_vec(), &[&a, &a]);
        assert_eq!(envelope.signers(TYPE, &both), BTreeSet::from([a.public().id()]));
        assert!(envelope.signers("text/html", &both).is_empty());
        // One signature that is valid is enough, and one under another key's name is not.
        envelope.signatures[0].sig.0[40] ^= 1;
        assert_eq!(envelope.signers(TYPE, &both), BTreeSet::from([a.public().id()]));
        envelope.signatures[0].keyid = b.public().id().to_string();
        assert_eq!(envelope.signers(TYPE, &both), BTreeSet::from([a.public().id()]));
    }

    #[test]
    fn neither_the_name_of_a_key_nor_a_payload_type_can_be_exchanged() {
        let (a, b) = (SecretKey::new(), SecretKey::new());
        let both = [a.public(), b.public()];
        let mut envelope = Envelope::sign(TYPE, b"hello".to_vec(), &[&a]);
        envelope.signatures[0].keyid = b.public().id().to_string();
        assert!(envelope.signers(TYPE, &both).is_empty());
        let mut envelope = Envelope::sign(TYPE, b"hello".to_vec(), &[&a]);
        envelope.payload_type = "text/html".into();
        assert!(envelope.signers(TYPE, &both).is_empty());
    }

    #[test]
    fn counts_no_signature_of_more_than_64() {
        let key = SecretKey::new();
        let mut envelope = Envelope::sign(TYPE, b"hello".to_vec(), &[&key]);
        envelope.signatures = vec![envelope.signatures[0].clone(); SIGNATURES_MAX];
        assert_eq!(envelope.signers(TYPE, &[key.public()]).len(), 1);
        envelope.signatures.push(envelope.signatures[0].clone());
        assert!(envelope.signers(TYPE, &[key.public()]).is_empty());
    }

    #[test]
    fn a_signature_is_added_in_place_of_the_earlier_one_by_its_key() {
        let (a, b) = (SecretKey::new(), SecretKey::new());
        let mut envelope = Envelope::sign(TYPE, b"hello".to_vec(), &[&a]);
        assert_eq!(envelope.claimed_key(), Some(a.public().id().as_str()));
        envelope.add_signature(&b.public().id(), b.sign(&envelope.message()));
        envelope.add_signature(&a.public().id(), a.sign(&envelope.message()));
        assert_eq!(envelope.signatures.len(), 2);
        assert_eq!(envelope.signers(TYPE, &[a.public(), b.public()]).len(), 2);
        assert_eq!(envelope.claimed_key(), None);
    }

    #[test]
    fn one_key_counts_once() {
        let (a, b) = (SecretKey::new(), SecretKey::new());
        let envelope = Envelope::sign(TYPE, b"hello".to_vec(), &[&a, &a, &b]);
        let twice = [a.public(), a.public(), b.public()];
        assert_eq!(envelope.signers(TYPE, &twice).len(), 2);
        assert_eq!(envelope.signers(TYPE, &twice[..2]).len(), 1);
    }

    #[test]
    fn base64_has_one_form() {
        for (text, good) in
            [("aGk=", true), ("aGk", false), ("aGl=", false), ("aG k=", false), ("aGk=\n", false)]
        {
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(serde_json::from_str::<Bytes>(&json).is_ok(), good, "{text:?}");
        }
        for length in [0, 1, 3071, 3072, 3073, 10_000] {
            let bytes = Bytes((0..length).map(|n| (n % 251) as u8).collect());
            let json = serde_json::to_string(&bytes).unwrap();
            assert_eq!(json, format!("\"{}\"", Base64::encode_string(&bytes.0)));
            assert_eq!(serde_json::from_str::<Bytes>(&json).unwrap(), bytes);
        }
    }
}
