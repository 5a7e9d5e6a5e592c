//! Cryptography: P-384 keys, the DSSE envelope and its pre-authentication encoding.
//!
//! Only this module names the curve. The one algorithm is ECDSA over P-384 with SHA-384; nothing
//! a document says can choose another.

pub mod any;
pub mod envelope;
pub mod key;
pub mod many;
pub mod pae;
pub mod secret;
pub mod signing;
