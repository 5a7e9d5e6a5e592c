//! Fuzzes `prometheus`.
#![no_main]

countersign_fuzz::target!("prometheus");
