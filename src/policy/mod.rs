//! The policy for its owner: edits, differences, seals, rotations, fetches, and the remembered state.
//!
//! Opening a sealed policy is part of the trusted core.

pub mod diff;
pub mod edit;
pub mod fetch;
pub mod keep;
pub mod memory;
pub mod rotation;
pub mod seal;
pub mod signing;
mod vendor;

pub use countersign_verify::policy::{
    accounts, documents, entries, error, index, objects, root, sealed, snapshot, state, store,
};
