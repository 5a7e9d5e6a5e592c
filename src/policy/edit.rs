//! Editing: one document at a time is changed under the policy directory's lock, as the table allows.
//!
//! An edit needs no seal and no key: it counts for nothing until the key holders have sealed it. It is
//! refused where the table of differences forbids it, and where its maker had not seen a later change.

use std::path::{Path, PathBuf};

use super::diff::{self, Difference};
use super::documents::{self, Kind};
use super::error::PolicyError;
use super::root::{self, Root};
use super::seal::Sealing;
use super::store::{Location, Policy};
use super::vendor;
use crate::account::{KnownAccount, Membership, Organization};
use crate::arn::{Owner, PublisherArn};
use crate::csc::Csc;
use crate::document::{self, DocumentError};
use crate::files::{self, Access, FileError, Lock, writing};
use crate::function::{Functions, Pattern};
use crate::layer::{Layer, LayerPermission};
use crate::name::{AccountName, ArtifactName, CscId, ProfileName};
use crate::pin::Pin;
use crate::profile::Profile;
use crate::revocation::{Revocation, Revocations};
use crate::time::Timestamp;

/// Why a document was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// There is no such document.
    #[error("there is no {0}")]
    Absent(String),
    /// The name is taken.
    #[error("there is a {0} already")]
    Taken(String),
    /// Somebody changed the document since its maker looked at it.
    #[error("`{path}` is at revision {found}, not {expected}: somebody changed it since")]
    Conflict {
        /// The document.
        path: String,
        /// The revision it has.
        found: u64,
        /// The revision that was expected.
        expected: u64,
    },
    /// The CSC governs functions.
    #[error("CSC `{id}` governs functions: {}", list(patterns))]
    Attached {
        /// The CSC.
        id: CscId,
        /// The patterns that are attached to it.
        patterns: Vec<Pattern>,
    },
    /// Documents name the account.
    #[error("account `{account}` is named by {}", by.join(", "))]
    Named {
        /// The account.
        account: AccountName,
        /// The documents, and what names it there.
        by: Vec<String>,
    },
    /// The table forbids the change.
    #[error("{}: {}", .0.text, .0.forbidden.as_deref().unwrap_or_default())]
    Forbidden(Difference),
    /// It is as it was asked to be.
    #[error("nothing would change in `{0}`")]
    Same(String),
    /// The policy or a document could not be read or written.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

fn list(patterns: &[Pattern]) -> String {
    patterns.iter().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(", ")
}

impl EditError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Absent(_) => Some("look at what there is with `list`"),
            Self::Taken(_) => Some("choose another name; a name is never used twice"),
            Self::Conflict { path, .. } if path == "functions.toml" => {
                Some("look at it with `countersign function list`, and give the revision that you have seen")
            }
            Self::Conflict { .. } => Some("look at it with `show`, and give the revision that you have seen"),
            Self::Attached { .. } => {
                Some("attach them to another CSC with `countersign function attach`, or detach them")
            }
            Self::Named { .. } => Some(
                "take it out there first: `countersign csc update --remove-publisher`, `layer forbid` or `account leave`",
            ),
            Self::Forbidden(Difference { path, .. }) if path.starts_with("accounts/") => Some(
                "ask its owner which of the two is right: what serves it may be an old copy, or somebody else's",
            ),
            Self::Forbidden(Difference { path, .. }) if path == "revocations.toml" => Some(
                "give an earlier time than `revocations.toml` says; one that was not sealed yet can be restored from the policy's repository",
            ),
            Self::Forbidden(_) => Some(
                "look at it with `show`; what was not sealed yet can be restored from the policy's repository",
            ),
            Self::Same(path) if path == "functions.toml" => {
                Some("look at it with `countersign function list`")
            }
            Self::Same(path) if path == "revocations.toml" => Some(
                "it is revoked already, for the same reason code and from the same time on; if `countersign policy diff` lists it, it waits for a seal",
            ),
            Self::Same(_) => Some("look at it with `show`"),
            Self::Policy(error) => error.hint(),
        }
    }
}

/// A policy directory that one command changes.
#[derive(Debug)]
pub struct Editor {
    directory: PathBuf,
    root: Root,
    pin: Pin,
    now: Timestamp,
    mode: Mode,
    _lock: Lock,
}

/// Whether changes reach the policy directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are written.
    Write,
    /// They are checked in every way, and nothing is written.
    Rehearse,
}

/// The lock that every command which writes into a policy directory holds.
pub fn lock(directory: &Path) -> Result<Lock, FileError> {
    Lock::take(&root::path(directory, 1))
}

impl Editor {
    /// Takes the lock of a pinned policy directory, which is not older than what was seen of it; waits
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

    /// The same policy directory, with changes written or only rehearsed from now on.
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

    /// A profile as it is now, sealed or not.
    pub fn profile(&self, name: &ProfileName) -> Result<Profile, EditError> {
        self.find(&path_of_profile(name), Profile::parse)?
            .ok_or_else(|| EditError::Absent(format!("signing profile `{name}`")))
    }

    /// A CSC as it is now, sealed or not.
    pub fn csc(&self, id: &CscId) -> Result<Csc, EditError> {
        self.find(&path_of_csc(id), Csc::parse)?.ok_or_else(|| EditError::Absent(format!("CSC `{id}`")))
    }

    /// The governance as it is now, sealed or not.
    pub fn functions(&self) -> Result<Functions, EditError> {
        Ok(self.find("functions.toml", Functions::parse)?.ok_or(PolicyError::Missing("functions.toml"))?)
    }

    /// The revocations as they are now, sealed or not.
    pub fn revocations(&self) -> Result<Revocations, EditError> {
        let found = self.find("revocations.toml", Revocations::parse)?;
        Ok(found.ok_or(PolicyError::Missing("revocations.toml"))?)
    }

    /// A layer as it is now, sealed or not; nothing if none of the name was published.
    pub fn layer(&self, name: &ArtifactName) -> Result<Option<Layer>, EditError> {
        Ok(self.find(&path_of_layer(name), Layer::parse)?)
    }

    /// What is known of another account now, sealed or not.
    pub fn known_account(&self, name: &AccountName) -> Result<Option<KnownAccount>, EditError> {
        Ok(self.find(&path_of_account(name), KnownAccount::parse)?)
    }

    /// Every other account that is known now, sealed or not.
    pub fn known_accounts(&self) -> Result<Vec<AccountName>, EditError> {
        let paths = documents::read(&self.directory)?.into_keys();
        let name = |path: String| path.strip_prefix("accounts/")?.strip_suffix(".toml")?.parse().ok();
        Ok(paths.filter_map(name).collect())
    }

    /// Which organisation the account says now that it is in, sealed or not.
    pub fn membership(&self) -> Result<Option<Membership>, EditError> {
        Ok(self.find("account.toml", Membership::parse)?)
    }

    /// Who is in the organisation that the account is, as of now, sealed or not.
    pub fn organization(&self) -> Result<Option<Organization>, EditError> {
        Ok(self.find("organization.toml", Organization::parse)?)
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
        Ok(files::read_if_there(&self.directory.join(path), limit)?)
    }

    /// Writes a profile that was made new; its name must never have been used, in capitals or not.
    pub fn create_profile(&self, profile: &Profile) -> Result<Vec<Difference>, EditError> {
        let path = path_of_profile(profile.name());
        if self.alike(&path)?.is_some() {
            return Err(EditError::Taken(format!("signing profile `{}`", profile.name())));
        }
        self.save(&path, profile)
    }

    /// The document that has this path, in capitals or not.
    fn alike(&self, path: &str) -> Result<Option<String>, PolicyError> {
        Ok(documents::read(&self.directory)?.into_keys().find(|known| known.eq_ignore_ascii_case(path)))
    }

    /// Writes a profile that was changed.
    pub fn save_profile(&self, profile: &Profile) -> Result<Vec<Difference>, EditError> {
        self.save(&path_of_profile(profile.name()), profile)
    }

    /// Writes a CSC that was made or changed.
    pub fn save_csc(&self, csc: &Csc) -> Result<Vec<Difference>, EditError> {
        self.save(&path_of_csc(csc.id()), csc)
    }

    /// Writes a layer that was published, or whose permissions changed.
    pub fn save_layer(&self, layer: &Layer) -> Result<Vec<Difference>, EditError> {
        let path = path_of_layer(layer.name());
        if let Some(known) = self.alike(&path)?.filter(|known| *known != path) {
            return Err(EditError::Taken(format!("document `{known}`")));
        }
        self.save(&path, layer)
    }

    /// Copies another account's policy here, and writes the document that pins it; first the one, then the other.
    ///
    /// `from` is where it comes from next time. The policy holds: it was opened with the account's pin.
    pub fn bring_account(&self, policy: &Policy, from: &str) -> Result<Vec<Difference>, EditError> {
        let before = self.known_account(policy.account())?;
        let reached = policy.reached();
        let known = match before {
            None => KnownAccount::new(policy.account().clone(), policy.pin(), from, reached),
            Some(before) if before.root() != policy.pin() => {
                return Err(EditError::Taken(format!("account `{}` of another root", policy.account())));
            }
            Some(before) if (before.from(), before.reached()) == (from, reached) => {
                // Signed revocations need no seal, so there may be more of them.
                if self.mode == Mode::Write {
                    vendor::vendor(&self.directory, policy)?;
                }
                return Ok(Vec::new());
            }
            Some(before) => before.updated(from, reached),
        };
        let path = path_of_account(policy.account());
        let rehearsed = self.prepare(&path, &known)?;
        if self.mode == Mode::Write {
            vendor::vendor(&self.directory, policy)?;
        }
        self.finish(&path, rehearsed)
    }

    /// Removes the document of another account, and with the next seals what was brought of it.
    pub fn forget_account(&self, name: &AccountName) -> Result<Vec<Difference>, EditError> {
        let by = self.naming(name)?;
        if !by.is_empty() {
            return Err(EditError::Named { account: name.clone(), by });
        }
        self.remove(&path_of_account(name), &format!("account `{name}` in this policy"))
    }

    /// What names another account: publishers, organisations of layers, and the one that we are in.
    ///
    /// With another account of that name in its place each would mean another.
    fn naming(&self, name: &AccountName) -> Result<Vec<String>, EditError> {
        let mut by = Vec::new();
        for (path, bytes) in documents::read(&self.directory)? {
            let file = self.directory.join(&path);
            match Kind::of(&path) {
                Some(Kind::Csc) => {
                    let csc = Csc::parse(&file, &bytes).map_err(PolicyError::from)?;
                    let of_it = |arn: &&PublisherArn| *arn.owner() == Owner::countersign(name.clone());
                    by.extend(csc.publishers().iter().find(of_it).map(|_| format!("CSC `{}`", csc.id())));
                }
                Some(Kind::Layer) => {
                    let layer = Layer::parse(&file, &bytes).map_err(PolicyError::from)?;
                    let of_it = |permission: &&LayerPermission| {
                        permission.organization.as_ref() == Some(name)
                            && permission.not_after.is_none_or(|end| end > self.now)
                    };
                    by.extend(layer.permissions().iter().find(of_it).map(|permission| {
                        format!("permission `{}` of layer `{}`", permission.statement_id, layer.name())
                    }));
                }
                Some(Kind::Membership) => {
                    let document = Membership::parse(&file, &bytes).map_err(PolicyError::from)?;
                    by.extend((document.organization() == Some(name)).then(|| format!("`{path}`")));
                }
                _ => {}
            }
        }
        Ok(by)
    }

    /// Writes which organisation the account says that it is in.
    pub fn save_membership(&self, membership: &Membership) -> Result<Vec<Difference>, EditError> {
        self.save("account.toml", membership)
    }

    /// Writes who is in the organisation.
    pub fn save_organization(&self, organization: &Organization) -> Result<Vec<Difference>, EditError> {
        self.save("organization.toml", organization)
    }

    /// Removes a CSC that governs nothing.
    pub fn delete_csc(&self, id: &CscId) -> Result<Vec<Difference>, EditError> {
        let patterns: Vec<Pattern> = self.functions()?.patterns_of(id).cloned().collect();
        if !patterns.is_empty() {
            return Err(EditError::Attached { id: id.clone(), patterns });
        }
        self.remove(&path_of_csc(id), &format!("CSC `{id}`"))
    }

    fn remove(&self, path: &str, what: &str) -> Result<Vec<Difference>, EditError> {
        let file = self.directory.join(path);
        let before = self.bytes(path)?.ok_or_else(|| EditError::Absent(what.into()))?;
        let differences =
            diff::between(&self.directory, path, Some(&before), None).map_err(PolicyError::from)?;
        self.check_inside(&file)?;
        if self.mode == Mode::Write {
            std::fs::remove_file(&file).map_err(|error| PolicyError::from(writing(&file)(error)))?;
        }
        Ok(differences)
    }

    /// Refuses a document whose folder is a link: whoever writes into the tree may have put it there, to where
    /// we would write.
    fn check_inside(&self, file: &Path) -> Result<(), PolicyError> {
        let folder = file.parent().filter(|folder| *folder != self.directory);
        folder.map_or(Ok(()), vendor::check_no_link)
    }

    /// Writes the governance that was changed.
    pub fn save_functions(&self, functions: &Functions) -> Result<Vec<Difference>, EditError> {
        self.save("functions.toml", functions)
    }

    /// Adds a revocation; one that is there already, for the same reason, may move earlier.
    pub fn revoke(&self, new: &Revocation) -> Result<Vec<Difference>, EditError> {
        let mut revocations = self.revocations()?;
        let alike =
            |old: &&Revocation| old.subject() == new.subject() && old.reason_code() == new.reason_code();
        match revocations.all().iter().find(alike) {
            None => revocations.add(new.clone()),
            Some(old) if old.effective() == new.effective() => {
                return Err(EditError::Same("revocations.toml".into()));
            }
            Some(old) => {
                revocations.take(old);
                revocations.add(match new.effective() {
                    Some(effective) => old.clone().effective_from(effective),
                    None => old.clone(),
                });
            }
        }
        self.save("revocations.toml", &revocations.next_revision())
    }

    /// Writes a document whose differences the table allows; what people wrote around its values stays.
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

/// A document as it is to be, and how that differs, which the table allows.
struct Changed {
    after: String,
    differences: Vec<Difference>,
}

/// Refuses an edit by somebody who has seen another revision than the document has.
pub fn check_revision(path: &str, found: u64, expected: Option<u64>) -> Result<(), EditError> {
    match expected {
        Some(expected) if expected != found => {
            Err(EditError::Conflict { path: path.into(), found, expected })
        }
        _ => Ok(()),
    }
}

/// Where a policy directory keeps a profile.
pub fn path_of_profile(name: &ProfileName) -> String {
    format!("profiles/{name}.toml")
}

/// Where a policy directory keeps a layer.
pub fn path_of_layer(name: &ArtifactName) -> String {
    format!("layers/{name}.toml")
}

/// Where a policy directory keeps what it says of another account.
pub fn path_of_account(name: &AccountName) -> String {
    format!("accounts/{name}.toml")
}

/// Where a policy directory keeps a CSC.
pub fn path_of_csc(id: &CscId) -> String {
    format!("csc/{id}.toml")
}
