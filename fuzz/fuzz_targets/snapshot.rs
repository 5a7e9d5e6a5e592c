//! Fuzzes `snapshot`.
#![no_main]

countersign_fuzz::target!("snapshot");
