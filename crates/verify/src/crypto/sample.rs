//! Secret keys for unit tests; this crate has no others.

#![cfg(test)]

use std::sync::atomic::{AtomicU64, Ordering};

use p384::ecdsa::signature::Signer;
use p384::ecdsa::{Signature, SigningKey, VerifyingKey};

use super::key::PublicKey;

/// A secret key for tests.
#[derive(Debug)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// A new key.
    pub fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let mut scalar = [0; 48];
        scalar[40..].copy_from_slice(&NUMBER.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        Self(SigningKey::from_slice(&scalar).unwrap())
    }

    /// Its public key.
    pub fn public(&self) -> PublicKey {
        PublicKey::from_sec1(VerifyingKey::from(&self.0).to_sec1_point(false).as_bytes()).unwrap()
    }

    /// Its signature of a message.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(message);
        signature.to_der().as_bytes().to_vec()
    }
}
