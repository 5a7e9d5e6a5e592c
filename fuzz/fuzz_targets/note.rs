//! Fuzzes `note`.
#![no_main]

countersign_fuzz::target!("note");
