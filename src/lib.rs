//! Code signing for everything that is deployed as a ZIP, in git and CI, without a service to call.
//!
//! The modules lie on six floors; each imports only from floors below its own (`tests/tidy.rs`).

// 0 words
pub mod arn;
pub mod digest;
pub mod inventory;
pub mod limits;
pub mod name;
pub mod parallel;
pub mod pin;
pub mod provenance;
pub mod time;
// 1 tools
pub mod crypto;
pub mod document;
pub mod files;
pub mod git;
pub mod report;
// 2 documents
pub mod csc;
pub mod function;
pub mod ledger;
pub mod manifest;
pub mod metrics;
pub mod package;
pub mod plan;
pub mod profile;
pub mod revocation;
pub mod stackset;
pub mod workspace;
// 3 trust
pub mod policy;
// 4 verbs
pub mod exchange;
pub mod init;
pub mod monitor;
pub mod record;
pub mod rollout;
pub mod sign;
pub mod verify;
// 5 decision
pub mod gate;
pub mod hook;
