//! Vendoring: another account's policy is copied beside our own, whole or not at all.
//!
//! What is copied is what its seal names, each file with the bytes that were sealed, the roots, the seal
//! itself, and the signed revocations, which need no seal. Of the accounts that it knows only the
//! documents come: they vouch for nobody here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::accounts::{FOLDER_DIGITS, folder, folder_of_all};
use super::documents::Kind;
use super::error::PolicyError;
use super::objects::Objects;
use super::store::{Location, Policy};
use super::{root, snapshot};
use crate::digest::Sha384;
use crate::files::{self, Access, FileError, writing};
use crate::ledger;
use crate::limits::{
    INDEX_TABLE_BYTES_MAX, LEDGER_BYTES_MAX, ROOT_BYTES_MAX, SIGNED_REVOCATION_BYTES_MAX,
    SIGNED_REVOCATIONS_VENDORED_MAX, SNAPSHOT_BYTES_MAX,
};

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
    fs::create_dir_all(&all).map_err(writing(&all))?;
    let draft = tempfile::Builder::new().prefix(DRAFT).tempdir_in(&all).map_err(writing(&all))?;
    copy(policy, draft.path())?;
    let copied = Location { directory: draft.path().into(), pin: Some(policy.pin()), state: None };
    let copied = Policy::check(&copied, policy.now())?;
    if copied.reached() != reached {
        return Err(PolicyError::AccountDiffers {
            directory: policy.directory().into(),
            known: reached.snapshot,
            found: copied.snapshot().version,
        });
    }
    // The same seal may have been brought already, and signed revocations come without one.
    if place.symlink_metadata().is_ok() {
        fs::remove_dir_all(&place).map_err(writing(&place))?;
    }
    fs::rename(draft.path(), &place).map_err(writing(&place))?;
    Ok(())
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
    let is_folder = |path: &Path| path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
    if !is_folder(folder) {
        return Ok(Vec::new());
    }
    let paths = files::names_in(folder)?.into_iter().map(|name| folder.join(name));
    Ok(paths.filter(|path| is_folder(path)).collect())
}

fn is_seal(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with(DRAFT)
        || name.len() == FOLDER_DIGITS && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Refuses a folder of ours that is a link to somewhere else.
fn check_no_link(path: &Path) -> Result<(), PolicyError> {
    match path.symlink_metadata() {
        Ok(metadata) if !metadata.is_dir() => Err(FileError::NotAFolder { path: path.into() }.into()),
        _ => Ok(()),
    }
}

fn copy(policy: &Policy, to: &Path) -> Result<(), PolicyError> {
    let from = policy.directory();
    let write = |path: &Path, bytes: &[u8]| files::write(path, bytes, Access::Public);
    for version in 1..=policy.root().version() {
        write(&root::path(to, version), &files::read(&root::path(from, version), ROOT_BYTES_MAX)?)?;
    }
    write(&snapshot::path(to), &files::read(&snapshot::path(from), SNAPSHOT_BYTES_MAX)?)?;
    for sealed in &policy.snapshot().documents {
        let limit = Kind::of(&sealed.path).map_or(LEDGER_BYTES_MAX, Kind::limit);
        let mut bytes = files::read(&from.join(&sealed.path), limit)?;
        if sealed.path == ledger::FILE_NAME {
            bytes.truncate(usize::try_from(sealed.size).unwrap_or(usize::MAX));
        }
        if bytes.len() as u64 != sealed.size || Sha384::of(&bytes) != sealed.sha384 {
            let paths = vec![sealed.path.clone()];
            return Err(PolicyError::Unsealed { directory: from.into(), paths });
        }
        write(&to.join(&sealed.path), &bytes)?;
    }
    let (theirs, ours) = (Objects::of(from), Objects::of(to));
    for digest in policy.index().objects()? {
        ours.put(&theirs.need(&digest, INDEX_TABLE_BYTES_MAX)?)?;
    }
    let revocations = files::names_in(&from.join("revocations"))?;
    for name in
        revocations.iter().filter(|name| name.ends_with(".json")).take(SIGNED_REVOCATIONS_VENDORED_MAX)
    {
        let path = Path::new("revocations").join(name);
        if let Some(bytes) = files::read_if_there(&from.join(&path), SIGNED_REVOCATION_BYTES_MAX)? {
            write(&to.join(&path), &bytes)?;
        }
    }
    Ok(())
}
