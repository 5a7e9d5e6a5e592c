//! Keys: PEM texts, and the one key that seeds are signed with.

use std::sync::OnceLock;

use countersign::crypto::any::AnyKey;
use countersign::crypto::key::{KeyId, PublicKey};
use countersign::crypto::secret::{self, Passphrase, SecretKey};
use p384::pkcs8::{EncodePrivateKey, LineEnding};

/// A secret key that every run has, so that seeds are the same everywhere.
pub fn secret() -> &'static SecretKey {
    static KEY: OnceLock<SecretKey> = OnceLock::new();
    KEY.get_or_init(|| SecretKey::from_pem(&secret_pem(), None).expect("it is a key"))
}

/// Its public key.
pub fn public() -> &'static PublicKey {
    static KEY: OnceLock<PublicKey> = OnceLock::new();
    KEY.get_or_init(|| secret().public())
}

fn secret_pem() -> String {
    let key = p384::SecretKey::from_slice(&[7; 48]).expect("it is a scalar of the curve");
    key.to_pkcs8_pem(LineEnding::LF).expect("it has a PEM form").to_string()
}

pub fn pem(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(key) = text.parse::<PublicKey>() {
        let again = key.to_pem().parse::<PublicKey>().expect("what is written is read");
        assert_eq!((again.id(), &again), (key.id(), &key));
        assert!(key.id().as_str().parse::<KeyId>().is_ok());
    }
    if let Ok(id) = text.parse::<KeyId>() {
        assert_eq!(id.as_str(), text);
    }
    if let Ok(key) = AnyKey::from_pem(&text, None)
        && let Some(secret) = key.secret()
    {
        let written = secret.to_pem(None).expect("a key has a PEM form");
        let again = SecretKey::from_pem(&written, None).expect("what is written is read");
        assert_eq!(again.public(), key.public());
    }
}

pub fn encrypted(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if secret::is_encrypted(&text) {
        let _ = SecretKey::from_pem(&text, Some(&Passphrase::new("x".into())));
    }
}

pub fn pem_seeds() -> Vec<Vec<u8>> {
    let id = public().id();
    super::texts(&[&public().to_pem(), &secret_pem(), id.as_str(), "-----BEGIN EC PRIVATE KEY-----\n"])
}

/// Keys encrypted with few iterations, so that an input takes little time: PBKDF2, and scrypt with N = 2.
pub fn encrypted_seeds() -> Vec<Vec<u8>> {
    super::texts(&[include_str!("keys/pbkdf2.pem"), include_str!("keys/scrypt.pem")])
}
