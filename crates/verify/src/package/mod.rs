//! The package: a reader that refuses every archive that two programs could read differently, and what a writer
//! shares with it.
//!
//! `docs/formats.md` is the specification; [`mod@read`] opens with its part of it.

pub mod name;
pub mod read;
pub mod size;
pub mod zip;
