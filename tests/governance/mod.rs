//! Is the governance of a policy what it says: what may change, who may seal it, and what is lost when?
//!
//! Each test starts from an account made by `countersign init`, does one thing by command or by hand,
//! and asks for the seal, the state or the verdict.

pub mod board;
mod compromise;
mod concurrency;
mod drafts;
mod expiry;
mod memory;
mod mixing;
mod questions;
mod restart;
mod revoked_by_holders;
mod rotation;
mod transitions;
