//! Fuzzes `account`.
#![no_main]

countersign_fuzz::target!("account");
