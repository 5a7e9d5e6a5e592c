//! Fuzzes `stackset`.
#![no_main]

countersign_fuzz::target!("stackset");
