//! Fuzzes `terraform`.
#![no_main]

countersign_fuzz::target!("terraform");
