//! Rolling out: what a stack set's targets hold against what they should, and one commit that brings each there.
//!
//! ```text
//! central policy --> each target: fetch --> compare --> DRIFT
//!                                               \--> commit on the branch --> push --> CURRENT
//! ```
//! Nothing is checked out and nothing of a target's repository runs here: trees are read and written in an
//! object database of our own. What a target holds is all that an operation remembers, so one that was
//! stopped is run again, and passes over what is CURRENT. (`exchange::stackset` is another thing: it writes
//! inputs for CloudFormation's stack sets.)

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
pub use self::operation::{Intent, Operation, Outcome, Pushed, Status};
use crate::policy::store::Location;
use crate::stackset::Target;

/// Where what was seen of the targets' own accounts is remembered.
#[derive(Debug, Clone)]
pub struct Memory(Option<PathBuf>);

impl Memory {
    /// In a folder of the user's; without one, older policies cannot be told.
    pub fn in_folder(folder: Option<PathBuf>) -> Self {
        Self(folder)
    }

    /// The location of a copy of a target's own policy, judged by its own pin.
    fn location(&self, target: &Target, directory: &Path) -> Location {
        let pin = target.root().copied();
        let name = |short: String| format!("stackset-{short}-{}.json", target.name());
        let state = self.0.as_ref().zip(pin).map(|(folder, pin)| folder.join(name(pin.short())));
        Location { directory: directory.into(), pin, state }
    }
}
