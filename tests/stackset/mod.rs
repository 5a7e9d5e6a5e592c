//! Does a stack set bring its targets to what they should hold, and see what became of it there?
//!
//! The central account is a scene's; each target is a real repository beside it, reached by its URL.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
mod drift;
mod fleet;
mod hostile;
mod operations;
mod story;
mod workflow;
