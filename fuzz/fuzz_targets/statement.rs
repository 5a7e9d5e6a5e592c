//! Fuzzes `statement`.
#![no_main]

countersign_fuzz::target!("statement");
