//! The account: a target with a root and a seal of its own, into whose policy documents are put.
//!
//! Every change is one that the table of differences allows there, and a seal is made by keys which that
//! account's own root names. What its owners have changed and not sealed is never sealed along.

use std::collections::BTreeMap;
use std::path::Path;

use tempfile::TempDir;

use super::Memory;
use super::central::Central;
use super::clone::{Clone, Tip, files_of};
use super::error::TargetError;
use super::operation::Intent;
use super::values::{is_unmanaged, revision, values, with_revision};
use crate::crypto::secret::SecretKey;
use crate::document;
use crate::files::{self, Access};
use crate::function::Functions;
use crate::git::commit::Changes;
use crate::policy::diff::Difference;
use crate::policy::documents::{self, Kind};
use crate::policy::edit::Mode;
use crate::policy::error::PolicyError;
use crate::policy::memory;
use crate::policy::objects::Objects;
use crate::policy::root::{self, Root};
use crate::policy::seal::{Outcome, SealError, Sealing};
use crate::policy::sealed;
use crate::policy::snapshot::Snapshot;
use crate::policy::store::Location;
use crate::stackset::Target;
use crate::time::Timestamp;

/// What an account's policy is changed with.
pub(super) struct Sealer<'a> {
    /// The keys given.
    pub keys: &'a [SecretKey],
    /// The current time.
    pub now: Timestamp,
    /// When a seal made now ends.
    pub expires: Timestamp,
    /// What was seen of the accounts before.
    pub memory: &'a Memory,
    /// Whether anything is to come of it.
    pub mode: Mode,
}

/// What is to become of an account's policy.
pub(super) struct Next {
    /// The files that change.
    pub changes: Changes,
    /// Whether the policy is under a seal that holds then.
    pub is_sealed: bool,
    /// What should not be there, and the table lets nobody remove, each with the way out.
    pub left: Vec<String>,
    location: Location,
    _copy: TempDir,
}

impl Next {
    /// Remembers the account's policy as it was left.
    pub fn remember(&self, now: Timestamp) -> Result<(), TargetError> {
        let opened = memory::open(&self.location, now);
        opened.map(drop).map_err(|error| TargetError::policy(&error, &self.location.directory))
    }
}

/// What a tip's policy is to become.
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

    /// Refuses unsealed changes of what is not rolled out: the next seal would be over them too.
    fn refuse_others(&self, wanted: &BTreeMap<String, Vec<u8>>, intent: Intent) -> Result<(), TargetError> {
        let mut others = self.unsealed()?;
        others.retain(|path| {
            let removed = intent == Intent::Remediate && is_unmanaged(self.target, wanted, path);
            !wanted.contains_key(path) && !removed
        });
        if others.is_empty() { Ok(()) } else { Err(TargetError::Unsealed(others)) }
    }

    /// The bytes that are sealed at a path, if any are.
    fn sealed(&self, path: &str) -> Result<Option<Vec<u8>>, TargetError> {
        let Some(document) = self.base.document(path) else { return Ok(None) };
        let limit = Kind::of(path).map_or(0, Kind::limit);
        let bytes = Objects::of(self.directory()).need(&document.sha384, limit);
        bytes.map(Some).map_err(|error| self.fail(error))
    }

    /// Makes the document at a path say what it should; what says so already stays as it is.
    fn put(&self, path: &str, wanted: &[u8]) -> Result<(), TargetError> {
        let file = self.directory().join(path);
        let says = |bytes: &[u8]| values(path, bytes);
        let expected = says(wanted);
        let sealed = self.sealed(path)?;
        let there = files::read_if_there(&file, Kind::of(path).map_or(0, Kind::limit))?;
        let next = match &sealed {
            Some(sealed) if says(sealed) == expected => sealed.clone(),
            Some(sealed) => {
                let next = document::next_revision(revision(sealed).unwrap_or(0));
                with_revision(&file, sealed, wanted, next)?
            }
            None => wanted.to_vec(),
        };
        // What waits for the account's owners to seal it may have their comments, and no revision but the next.
        let waits = self.target.pull_request().is_some() && sealed.as_ref() != Some(&next);
        let is_next = |there: &Vec<u8>| says(there) == expected && revision(there) == revision(&next);
        if there.as_ref().is_some_and(|there| *there == next || (waits && is_next(there))) {
            return Ok(());
        }
        Ok(files::write(&file, &next, Access::Public)?)
    }

    /// Removes CSCs and profiles that nobody rolled out, as far as they may be removed.
    fn remove_unmanaged(&mut self, wanted: &BTreeMap<String, Vec<u8>>) -> Result<(), TargetError> {
        let found = documents::read(self.directory()).map_err(|error| self.fail(error))?;
        let functions = found
            .get("functions.toml")
            .and_then(|bytes| Functions::parse(Path::new("functions.toml"), bytes).ok());
        for path in found.keys().filter(|path| is_unmanaged(self.target, wanted, path)) {
            let id = path.trim_start_matches("csc/").trim_end_matches(".toml");
            let governs = functions.as_ref().is_some_and(|all| all.cscs().any(|csc| csc.as_str() == id));
            let why = match Kind::of(path) {
                Some(Kind::Profile) if self.base.document(path).is_some() => {
                    "a profile's name is never used again, so its document stays; have its account cancel it with \
                    `countersign profile cancel`, or name it under the target's `own`"
                }
                Some(Kind::Csc) if governs => {
                    "it governs functions there; have its account detach them with `countersign function detach`, or name \
                    it under the target's `own`"
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

    /// Seals what has changed; false where that is left to the account's owners.
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
                    self.left
                        .push(format!("give keys that seal there with `--key`: {given} of {needed} so far"));
                    Ok(false)
                }
                None => Err(TargetError::NoKey { given, needed }),
            };
        }
        let keys: Vec<&SecretKey> = self.sealer.keys.iter().collect();
        match sealing.replace(&keys, self.sealer.now, self.sealer.expires).map_err(seal)? {
            Outcome::Sealed(_) => {}
            Outcome::Waits(_, count) => {
                return Err(TargetError::NoKey { given: count.given, needed: count.needed });
            }
        }
        // The proof, before anybody gets it.
        sealed::open(self.location, self.sealer.now).map_err(|error| self.fail(error))?;
        Ok(true)
    }
}
