//! Fuzzes `pattern`.
#![no_main]

countersign_fuzz::target!("pattern");
