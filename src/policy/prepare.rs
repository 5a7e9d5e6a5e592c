//! Preparing a seal: every document well formed, what they name there, and the index made from them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::accounts;
use super::documents::{self, Kind};
use super::entries;
use super::error::PolicyError;
use super::index::{self, Entry};
use super::root::Root;
use super::seal::SealError;
use super::snapshot::{self, SealedDocument, Snapshot};
use crate::account::{KnownAccount, Membership, Organization};
use crate::csc::Csc;
use crate::digest::Sha384;
use crate::document::DocumentError;
use crate::function::Functions;
use crate::layer::Layer;
use crate::ledger::{self, Tail};
use crate::limits::{
    ACCOUNTS_MAX, CLOCK_SKEW_SECONDS, INDEX_PAGE_BYTES_MAX, LEDGER_BYTES_MAX, SNAPSHOT_VERSION_MAX,
};
use crate::name::{AccountName, CscId};
use crate::profile::Profile;
use crate::revocation::{Revocation, Revocations};
use crate::stackset::StackSet;
use crate::time::Timestamp;

/// The times of a seal.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// The clock.
    pub now: Timestamp,
    /// When the seal says that it was made.
    pub created: Timestamp,
    /// The first instant at which it does not count any more.
    pub expires: Timestamp,
}

/// What a seal follows.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// The last seal, if there is one.
    pub base: Option<&'a Snapshot>,
    /// Whether the keys that sealed it are not enough under the root that the next one is for.
    pub other_keys: bool,
}

/// A snapshot of documents that are fit to be sealed, and its objects. Only [`Prepared::new`] makes it.
#[derive(Debug)]
pub struct Prepared {
    snapshot: Snapshot,
    objects: Vec<Vec<u8>>,
}

impl Prepared {
    /// Checks the documents of a directory, and makes the snapshot that follows another.
    pub fn new(directory: &Path, root: &Root, before: Before<'_>, times: Times) -> Result<Self, SealError> {
        let base = before.base;
        let found = documents::read(directory)?;
        let revocations = check(directory, root.account(), &found, times.now)?;
        let mut all = entries::of_revocations(&revocations);
        let ledger = read_ledger(directory, root, base, times.now, &mut all)?;
        let index = index::make(all);
        let pages = index.iter().flat_map(|index| &index.pages);
        if pages.map(Vec::len).max().is_some_and(|longest| longest as u64 > INDEX_PAGE_BYTES_MAX) {
            let message = "one key, artifact, job or profile version is revoked too often to be looked up";
            return Err(
                PolicyError::from(DocumentError::new(&directory.join("revocations.toml"), message)).into()
            );
        }
        let sealed = |(path, bytes): (&String, &Vec<u8>)| SealedDocument {
            path: path.clone(),
            size: bytes.len() as u64,
            sha384: Sha384::of(bytes),
        };
        let mut documents: Vec<SealedDocument> = found.iter().map(sealed).chain(ledger).collect();
        documents.sort_by(|a, b| a.path.cmp(&b.path));
        let snapshot = Snapshot {
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

    /// What it refers to by digest.
    pub fn objects(&self) -> &[Vec<u8>] {
        &self.objects
    }

    /// The snapshot alone.
    pub fn into_snapshot(self) -> Snapshot {
        self.snapshot
    }
}

/// One more than before; where none is left, versions start anew for new policy keys.
fn next_version(directory: &Path, before: Before<'_>) -> Result<u64, PolicyError> {
    let Some(base) = before.base else { return Ok(1) };
    match base.version {
        version if version < SNAPSHOT_VERSION_MAX => Ok(version + 1),
        _ if before.other_keys => Ok(1),
        version => Err(PolicyError::FastForward { path: snapshot::path(directory), version: version + 1 }),
    }
}

/// Checks that every document is well formed and that what they name is there; gives the revocations.
fn check(
    directory: &Path,
    account: &AccountName,
    found: &BTreeMap<String, Vec<u8>>,
    now: Timestamp,
) -> Result<Vec<Revocation>, PolicyError> {
    for name in ["functions.toml", "revocations.toml"] {
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
        let message = format!("`{id}` is not a CSC of this account");
        return Err(DocumentError::new(&directory.join("functions.toml"), message).into());
    }
    let latest = now.plus_seconds(CLOCK_SKEW_SECONDS);
    if let Some(early) = revocations.iter().find(|each| each.revoked_at() > latest) {
        let message = format!("{} is revoked at {}, and it is {now}", early.subject(), early.revoked_at());
        return Err(DocumentError::new(&directory.join("revocations.toml"), message).into());
    }
    Ok(revocations)
}

/// What was brought of each other account is there and is the account's, expired or not.
fn check_others(
    directory: &Path,
    own: &AccountName,
    others: &[KnownAccount],
    now: Timestamp,
) -> Result<(), PolicyError> {
    if others.len() > ACCOUNTS_MAX {
        let message = format!("{} other accounts where {ACCOUNTS_MAX} are allowed", others.len());
        return Err(DocumentError::new(&directory.join("accounts"), message).into());
    }
    for known in others {
        if known.account() == own {
            let path = directory.join(format!("accounts/{own}.toml"));
            return Err(DocumentError::new(&path, "an account does not have to trust itself").into());
        }
        match accounts::open(directory, known, now) {
            // Whoever waits for the other account's next seal must still be able to revoke something here.
            Ok(_) | Err(PolicyError::Expired { .. }) => {}
            Err(error) => {
                return Err(PolicyError::Account { account: known.account().clone(), source: error.into() });
            }
        }
    }
    Ok(())
}

/// A name in other capitals is the same name: people and some file systems tell them apart badly.
fn one_name_once(directory: &Path, found: &BTreeMap<String, Vec<u8>>) -> Result<(), DocumentError> {
    let mut names: BTreeMap<String, &String> = BTreeMap::new();
    for path in found.keys() {
        if let Some(other) = names.insert(path.to_ascii_lowercase(), path) {
            let message = format!("`{other}` has that name already, in other capitals");
            return Err(DocumentError::new(&directory.join(path), message));
        }
    }
    Ok(())
}

/// Reads the ledger, which must go on from what was sealed, and adds an entry for each line.
///
/// What was recorded since the last seal was recorded after it, or the time is nobody's to trust.
fn read_ledger(
    directory: &Path,
    root: &Root,
    base: Option<&Snapshot>,
    now: Timestamp,
    found: &mut Vec<Entry>,
) -> Result<Option<SealedDocument>, SealError> {
    let path = directory.join(ledger::FILE_NAME);
    let sealed = base.and_then(|base| base.document(ledger::FILE_NAME));
    base.map_or(Ok(()), |base| documents::check_ledger(directory, base))?;
    let sealed_size = sealed.map_or(0, |sealed| sealed.size);
    let earliest = base.map(|base| base.created.unix() - CLOCK_SKEW_SECONDS);
    let latest = now.plus_seconds(CLOCK_SKEW_SECONDS);
    let mut wrong = None;
    let tail: Tail = ledger::read(&path, root.account(), LEDGER_BYTES_MAX, |end, line| {
        let new = end > sealed_size;
        let too_early = earliest.is_some_and(|earliest| line.recorded_at.unix() < earliest);
        if new && (too_early || line.recorded_at > latest) {
            wrong.get_or_insert((line.recorded.job.clone(), line.recorded_at));
        }
        found.push(entries::of_line(&line));
    })?;
    if let Some((job, at)) = wrong {
        let message = format!("{job} says it was recorded at {at}, which is not since the last seal");
        return Err(PolicyError::from(DocumentError::new(&path, message)).into());
    }
    Ok((tail.count > 0).then_some(SealedDocument {
        path: ledger::FILE_NAME.into(),
        size: tail.size,
        sha384: tail.sha384,
    }))
}
