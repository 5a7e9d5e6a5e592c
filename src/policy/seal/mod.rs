//! Sealing: checks the documents of a policy directory and signs a new snapshot of them.
//!
//! Several key holders sign a snapshot one after another: each checks the documents and adds a signature to
//! `snapshot.draft.json`, which becomes `snapshot.json` at the policy role's threshold. A file of that name
//! without a signature of the role is not a draft. The order of writes is objects, draft, a waiting root,
//! snapshot; after each write either the old seal or the new one is valid.

pub mod error;
mod found;
mod prepare;

use std::collections::BTreeSet;
use std::path::Path;

pub use self::error::SealError;
pub use self::found::Found;
pub use self::prepare::{Before, Prepared, Times};
use super::accounts;
use super::diff::{self, Difference};
use super::documents::Kind;
use super::error::PolicyError;
use super::index::Index;
use super::keep;
use super::objects::Objects;
use super::root::Root;
use super::rotation::{Count, Pending};
use super::snapshot::{self, PAYLOAD_TYPE, SealedDocument, SealedSnapshot, Snapshot};
use super::state::State;
use super::vendor;
use crate::account::KnownAccount;
use crate::crypto::envelope::Envelope;
use crate::crypto::key::PublicKey;
use crate::crypto::secret::SecretKey;
use crate::crypto::signing;
use crate::digest::Sha384;
use crate::document;
use crate::files::{self, Access};
use crate::ledger::{self, Line};
use crate::limits::{CLOCK_SKEW_SECONDS, DRAFT_SECONDS_MAX, SEAL_SECONDS_MAX, SNAPSHOT_BYTES_MAX};
use crate::time::Timestamp;

/// A policy directory before a seal.
#[derive(Debug)]
pub struct Sealing<'a> {
    directory: &'a Path,
    current: &'a Root,
    pending: Option<Pending>,
    base: Option<SealedSnapshot>,
    other_keys: bool,
    lost: Option<u64>,
}

/// The result of sealing.
#[derive(Debug)]
pub enum SealOutcome {
    /// The threshold is met: this is the new seal.
    Sealed(Snapshot),
    /// Signatures are missing.
    Waits(Snapshot, Count),
}

/// Whether the draft's times allow further signatures.
///
/// They are the word of one key holder, and must be plausible.
fn can_be_signed(draft: &Snapshot, base: Option<&Snapshot>, now: Timestamp) -> bool {
    let earliest = now.unix() - DRAFT_SECONDS_MAX;
    draft.created <= now.plus_seconds(CLOCK_SKEW_SECONDS)
        && draft.created.unix() >= earliest
        && base.is_none_or(|base| draft.created >= base.created)
        && now < draft.expires
        && is_short(draft.created, draft.expires)
}

fn is_short(created: Timestamp, expires: Timestamp) -> bool {
    expires.unix() - created.unix() <= SEAL_SECONDS_MAX
}

/// A waiting seal with at least one signature of the role.
#[derive(Debug)]
struct Draft {
    envelope: Envelope,
    snapshot: Snapshot,
    count: Count,
}

impl<'a> Sealing<'a> {
    /// Reads the current seal, and a root that is waiting for a seal, if there is one.
    pub fn open(directory: &'a Path, current: &'a Root) -> Result<Self, PolicyError> {
        let pending = Pending::read(directory, current)?.filter(|pending| pending.is_signed(current));
        let holds = |pending: &Pending| snapshot::is_in_place(directory, pending.root());
        let other_keys = pending.as_ref().is_some_and(|pending| !holds(pending));
        let base = match snapshot::read(directory, current) {
            Ok(sealed) => Some(sealed),
            // Signed with stolen keys that the next root no longer has.
            Err(PolicyError::FastForward { .. }) if other_keys => None,
            Err(error) => return Err(error),
        };
        Ok(Self { directory, current, pending, base, other_keys, lost: None })
    }

    /// A directory that was never sealed, for the command that just created it.
    ///
    /// In any other directory a missing seal is an error: without it, undone changes could not be detected.
    pub fn first(directory: &'a Path, root: &'a Root) -> Self {
        Self { directory, current: root, pending: None, base: None, other_keys: false, lost: None }
    }

    /// Refuses to build on a seal or a root that is older than one seen here.
    ///
    /// A newer root is followed by a new seal, which restarts the versions.
    pub fn check_memory(&self, state: &Path, now: Timestamp) -> Result<(), PolicyError> {
        self.base.as_ref().map_or(Ok(()), |base| State::check(state, self.root(), base, now))
    }

    /// Continues from a seal that is older than one with this version, which is lost: the next seal is over both.
    ///
    /// Only a new signature by the policy role makes the older documents valid again, so this needs a holder's decision.
    pub fn after_lost(self, version: u64) -> Self {
        Self { lost: self.lost.max(Some(version)), ..self }
    }

    /// Whether a new seal would only repeat the current one: it is in place, valid, intact and not from before the root,
    /// no document differs from it, and no signature is missing.
    pub fn is_settled(&self, now: Timestamp) -> Result<bool, SealError> {
        let Some(base) = self.base().filter(|base| now < base.expires) else { return Ok(false) };
        // `init` signs the first root and its seal in one second; in that of a later root, either can be first.
        let root = self.current.file().created;
        let is_of_root = base.created > root || base.created == root && self.current.version() == 1;
        let in_place =
            self.pending.is_none() && is_of_root && snapshot::is_in_place(self.directory, self.current);
        let waits = snapshot::draft_path(self.directory).exists();
        if !in_place || waits || self.lost.is_some() || !self.found()?.unsealed(Some(base)).is_empty() {
            return Ok(false);
        }
        let objects = Objects::of(self.directory);
        let limit = |path: &str| Kind::of(path).map(Kind::limit);
        let is_kept = |each: &SealedDocument| {
            limit(&each.path).is_none_or(|limit| objects.need(&each.sha384, limit).is_ok())
        };
        Ok(base.documents.iter().all(is_kept) && Index::new(objects.clone(), base.index).check().is_ok())
    }

    /// The root that the next seal is valid under.
    pub fn root(&self) -> &Root {
        self.pending.as_ref().map_or(self.current, Pending::root)
    }

    /// The current seal.
    pub fn base(&self) -> Option<&Snapshot> {
        self.base.as_ref().map(|sealed| &sealed.snapshot)
    }

    /// The waiting seal, if there is one, and its signatures.
    pub fn draft(&self) -> Result<Option<(Snapshot, Count)>, PolicyError> {
        let Some(Draft { snapshot, count, .. }) = self.read_draft()? else { return Ok(None) };
        // A draft that is already the current seal, and was not renamed, is not waiting.
        if self.base() == Some(&snapshot) {
            return Ok(None);
        }
        Ok(Some((snapshot, count)))
    }

    fn read_draft(&self) -> Result<Option<Draft>, PolicyError> {
        let path = snapshot::draft_path(self.directory);
        let Some(bytes) = files::read_if_exists(&path, SNAPSHOT_BYTES_MAX)? else { return Ok(None) };
        let envelope: Envelope = document::from_json(&path, &bytes)?;
        let count = Count::of(self.root().policy(), PAYLOAD_TYPE, &envelope);
        // Anyone with write access could have created it, with an expiry that no key holder wants.
        if count.given == 0 {
            return Ok(None);
        }
        // Its fields are compared with the directory before anything else is done with it.
        let snapshot = snapshot::parse(&path, envelope.unverified_payload(), self.root())?;
        Ok(Some(Draft { envelope, snapshot, count }))
    }

    /// Reads the documents and the ledger, once for everything that follows.
    fn found(&self) -> Result<Found, SealError> {
        Found::read(self.directory, self.current.account(), self.base())
    }

    fn before(&self) -> Before<'_> {
        Before { base: self.base(), other_keys: self.other_keys, lost: self.lost }
    }

    /// How the documents differ from the sealed ones, and what else prevents a seal now.
    pub fn review(&self, now: Timestamp) -> Result<Vec<Difference>, SealError> {
        let found = self.found()?;
        let mut differences = self.differences(&found)?;
        if differences.iter().all(|each| each.forbidden.is_none()) {
            differences.extend(self.unfit(found, now)?);
        }
        Ok(differences)
    }

    /// What is wrong with the documents together, although each change is allowed.
    fn unfit(&self, found: Found, now: Timestamp) -> Result<Option<Difference>, SealError> {
        let times = Times { now, created: now, expires: now };
        let error = match Prepared::new(self.directory, self.root(), self.before(), found, times) {
            Ok(_) => return Ok(None),
            Err(SealError::Policy(PolicyError::Document(error))) => error,
            Err(error) => return Err(error),
        };
        let path = error.path().strip_prefix(self.directory).unwrap_or(error.path());
        Ok(Some(Difference {
            path: path.display().to_string(),
            text: error.message().to_owned(),
            forbidden: Some("fix the document at the reported place".into()),
        }))
    }

    /// How the documents differ from the sealed ones, sorted by path.
    fn differences(&self, found: &Found) -> Result<Vec<Difference>, SealError> {
        let documents = found.documents();
        let objects = Objects::of(self.directory);
        let base = self.base();
        found.check_line_endings(self.directory, base)?;
        let sealed = base.iter().flat_map(|base| &base.documents).map(|each| each.path.as_str());
        let paths: BTreeSet<&str> = sealed
            .filter(|path| *path != ledger::FILE_NAME)
            .chain(documents.keys().map(String::as_str))
            .collect();
        let mut differences = Vec::new();
        for path in paths {
            let after = documents.get(path).map(Vec::as_slice);
            let sealed = base.and_then(|base| base.document(path));
            if after.map(Sha384::of) == sealed.map(|sealed| sealed.sha384) {
                continue;
            }
            let limit = Kind::of(path).map_or(0, Kind::limit);
            let before = sealed.map(|sealed| objects.need(&sealed.sha384, limit)).transpose()?;
            let found = diff::between(self.directory, path, before.as_deref(), after);
            differences.extend(found.map_err(PolicyError::from)?);
        }
        differences.extend(recorded(found));
        Ok(differences)
    }

    /// Checks the documents, and signs them with keys of the policy role.
    ///
    /// Errors: a seal of the same documents is already waiting.
    pub fn seal(
        &self,
        keys: &[&SecretKey],
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<SealOutcome, SealError> {
        let (prepared, envelope) = self.signed(self.found()?, keys, now, expires)?;
        self.start(prepared, &envelope, now)
    }

    /// Like [`Sealing::seal`], but replaces a waiting seal; its signatures are lost.
    pub fn replace(
        &self,
        keys: &[&SecretKey],
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<SealOutcome, SealError> {
        let (prepared, envelope) = self.signed(self.found()?, keys, now, expires)?;
        self.finish(prepared, &envelope)
    }

    /// Seals the same bytes again, with a new expiry.
    ///
    /// Errors: a document or the ledger differs from the sealed one.
    pub fn renew(
        &self,
        keys: &[&SecretKey],
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<SealOutcome, SealError> {
        let found = self.found()?;
        let unsealed = found.unsealed(self.base());
        if !unsealed.is_empty() {
            return Err(SealError::Unsealed(unsealed));
        }
        let (prepared, envelope) = self.signed(found, keys, now, expires)?;
        self.start(prepared, &envelope, now)
    }

    fn start(
        &self,
        prepared: Prepared,
        envelope: &Envelope,
        now: Timestamp,
    ) -> Result<SealOutcome, SealError> {
        if let Some((draft, count)) = self.draft()?
            && (draft.version, &draft.documents)
                == (prepared.snapshot().version, &prepared.snapshot().documents)
            && !count.is_met()
            && can_be_signed(&draft, self.base(), now)
        {
            return Err(SealError::DraftWaits(count));
        }
        self.finish(prepared, envelope)
    }

    fn signed(
        &self,
        found: Found,
        keys: &[&SecretKey],
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<(Prepared, Envelope), SealError> {
        let holders = self.holders(keys)?;
        if !is_short(now, expires) {
            return Err(SealError::TooLong { created: now, expires });
        }
        let prepared = self.prepare(found, Times { now, created: now, expires })?;
        let envelope = signing::sign(PAYLOAD_TYPE, document::to_json(prepared.snapshot()), &holders);
        Ok((prepared, envelope))
    }

    /// Checks the documents and that the waiting seal is for them, and adds signatures to it.
    pub fn add(&self, keys: &[&SecretKey], now: Timestamp) -> Result<SealOutcome, SealError> {
        let holders = self.holders(keys)?;
        let Some(Draft { mut envelope, snapshot: draft, .. }) = self.read_draft()? else {
            let path = snapshot::draft_path(self.directory);
            return Err(if path.exists() { SealError::DraftUnsigned(path) } else { SealError::NoDraft });
        };
        if self.base() == Some(&draft) {
            self.settle()?;
            return Ok(SealOutcome::Sealed(draft));
        }
        if !can_be_signed(&draft, self.base(), now) {
            return Err(SealError::DraftDiffers);
        }
        let prepared =
            self.prepare(self.found()?, Times { now, created: draft.created, expires: draft.expires })?;
        if *prepared.snapshot() != draft {
            return Err(SealError::DraftDiffers);
        }
        signing::add(&mut envelope, &holders);
        self.finish(prepared, &envelope)
    }

    fn holders<'k>(&self, keys: &[&'k SecretKey]) -> Result<Vec<&'k SecretKey>, SealError> {
        let role = self.root().policy().keys();
        let held: Vec<&SecretKey> = keys.iter().copied().filter(|key| role.contains(&key.public())).collect();
        if held.is_empty() {
            return Err(SealError::NoHolder {
                holders: role.iter().map(|key| PublicKey::id(key).to_string()).collect(),
            });
        }
        Ok(held)
    }

    /// Checks the documents, and creates their snapshot.
    fn prepare(&self, found: Found, times: Times) -> Result<Prepared, SealError> {
        let forbidden = |each: &Difference| each.forbidden.is_some();
        let forbidden: Vec<Difference> = self.differences(&found)?.into_iter().filter(forbidden).collect();
        if !forbidden.is_empty() {
            return Err(SealError::Forbidden(forbidden));
        }
        Prepared::new(self.directory, self.root(), self.before(), found, times)
    }

    /// Renames the current seal if an earlier command was interrupted after publishing the root.
    ///
    /// Otherwise the next draft would overwrite it, and no seal would be valid.
    fn settle(&self) -> Result<(), PolicyError> {
        if self.base.is_some() && !snapshot::is_in_place(self.directory, self.current) {
            files::rename(&snapshot::draft_path(self.directory), &snapshot::path(self.directory))?;
        }
        Ok(())
    }

    fn finish(&self, prepared: Prepared, envelope: &Envelope) -> Result<SealOutcome, SealError> {
        self.settle()?;
        let file = |error: files::FileError| SealError::from(PolicyError::from(error));
        let objects = Objects::of(self.directory);
        for object in prepared.objects() {
            keep::put(&objects, object).map_err(file)?;
        }
        let draft = snapshot::draft_path(self.directory);
        files::write(&draft, &document::to_json(envelope), Access::Public).map_err(file)?;
        let count = Count::of(self.root().policy(), PAYLOAD_TYPE, envelope);
        let snapshot = prepared.into_snapshot();
        if !count.is_met() {
            return Ok(SealOutcome::Waits(snapshot, count));
        }
        if let Some(pending) = &self.pending {
            pending.publish(self.directory)?;
        }
        files::rename(&draft, &snapshot::path(self.directory)).map_err(file)?;
        self.sweep(&objects, &snapshot)?;
        Ok(SealOutcome::Sealed(snapshot))
    }

    /// Removes the objects of earlier seals; those of the last one stay for running commands.
    fn sweep(&self, objects: &Objects, snapshot: &Snapshot) -> Result<(), SealError> {
        let mut kept = BTreeSet::new();
        let index = |snapshot: &Snapshot| Index::new(objects.clone(), snapshot.index).objects();
        kept.extend(index(snapshot)?);
        // A base without its index has nothing to keep.
        kept.extend(self.base().map(index).transpose().unwrap_or_default().into_iter().flatten());
        for each in [Some(snapshot), self.base()].into_iter().flatten() {
            kept.extend(each.documents.iter().map(|document| document.sha384));
        }
        keep::keep_only(objects, &kept).map_err(PolicyError::from)?;
        self.sweep_accounts(objects, snapshot)
    }

    /// Removes copies of other accounts from earlier seals in the same way.
    fn sweep_accounts(&self, objects: &Objects, snapshot: &Snapshot) -> Result<(), SealError> {
        let mut kept = BTreeSet::new();
        for document in [Some(snapshot), self.base()].into_iter().flatten().flat_map(|each| &each.documents) {
            if Kind::of(&document.path) == Some(Kind::Account)
                && let Some(bytes) = objects.get(&document.sha384, Kind::Account.limit())?
            {
                let path = self.directory.join(&document.path);
                let known = KnownAccount::parse(&path, &bytes).map_err(PolicyError::from)?;
                kept.insert(accounts::folder(self.directory, known.account(), &known.reached()));
            }
        }
        Ok(vendor::keep_only(self.directory, &kept).map_err(PolicyError::from)?)
    }
}

/// The jobs recorded since the last seal, or a forbidden difference if sealed lines are missing.
fn recorded(found: &Found) -> Vec<Difference> {
    let difference = |text: String, forbidden: Option<&str>| Difference {
        path: ledger::FILE_NAME.into(),
        text,
        forbidden: forbidden.map(str::to_owned),
    };
    let Some(ledger) = found.ledger() else {
        let text = "sealed lines were changed or removed".into();
        let why = "lines can only be added; restore the file from the policy's repository";
        return vec![difference(text, Some(why))];
    };
    let text = |Line { recorded_at, recorded: job, .. }: &Line| {
        format!(
            "job {} recorded at {recorded_at}: {} `{}` by `{}` with `{}`, key {}, artifact {}, payload {}",
            job.job.job(),
            job.kind.name(),
            job.name,
            job.requested_by,
            job.profile.profile(),
            job.key,
            job.artifact,
            job.payload
        )
    };
    ledger.unsealed.iter().map(|line| difference(text(line), None)).collect()
}
