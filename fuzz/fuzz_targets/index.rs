//! Fuzzes `index`.
#![no_main]

countersign_fuzz::target!("index");
