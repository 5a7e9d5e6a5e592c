//! Fuzzes `signed_revocation`.
#![no_main]

countersign_fuzz::target!("signed_revocation");
