//! Fuzzes `functions`.
#![no_main]

countersign_fuzz::target!("functions");
