//! Do other people's tools agree with us, about our signatures and about our packages?
//!
//! Each test hands the same small release to one peer. `tests/peers/install` brings the peers. A
//! test whose peer is missing says so and passes; with `COUNTERSIGN_PEERS=required` it fails.

mod archives;
mod aws;
mod ci;
mod forgery;
mod graph;
mod hooks;
mod kills;
mod mutation;
pub mod peer;
mod recipes;
mod release;
mod reports;
mod signatures;
mod tuf;
mod yaml;
mod zips;
