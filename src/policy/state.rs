//! The remembered state: the highest policy seen, kept outside the tree, so that an older one is refused.
//!
//! ```json
//! { "root": 1, "policy_role": "…", "snapshot": 7, "sha384": "…" }
//! ```
//! `policy_role` is a digest of the keys that sealed the snapshot. A newer root that gives the role
//! other keys starts the versions anew: that is the way back after a thief has pushed them up.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::PolicyError;
use super::root::Root;
use super::snapshot::Snapshot;
use crate::digest::Sha384;
use crate::document;
use crate::files::{self, Access, FileError};
use crate::limits::STATE_BYTES_MAX;

/// What was seen last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    root: u64,
    policy_role: Sha384,
    snapshot: u64,
    sha384: Sha384,
}

impl State {
    /// The state after seeing a snapshot, whose payload has the digest.
    pub fn of(root: &Root, snapshot: &Snapshot, payload: Sha384) -> Self {
        let mut ids: Vec<String> = root.policy().keys().iter().map(|key| key.id().to_string()).collect();
        ids.sort();
        let role = Sha384::of(ids.join("\n").as_bytes());
        Self { root: root.version(), policy_role: role, snapshot: snapshot.version, sha384: payload }
    }

    /// Reads the remembered state, if there is one.
    ///
    /// A state that cannot be read is an error, not a fresh start.
    pub fn read(path: &Path) -> Result<Option<Self>, PolicyError> {
        match files::read_if_there(path, STATE_BYTES_MAX)? {
            Some(bytes) => Ok(Some(document::from_json(path, &bytes)?)),
            None => Ok(None),
        }
    }

    /// Remembers the state.
    pub fn write(&self, path: &Path) -> Result<(), FileError> {
        files::write(path, &document::to_json(self), Access::Public)
    }

    /// Refuses a policy that is older than this one, or as old and different.
    pub fn allows(&self, next: &Self) -> Result<(), PolicyError> {
        let refuse =
            |what: &'static str, seen: u64, found: u64| Err(PolicyError::RolledBack { what, seen, found });
        if next.root < self.root {
            return refuse("root", self.root, next.root);
        }
        if next.root > self.root && next.policy_role != self.policy_role {
            return Ok(());
        }
        if next.snapshot < self.snapshot {
            return refuse("snapshot", self.snapshot, next.snapshot);
        }
        if next.snapshot == self.snapshot && next.sha384 != self.sha384 {
            return Err(PolicyError::TwoSnapshots { version: next.snapshot });
        }
        Ok(())
    }
}
