//! Whatever fails while a command runs, is every file whole, is nothing earlier lost, and does the command go on?
//!
//! `inject.c` stands between a command and the kernel: it counts the calls that touch files below the scene,
//! and lets one of them fail, stop short, or be the last before a kill. The table in `commands` has every
//! command that writes. A plain run takes a sample of the calls of long commands; `COUNTERSIGN_FAULTS=all`
//! takes every call with every error, and `COUNTERSIGN_FAULTS=count` only prints how many there are.

mod clock;
mod commands;
mod durable;
mod injector;
mod machine;
mod reads;
mod swaps;
mod together;
mod whole;
mod writes;
