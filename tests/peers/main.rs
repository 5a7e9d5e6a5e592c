//! Do other people's tools agree with us, about our signatures and about our packages?
//!
//! Each test hands the same small release to one peer. `tests/peers/install` brings the peers. A
//! test whose peer is missing says so and passes; with `COUNTERSIGN_PEERS=required` it fails.
#![cfg(unix)]

mod archives;
mod aws;
#[path = "../governance/board.rs"]
mod board;
mod ci;
mod forgery;
mod graph;
mod hooks;
#[path = "../reports/hostile.rs"]
mod hostile;
mod kills;
mod mutation;
mod peer;
mod release;
mod reports;
mod signatures;
#[path = "../support/mod.rs"]
mod support;
#[path = "../graph/troubled.rs"]
mod troubled;
mod tuf;
mod yaml;
#[path = "../hooks/yard.rs"]
mod yard;
mod zips;
