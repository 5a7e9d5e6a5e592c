//! Fuzzes `source`.
#![no_main]

countersign_fuzz::target!("source");
