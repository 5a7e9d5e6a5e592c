//! Finding manifests: next to an artifact, in a folder, in a note.

pub mod attached;
pub mod claim;
pub mod shelf;

pub use countersign_verify::manifest::*;
