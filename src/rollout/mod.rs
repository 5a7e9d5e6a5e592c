//! Rolling out: compares a stack set's targets with what they should have, and updates each with one commit.
//!
//! ```text
//! central policy --> each target: fetch --> compare --> DRIFT
//!                                               \--> commit on the branch --> push --> CURRENT
//! ```
//! Nothing is checked out, and no code of a target's repository runs: trees are read and written in a
//! temporary object database. An operation keeps no state except in the targets, so an interrupted one is run
//! again, and skips targets that are CURRENT. (`exchange::stackset` is different: it writes inputs for
//! CloudFormation's stack sets.)

mod account;
mod central;
mod clone;
mod copy;
pub mod drift;
mod error;
mod message;
mod operation;
pub mod order;
pub mod property;
mod values;

use std::path::{Path, PathBuf};

pub use self::central::{Central, CentralError};
pub use self::error::TargetError;
pub use self::operation::{Operation, Pushed, Status, TargetOutcome};
use crate::policy::store::Location;
use crate::stackset::Target;

/// The purpose of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Targets get the central policy.
    Deploy,
    /// Targets get it, and lose documents that were not rolled out.
    Remediate,
}

/// The folder of the remembered states of targets' own accounts.
#[derive(Debug, Clone)]
pub struct Memory(Option<PathBuf>);

impl Memory {
    /// In a folder of the user; without one, rollbacks cannot be detected.
    pub fn in_folder(folder: Option<PathBuf>) -> Self {
        Self(folder)
    }

    /// The location of a copy of a target's own policy, with the target's pin.
    fn location(&self, target: &Target, directory: &Path) -> Location {
        let pin = target.root().copied();
        let name = |short: String| format!("stackset-{short}-{}.json", target.name());
        let state = self.0.as_ref().zip(pin).map(|(folder, pin)| folder.join(name(pin.short())));
        Location { directory: directory.into(), pin, state }
    }
}
