//! Cryptography: P-384 public keys, the DSSE envelope and its pre-authentication encoding.
//!
//! Only this module names the curve. The only algorithm is ECDSA over P-384 with SHA-384; no document can
//! choose another. Secret keys are not part of this crate.

pub mod envelope;
pub mod key;
pub mod pae;
#[cfg(test)]
pub(crate) mod sample;
