//! Fuzzes `zip_entries`.
#![no_main]

countersign_fuzz::target!("zip_entries");
