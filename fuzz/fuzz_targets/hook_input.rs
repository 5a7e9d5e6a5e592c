//! Fuzzes `hook_input`.
#![no_main]

countersign_fuzz::target!("hook_input");
