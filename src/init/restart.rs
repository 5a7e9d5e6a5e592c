//! A restart: an account's documents under a new first root, to which nobody's pin leads yet.
//!
//! It is the way back when so many root keys are lost, or in a thief's hands, that no rotation can be
//! signed or trusted. Everybody pins the new root; nothing else of the account changes, and what was not
//! sealed before is not taken along.

use std::path::Path;

use super::role::RolePlan;
use super::{InitError, in_place, root_document};
use crate::files::{self, Access, reading};
use crate::ledger;
use crate::limits::SIGNED_REVOCATION_BYTES_MAX;
use crate::name::AccountName;
use crate::pin::Pin;
use crate::policy::documents;
use crate::policy::error::PolicyError;
use crate::policy::root::{self, Root};
use crate::policy::seal::Sealing;
use crate::policy::snapshot;
use crate::policy::state::State;
use crate::revocation::signed;
use crate::time::{Period, Timestamp};

/// What a restart takes.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The account, as before.
    pub account: AccountName,
    /// The policy directory with its documents, which must be as they were sealed.
    pub from: &'a Path,
    /// Its newest root.
    pub before: &'a Root,
    /// Where the highest version seen is remembered; an older seal is not taken along.
    pub state: Option<&'a Path>,
    /// Where the new policy directory goes; nothing may be there.
    pub directory: &'a Path,
    /// The new root role; its secret keys sign root 1.
    pub root: RolePlan<'a>,
    /// The new policy role; its secret keys make the first seal.
    pub policy: RolePlan<'a>,
    /// How long the first seal counts.
    pub seal_validity: Period,
    /// When.
    pub now: Timestamp,
}

/// Makes the new policy directory, whole or not at all; the one before stays as it is.
pub fn restart(plan: &Plan<'_>) -> Result<Pin, InitError> {
    let sealed = snapshot::read(plan.from, plan.before)?;
    if let Some(state) = plan.state {
        State::check(state, plan.before, &sealed, sealed.snapshot.created)?;
    }
    let changes = documents::changes(plan.from, &sealed.snapshot)?;
    if !changes.is_empty() {
        let paths = changes.into_iter().map(|change| change.path).collect();
        return Err(PolicyError::Unsealed { directory: plan.from.into(), paths }.into());
    }
    in_place(plan.directory, |draft| {
        for (path, bytes) in documents::read(plan.from)? {
            files::write(&draft.join(path), &bytes, Access::Public)?;
        }
        copy_ledger(plan.from, draft)?;
        copy_signed_revocations(plan.from, draft)?;
        let root = root_document(&plan.account, &plan.root, &plan.policy, plan.now);
        files::write(&root::path(draft, 1), &root, Access::Public)?;
        let pin = Pin::of(&root);
        let root = root::walk(draft, &pin)?;
        let expires = plan.now.plus(plan.seal_validity);
        Sealing::first(draft, &root).seal(plan.policy.signers(), plan.now, expires)?;
        Ok(pin)
    })
}

fn copy_ledger(from: &Path, to: &Path) -> Result<(), InitError> {
    let (from, to) = (from.join(ledger::FILE_NAME), to.join(ledger::FILE_NAME));
    match std::fs::copy(&from, &to) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(reading(&from)(error).into()),
    }
}

fn copy_signed_revocations(from: &Path, to: &Path) -> Result<(), InitError> {
    let folder = from.join(signed::FOLDER);
    for name in files::names_in(&folder)?.into_iter().filter(|name| name.ends_with(".json")) {
        let bytes = files::read(&folder.join(&name), SIGNED_REVOCATION_BYTES_MAX)?;
        files::write(&to.join(signed::FOLDER).join(name), &bytes, Access::Public)?;
    }
    Ok(())
}
