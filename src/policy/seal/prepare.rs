//! Preparing a seal: checks that every document is well formed and that its references exist, and builds the
//! index.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::error::SealError;
use super::found::{Found, Ledger};
use crate::account::{KnownAccount, Membership, Organization};
use crate::csc::Csc;
use crate::digest::Sha384;
use crate::document::DocumentError;
use crate::document::format::Format;
use crate::function::Functions;
use crate::layer::Layer;
use crate::ledger;
use crate::limits::{ACCOUNTS_MAX, CLOCK_SKEW_SECONDS, INDEX_PAGE_BYTES_MAX, SNAPSHOT_VERSION_MAX};
use crate::name::{AccountName, CscId};
use crate::policy::accounts;
use crate::policy::documents::{ACCOUNTS, FUNCTIONS, Kind, REVOCATIONS};
use crate::policy::entries;
use crate::policy::error::PolicyError;
use crate::policy::index;
use crate::policy::root::Root;
use crate::policy::snapshot::{self, SealedDocument, Snapshot};
use crate::profile::Profile;
use crate::revocation::{Revocation, Revocations};
use crate::stackset::StackSet;
use crate::time::Timestamp;

/// The times for a seal.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// The current time.
    pub now: Timestamp,
    /// The creation time of the seal.
    pub created: Timestamp,
    /// The time at which it expires.
    pub expires: Timestamp,
}

/// The seal before this one.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// The last seal, if there is one.
    pub base: Option<&'a Snapshot>,
    /// Whether the keys that signed it are not enough under the root of the next one.
    pub other_keys: bool,
    /// The highest version that was seen and lost, if the next seal continues from an older one.
    pub lost: Option<u64>,
}

/// A snapshot of documents that can be sealed, and its objects. Only [`Prepared::new`] creates it.
#[derive(Debug)]
pub struct Prepared {
    snapshot: Snapshot,
    objects: Vec<Vec<u8>>,
}

impl Prepared {
    /// Checks what was read of a directory, and creates the snapshot that follows the last one.
    pub fn new(
        directory: &Path,
        root: &Root,
        before: Before<'_>,
        found: Found,
        times: Times,
    ) -> Result<Self, SealError> {
        let (found, ledger) = found.into_parts();
        let revocations = check(directory, root.account(), &found, times.now)?;
        let path = directory.join(ledger::FILE_NAME);
        let ledger = ledger.ok_or_else(|| PolicyError::LedgerLost(path.clone()))?;
        check_times(&path, &ledger, before.base, times.now)?;
        let Ledger { tail, entries, .. } = ledger;
        let mut all = entries::of_revocations(&revocations);
        all.extend(entries);
        let index = index::make(all);
        let pages = index.iter().flat_map(|index| &index.pages);
        if pages.map(Vec::len).max().is_some_and(|longest| longest as u64 > INDEX_PAGE_BYTES_MAX) {
            let message = "a key, artifact, job or profile version has too many revocations to look up";
            return Err(PolicyError::from(DocumentError::new(&directory.join(REVOCATIONS), message)).into());
        }
        let sealed = |(path, bytes): (&String, &Vec<u8>)| SealedDocument {
            path: path.clone(),
            size: bytes.len() as u64,
            sha384: Sha384::of(bytes),
        };
        let ledger = (tail.count > 0).then_some(SealedDocument {
            path: ledger::FILE_NAME.into(),
            size: tail.size,
            sha384: tail.sha384,
        });
        let mut documents: Vec<SealedDocument> = found.iter().map(sealed).chain(ledger).collect();
        documents.sort_by(|a, b| a.path.cmp(&b.path));
        let snapshot = Snapshot {
            format: Format::default(),
            account: root.account().clone(),
            version: next_version(directory, before)?,
            created: times.created,
            expires: times.expires,
            documents,
            index: index.as_ref().map(|index| Sha384::of(&index.table)),
        };
        let made = index.into_iter().flat_map(|index| index.pages.into_iter().chain([index.table]));
        Ok(Self { snapshot, objects: found.into_values().chain(made).collect() })
    }

    /// The snapshot.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The contents of the objects it refers to.
    pub fn objects(&self) -> &[Vec<u8>] {
        &self.objects
    }

    /// The snapshot alone.
    pub fn into_snapshot(self) -> Snapshot {
        self.snapshot
    }
}

/// The previous version plus one, and over each that was lost; at the maximum, new policy keys restart at 1.
fn next_version(directory: &Path, before: Before<'_>) -> Result<u64, PolicyError> {
    let Some(base) = before.base else { return Ok(1) };
    match base.version.max(before.lost.unwrap_or_default()) {
        version if version < SNAPSHOT_VERSION_MAX => Ok(version + 1),
        _ if before.other_keys => Ok(1),
        version => Err(PolicyError::FastForward { path: snapshot::path(directory), version: version + 1 }),
    }
}

/// Checks that every document is well formed and that its references exist; returns the revocations.
fn check(
    directory: &Path,
    account: &AccountName,
    found: &BTreeMap<String, Vec<u8>>,
    now: Timestamp,
) -> Result<Vec<Revocation>, PolicyError> {
    for name in [FUNCTIONS, REVOCATIONS] {
        if !found.contains_key(name) {
            return Err(PolicyError::Missing(name));
        }
    }
    one_name_once(directory, found)?;
    let mut cscs = BTreeSet::new();
    let mut named: Vec<CscId> = Vec::new();
    let mut revocations = Vec::new();
    let mut others = Vec::new();
    for (path, bytes) in found {
        let file = directory.join(path);
        match Kind::of(path) {
            Some(Kind::Profile) => drop(Profile::parse(&file, bytes)?),
            Some(Kind::Csc) => drop(cscs.insert(Csc::parse(&file, bytes)?.id().clone())),
            Some(Kind::Functions) => named.extend(Functions::parse(&file, bytes)?.cscs().cloned()),
            Some(Kind::StackSet) => drop(StackSet::parse(&file, bytes)?),
            Some(Kind::Revocations) => revocations = Revocations::parse(&file, bytes)?.into_all(),
            Some(Kind::Layer) => drop(Layer::parse(&file, bytes)?),
            Some(Kind::Account) => others.push(KnownAccount::parse(&file, bytes)?),
            Some(Kind::Membership) => drop(Membership::parse(&file, bytes)?),
            Some(Kind::Organization) => drop(Organization::parse(&file, bytes)?),
            None => {}
        }
    }
    check_others(directory, account, &others, now)?;
    if let Some(id) = named.iter().find(|id| !cscs.contains(*id)) {
        let message = format!("CSC `{id}` does not exist");
        return Err(DocumentError::new(&directory.join(FUNCTIONS), message).into());
    }
    let latest = now.plus_seconds(CLOCK_SKEW_SECONDS);
    if let Some(early) = revocations.iter().find(|each| each.revoked_at() > latest) {
        let message = format!(
            "revocation of {} is in the future: `revoked_at` is {}, and it is now {now}",
            early.subject(),
            early.revoked_at()
        );
        return Err(DocumentError::new(&directory.join(REVOCATIONS), message).into());
    }
    Ok(revocations)
}

/// Checks that the copy of each other account's policy exists and is valid; it can be expired.
fn check_others(
    directory: &Path,
    own: &AccountName,
    others: &[KnownAccount],
    now: Timestamp,
) -> Result<(), PolicyError> {
    if others.len() > ACCOUNTS_MAX {
        let message = format!("{} other accounts, over the limit of {ACCOUNTS_MAX}", others.len());
        return Err(DocumentError::new(&directory.join(ACCOUNTS), message).into());
    }
    for known in others {
        if known.account() == own {
            let path = directory.join(Kind::path_of(own));
            return Err(DocumentError::new(&path, "the document names the policy's own account").into());
        }
        match accounts::open(directory, known, now) {
            // It must be possible to revoke something here while another account's seal is expired.
            Ok(_) | Err(PolicyError::Expired { .. }) => {}
            Err(error) => {
                return Err(PolicyError::Account { account: known.account().clone(), source: error.into() });
            }
        }
    }
    Ok(())
}

/// Names that differ only in case are duplicates: people and some file systems confuse them.
fn one_name_once(directory: &Path, found: &BTreeMap<String, Vec<u8>>) -> Result<(), DocumentError> {
    let mut names: BTreeMap<String, &String> = BTreeMap::new();
    for path in found.keys() {
        if let Some(other) = names.insert(path.to_ascii_lowercase(), path) {
            let message = format!("`{other}` has the same name except for case");
            return Err(DocumentError::new(&directory.join(path), message));
        }
    }
    Ok(())
}

/// New lines must be dated after the last seal; other times cannot be trusted.
fn check_times(
    path: &Path,
    ledger: &Ledger,
    base: Option<&Snapshot>,
    now: Timestamp,
) -> Result<(), PolicyError> {
    let earliest = base.map(|base| base.created.unix() - CLOCK_SKEW_SECONDS);
    let latest = now.plus_seconds(CLOCK_SKEW_SECONDS);
    let is_wrong = |at: Timestamp| earliest.is_some_and(|earliest| at.unix() < earliest) || at > latest;
    match ledger.unsealed.iter().find(|line| is_wrong(line.recorded_at)) {
        Some(line) => {
            let (job, at) = (&line.recorded.job, line.recorded_at);
            let message =
                format!("{job} has `recorded_at` {at}, which is before the last seal or in the future");
            Err(DocumentError::new(path, message).into())
        }
        None => Ok(()),
    }
}
