//! Memory: opens a policy and remembers its state, so that an older one is refused next time.

use std::path::Path;

use super::error::PolicyError;
use super::state::State;
use super::store::{Location, Policy};
use crate::document;
use crate::files::{self, Access, FileError, Lock};
use crate::time::Timestamp;

const FORGOTTEN: &str = "countersign cannot detect a rollback of the policy next time";

/// Opens a policy as [`Policy::open`] does, and remembers it.
///
/// A state that cannot be written changes no verdict; it is a note.
pub fn open(location: &Location, now: Timestamp) -> Result<Policy, PolicyError> {
    let policy = Policy::open(location, now)?;
    let Some(path) = &location.state else { return Ok(policy) };
    if State::read(path)?.as_ref() == Some(policy.state()) {
        return Ok(policy);
    }
    // Two commands at once must not leave the lower of their versions.
    let lock = Lock::next_to(path);
    if let Some(before) = State::read(path)? {
        policy.check_follows(&before)?;
    }
    Ok(match lock.and_then(|_lock| write(policy.state(), path)) {
        Ok(()) => policy,
        Err(error) => policy.with_note(format!("{error}: {FORGOTTEN}")),
    })
}

/// Whether a policy's note says that it is not remembered.
pub fn is_forgotten(note: &str) -> bool {
    note.ends_with(FORGOTTEN)
}

/// Writes the state to a file.
pub fn write(state: &State, path: &Path) -> Result<(), FileError> {
    files::write(path, &document::to_json(state), Access::Public)
}
