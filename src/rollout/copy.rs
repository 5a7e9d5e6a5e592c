//! The copy: a target with a byte-for-byte copy of the central policy, under the central pin.

use std::path::Path;

use super::central::Central;
use super::clone::{Clone, Tip};
use super::error::TargetError;
use crate::git::commit::Changes;
use crate::limits::SNAPSHOT_BYTES_MAX;
use crate::policy::error::PolicyError;
use crate::policy::sealed;
use crate::policy::store::{Location, Policy};
use crate::time::Timestamp;

/// The files in which a tip differs from the copy that it should have.
///
/// Errors: the tip has a newer central seal, so the local policy is outdated.
pub(super) fn changes(
    central: &Central,
    clone: &Clone<'_>,
    tip: &Tip,
    now: Timestamp,
) -> Result<Changes, TargetError> {
    let differs =
        |(path, file): &(&String, &super::central::File)| tip.files.get(*path) != Some(&Some(file.blob));
    let written = central.files().iter().filter(differs);
    let mut changes: Changes = written.map(|(path, file)| (path.clone(), Some(file.bytes.clone()))).collect();
    changes.extend(unknown(central, tip).map(|path| (path.clone(), None)));
    let here = central.snapshot().version;
    if changes.contains_key("snapshot.json")
        && let Some(found) = sealed_version(central, clone, tip, now)?.filter(|found| *found > here)
    {
        return Err(TargetError::Newer { found, here });
    }
    Ok(changes)
}

/// The version of the central seal at a tip, whatever its documents are.
fn sealed_version(
    central: &Central,
    clone: &Clone<'_>,
    tip: &Tip,
    now: Timestamp,
) -> Result<Option<u64>, TargetError> {
    let copy = match clone.extracted(tip) {
        Ok(Some(copy)) => copy,
        // Files that are not a policy have no seal.
        Ok(None) | Err(TargetError::Files(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let location = location(central, copy.path());
    Ok(Policy::open(&location, now).ok().map(|policy| policy.snapshot().version))
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
pub(super) fn seal(
    central: &Central,
    clone: &Clone<'_>,
    tip: &Tip,
    now: Timestamp,
) -> Result<Result<u64, String>, TargetError> {
    if clone.read(tip, "snapshot.json", SNAPSHOT_BYTES_MAX)?.is_none() {
        return Ok(Err("no seal".into()));
    }
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
