//! Does the gate run a deploy command on the verified bytes alone, and name what a plan leaves unverified?
//!
//! Each test starts from a workspace whose function and layer are signed, under a CSC that enforces.

mod commands;
mod hook;
mod hostile;
mod pages;
mod plans;
mod sam;
mod shop;
mod signals;
mod swapped;
