//! Fuzzes `state`.
#![no_main]

countersign_fuzz::target!("state");
