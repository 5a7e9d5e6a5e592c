//! Fuzzes `location`.
#![no_main]

countersign_fuzz::target!("location");
