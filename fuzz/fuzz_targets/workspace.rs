//! Fuzzes `workspace`.
#![no_main]

countersign_fuzz::target!("workspace");
