//! A restart: an account's documents under a new first root, which no one has pinned yet.
//!
//! It is the recovery when so many root keys are lost or stolen that no rotation can be signed or trusted.
//! All users must pin the new root; the rest of the account does not change, and unsealed changes are not
//! copied.

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
use crate::policy::snapshot::{self, Snapshot};
use crate::policy::state::State;
use crate::revocation::signed;
use crate::time::{Period, Timestamp};

/// The settings of a restart.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The account, as before.
    pub account: AccountName,
    /// The policy directory with its documents, which must be as sealed.
    pub from: &'a Path,
    /// Its newest root.
    pub before: &'a Root,
    /// The file of the remembered state; an older seal is refused.
    pub state: Option<&'a Path>,
    /// The new policy directory, which must not exist.
    pub directory: &'a Path,
    /// The new root role; its secret keys sign root 1.
    pub root: RolePlan<'a>,
    /// The new policy role; its secret keys sign the first seal.
    pub policy: RolePlan<'a>,
    /// How long the first seal is valid.
    pub seal_validity: Period,
    /// The current time.
    pub now: Timestamp,
}

/// Creates the new policy directory, completely or not at all; the old one is not changed.
pub fn restart(plan: &Plan<'_>) -> Result<Pin, InitError> {
    let sealed = snapshot::read(plan.from, plan.before)?;
    if let Some(state) = plan.state {
        State::check(state, plan.before, &sealed, sealed.snapshot.created)?;
    }
    check_sealed(plan, plan.from, &sealed.snapshot)?;
    in_place(plan.directory, |draft| {
        for (path, bytes) in documents::read(plan.from)? {
            files::write(&draft.join(path), &bytes, Access::Public)?;
        }
        copy_ledger(plan.from, draft)?;
        // The copy is what is sealed: somebody may have written after the first check.
        check_sealed(plan, draft, &sealed.snapshot)?;
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

/// Refuses documents in a directory that differ from what the account sealed last.
fn check_sealed(plan: &Plan<'_>, directory: &Path, sealed: &Snapshot) -> Result<(), PolicyError> {
    let changes = documents::changes(directory, sealed)?;
    if changes.is_empty() {
        return Ok(());
    }
    Err(documents::unsealed(plan.from, changes))
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
