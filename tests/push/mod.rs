//! Does a push go on only when all that it would put under a protected ref is signed?
//!
//! Each test has a developer's repository and a server's bare one, each with its hook, and a policy that
//! protects `main` and version tags; pushes are those of the real `git`.

mod attached;
mod bounds;
mod built;
mod claims;
mod covered;
mod forms;
mod hostile;
mod objects;
pub mod place;
mod server;
mod source;
mod story;
mod trees;
mod ways;
