//! Fuzzes `layer`.
#![no_main]

countersign_fuzz::target!("layer");
