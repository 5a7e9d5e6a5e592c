//! Does the exchange with AWS carry what a policy says, and never permit more?

#![cfg(unix)]

mod export;
mod import;
#[path = "../support/mod.rs"]
mod support;
