//! Fuzzes `path`.
#![no_main]

countersign_fuzz::target!("path");
