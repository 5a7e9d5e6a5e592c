//! Any key: a public key only identifies its owner, a secret key can also sign.

use std::borrow::Cow;

use crate::hint::Hint;

use super::key::PublicKey;
use super::secret::{self, Passphrase, SecretKey, SecretKeyError};

/// A key that the user passed.
#[derive(Debug)]
pub enum AnyKey {
    /// A public key.
    Public(PublicKey),
    /// A secret key, which has a public one.
    Secret(SecretKey),
}

/// Why a text is not a valid key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnyKeyError {
    /// The text is a certificate.
    #[error("it is a certificate, not a key")]
    Certificate,
    /// The text is a key in OpenSSH's own format.
    #[error("it is a key in OpenSSH's own format, not PEM")]
    OpenSsh,
    /// The text is something else, or another curve.
    #[error(
        "not a PEM key for P-384: expected a public key (`-----BEGIN PUBLIC KEY-----`) or a PKCS#8 secret key"
    )]
    NotAKey,
    /// The text is a secret key that is not usable.
    #[error(transparent)]
    Secret(#[from] SecretKeyError),
}

impl Hint for AnyKeyError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Certificate => "extract its public key: openssl x509 -in FILE -pubkey -noout",
            Self::OpenSsh => "convert its public key to PEM: ssh-keygen -e -m PKCS8 -f FILE",
            Self::NotAKey => {
                "create a key with `countersign key generate`, and print its public key with `countersign key show`"
            }
            Self::Secret(error) => return error.hint(),
        };
        Some(hint.into())
    }
}

impl AnyKey {
    /// Parses a SubjectPublicKeyInfo PEM, or a PKCS#8 PEM, encrypted or plain.
    pub fn from_pem(pem: &str, passphrase: Option<&Passphrase>) -> Result<Self, AnyKeyError> {
        let pem = pem.trim();
        if pem.contains("-----BEGIN CERTIFICATE-----") {
            return Err(AnyKeyError::Certificate);
        }
        if pem.contains("BEGIN OPENSSH PRIVATE KEY") || pem.starts_with("ecdsa-sha2-") {
            return Err(AnyKeyError::OpenSsh);
        }
        if pem.contains("PRIVATE KEY-----") || secret::is_encoded(pem) {
            return Ok(Self::Secret(SecretKey::from_pem(pem, passphrase)?));
        }
        pem.parse().map(Self::Public).map_err(|_| AnyKeyError::NotAKey)
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Public(key) => key.clone(),
            Self::Secret(key) => key.public(),
        }
    }

    /// The secret key, if it is one.
    pub fn secret(&self) -> Option<&SecretKey> {
        match self {
            Self::Public(_) => None,
            Self::Secret(key) => Some(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_of_a_key_have_one_public_key() {
        let key = SecretKey::generate().unwrap();
        let public = AnyKey::from_pem(&format!("\n{}\r\n", key.public().to_pem()), None).unwrap();
        let secret = AnyKey::from_pem(&key.to_pem(None).unwrap(), None).unwrap();
        assert_eq!(public.public(), secret.public());
        assert!(public.secret().is_none() && secret.secret().is_some());
    }

    #[test]
    fn what_is_not_a_key_says_what_it_is() {
        for (text, error) in [
            ("", AnyKeyError::NotAKey),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", AnyKeyError::NotAKey),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", AnyKeyError::Certificate),
            ("ecdsa-sha2-nistp384 AAAA ada@example.org", AnyKeyError::OpenSsh),
            ("-----BEGIN OPENSSH PRIVATE KEY-----", AnyKeyError::OpenSsh),
            ("-----BEGIN EC PRIVATE KEY-----", AnyKeyError::Secret(SecretKeyError::OldForm)),
            ("-----BEGIN PRIVATE KEY-----", AnyKeyError::Secret(SecretKeyError::NotAKey)),
            ("LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t", AnyKeyError::Secret(SecretKeyError::Encoded)),
        ] {
            assert_eq!(AnyKey::from_pem(text, None).unwrap_err(), error, "{text}");
        }
    }
}
