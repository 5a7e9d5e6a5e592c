//! Vendoring: another account's policy is copied beside our own, whole or not at all.
//!
//! What is copied is what its seal names, each file with the bytes that were sealed, the roots, the seal
//! itself, and the signed revocations, which need no seal. Of the accounts that it knows only the
//! documents come: they vouch for nobody here.
//!
//! A seal that is here whole stays as it is: a verdict may be reading it. Its signed revocations only become more,
//! whatever is served: they are in no seal, so their loss would be seen by nobody.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::accounts::{FOLDER_DIGITS, folder, folder_of_all};
use super::error::PolicyError;
use super::sealed::{self, Which};
use super::store::{Location, Policy};
use crate::files::{self, Access, FileError, writing};
use crate::limits::{SIGNED_REVOCATION_BYTES_MAX, SIGNED_REVOCATIONS_VENDORED_MAX};
use crate::revocation::signed;

/// What is being copied; one that is left by a kill is no policy.
const DRAFT: &str = ".draft-";

/// Copies another account's policy into a policy directory, under the seal that it is at now.
///
/// Whoever calls holds the directory's lock. What was brought before stays as long as a seal names it.
pub(super) fn vendor(directory: &Path, policy: &Policy) -> Result<(), PolicyError> {
    let (account, reached) = (policy.account(), policy.reached());
    let (all, place) = (folder_of_all(directory, account), folder(directory, account, &reached));
    check_no_link(&directory.join("accounts"))?;
    check_no_link(&all)?;
    if is_whole(policy, &place)? {
        return copy_revocations(policy.directory(), &place);
    }
    fs::create_dir_all(&all).map_err(writing(&all))?;
    let draft = tempfile::Builder::new().prefix(DRAFT).tempdir_in(&all).map_err(writing(&all))?;
    copy(policy, draft.path())?;
    copy_revocations(policy.directory(), draft.path())?;
    if is_folder(&place) {
        copy_revocations(&place, draft.path())?;
    }
    let copied = Location { directory: draft.path().into(), pin: Some(policy.pin()), state: None };
    let copied = Policy::open(&copied, policy.now())?;
    if copied.reached() != reached {
        return Err(PolicyError::AccountDiffers {
            directory: policy.directory().into(),
            known: reached.snapshot,
            found: copied.snapshot().version,
        });
    }
    // What does not hold, or is no folder of ours, may go before its successor has the name.
    match place.symlink_metadata() {
        Ok(found) if found.is_file() => fs::remove_file(&place).map_err(writing(&place))?,
        Ok(_) => fs::remove_dir_all(&place).map_err(writing(&place))?,
        Err(_) => {}
    }
    Ok(files::rename(draft.path(), &place)?)
}

/// Whether a folder holds the policy, every document and all of its index, and leads nowhere else.
///
/// Whatever is wrong with it, it is brought again.
fn is_whole(policy: &Policy, place: &Path) -> Result<bool, PolicyError> {
    let is_link = |name: &String| place.join(name).is_symlink();
    if !is_folder(place) || files::names_in(place)?.iter().any(is_link) {
        return Ok(false);
    }
    let here = Location { directory: place.into(), pin: Some(policy.pin()), state: None };
    Ok(sealed::open(&here, policy.now()).is_ok_and(|here| here.reached() == policy.reached()))
}

/// Removes what was brought of other accounts but for the seals in these folders.
///
/// Only folders that a seal's digest names, and drafts, are removed, and no link is followed: whoever writes into the tree
/// may have put one in their place.
pub(super) fn keep_only(directory: &Path, kept: &BTreeSet<PathBuf>) -> Result<(), FileError> {
    let all = directory.join("accounts");
    for account in folders_in(&all)? {
        for seal in folders_in(&account)? {
            if !kept.contains(&seal) && is_seal(&seal) {
                fs::remove_dir_all(&seal).map_err(writing(&seal))?;
            }
        }
        // A folder that still holds something stays.
        let _ = fs::remove_dir(&account);
    }
    Ok(())
}

/// The folders in a folder, if that is one; links are none.
fn folders_in(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    if !is_folder(folder) {
        return Ok(Vec::new());
    }
    let paths = files::names_in(folder)?.into_iter().map(|name| folder.join(name));
    Ok(paths.filter(|path| is_folder(path)).collect())
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

fn is_seal(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with(DRAFT)
        || name.len() == FOLDER_DIGITS && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Refuses a folder of ours that is a link to somewhere else.
pub(super) fn check_no_link(path: &Path) -> Result<(), PolicyError> {
    match path.symlink_metadata() {
        Ok(metadata) if !metadata.is_dir() => Err(FileError::NotAFolder { path: path.into() }.into()),
        _ => Ok(()),
    }
}

fn copy(policy: &Policy, to: &Path) -> Result<(), PolicyError> {
    sealed::visit(policy, Which::Index, |path, bytes| {
        Ok(files::write(&to.join(path), &bytes, Access::Public)?)
    })
}

/// Adds the signed revocations of one policy directory to another's, and takes none away.
fn copy_revocations(from: &Path, to: &Path) -> Result<(), PolicyError> {
    for (job, path) in sealed::revocations(from)?.into_iter().take(SIGNED_REVOCATIONS_VENDORED_MAX) {
        let bytes = files::read(&path, SIGNED_REVOCATION_BYTES_MAX)?;
        let mut free = None;
        let mut is_here = false;
        for place in signed::places(to, &job) {
            match files::read_if_there(&place, SIGNED_REVOCATION_BYTES_MAX)? {
                Some(there) => is_here |= there == bytes,
                None => free = free.or(Some(place)),
            }
        }
        if let Some(place) = free.filter(|_| !is_here) {
            files::write(&place, &bytes, Access::Public)?;
        }
    }
    Ok(())
}
