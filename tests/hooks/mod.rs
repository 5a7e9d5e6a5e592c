//! Do the hooks run where git would run them, with everything that git said, and is nothing of anybody's lost?
//!
//! The judgement is not asked here: a program in countersign's place writes down what it was given, and
//! answers as the test says. `tests/peers` asks other people's hook managers, and a git that takes hooks
//! from its settings.

mod earlier;
mod install;
mod lines;
mod managers;
mod order;
mod places;
mod program;
mod server;
mod status;
pub mod yard;
