//! The central policy: the content for targets, read once, as it was sealed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::document::DocumentError;
use crate::files;
use crate::git::BlobId;
use crate::git::GitError;
use crate::git::bare::Bare;
use crate::hint::Hint;
use crate::limits::SIGNED_REVOCATION_BYTES_MAX;
use crate::name::AccountName;
use crate::pin::Pin;
use crate::policy::accounts;
use crate::policy::documents::{self, Kind};
use crate::policy::error::PolicyError;
use crate::policy::sealed::{self, Which};
use crate::policy::snapshot::Snapshot;
use crate::policy::store::Policy;
use crate::revocation::signed;
use crate::stackset::{Part, StackSet, Target};

/// An account's sealed policy, to be rolled out.
#[derive(Debug)]
pub struct Central {
    directory: PathBuf,
    account: AccountName,
    snapshot: Snapshot,
    pin: Pin,
    set: StackSet,
    files: BTreeMap<String, File>,
}

/// A file that every copy has.
#[derive(Debug)]
pub(super) struct File {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its id as a git object.
    pub blob: BlobId,
}

/// Why nothing can be rolled out.
#[derive(Debug, thiserror::Error)]
pub enum CentralError {
    /// There is no sealed stack set.
    #[error("account `{0}` has no sealed `stackset.toml`")]
    None(AccountName),
    /// The policy is not trusted, or differs from its seal.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The id of an object cannot be computed.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Hint for CentralError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::None(_) => "add `stackset.toml` to the policy directory, and run `countersign policy seal`",
            Self::Policy(error) => return error.hint(),
            Self::Git(_) => return None,
        };
        Some(hint.into())
    }
}

impl Central {
    /// Reads the sealed policy, all of which must be present and intact.
    ///
    /// Jobs that the ledger recorded after the seal are not rolled out.
    pub fn read(policy: &Policy) -> Result<Self, CentralError> {
        policy.check_index()?;
        let (directory, snapshot) = (policy.directory(), policy.snapshot());
        let changes = documents::changes(directory, snapshot)?;
        let unsealed: Vec<_> = changes.into_iter().filter(|each| each.kind != "extended").collect();
        if !unsealed.is_empty() {
            return Err(documents::unsealed(directory, unsealed).into());
        }
        let set = policy
            .document(documents::STACKSET, StackSet::parse)?
            .ok_or_else(|| CentralError::None(policy.account().clone()))?;
        let bytes = sealed_files(policy)?;
        let file =
            |(path, bytes): (String, Vec<u8>)| Ok((path, File { blob: Bare::blob_of(&bytes)?, bytes }));
        let files = bytes.into_iter().map(file).collect::<Result<_, GitError>>()?;
        let (account, pin) = (policy.account().clone(), policy.pin());
        Ok(Self { directory: directory.into(), account, snapshot: snapshot.clone(), pin, set, files })
    }

    /// The account.
    pub fn account(&self) -> &AccountName {
        &self.account
    }

    /// The seal that is rolled out.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The targets and the limits of a rollout.
    pub fn set(&self) -> &StackSet {
        &self.set
    }

    /// The pin of the account's first root.
    pub(super) fn pin(&self) -> Pin {
        self.pin
    }

    /// The files of a copy, by path.
    pub(super) fn files(&self) -> &BTreeMap<String, File> {
        &self.files
    }

    /// The documents for a target's own account, with the target's parameters.
    pub(super) fn documents(&self, target: &Target) -> Result<BTreeMap<String, Vec<u8>>, DocumentError> {
        let mut found = BTreeMap::new();
        for (path, file) in &self.files {
            let part = match Kind::of(path) {
                Some(Kind::Csc) => Part::Csc,
                Some(Kind::Profile) => Part::Profiles,
                Some(Kind::Functions) => Part::Functions,
                _ => continue,
            };
            if target.deploy().has(part) {
                let parameters = target.parameters();
                let bytes = match part {
                    Part::Csc => {
                        parameters.apply_to(&self.directory.join(path), &file.bytes, &self.account)?
                    }
                    Part::Profiles | Part::Functions => file.bytes.clone(),
                };
                found.insert(path.clone(), bytes);
            }
        }
        Ok(found)
    }
}

/// Every sealed file, and the copies of other accounts' policies at that seal.
///
/// Copies that have expired since are included: there can be something to revoke.
fn sealed_files(policy: &Policy) -> Result<BTreeMap<String, Vec<u8>>, PolicyError> {
    let mut found = BTreeMap::new();
    add(&mut found, "", policy, Which::All)?;
    for name in policy.account_names() {
        let Some(known) = policy.known_account(&name)? else { continue };
        let other = accounts::open(policy.directory(), &known, policy.snapshot().created);
        let prefix = accounts::path(&name, &known.reached());
        other
            .and_then(|other| add(&mut found, &format!("{prefix}/"), &other, Which::Index))
            .map_err(|error| error.of_account(&name))?;
    }
    Ok(found)
}

/// Adds the files of a seal and its signed revocations, under a prefix.
fn add(
    found: &mut BTreeMap<String, Vec<u8>>,
    prefix: &str,
    policy: &Policy,
    which: Which,
) -> Result<(), PolicyError> {
    sealed::visit(policy, which, |path, bytes| {
        found.insert(format!("{prefix}{path}"), bytes);
        Ok(())
    })?;
    for (_, path) in sealed::revocations(policy.directory())? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let bytes = files::read(&path, SIGNED_REVOCATION_BYTES_MAX)?;
        found.insert(format!("{prefix}{}/{name}", signed::FOLDER), bytes);
    }
    Ok(())
}
