//! Secret keys: reading and writing PKCS#8 PEM, and signing.

use std::borrow::Cow;
use std::fmt;

use p384::ecdsa::signature::Signer;
use p384::ecdsa::{Signature, SigningKey, VerifyingKey};
use p384::elliptic_curve::Generate;
use pkcs8::{DecodePrivateKey, EncodePrivateKey, EncryptedPrivateKeyInfoRef, LineEnding, SecretDocument};
use zeroize::Zeroizing;

use super::key::PublicKey;
use crate::hint::Hint;
use crate::limits::{KEY_SCRYPT_BYTES_MAX, PBKDF2_ITERATIONS_MAX};

/// A P-384 secret key; wiped from memory when dropped, and never printed.
pub struct SecretKey(SigningKey);

/// A passphrase; wiped from memory when dropped.
pub type Passphrase = Zeroizing<String>;

/// Why a text is not a usable secret key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretKeyError {
    /// The key is encrypted, and there is no passphrase.
    #[error("the key is encrypted and no passphrase is set")]
    PassphraseNeeded,
    /// The passphrase does not decrypt the key.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The key is in OpenSSL's older PEM form, or encrypted with an older algorithm.
    #[error("the key is in an older PEM form, or encrypted with an older algorithm")]
    OldForm,
    /// The passphrase derivation is too expensive.
    #[error("the key's encryption needs more than {} MB or {PBKDF2_ITERATIONS_MAX} rounds", KEY_SCRYPT_BYTES_MAX >> 20)]
    Costly,
    /// The text is a PEM in base64.
    #[error("the key is encoded in base64 once more")]
    Encoded,
    /// The text is something else, or another curve.
    #[error("not a P-384 secret key in PKCS#8 PEM format")]
    NotAKey,
    /// The operating system has no randomness.
    #[error("the operating system's random number generator failed")]
    NoRandomness,
}

impl Hint for SecretKeyError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::PassphraseNeeded => "set COUNTERSIGN_PASSPHRASE, or pass `--passphrase-file`",
            Self::WrongPassphrase => {
                "check COUNTERSIGN_PASSPHRASE or `--passphrase-file`; a lost passphrase cannot be recovered: create another key \
                 with `countersign key generate`, and ask the policy owner to permit it"
            }
            Self::Costly => "encrypt it again: openssl pkcs8 -topk8 -v2 aes-256-cbc -scrypt -in OLD -out NEW",
            Self::OldForm => "convert it: openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW",
            Self::Encoded => "store the PEM itself, which starts with `-----BEGIN`: base64 -d",
            Self::NotAKey => "create a key with `countersign key generate --output FILE`",
            Self::NoRandomness => return None,
        };
        Some(hint.into())
    }
}

/// Whether the text is the base64 of a PEM.
pub fn is_encoded(text: &str) -> bool {
    text.trim_start().starts_with("LS0tLS1CRUdJTi")
}

/// Whether a PEM text needs a passphrase.
pub fn is_encrypted(pem: &str) -> bool {
    pem.trim_start().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----")
}

impl SecretKey {
    /// Generates a random key.
    pub fn generate() -> Result<Self, SecretKeyError> {
        let key = p384::SecretKey::try_generate().map_err(|_| SecretKeyError::NoRandomness)?;
        Ok(Self(SigningKey::from(&key)))
    }

    /// Parses a PKCS#8 PEM, encrypted or plain.
    pub fn from_pem(pem: &str, passphrase: Option<&Passphrase>) -> Result<Self, SecretKeyError> {
        let pem = pem.trim();
        if pem.contains("Proc-Type:") || pem.contains("BEGIN EC PRIVATE KEY") {
            return Err(SecretKeyError::OldForm);
        }
        if is_encoded(pem) {
            return Err(SecretKeyError::Encoded);
        }
        let key = if is_encrypted(pem) {
            let passphrase = passphrase.ok_or(SecretKeyError::PassphraseNeeded)?;
            check_cost(pem)?;
            p384::SecretKey::from_pkcs8_encrypted_pem(pem, passphrase.as_bytes())
                .map_err(|error| opening_failed(&error))?
        } else {
            p384::SecretKey::from_pkcs8_pem(pem).map_err(|_| SecretKeyError::NotAKey)?
        };
        Ok(Self(SigningKey::from(&key)))
    }

    /// Writes PKCS#8 PEM, encrypted (PBES2 with scrypt and AES-256-CBC, RFC 8018) if there is a passphrase.
    pub fn to_pem(&self, passphrase: Option<&Passphrase>) -> Result<Zeroizing<String>, SecretKeyError> {
        let key = p384::SecretKey::from(&self.0);
        match passphrase {
            Some(passphrase) => key.to_pkcs8_encrypted_pem(passphrase.as_bytes(), LineEnding::LF),
            None => key.to_pkcs8_pem(LineEnding::LF),
        }
        .map_err(|_| SecretKeyError::NoRandomness)
    }

    /// The public key that belongs to this one.
    pub fn public(&self) -> PublicKey {
        let point = VerifyingKey::from(&self.0).to_sec1_point(false);
        PublicKey::from_sec1(point.as_bytes()).expect("a secret key's point is on the curve")
    }

    /// A DER ECDSA signature with SHA-384 of `message` (FIPS 186-5), with a nonce by RFC 6979.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(message);
        signature.to_der().as_bytes().to_vec()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public().id())
    }
}

/// Refuses a key whose derivation (scrypt, RFC 7914, or PBKDF2, RFC 8018) needs too much memory or time.
fn check_cost(pem: &str) -> Result<(), SecretKeyError> {
    let (_, document) = SecretDocument::from_pem(pem).map_err(|_| SecretKeyError::NotAKey)?;
    // An unsupported algorithm is an error before the passphrase is tried.
    let key = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes());
    let key = key.map_err(|_| SecretKeyError::OldForm)?;
    let Some(parameters) = key.encryption_algorithm.pbes2() else { return Ok(()) };
    // `128 · r · (N + p)` bytes.
    let memory = parameters.kdf.scrypt().map_or(0, |scrypt| {
        let blocks = scrypt.cost_parameter.saturating_add(scrypt.parallelization.into());
        blocks.saturating_mul(u64::from(scrypt.block_size)).saturating_mul(128)
    });
    let rounds = parameters.kdf.pbkdf2().map_or(0, |pbkdf2| pbkdf2.iteration_count);
    let is_costly = memory > KEY_SCRYPT_BYTES_MAX || rounds > PBKDF2_ITERATIONS_MAX;
    if is_costly { Err(SecretKeyError::Costly) } else { Ok(()) }
}

fn opening_failed(error: &pkcs8::Error) -> SecretKeyError {
    match error {
        pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. }) => {
            SecretKeyError::OldForm
        }
        pkcs8::Error::EncryptedPrivateKey(_) | pkcs8::Error::Asn1(_) => SecretKeyError::WrongPassphrase,
        _ => SecretKeyError::NotAKey,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_encrypted_pem() {
        let key = SecretKey::generate().unwrap();
        let passphrase = Passphrase::new("correct horse".into());
        let pem = key.to_pem(Some(&passphrase)).unwrap();
        assert!(is_encrypted(&pem));
        let back = SecretKey::from_pem(&pem, Some(&passphrase)).unwrap();
        assert_eq!(back.public(), key.public());
        let wrong = Passphrase::new("battery staple".into());
        assert_eq!(SecretKey::from_pem(&pem, Some(&wrong)).unwrap_err(), SecretKeyError::WrongPassphrase);
        assert_eq!(SecretKey::from_pem(&pem, None).unwrap_err(), SecretKeyError::PassphraseNeeded);
    }

    #[test]
    fn a_key_that_takes_all_memory_to_open_is_refused() {
        let passphrase = Passphrase::new("correct horse".into());
        let open = |pem: &str| SecretKey::from_pem(pem, Some(&passphrase)).map(|_| ());
        let pem = SecretKey::generate().unwrap().to_pem(Some(&passphrase)).unwrap();
        let (_, document) = SecretDocument::from_pem(&pem).unwrap();
        let der = document.as_bytes();
        // N of 16,384 and r of 8, as INTEGERs of DER.
        let cost = [2, 2, 0x40, 0, 2, 1, 8];
        let at = der.windows(cost.len()).position(|window| window == cost).unwrap();
        let mut costly = der.to_vec();
        costly[at + 2] = 0x7f;
        costly[at + 6] = 0x7f;
        let changed = SecretDocument::try_from(&costly[..]).unwrap();
        let text = changed.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).unwrap();
        assert_eq!(open(&text), Err(SecretKeyError::Costly));
        assert_eq!(open(&pem), Ok(()));
    }

    #[test]
    fn debug_shows_the_fingerprint_only() {
        let key = SecretKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), format!("SecretKey({})", key.public().id()));
    }

    /// `openssl pkcs8 -topk8 -v2 des3 -passout pass:x`
    const TRIPLE_DES: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
        MIIBEzBOBgkqhkiG9w0BBQ0wQTApBgkqhkiG9w0BBQwwHAQI6a10a60gyKcCAggA\n\
        MAwGCCqGSIb3DQIJBQAwFAYIKoZIhvcNAwcECCWpq72UDjbDBIHAa092pSxQHs3q\n\
        XbOUz8EAhQUqI3qBHjdSPTabgyFOnewbCVSa/NkmXwD2E+UQbA1R1dL98RzW6ree\n\
        5FGTNJgO1w6h7uO0uxuUDXyReRiiZNK/THsX5/O4Fy7ZSxAqkgZVY3N1ndg+Hwdy\n\
        iGZNzxiNYzvWOUWx7TKZ6pGBqEC+kILxEACEXUY+Wf2OKji2MMds29+Qczdz8Zif\n\
        Y4alJfk0t5es34F+mb5X/k7/9obCG7qRdolwKOgIsbO/7Z88b86t\n\
        -----END ENCRYPTED PRIVATE KEY-----\n";

    #[test]
    fn an_encryption_that_is_not_supported_says_so() {
        let passphrase = Passphrase::new("x".into());
        assert_eq!(SecretKey::from_pem(TRIPLE_DES, Some(&passphrase)).unwrap_err(), SecretKeyError::OldForm);
        let damaged = TRIPLE_DES.replace("MIIB", "M!IB");
        assert_eq!(SecretKey::from_pem(&damaged, Some(&passphrase)).unwrap_err(), SecretKeyError::NotAKey);
    }

    #[test]
    fn what_is_not_a_pkcs8_key_says_so() {
        for (text, error) in [
            ("", SecretKeyError::NotAKey),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", SecretKeyError::NotAKey),
            ("-----BEGIN EC PRIVATE KEY-----\n", SecretKeyError::OldForm),
            ("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", SecretKeyError::OldForm),
        ] {
            assert_eq!(SecretKey::from_pem(text, None).unwrap_err(), error);
        }
    }
}
