//! Fuzzes `profile`.
#![no_main]

countersign_fuzz::target!("profile");
