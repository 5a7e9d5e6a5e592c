//! Fuzzes `zip_written`.
#![no_main]

countersign_fuzz::target!("zip_written");
