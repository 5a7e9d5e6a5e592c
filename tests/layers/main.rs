//! Are layers what their records say: what is published, what is brought from elsewhere, and what is endorsed?

#![cfg(unix)]

mod endorse;
mod fetch;
mod publish;
#[path = "../support/mod.rs"]
mod support;
mod vendor;
