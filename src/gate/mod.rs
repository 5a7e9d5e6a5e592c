//! The gate: runs a deploy command on exactly the bytes that were admitted.
//!
//! An artifact that passes is [`Admitted`]. A deploy needs more: [`deploy::Cleared`], an admitted private copy
//! ([`private`]), on which a command is run ([`command`]).

pub mod command;
pub mod deploy;
pub mod deployment;
pub mod plan;
pub mod private;
pub mod watch;

pub use countersign_verify::gate::*;
