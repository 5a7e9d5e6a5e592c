//! Secret keys and signing. Public keys and envelopes are in the trusted core.

pub mod any;
pub mod many;
pub mod pem;
pub mod secret;
pub mod signing;

pub use countersign_verify::crypto::{envelope, key, pae};
