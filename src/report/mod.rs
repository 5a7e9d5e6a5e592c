//! Reports: checks and findings for people and programs; each renderer is a file.

pub mod catalogue;
pub mod escape;
pub mod github;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod outputs;
pub mod read;
pub mod sarif;
pub mod text;

pub use countersign_verify::report::*;
