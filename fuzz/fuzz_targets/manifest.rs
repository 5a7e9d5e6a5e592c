//! Fuzzes `manifest`.
#![no_main]

countersign_fuzz::target!("manifest");
