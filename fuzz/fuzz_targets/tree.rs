//! Fuzzes `tree`.
#![no_main]

countersign_fuzz::target!("tree");
