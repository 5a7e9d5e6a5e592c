//! Fuzzes `tree_entries`.
#![no_main]

countersign_fuzz::target!("tree_entries");
