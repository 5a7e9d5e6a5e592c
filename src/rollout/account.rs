//! The account: a target with its own root and seal, whose policy gets documents.
//!
//! Every change must be allowed by the table of differences there, and is sealed by keys in that account's
//! own root. Unsealed changes of its owners are never sealed.

use std::collections::BTreeMap;
use std::path::Path;

use tempfile::TempDir;

use super::central::Central;
use super::clone::{Clone, Tip, files_of};
use super::error::TargetError;
use super::values::{is_unmanaged, revision, values, with_revision};
use super::{Intent, Memory};
use crate::crypto::secret::SecretKey;
use crate::document;
use crate::files::{self, Access};
use crate::function::Functions;
use crate::git::commit::Changes;
use crate::policy::diff::Difference;
use crate::policy::documents::{self, FUNCTIONS, Kind};
use crate::policy::edit::Mode;
use crate::policy::error::PolicyError;
use crate::policy::memory;
use crate::policy::objects::Objects;
use crate::policy::root::{self, Root};
use crate::policy::seal::{SealError, SealOutcome, Sealing};
use crate::policy::sealed;
use crate::policy::snapshot::Snapshot;
use crate::policy::store::Location;
use crate::stackset::Target;
use crate::time::Timestamp;

/// The keys and settings to change an account's policy with.
pub(super) struct Sealer<'a> {
    /// The keys that the user passed.
    pub keys: &'a [SecretKey],
    /// The current time.
    pub now: Timestamp,
    /// The expiry of a new seal.
    pub expires: Timestamp,
    /// The remembered states of accounts.
    pub memory: &'a Memory,
    /// Whether changes are pushed.
    pub mode: Mode,
}

/// The next state of an account's policy.
pub(super) struct Next {
    /// The files that change.
    pub changes: Changes,
    /// Whether the policy then has a valid seal.
    pub is_sealed: bool,
    /// Documents that should not exist but must not be removed, each with advice.
    pub left: Vec<String>,
    location: Location,
    _copy: TempDir,
}

impl Next {
    /// Remembers the new state of the account's policy.
    pub fn remember(&self, now: Timestamp) -> Result<(), TargetError> {
        let opened = memory::open(&self.location, now);
        opened.map(drop).map_err(|error| TargetError::policy(&error, &self.location.directory))
    }
}

/// The next state of a tip's policy.
pub(super) fn next(
    central: &Central,
    target: &Target,
    intent: Intent,
    sealer: &Sealer<'_>,
    clone: &Clone<'_>,
    tip: &Tip,
) -> Result<Next, TargetError> {
    let absent = || TargetError::NoAccount(target.path().to_string());
    let copy = clone.extracted(tip)?.ok_or_else(absent)?;
    let location = sealer.memory.location(target, copy.path());
    let mut work = Work::open(target, sealer, &location)?;
    let before = files_of(copy.path())?;
    let wanted = central.documents(target)?;
    work.refuse_others(&wanted, intent)?;
    for (path, bytes) in &wanted {
        work.put(path, bytes)?;
    }
    if intent == Intent::Remediate {
        work.remove_unmanaged(&wanted)?;
    }
    let is_sealed = work.seal()?;
    let left = work.left;
    let after = files_of(copy.path())?;
    let changed = after.iter().filter(|(path, bytes)| before.get(*path) != Some(bytes));
    let mut changes: Changes = changed.map(|(path, bytes)| (path.clone(), Some(bytes.clone()))).collect();
    let gone = before.into_keys().filter(|path| !after.contains_key(path));
    changes.extend(gone.map(|path| (path, None)));
    Ok(Next { changes, is_sealed, left, location, _copy: copy })
}

/// A copy of an account's policy that is being changed.
struct Work<'a> {
    target: &'a Target,
    sealer: &'a Sealer<'a>,
    location: &'a Location,
    root: Root,
    base: Snapshot,
    left: Vec<String>,
}

impl<'a> Work<'a> {
    fn open(target: &'a Target, sealer: &'a Sealer<'a>, location: &'a Location) -> Result<Self, TargetError> {
        let directory = location.directory.as_path();
        let fail = |error: PolicyError| TargetError::policy(&error, directory);
        let pin = location.pin.ok_or_else(|| fail(PolicyError::Unpinned(directory.into())))?;
        let root = root::walk(directory, &pin).map_err(fail)?;
        root.check_expiry(directory, sealer.now).map_err(fail)?;
        let sealing = Sealing::open(directory, &root).map_err(fail)?;
        if let Some(state) = &location.state {
            sealing.check_memory(state, sealer.now).map_err(fail)?;
        }
        let base = sealing.base().cloned();
        let base = base.ok_or_else(|| TargetError::NoAccount(target.path().to_string()))?;
        drop(sealing);
        Ok(Self { target, sealer, location, root, base, left: Vec::new() })
    }

    fn directory(&self) -> &Path {
        &self.location.directory
    }

    fn fail(&self, error: PolicyError) -> TargetError {
        TargetError::policy(&error, self.directory())
    }

    fn unsealed(&self) -> Result<Vec<String>, TargetError> {
        let changes = documents::changes(self.directory(), &self.base).map_err(|error| self.fail(error))?;
        Ok(changes.into_iter().map(|change| change.path).collect())
    }

    /// Refuses unsealed changes that the rollout does not make: the next seal would include them.
    fn refuse_others(&self, wanted: &BTreeMap<String, Vec<u8>>, intent: Intent) -> Result<(), TargetError> {
        let mut others = self.unsealed()?;
        others.retain(|path| {
            let removed = intent == Intent::Remediate && is_unmanaged(self.target, wanted, path);
            !wanted.contains_key(path) && !removed
        });
        if others.is_empty() { Ok(()) } else { Err(TargetError::Unsealed(others)) }
    }

    /// The sealed bytes at a path, if any.
    fn sealed(&self, path: &str) -> Result<Option<Vec<u8>>, TargetError> {
        let Some(document) = self.base.document(path) else { return Ok(None) };
        let limit = Kind::of(path).map_or(0, Kind::limit);
        let bytes = Objects::of(self.directory()).need(&document.sha384, limit);
        bytes.map(Some).map_err(|error| self.fail(error))
    }

    /// Gives the document at a path the wanted values; an equal document is not changed.
    fn put(&self, path: &str, wanted: &[u8]) -> Result<(), TargetError> {
        let file = self.directory().join(path);
        let says = |bytes: &[u8]| values(path, bytes);
        let expected = says(wanted);
        let sealed = self.sealed(path)?;
        let there = files::read_if_exists(&file, Kind::of(path).map_or(0, Kind::limit))?;
        let next = match &sealed {
            Some(sealed) if says(sealed) == expected => sealed.clone(),
            Some(sealed) => {
                let next = document::next_revision(revision(sealed).unwrap_or(0));
                with_revision(&file, sealed, wanted, next)?
            }
            None => wanted.to_vec(),
        };
        // A document that waits for a seal can have comments of the account's owners, and must keep the next
        // revision.
        let waits = self.target.pull_request().is_some() && sealed.as_ref() != Some(&next);
        let is_next = |there: &Vec<u8>| says(there) == expected && revision(there) == revision(&next);
        if there.as_ref().is_some_and(|there| *there == next || (waits && is_next(there))) {
            return Ok(());
        }
        Ok(files::write(&file, &next, Access::Public)?)
    }

    /// Removes CSCs and profiles that were not rolled out, where this is allowed.
    fn remove_unmanaged(&mut self, wanted: &BTreeMap<String, Vec<u8>>) -> Result<(), TargetError> {
        let found = documents::read(self.directory()).map_err(|error| self.fail(error))?;
        let functions =
            found.get(FUNCTIONS).and_then(|bytes| Functions::parse(Path::new(FUNCTIONS), bytes).ok());
        for path in found.keys().filter(|path| is_unmanaged(self.target, wanted, path)) {
            let id = Kind::Csc.name_in(path);
            let governs =
                functions.as_ref().is_some_and(|all| all.cscs().any(|csc| Some(csc.as_str()) == id));
            let why = match Kind::of(path) {
                Some(Kind::Profile) if self.base.document(path).is_some() => {
                    "a sealed profile cannot be removed; ask the account's owners to cancel it with \
                    `countersign profile cancel`, or list it in the target's `own`"
                }
                Some(Kind::Csc) if governs => {
                    "it governs functions there; ask the account's owners to detach them with `countersign function detach`, or list \
                    it in the target's `own`"
                }
                _ => {
                    files::remove(&self.directory().join(path))?;
                    continue;
                }
            };
            self.left.push(format!("`{path}`: {why}"));
        }
        Ok(())
    }

    /// Seals the changes; false if that is left to the account's owners.
    fn seal(&mut self) -> Result<bool, TargetError> {
        let directory = self.directory();
        let sealing = Sealing::open(directory, &self.root).map_err(|error| self.fail(error))?;
        let seal = |error: SealError| TargetError::seal(error, directory);
        let found = sealing.review(self.sealer.now).map_err(seal)?;
        let forbidden: Vec<Difference> = found.into_iter().filter(|each| each.forbidden.is_some()).collect();
        if !forbidden.is_empty() {
            return Err(TargetError::Forbidden(forbidden));
        }
        if self.unsealed()?.is_empty() && sealed::open(self.location, self.sealer.now).is_ok() {
            return Ok(true);
        }
        let role = self.root.policy();
        let held =
            role.keys().iter().filter(|key| self.sealer.keys.iter().any(|each| each.public() == **key));
        let (given, needed) = (held.count(), role.threshold());
        if given < needed {
            return match self.target.pull_request() {
                Some(_) => Ok(false),
                None if self.sealer.mode == Mode::Rehearse => {
                    self.left.push(format!(
                        "pass keys of the account's policy role with `--key`: {given} of {needed} so far"
                    ));
                    Ok(false)
                }
                None => Err(TargetError::NoKey { given, needed }),
            };
        }
        let keys: Vec<&SecretKey> = self.sealer.keys.iter().collect();
        match sealing.replace(&keys, self.sealer.now, self.sealer.expires).map_err(seal)? {
            SealOutcome::Sealed(_) => {}
            SealOutcome::Waits(_, count) => {
                return Err(TargetError::NoKey { given: count.given, needed: count.needed });
            }
        }
        // Verify the result before it is pushed.
        sealed::open(self.location, self.sealer.now).map_err(|error| self.fail(error))?;
        Ok(true)
    }
}
