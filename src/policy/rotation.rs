//! Rotation: the next root, signed one after the other by those whom it takes, and published when it holds.
//!
//! `roots/N.draft.json` is root N while signatures are missing, or the seal under its new policy keys.
//! A file of that name which no holder of the root role has signed is no draft, for anybody could have
//! written it. It becomes `roots/N.json` only when a snapshot holds under it, so a command that is stopped, or a
//! key holder who takes a week, never leaves an account without a policy that counts.

use std::path::{Path, PathBuf};

use super::error::PolicyError;
use super::root::{self, PAYLOAD_TYPE, Role, Root, RootFile};
use super::signing;
use super::snapshot;
use crate::crypto::envelope::Envelope;
use crate::crypto::key::{KeyId, PublicKey};
use crate::crypto::secret::SecretKey;
use crate::document::{self, DocumentError};
use crate::files::{self, Access};
use crate::limits::{CLOCK_SKEW_SECONDS, DRAFT_SECONDS_MAX, ROOT_BYTES_MAX, ROOT_SECONDS_MAX, ROOTS_MAX};
use crate::time::Timestamp;

/// Why a root was not signed.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// No root waits for signatures.
    #[error("no root waits for a signature")]
    NoDraft,
    /// Somebody without a key wrote what looks like a root that waits.
    #[error("`{}` is signed by no holder of the root role", .0.display())]
    DraftUnsigned(PathBuf),
    /// The root that waits has times that no honest draft has.
    #[error(
        "root {version}, which waits, says that it was made at {created} and counts until {expires}, and it is {now}"
    )]
    DraftTimes {
        /// Its number.
        version: u64,
        /// When it says that it was made.
        created: Timestamp,
        /// When it says that it ends.
        expires: Timestamp,
        /// The clock.
        now: Timestamp,
    },
    /// A key that would sign has no say in it.
    #[error("key {0} holds the root role neither before nor after")]
    Stranger(KeyId),
    /// Nobody who holds the root role now would sign it first.
    #[error("none of the keys given holds the root role of root {0}, which signs first")]
    NoHolder(u64),
    /// The root would count for too long.
    #[error("a root from {created} until {expires} counts for over {} days", ROOT_SECONDS_MAX / 86_400)]
    TooLong {
        /// When it is made.
        created: Timestamp,
        /// When it would end.
        expires: Timestamp,
    },
    /// The policy is not trusted, or could not be read or written.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl RotationError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoDraft => Some("start one with `countersign policy rotate-root` and what should change"),
            Self::DraftUnsigned(_) => Some(
                "get the draft from whoever started it, or start one with `countersign policy rotate-root` and what should change",
            ),
            Self::DraftTimes { .. } => {
                Some("start over with `countersign policy rotate-root` and what should change")
            }
            Self::Stranger(_) => Some("give keys that hold the role with `--key`, once for each"),
            Self::NoHolder(_) => {
                Some("have a key holder of the root role start it; new ones add theirs with `--add`")
            }
            Self::TooLong { .. } => Some("choose a shorter `--validity`"),
            Self::Policy(error) => error.hint(),
        }
    }
}

/// The next root, which waits.
#[derive(Debug)]
pub struct Pending {
    envelope: Envelope,
    root: Root,
}

/// How many keys of a role have signed, and how many must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Distinct keys that signed.
    pub given: usize,
    /// The role's threshold.
    pub needed: usize,
}

impl Count {
    /// Whether enough signed.
    pub fn is_met(self) -> bool {
        self.given >= self.needed
    }

    /// The signatures of a role in an envelope.
    pub fn of(role: &Role, payload_type: &str, envelope: &Envelope) -> Self {
        Self { given: envelope.signers(payload_type, role.keys()).len(), needed: role.threshold() }
    }
}

/// What came of a step of a rotation.
#[derive(Debug)]
pub enum Step {
    /// Signatures are missing, of the old root role or of the new one.
    Waits {
        /// The root role before.
        old: Count,
        /// The root role after.
        new: Count,
    },
    /// It is signed, and waits for a seal by its own policy keys.
    Signed,
    /// It is the account's root.
    Published,
}

fn is_short(created: Timestamp, expires: Timestamp) -> bool {
    expires.unix() - created.unix() <= ROOT_SECONDS_MAX
}

/// Where the next root waits.
pub fn draft_path(directory: &Path, version: u64) -> PathBuf {
    directory.join("roots").join(format!("{version}.draft.json"))
}

impl Pending {
    /// The root that waits, if one does.
    pub fn read(directory: &Path, current: &Root) -> Result<Option<Self>, PolicyError> {
        let path = draft_path(directory, current.version() + 1);
        let Some(bytes) = files::read_if_there(&path, ROOT_BYTES_MAX)? else { return Ok(None) };
        let envelope: Envelope = document::from_json(&path, &bytes)?;
        if Count::of(current.root(), PAYLOAD_TYPE, &envelope).given == 0 {
            return Ok(None);
        }
        let (envelope, root) = root::successor(&path, &bytes, Some(current))?;
        Ok(Some(Self { envelope, root }))
    }

    /// The root that waits, for somebody to add a signature.
    pub fn to_sign(directory: &Path, current: &Root, now: Timestamp) -> Result<Self, RotationError> {
        let Some(pending) = Self::read(directory, current)? else {
            let path = draft_path(directory, current.version() + 1);
            return Err(if path.exists() {
                RotationError::DraftUnsigned(path)
            } else {
                RotationError::NoDraft
            });
        };
        if pending.can_be_signed(current, now) {
            return Ok(pending);
        }
        let RootFile { version, created, expires, .. } = *pending.root.file();
        Err(RotationError::DraftTimes { version, created, expires, now })
    }

    /// Whether others can still add their signatures: its times are one holder's word.
    fn can_be_signed(&self, current: &Root, now: Timestamp) -> bool {
        let RootFile { created, expires, .. } = *self.root.file();
        let is_old = created.unix() < now.unix() - DRAFT_SECONDS_MAX;
        created <= now.plus_seconds(CLOCK_SKEW_SECONDS)
            // What is signed by enough waits for a seal, and for no other signature.
            && (!is_old || self.is_signed(current))
            && created >= current.file().created
            && now < expires
            && is_short(created, expires)
    }

    /// Starts a rotation to this document; it replaces one that waits.
    pub fn propose(directory: &Path, current: &Root, file: &RootFile) -> Result<Self, RotationError> {
        if !is_short(file.created, file.expires) {
            return Err(RotationError::TooLong { created: file.created, expires: file.expires });
        }
        let path = draft_path(directory, current.version() + 1);
        if file.version > ROOTS_MAX {
            let message = format!("a chain has at most {ROOTS_MAX} roots");
            return Err(PolicyError::from(DocumentError::new(&path, message)).into());
        }
        let (envelope, root) = root::successor(&path, &signing::root(file, &[]), Some(current))?;
        Ok(Self { envelope, root })
    }

    /// The root, which does not count yet.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The signatures of the root role before, and after.
    pub fn counts(&self, current: &Root) -> (Count, Count) {
        let count = |root: &Root| Count::of(root.root(), PAYLOAD_TYPE, &self.envelope);
        (count(current), count(&self.root))
    }

    /// Whether both thresholds are met.
    pub fn is_signed(&self, current: &Root) -> bool {
        let (old, new) = self.counts(current);
        old.is_met() && new.is_met()
    }

    /// Refuses keys whose signatures would count for nothing, or would come first and may not.
    pub fn check_keys(&self, current: &Root, keys: &[&SecretKey]) -> Result<(), RotationError> {
        let holds = |root: &Root, key: &PublicKey| root.root().keys().contains(key);
        let keys: Vec<PublicKey> = keys.iter().map(|key| key.public()).collect();
        if let Some(stranger) = keys.iter().find(|key| !holds(current, key) && !holds(&self.root, key)) {
            return Err(RotationError::Stranger(stranger.id()));
        }
        if self.counts(current).0.given == 0 && !keys.iter().any(|key| holds(current, key)) {
            return Err(RotationError::NoHolder(current.version()));
        }
        Ok(())
    }

    /// Adds signatures, keeps the draft, and publishes it if it holds and a seal holds under it.
    pub fn sign(
        mut self,
        directory: &Path,
        current: &Root,
        keys: &[&SecretKey],
    ) -> Result<Step, RotationError> {
        self.check_keys(current, keys)?;
        crate::crypto::signing::add(&mut self.envelope, keys);
        let (old, new) = self.counts(current);
        let path = draft_path(directory, self.root.version());
        files::write(&path, &document::to_json(&self.envelope), Access::Public).map_err(PolicyError::from)?;
        if !self.is_signed(current) {
            return Ok(Step::Waits { old, new });
        }
        if snapshot::read(directory, &self.root).is_err() {
            return Ok(Step::Signed);
        }
        self.publish(directory)?;
        Ok(Step::Published)
    }

    /// Gives the root its name. The caller has seen both thresholds met and a seal that holds under it.
    pub(super) fn publish(&self, directory: &Path) -> Result<(), PolicyError> {
        let version = self.root.version();
        Ok(files::rename(&draft_path(directory, version), &root::path(directory, version))?)
    }
}
