//! The remembered state: the newest policy seen, stored outside the tree, so that an older one is refused.
//!
//! This module only reads and compares; the program that opens a policy writes the state.
//!
//! ```json
//! { "root": 1, "sealers": [ "SHA256:…" ], "snapshot": 7, "sha384": "…" }
//! ```
//! `sealers` are the keys that signed the snapshot. A newer root under which those are not enough restarts
//! the versions, for seals made after it: that is the recovery after a thief has raised them. A seal from
//! before that root is an old one, no matter who signed it.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::PolicyError;
use super::root::Root;
use super::snapshot::SealedSnapshot;
use crate::crypto::key::KeyId;
use crate::digest::Sha384;
use crate::document;
use crate::files;
use crate::limits::STATE_BYTES_MAX;
use crate::time::Timestamp;

/// The newest policy that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    root: u64,
    sealers: BTreeSet<KeyId>,
    snapshot: u64,
    sha384: Sha384,
}

impl State {
    /// The state after a snapshot under a root was seen.
    pub fn of(root: &Root, sealed: &SealedSnapshot) -> Self {
        let SealedSnapshot { snapshot, payload, sealers } = sealed;
        Self { root: root.version(), sealers: sealers.clone(), snapshot: snapshot.version, sha384: *payload }
    }

    /// Reads the remembered state, if there is one.
    ///
    /// Errors: the state cannot be read; it is not treated as missing.
    pub fn read(path: &Path) -> Result<Option<Self>, PolicyError> {
        match files::read_if_exists(path, STATE_BYTES_MAX)? {
            Some(bytes) => Ok(Some(document::from_json(path, &bytes)?)),
            None => Ok(None),
        }
    }

    /// Refuses a seal that is older than the state remembered at a path, if any.
    ///
    /// `sealed_at` is the time of the seal, or the current time if another seal will follow.
    pub fn check(
        path: &Path,
        root: &Root,
        sealed: &SealedSnapshot,
        sealed_at: Timestamp,
    ) -> Result<(), PolicyError> {
        Self::read(path)?.map_or(Ok(()), |before| before.allows(&Self::of(root, sealed), root, sealed_at))
    }

    /// Refuses a root that is older than the state remembered at a path: the next version could differ from
    /// the known one.
    pub fn check_root(path: &Path, root: &Root) -> Result<(), PolicyError> {
        match Self::read(path)? {
            Some(before) if root.version() < before.root => {
                Err(PolicyError::RolledBack { what: "root", seen: before.root, found: root.version() })
            }
            _ => Ok(()),
        }
    }

    /// Refuses a policy that is older than this state, or that differs at the same version.
    ///
    /// `root` is the root of the next policy, and `sealed_at` the time of its seal.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sample::SecretKey;
    use crate::policy::sample::{at, keys, role, root, root_file};

    fn state(root: u64, snapshot: u64, payload: &str, sealer: &SecretKey) -> State {
        let sealers = BTreeSet::from([sealer.public().id()]);
        State { root, sealers, snapshot, sha384: Sha384::of(payload.as_bytes()) }
    }

    #[test]
    fn neither_root_nor_seal_goes_back() {
        let [a] = keys();
        let now = at("2026-06-01T00:00:00Z");
        let (before, root) = (state(2, 5, "five", &a), root(2, &a, &a));
        let allows = |next: State| before.allows(&next, &root, now);
        assert!(allows(state(2, 5, "five", &a)).is_ok());
        assert!(allows(state(2, 6, "six", &a)).is_ok());
        assert!(allows(state(3, 5, "five", &a)).is_ok());
        let older_root = allows(state(1, 6, "six", &a));
        assert!(matches!(older_root, Err(PolicyError::RolledBack { what: "root", seen: 2, found: 1 })));
        let older_seal = allows(state(2, 4, "four", &a));
        assert!(matches!(older_seal, Err(PolicyError::RolledBack { what: "snapshot", seen: 5, found: 4 })));
        let another = allows(state(2, 5, "another", &a));
        assert!(matches!(another, Err(PolicyError::TwoSnapshots { version: 5 })));
    }

    #[test]
    fn versions_start_anew_under_a_newer_root_whose_role_the_old_sealers_do_not_meet() {
        let [a, b] = keys();
        let (before, next) = (state(1, 5, "five", &a), state(2, 1, "one", &b));
        let created = at("2026-01-01T00:00:00Z");
        assert!(before.allows(&next, &root(2, &b, &b), created).is_ok());
        // A seal from before that root is an old one.
        assert!(before.allows(&next, &root(2, &b, &b), created.plus_seconds(-1)).is_err());
        // Versions do not restart either if the old sealers still meet the role, or if the root is the same.
        assert!(before.allows(&next, &root(2, &b, &a), created).is_err());
        assert!(before.allows(&state(1, 1, "one", &b), &root(1, &b, &b), created).is_err());
        let of_two = root_file(2, &[&a, &b], role(&[&b], 1), role(&[&a, &b], 2));
        assert!(before.allows(&next, &Root::of(&of_two).unwrap(), created).is_ok());
    }

    #[test]
    fn a_root_that_is_older_than_the_remembered_one_is_refused() {
        let (folder, [a]) = (tempfile::tempdir().unwrap(), keys());
        let path = folder.path().join("state.json");
        assert!(State::check_root(&path, &root(1, &a, &a)).is_ok());
        std::fs::write(&path, document::to_json(&state(2, 5, "five", &a))).unwrap();
        assert!(State::check_root(&path, &root(2, &a, &a)).is_ok());
        let older = State::check_root(&path, &root(1, &a, &a));
        assert!(matches!(older, Err(PolicyError::RolledBack { what: "root", seen: 2, found: 1 })));
    }
}
