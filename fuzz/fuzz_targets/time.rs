//! Fuzzes `time`.
#![no_main]

countersign_fuzz::target!("time");
