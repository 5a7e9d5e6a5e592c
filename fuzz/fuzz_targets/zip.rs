//! Fuzzes `zip`.
#![no_main]

countersign_fuzz::target!("zip");
