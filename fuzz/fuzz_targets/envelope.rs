//! Fuzzes `envelope`.
#![no_main]

countersign_fuzz::target!("envelope");
