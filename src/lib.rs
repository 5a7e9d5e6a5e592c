//! Code signing for everything that is deployed as a ZIP, in git and CI, without a service to call.
//!
//! The decisions are made by the trusted core, the crate [`countersign_verify`], whose modules are
//! re-exported here. The modules of this crate sign, write, run programs and read git. They are on five
//! floors, and each imports only from floors below its own and from the core (`tests/tidy.rs`).

// The trusted core.
pub use countersign_verify::{
    account, arn, csc, digest, document, function, hint, inventory, layer, ledger, limits, name, parallel,
    pin, profile, provenance, revocation, shown, statement, time, verify,
};

// 0 tools
pub mod crypto;
pub mod files;
pub mod git;
pub mod random;
pub mod report;
pub mod shard;
// 1 documents
pub mod manifest;
pub mod metrics;
pub mod package;
pub mod plan;
pub mod stackset;
pub mod workspace;
// 2 trust
pub mod policy;
// 3 verbs
pub mod changed;
pub mod exchange;
pub mod graph;
pub mod init;
pub mod monitor;
pub mod record;
pub mod rollout;
pub mod sign;
pub mod source;
// 4 decision
pub mod audit;
pub mod gate;
pub mod hook;
