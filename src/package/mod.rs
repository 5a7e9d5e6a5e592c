//! The package: a canonical ZIP, written so that its bytes depend on nothing but its content, and
//! a reader that refuses every archive that two programs could read differently.
//!
//! `docs/formats.md` is the specification; [`mod@write`] and [`mod@read`] each open with their part of it.

pub mod layer;
pub mod name;
pub mod read;
pub mod select;
pub mod size;
pub mod write;
mod zip;
