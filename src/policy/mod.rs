//! The policy as its owner keeps it: edited, compared, sealed, rotated, fetched and remembered.
//!
//! How a sealed policy is opened is the trusted core's.

pub mod diff;
pub mod edit;
pub mod fetch;
pub mod keep;
pub mod memory;
pub mod prepare;
pub mod rotation;
pub mod seal;
pub mod signing;
mod vendor;

pub use countersign_verify::policy::{
    accounts, documents, entries, error, index, objects, root, sealed, snapshot, state, store,
};
