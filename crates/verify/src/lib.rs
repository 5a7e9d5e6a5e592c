//! The trusted core of countersign: what decides whether an artifact may be deployed.

pub mod account;
pub mod arn;
pub mod crypto;
pub mod csc;
pub mod digest;
pub mod document;
pub mod files;
pub mod function;
pub mod gate;
pub mod inventory;
pub mod layer;
pub mod ledger;
pub mod limits;
pub mod manifest;
pub mod name;
pub mod package;
pub mod parallel;
pub mod pin;
pub mod policy;
pub mod profile;
pub mod provenance;
pub mod report;
pub mod revocation;
pub mod shown;
pub mod time;
pub mod verify;
