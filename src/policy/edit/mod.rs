//! Editing: commands change one document at a time, under the policy directory's lock.
//!
//! An edit needs no seal and no key: it has no effect until the key holders seal it. It is refused if the
//! table of differences forbids it, or if the document was changed since the caller read it.

mod account;
mod error;

use std::path::{Path, PathBuf};

pub use self::error::EditError;

use super::diff::{self, Difference};
use super::documents::{self, FUNCTIONS, Kind, REVOCATIONS};
use super::error::PolicyError;
use super::root::{self, Root};
use super::seal::Sealing;
use super::store::Location;
use super::vendor;
use crate::csc::Csc;
use crate::document::{self, DocumentError};
use crate::files::{self, Access, FileError, Lock};
use crate::function::{Functions, Pattern};
use crate::layer::Layer;
use crate::name::{ArtifactName, CscId, ProfileName};
use crate::pin::Pin;
use crate::profile::Profile;
use crate::revocation::{Revocation, Revocations};
use crate::time::Timestamp;

/// A policy directory that a command changes.
#[derive(Debug)]
pub struct Editor {
    directory: PathBuf,
    root: Root,
    pin: Pin,
    now: Timestamp,
    mode: Mode,
    _lock: Lock,
}

/// Whether changes are written to the policy directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are written.
    Write,
    /// They are checked, but not written.
    Rehearse,
}

/// The folders of a policy directory that commands write to.
const WRITTEN_FOLDERS: [&str; 7] =
    ["accounts", "csc", "layers", "objects", "profiles", "revocations", "roots"];

/// The lock that every command takes before it writes to a policy directory.
///
/// Errors: a folder of the directory is a link. Anyone who can write to the tree could have put it there, to
/// redirect writes.
/// we would write.
pub fn lock(directory: &Path) -> Result<Lock, FileError> {
    for folder in WRITTEN_FOLDERS {
        let folder = directory.join(folder);
        if folder.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
            return Err(FileError::NotAFolder { path: folder });
        }
    }
    Lock::take(&root::path(directory, 1))
}

impl Editor {
    /// Opens a pinned policy directory that is not older than one seen before, and takes its lock; waits
    /// while another command has the lock.
    pub fn open(location: &Location, now: Timestamp) -> Result<Self, PolicyError> {
        let Location { directory, pin, state } = location;
        let pin = pin.as_ref().ok_or_else(|| PolicyError::Unpinned(directory.clone()))?;
        let lock = lock(directory)?;
        let root = root::walk(directory, pin)?;
        let sealing = Sealing::open(directory, &root)?;
        state.as_ref().map_or(Ok(()), |state| sealing.check_memory(state, now))?;
        Ok(Self { directory: directory.clone(), root, pin: *pin, now, mode: Mode::Write, _lock: lock })
    }

    /// The same editor, with changes written or only checked.
    pub fn with_mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// The policy directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The newest root.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The digest of the first root.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// The current profile, sealed or not.
    pub fn profile(&self, name: &ProfileName) -> Result<Profile, EditError> {
        self.find(&Kind::path_of(name), Profile::parse)?
            .ok_or_else(|| EditError::Absent(format!("signing profile `{name}`")))
    }

    /// The current CSC, sealed or not.
    pub fn csc(&self, id: &CscId) -> Result<Csc, EditError> {
        self.find(&Kind::path_of(id), Csc::parse)?.ok_or_else(|| EditError::Absent(format!("CSC `{id}`")))
    }

    /// The current governance, sealed or not.
    pub fn functions(&self) -> Result<Functions, EditError> {
        Ok(self.find(FUNCTIONS, Functions::parse)?.ok_or(PolicyError::Missing(FUNCTIONS))?)
    }

    /// The current revocations, sealed or not.
    pub fn revocations(&self) -> Result<Revocations, EditError> {
        let found = self.find(REVOCATIONS, Revocations::parse)?;
        Ok(found.ok_or(PolicyError::Missing(REVOCATIONS))?)
    }

    /// The current layer, sealed or not; `None` if no layer of that name was published.
    pub fn layer(&self, name: &ArtifactName) -> Result<Option<Layer>, EditError> {
        Ok(self.find(&Kind::path_of(name), Layer::parse)?)
    }

    fn find<T>(
        &self,
        path: &str,
        parse: impl Fn(&Path, &[u8]) -> Result<T, DocumentError>,
    ) -> Result<Option<T>, PolicyError> {
        let Some(bytes) = self.bytes(path)? else { return Ok(None) };
        Ok(Some(parse(&self.directory.join(path), &bytes)?))
    }

    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, PolicyError> {
        let limit = Kind::of(path).map_or(0, Kind::limit);
        Ok(files::read_if_exists(&self.directory.join(path), limit)?)
    }

    /// Writes a new profile; its name must never have been used, in any case.
    pub fn create_profile(&self, profile: &Profile) -> Result<Vec<Difference>, EditError> {
        let path = Kind::path_of(profile.name());
        if self.alike(&path)?.is_some() {
            return Err(EditError::Taken(format!("signing profile `{}`", profile.name())));
        }
        self.save(&path, profile)
    }

    /// The document with this path, ignoring case.
    fn alike(&self, path: &str) -> Result<Option<String>, PolicyError> {
        Ok(documents::read(&self.directory)?.into_keys().find(|known| known.eq_ignore_ascii_case(path)))
    }

    /// Writes a changed profile.
    pub fn save_profile(&self, profile: &Profile) -> Result<Vec<Difference>, EditError> {
        self.save(&Kind::path_of(profile.name()), profile)
    }

    /// Writes a new or changed CSC.
    pub fn save_csc(&self, csc: &Csc) -> Result<Vec<Difference>, EditError> {
        self.save(&Kind::path_of(csc.id()), csc)
    }

    /// Writes a layer with a new version or changed permissions.
    pub fn save_layer(&self, layer: &Layer) -> Result<Vec<Difference>, EditError> {
        let path = Kind::path_of(layer.name());
        if let Some(known) = self.alike(&path)?.filter(|known| *known != path) {
            return Err(EditError::Taken(format!("document `{known}`")));
        }
        self.save(&path, layer)
    }

    /// Removes a CSC that governs nothing.
    pub fn delete_csc(&self, id: &CscId) -> Result<Vec<Difference>, EditError> {
        let patterns: Vec<Pattern> = self.functions()?.patterns_of(id).cloned().collect();
        if !patterns.is_empty() {
            return Err(EditError::Attached { id: id.clone(), patterns });
        }
        self.remove(&Kind::path_of(id), &format!("CSC `{id}`"))
    }

    fn remove(&self, path: &str, what: &str) -> Result<Vec<Difference>, EditError> {
        let file = self.directory.join(path);
        let before = self.bytes(path)?.ok_or_else(|| EditError::Absent(what.into()))?;
        let differences =
            diff::between(&self.directory, path, Some(&before), None).map_err(PolicyError::from)?;
        self.check_inside(&file)?;
        if self.mode == Mode::Write {
            files::remove(&file).map_err(PolicyError::from)?;
        }
        Ok(differences)
    }

    /// Refuses a document whose folder is a link. Anyone who can write to the tree could have put it there,
    /// to redirect writes.
    fn check_inside(&self, file: &Path) -> Result<(), PolicyError> {
        let folder = file.parent().filter(|folder| *folder != self.directory);
        folder.map_or(Ok(()), vendor::check_no_link)
    }

    /// Writes the changed governance.
    pub fn save_functions(&self, functions: &Functions) -> Result<Vec<Difference>, EditError> {
        self.save(FUNCTIONS, functions)
    }

    /// Adds a revocation; an existing one with the same reason code can move to an earlier time.
    pub fn revoke(&self, new: &Revocation) -> Result<Vec<Difference>, EditError> {
        let mut revocations = self.revocations()?;
        let alike =
            |old: &&Revocation| old.subject() == new.subject() && old.reason_code() == new.reason_code();
        match revocations.all().iter().find(alike) {
            None => revocations.add(new.clone()),
            Some(old) if old.effective() == new.effective() => {
                return Err(EditError::Same(REVOCATIONS.into()));
            }
            Some(old) => {
                revocations.take(old);
                revocations.add(match new.effective() {
                    Some(effective) => old.clone().effective_from(effective),
                    None => old.clone(),
                });
            }
        }
        self.save(REVOCATIONS, &revocations.next_revision())
    }

    /// Writes a document whose differences are allowed; comments and layout of the file stay.
    fn save(&self, path: &str, document: &impl serde::Serialize) -> Result<Vec<Difference>, EditError> {
        let changed = self.prepare(path, document)?;
        self.finish(path, changed)
    }

    fn prepare(&self, path: &str, document: &impl serde::Serialize) -> Result<Changed, EditError> {
        let file = self.directory.join(path);
        let before = self.bytes(path)?;
        let after = match &before {
            Some(before) => document::update_toml(&file, before, document).map_err(PolicyError::from)?,
            None => document::to_toml(document),
        };
        let differences = diff::between(&self.directory, path, before.as_deref(), Some(after.as_bytes()))
            .map_err(PolicyError::from)?;
        if let Some(forbidden) = differences.iter().find(|each| each.forbidden.is_some()) {
            return Err(EditError::Forbidden(forbidden.clone()));
        }
        if differences.is_empty() {
            return Err(EditError::Same(path.into()));
        }
        Ok(Changed { after, differences })
    }

    fn finish(&self, path: &str, changed: Changed) -> Result<Vec<Difference>, EditError> {
        let file = self.directory.join(path);
        self.check_inside(&file)?;
        if self.mode == Mode::Write {
            files::write(&file, changed.after.as_bytes(), Access::Public).map_err(PolicyError::from)?;
        }
        Ok(changed.differences)
    }
}

/// The new text of a document, and the differences, which are allowed.
struct Changed {
    after: String,
    differences: Vec<Difference>,
}

/// Refuses an edit by a caller who has read another revision than the current one.
pub fn check_revision(path: &str, found: u64, expected: Option<u64>) -> Result<(), EditError> {
    match expected {
        Some(expected) if expected != found => {
            Err(EditError::Conflict { path: path.into(), found, expected })
        }
        _ => Ok(()),
    }
}
