//! All integration tests in one program, so that cargo links one: a module is a folder or file of this name.
//!
//! They run at the same time in one process. A test that needs an environment, a folder, a limit or a memory of its own
//! starts a process for it. `transcripts` is a program of its own, because it starts itself again.

#[cfg(unix)]
mod accounts;
#[cfg(unix)]
mod attacks;
#[cfg(unix)]
mod audit;
#[cfg(target_os = "linux")]
mod bounds;
#[cfg(unix)]
mod exchange;
#[cfg(target_os = "linux")]
mod faults;
mod fuzz;
#[cfg(unix)]
mod gate;
#[cfg(unix)]
mod governance;
#[cfg(unix)]
mod graph;
#[cfg(unix)]
mod hooks;
#[cfg(unix)]
mod ignored;
#[cfg(unix)]
mod kinds;
#[cfg(unix)]
mod layers;
#[cfg(unix)]
mod many;
#[cfg(unix)]
mod monitor;
mod packages;
mod parsers;
#[cfg(unix)]
mod peers;
#[cfg(unix)]
mod push;
mod reports;
#[cfg(unix)]
mod selection;
#[cfg(unix)]
mod stackset;
#[cfg(unix)]
mod standing;
mod support;
mod tidy;
#[cfg(unix)]
mod workspace;
mod wycheproof;
