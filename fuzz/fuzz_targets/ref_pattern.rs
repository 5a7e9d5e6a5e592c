//! Fuzzes `ref_pattern`.
#![no_main]

countersign_fuzz::target!("ref_pattern");
