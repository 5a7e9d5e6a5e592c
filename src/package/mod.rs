//! The package: a canonical ZIP, written so that its bytes depend on nothing but its content.
//!
//! `docs/formats.md` is the specification; [`mod@write`] opens with its part of it.

pub mod earlier;
pub mod layer;
pub mod repack;
pub mod select;
pub mod write;

pub use countersign_verify::package::{name, read, size, zip};
