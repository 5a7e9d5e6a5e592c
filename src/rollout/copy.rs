//! The copy: a target with a byte-for-byte copy of the central policy, under the central pin.

use std::path::Path;

use super::central::Central;
use super::clone::{Clone, Tip, scratch};
use super::error::TargetError;
use crate::files::{self, Access};
use crate::git::commit::Changes;
use crate::limits::{ROOT_BYTES_MAX, ROOTS_MAX, SNAPSHOT_BYTES_MAX};
use crate::policy::error::PolicyError;
use crate::policy::store::Location;
use crate::policy::{root, sealed, snapshot};
use crate::time::Timestamp;

/// The files in which a tip differs from the copy that it should have.
///
/// Errors: the tip has a newer central seal, so the local policy is outdated; or one that is newer than this
/// program.
pub(super) fn changes(central: &Central, clone: &Clone<'_>, tip: &Tip) -> Result<Changes, TargetError> {
    let differs =
        |(path, file): &(&String, &super::central::File)| tip.files.get(*path) != Some(&Some(file.blob));
    let written = central.files().iter().filter(differs);
    let mut changes: Changes = written.map(|(path, file)| (path.clone(), Some(file.bytes.clone()))).collect();
    changes.extend(unknown(central, tip).map(|path| (path.clone(), None)));
    let here = central.snapshot().version;
    if changes.contains_key("snapshot.json")
        && let Some(found) = sealed_version(central, clone, tip)?.filter(|found| *found > here)
    {
        return Err(TargetError::Newer { found, here });
    }
    Ok(changes)
}

/// The version of the central seal at a tip, expired or not, whatever its documents are.
///
/// Errors: the seal or a root is newer than this program, and so may be newer than the local seal.
fn sealed_version(central: &Central, clone: &Clone<'_>, tip: &Tip) -> Result<Option<u64>, TargetError> {
    // The files that are read of a policy for its seal, and no other: those cannot hide it.
    let copy = scratch()?;
    let roots = (1..=ROOTS_MAX).map(|version| (format!("roots/{version}.json"), ROOT_BYTES_MAX));
    let roots = roots.take_while(|(path, _)| tip.files.contains_key(path));
    for (path, limit) in std::iter::once(("snapshot.json".to_owned(), SNAPSHOT_BYTES_MAX)).chain(roots) {
        if let Some(bytes) = clone.read(tip, &path, limit)? {
            files::write(&copy.path().join(path), &bytes, Access::Public)?;
        }
    }
    let sealed = root::walk(copy.path(), &central.pin()).and_then(|root| snapshot::read(copy.path(), &root));
    match sealed {
        Ok(sealed) => Ok(Some(sealed.snapshot.version)),
        Err(error) if error.is_newer() => Err(TargetError::policy(&error, copy.path())),
        // Files that are not a policy have no seal.
        Err(_) => Ok(None),
    }
}

fn location(central: &Central, copy: &Path) -> Location {
    Location { directory: copy.into(), pin: Some(central.pin()), state: None }
}

/// The policy files at a tip that no copy has. Signed revocations do not count, since anyone with the
/// permission can add one.
pub(super) fn unknown<'a>(central: &'a Central, tip: &'a Tip) -> impl Iterator<Item = &'a String> {
    let known = |path: &String, is_file: bool| {
        central.files().contains_key(path) || (is_file && path.starts_with("revocations/"))
    };
    tip.files.iter().filter(move |(path, blob)| !known(path, blob.is_some())).map(|(path, _)| path)
}

/// The version of the central seal of a tip, if all its files are intact.
///
/// Errors: the seal or a root is newer than this program, so nothing is known about its files.
pub(super) fn seal(
    central: &Central,
    clone: &Clone<'_>,
    tip: &Tip,
    now: Timestamp,
) -> Result<Result<u64, String>, TargetError> {
    if clone.read(tip, "snapshot.json", SNAPSHOT_BYTES_MAX)?.is_none() {
        return Ok(Err("no seal".into()));
    }
    sealed_version(central, clone, tip)?;
    let copy = match clone.extracted(tip) {
        Ok(Some(copy)) => copy,
        Ok(None) => return Ok(Err("no seal".into())),
        Err(error @ TargetError::Files(_)) => return Ok(Err(error.to_string())),
        Err(error) => return Err(error),
    };
    let location = location(central, copy.path());
    let held = |error: PolicyError| super::error::said(&error, copy.path());
    Ok(sealed::open(&location, now).map(|policy| policy.snapshot().version).map_err(held))
}
