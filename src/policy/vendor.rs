//! Vendoring: copies another account's policy into our directory, completely or not at all.
//!
//! The copy has the files that the seal names, with the sealed bytes, the roots, the seal itself, and the
//! signed revocations, which need no seal. Of the accounts that it knows only the documents are copied: they
//! are not trusted here.
//!
//! A complete copy of a seal is not replaced, since a running command may read it. Signed revocations are
//! only added, whatever the source serves: no seal covers them, so a loss would not be detected.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::accounts::{FOLDER_DIGITS, folder, folder_of_all};
use super::documents::ACCOUNTS;
use super::error::PolicyError;
use super::sealed::{self, Which};
use super::store::{Location, Policy};
use crate::files::{self, Access, FileError, writing};
use crate::limits::{SIGNED_REVOCATION_BYTES_MAX, SIGNED_REVOCATIONS_VENDORED_MAX};
use crate::revocation::signed;

/// The prefix of a copy in progress; one left by a killed process is ignored.
const DRAFT: &str = ".draft-";

/// Copies another account's policy, at its current seal, into a policy directory.
///
/// The caller has the directory's lock. Earlier copies stay as long as a seal names them.
pub(super) fn vendor(directory: &Path, policy: &Policy) -> Result<(), PolicyError> {
    let (account, reached) = (policy.account(), policy.reached());
    let (all, place) = (folder_of_all(directory, account), folder(directory, account, &reached));
    check_no_link(&directory.join(ACCOUNTS))?;
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
    // A copy that is invalid, or not our folder, can be removed before its successor gets the name.
    match place.symlink_metadata() {
        Ok(found) if found.is_file() => fs::remove_file(&place).map_err(writing(&place))?,
        Ok(_) => fs::remove_dir_all(&place).map_err(writing(&place))?,
        Err(_) => {}
    }
    Ok(files::rename(draft.path(), &place)?)
}

/// Whether a folder has the complete policy, every document and all of the index, and no links out of it.
///
/// Whatever is wrong with it, it is copied again.
fn is_whole(policy: &Policy, place: &Path) -> Result<bool, PolicyError> {
    let is_link = |name: &String| place.join(name).is_symlink();
    if !is_folder(place) || files::names_in(place)?.iter().any(is_link) {
        return Ok(false);
    }
    let here = Location { directory: place.into(), pin: Some(policy.pin()), state: None };
    Ok(sealed::open(&here, policy.now()).is_ok_and(|here| here.reached() == policy.reached()))
}

/// Removes the copies of other accounts, except the seals in these folders.
///
/// Only folders named by a seal's digest, and drafts, are removed, and no link is followed: anyone who can
/// write to the tree could have put one in their place.
pub(super) fn keep_only(directory: &Path, kept: &BTreeSet<PathBuf>) -> Result<(), FileError> {
    let all = directory.join(ACCOUNTS);
    for account in folders_in(&all)? {
        for seal in folders_in(&account)? {
            if !kept.contains(&seal) && is_seal(&seal) {
                fs::remove_dir_all(&seal).map_err(writing(&seal))?;
            }
        }
        // A folder that is not empty stays.
        let _ = fs::remove_dir(&account);
    }
    Ok(())
}

/// The folders in a folder; links do not count.
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

/// Refuses a folder of ours that is a link.
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

/// Adds the signed revocations of one policy directory to another's, and removes none.
fn copy_revocations(from: &Path, to: &Path) -> Result<(), PolicyError> {
    for (job, path) in sealed::revocations(from)?.into_iter().take(SIGNED_REVOCATIONS_VENDORED_MAX) {
        let bytes = files::read(&path, SIGNED_REVOCATION_BYTES_MAX)?;
        let mut free = None;
        let mut is_here = false;
        for place in signed::places(to, &job) {
            match files::read_if_exists(&place, SIGNED_REVOCATION_BYTES_MAX)? {
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
