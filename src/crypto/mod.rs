//! Secret keys and signing, beside the public keys and envelopes of the trusted core.

pub mod any;
pub mod many;
pub mod secret;
pub mod signing;

pub use countersign_verify::crypto::{envelope, key, pae};
