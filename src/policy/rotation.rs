//! Rotation: the next root, signed one after the other by those whom it takes, and published when it holds.
//!
//! `roots/N.draft.json` is root N while signatures are missing, or the seal under its new policy keys.
//! It becomes `roots/N.json` only when a snapshot holds under it, so a command that is stopped, or a
//! key holder who takes a week, never leaves an account without a policy that counts.

use std::path::{Path, PathBuf};

use super::error::PolicyError;
use super::root::{self, PAYLOAD_TYPE, Role, Root, RootFile};
use super::snapshot;
use crate::crypto::envelope::Envelope;
use crate::crypto::secret::SecretKey;
use crate::document::{self, DocumentError};
use crate::files::{self, Access};
use crate::limits::{ROOT_BYTES_MAX, ROOTS_MAX};

/// The next root, which waits.
#[derive(Debug)]
pub struct Pending {
    envelope: Envelope,
    root: Root,
}

/// How many keys of a role have signed, and how many must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Distinct keys that signed.
    pub given: usize,
    /// The role's threshold.
    pub needed: usize,
}

impl Count {
    /// Whether enough signed.
    pub fn is_met(self) -> bool {
        self.given >= self.needed
    }

    /// The signatures of a role in an envelope.
    pub fn of(role: &Role, payload_type: &str, envelope: &Envelope) -> Self {
        Self { given: envelope.signers(payload_type, role.keys()).len(), needed: role.threshold() }
    }
}

/// What came of a step of a rotation.
#[derive(Debug)]
pub enum Step {
    /// Signatures are missing, of the old root role or of the new one.
    Waits {
        /// The root role before.
        old: Count,
        /// The root role after.
        new: Count,
    },
    /// It is signed, and waits for a seal by its own policy keys.
    Signed,
    /// It is the account's root.
    Published,
}

/// Where the next root waits.
pub fn draft_path(directory: &Path, version: u64) -> PathBuf {
    directory.join("roots").join(format!("{version}.draft.json"))
}

impl Pending {
    /// The root that waits, if one does.
    pub fn read(directory: &Path, current: &Root) -> Result<Option<Self>, PolicyError> {
        let path = draft_path(directory, current.version() + 1);
        let Some(bytes) = files::read_if_there(&path, ROOT_BYTES_MAX)? else { return Ok(None) };
        let (envelope, root) = root::successor(&path, &bytes, Some(current))?;
        Ok(Some(Self { envelope, root }))
    }

    /// Starts a rotation to this document; it replaces one that waits.
    pub fn propose(directory: &Path, current: &Root, file: &RootFile) -> Result<Self, PolicyError> {
        let path = draft_path(directory, current.version() + 1);
        if file.version > ROOTS_MAX {
            return Err(DocumentError::new(&path, format!("a chain has at most {ROOTS_MAX} roots")).into());
        }
        let (envelope, root) = root::successor(&path, &root::sign(file, &[]), Some(current))?;
        Ok(Self { envelope, root })
    }

    /// The root, which does not count yet.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The signatures of the root role before, and after.
    pub fn counts(&self, current: &Root) -> (Count, Count) {
        let count = |root: &Root| Count::of(root.root(), PAYLOAD_TYPE, &self.envelope);
        (count(current), count(&self.root))
    }

    /// Whether both thresholds are met.
    pub fn is_signed(&self, current: &Root) -> bool {
        let (old, new) = self.counts(current);
        old.is_met() && new.is_met()
    }

    /// Adds signatures, keeps the draft, and publishes it if it holds and a seal holds under it.
    pub fn sign(
        mut self,
        directory: &Path,
        current: &Root,
        keys: &[&SecretKey],
    ) -> Result<Step, PolicyError> {
        self.envelope.add_signatures(keys);
        let path = draft_path(directory, self.root.version());
        files::write(&path, &document::to_json(&self.envelope), Access::Public)?;
        let (old, new) = self.counts(current);
        if !self.is_signed(current) {
            return Ok(Step::Waits { old, new });
        }
        if snapshot::read(directory, &self.root).is_err() {
            return Ok(Step::Signed);
        }
        self.publish(directory)?;
        Ok(Step::Published)
    }

    /// Gives the root its name. The caller has seen both thresholds met and a seal that holds under it.
    pub(super) fn publish(&self, directory: &Path) -> Result<(), PolicyError> {
        let version = self.root.version();
        Ok(files::rename(&draft_path(directory, version), &root::path(directory, version))?)
    }
}
