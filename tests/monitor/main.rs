//! Is every verdict counted, and do journals say truly for which functions it is safe to enforce?

#![cfg(unix)]

mod answers;
mod counting;
mod journals;
mod lines;
mod metrics;
mod page;
#[path = "../peers/peer.rs"]
mod peer;
#[path = "../support/mod.rs"]
mod support;
mod uncounted;
