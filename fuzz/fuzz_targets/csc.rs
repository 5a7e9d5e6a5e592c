//! Fuzzes `csc`.
#![no_main]

countersign_fuzz::target!("csc");
