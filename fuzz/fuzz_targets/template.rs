//! Fuzzes `template`.
#![no_main]

countersign_fuzz::target!("template");
