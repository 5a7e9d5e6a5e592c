//! The remembered state: the highest policy seen, kept outside the tree, so that an older one is refused.
//!
//! ```json
//! { "root": 1, "sealers": [ "SHA256:…" ], "snapshot": 7, "sha384": "…" }
//! ```
//! `sealers` are the keys that sealed the snapshot. A newer root under which those are not enough starts
//! the versions anew, for seals made after it: that is the way back after a thief has pushed them up.
//! A seal from before that root, by whomever, is only an old one.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::PolicyError;
use super::root::Root;
use super::snapshot::Sealed;
use crate::crypto::key::KeyId;
use crate::digest::Sha384;
use crate::document;
use crate::files::{self, Access, FileError};
use crate::limits::STATE_BYTES_MAX;
use crate::time::Timestamp;

/// What was seen last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    root: u64,
    sealers: BTreeSet<KeyId>,
    snapshot: u64,
    sha384: Sha384,
}

impl State {
    /// The state after seeing a snapshot under a root.
    pub fn of(root: &Root, sealed: &Sealed) -> Self {
        let Sealed { snapshot, payload, sealers } = sealed;
        Self { root: root.version(), sealers: sealers.clone(), snapshot: snapshot.version, sha384: *payload }
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

    /// Refuses what is sealed if it is older than what is remembered at a path, if anything is.
    ///
    /// `sealed_at` is when it was sealed, or the clock where another seal is to follow it.
    pub fn check(path: &Path, root: &Root, sealed: &Sealed, sealed_at: Timestamp) -> Result<(), PolicyError> {
        Self::read(path)?.map_or(Ok(()), |before| before.allows(&Self::of(root, sealed), root, sealed_at))
    }

    /// Refuses a root that is older than what is remembered at a path: another of the next number may be there.
    pub fn check_root(path: &Path, root: &Root) -> Result<(), PolicyError> {
        match Self::read(path)? {
            Some(before) if root.version() < before.root => {
                Err(PolicyError::RolledBack { what: "root", seen: before.root, found: root.version() })
            }
            _ => Ok(()),
        }
    }

    /// Refuses a policy that is older than this one, or as old and different.
    ///
    /// `root` is the one that the next policy is under, and `sealed_at` when that was sealed.
    pub fn allows(&self, next: &Self, root: &Root, sealed_at: Timestamp) -> Result<(), PolicyError> {
        let refuse =
            |what: &'static str, seen: u64, found: u64| Err(PolicyError::RolledBack { what, seen, found });
        if next.root < self.root {
            return refuse("root", self.root, next.root);
        }
        let role = root.policy();
        let left = role.keys().iter().filter(|key| self.sealers.contains(&key.id())).count();
        if next.root > self.root && left < role.threshold() && sealed_at >= root.file().created {
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
