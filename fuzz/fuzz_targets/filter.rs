//! Fuzzes `filter`.
#![no_main]

countersign_fuzz::target!("filter");
