//! Rotation: the next root, signed by one key holder after another, and published when it is complete.
//!
//! `roots/N.draft.json` is root N while signatures are missing, or the seal under its new policy keys. A file
//! of that name without a signature of the root role is not a draft, since anyone could have written it. It
//! becomes `roots/N.json` only when a snapshot is valid under it, so the account has a valid policy even if a
//! command is interrupted or a key holder takes a week.

use std::borrow::Cow;
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
use crate::hint::Hint;
use crate::limits::{CLOCK_SKEW_SECONDS, DRAFT_SECONDS_MAX, ROOT_BYTES_MAX, ROOT_SECONDS_MAX, ROOTS_MAX};
use crate::time::Timestamp;

/// Why a root was not signed.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// There is no draft.
    #[error("no root is waiting for signatures")]
    NoDraft,
    /// The draft has no signature of a key holder.
    #[error("`{}` is not signed by a key of the root role", .0.display())]
    DraftUnsigned(PathBuf),
    /// The times of the draft are implausible.
    #[error(
        "the draft of root {version} has implausible times: created {created}, expires {expires}, now {now}"
    )]
    DraftTimes {
        /// Its version.
        version: u64,
        /// Its creation time.
        created: Timestamp,
        /// Its expiry.
        expires: Timestamp,
        /// The current time.
        now: Timestamp,
    },
    /// A signing key is not in either root role.
    #[error("key {0} is not in the root role of the current or the new root")]
    Stranger(KeyId),
    /// The first signature must be by the current root role.
    #[error("none of the given keys has the root role of root {0}, which must sign first")]
    NoHolder(u64),
    /// The root would be valid for too long.
    #[error("a root from {created} until {expires} is valid for more than {} days", ROOT_SECONDS_MAX / 86_400)]
    TooLong {
        /// When it would start.
        created: Timestamp,
        /// When it would expire.
        expires: Timestamp,
    },
    /// The policy is not trusted, or cannot be read or written.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Hint for RotationError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::NoDraft => {
                "start a rotation, for example with `countersign policy rotate-root --add-root-key FILE`"
            }
            Self::DraftUnsigned(_) => {
                "get the draft from the key holder who started it, or start a rotation, for example with `countersign policy rotate-root --add-root-key FILE`"
            }
            Self::DraftTimes { .. } => "start over with `countersign policy rotate-root` and the changes",
            Self::Stranger(_) => "pass keys of the role with `--key`, once per key",
            Self::NoHolder(_) => {
                "ask a holder of a current root key to start the rotation; new key holders sign with `--add`"
            }
            Self::TooLong { .. } => "pass a shorter `--validity`",
            Self::Policy(error) => return error.hint(),
        };
        Some(hint.into())
    }
}

/// The draft of the next root.
#[derive(Debug)]
pub struct Pending {
    envelope: Envelope,
    root: Root,
}

/// How many keys of a role have signed, and how many are needed.
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

/// The result of a step of a rotation.
#[derive(Debug)]
pub enum Step {
    /// Signatures are missing, of the old root role or of the new one.
    Waits {
        /// The signatures of the old root role.
        old: Count,
        /// The signatures of the new root role.
        new: Count,
    },
    /// It is signed, and needs a seal by its own policy keys.
    Signed,
    /// It is now the account's root.
    Published,
}

fn is_short(created: Timestamp, expires: Timestamp) -> bool {
    expires.unix() - created.unix() <= ROOT_SECONDS_MAX
}

/// The path of the draft of a root.
pub fn draft_path(directory: &Path, version: u64) -> PathBuf {
    directory.join("roots").join(format!("{version}.draft.json"))
}

impl Pending {
    /// The draft of the next root, if there is one.
    pub fn read(directory: &Path, current: &Root) -> Result<Option<Self>, PolicyError> {
        let path = draft_path(directory, current.version() + 1);
        let Some(bytes) = files::read_if_exists(&path, ROOT_BYTES_MAX)? else { return Ok(None) };
        let envelope: Envelope = document::from_json(&path, &bytes)?;
        if Count::of(current.root(), PAYLOAD_TYPE, &envelope).given == 0 {
            return Ok(None);
        }
        let (envelope, root) = root::successor(&path, &bytes, Some(current))?;
        Ok(Some(Self { envelope, root }))
    }

    /// The draft of the next root, to add a signature.
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

    /// Whether the draft's times allow further signatures; they are the word of one key holder.
    fn can_be_signed(&self, current: &Root, now: Timestamp) -> bool {
        let RootFile { created, expires, .. } = *self.root.file();
        let is_old = created.unix() < now.unix() - DRAFT_SECONDS_MAX;
        created <= now.plus_seconds(CLOCK_SKEW_SECONDS)
            // A fully signed root needs a seal, and no further signature.
            && (!is_old || self.is_signed(current))
            && created >= current.file().created
            && now < expires
            && is_short(created, expires)
    }

    /// Starts a rotation to this document; replaces an existing draft.
    pub fn propose(directory: &Path, current: &Root, file: &RootFile) -> Result<Self, RotationError> {
        if !is_short(file.created, file.expires) {
            return Err(RotationError::TooLong { created: file.created, expires: file.expires });
        }
        let path = draft_path(directory, current.version() + 1);
        if file.version > ROOTS_MAX {
            let message = format!("a chain can have at most {ROOTS_MAX} roots");
            return Err(PolicyError::from(DocumentError::new(&path, message)).into());
        }
        let (envelope, root) = root::successor(&path, &signing::root(file, &[]), Some(current))?;
        Ok(Self { envelope, root })
    }

    /// The new root, which is not in force yet.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The signatures of the old root role, and of the new one.
    pub fn counts(&self, current: &Root) -> (Count, Count) {
        let count = |root: &Root| Count::of(root.root(), PAYLOAD_TYPE, &self.envelope);
        (count(current), count(&self.root))
    }

    /// Whether both thresholds are met.
    pub fn is_signed(&self, current: &Root) -> bool {
        let (old, new) = self.counts(current);
        old.is_met() && new.is_met()
    }

    /// Refuses keys whose signatures are not needed, or that must not sign first.
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

    /// Adds signatures, writes the draft, and publishes it if it is complete and a seal is valid under it.
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
        match snapshot::read(directory, &self.root) {
            Ok(_) => {}
            Err(error) if error.is_newer() => return Err(error.into()),
            Err(_) => return Ok(Step::Signed),
        }
        self.publish(directory)?;
        Ok(Step::Published)
    }

    /// Renames the draft to the root. The caller has checked both thresholds and that a seal is valid under
    /// it.
    pub(super) fn publish(&self, directory: &Path) -> Result<(), PolicyError> {
        let version = self.root.version();
        Ok(files::rename(&draft_path(directory, version), &root::path(directory, version))?)
    }
}
