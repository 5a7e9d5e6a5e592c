//! The policy: an account's documents, trusted through a pinned root, a seal, and what was seen before.
//!
//! ```text
//! pin --> roots/1.json --> … --> roots/N.json --> snapshot.json --> profiles, CSCs, functions, revocations
//! ```
//! [`store::Policy`] is what is left when every step held. Other accounts' policies lie in it, each under a pin of
//! its own ([`accounts`]), and are opened by the same code.

pub mod accounts;
pub mod documents;
pub mod entries;
pub mod error;
pub mod index;
pub mod objects;
pub mod root;
#[cfg(test)]
pub(crate) mod sample;
pub mod sealed;
pub mod snapshot;
pub mod state;
pub mod store;
