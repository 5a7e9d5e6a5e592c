//! Fuzzes `revocations`.
#![no_main]

countersign_fuzz::target!("revocations");
