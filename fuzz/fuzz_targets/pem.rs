//! Fuzzes `pem`.
#![no_main]

countersign_fuzz::target!("pem");
