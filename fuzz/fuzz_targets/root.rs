//! Fuzzes `root`.
#![no_main]

countersign_fuzz::target!("root");
