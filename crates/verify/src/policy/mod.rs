//! The policy: an account's documents, trusted through a pinned root, a seal, and the remembered state.
//!
//! ```text
//! pin --> roots/1.json --> … --> roots/N.json --> snapshot.json --> profiles, CSCs, functions, revocations
//! ```
//! [`store::Policy`] is the result when every step succeeds. It contains copies of other accounts' policies,
//! each under a separate pin ([`accounts`]), which the same code opens.

pub mod accounts;
pub mod documents;
pub mod entries;
pub mod error;
pub mod index;
pub mod kind;
pub mod objects;
pub mod root;
#[cfg(test)]
pub(crate) mod sample;
pub mod sealed;
pub mod snapshot;
pub mod state;
pub mod store;
