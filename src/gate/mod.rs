//! The gate: runs a deploy command on exactly the bytes that were admitted.
//!
//! What may go on is [`Admitted`]. What may be deployed is more: [`deploy::Cleared`], an admitted copy
//! ([`private`]) that nobody else can change, on which a command is run ([`command`]).

pub mod command;
pub mod deploy;
pub mod deployment;
pub mod plan;
pub mod private;
pub mod watch;

pub use countersign_verify::gate::*;
