//! Fuzzes `pem_encrypted`.
#![no_main]

countersign_fuzz::target!("pem_encrypted");
