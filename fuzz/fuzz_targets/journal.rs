//! Fuzzes `journal`.
#![no_main]

countersign_fuzz::target!("journal");
