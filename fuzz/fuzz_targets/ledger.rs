//! Fuzzes `ledger`.
#![no_main]

countersign_fuzz::target!("ledger");
