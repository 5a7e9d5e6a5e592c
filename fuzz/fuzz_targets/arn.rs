//! Fuzzes `arn`.
#![no_main]

countersign_fuzz::target!("arn");
