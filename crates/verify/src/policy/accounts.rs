//! Other accounts: copies of their policies, trusted as far as our own seal vouches for them.
//!
//! For an account name, `accounts/NAME.toml` is sealed and names one seal of that account, whose copy is in a
//! separate folder. The copy gets every check that our own documents get, by the same code: pinned root,
//! chain of roots, threshold, expiry, digests. It is used only for what our documents refer to, and trust is
//! not transitive: the accounts that it knows stay unknown here.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use super::documents::ACCOUNTS;
use super::error::PolicyError;
use super::store::{Location, Policy};
use crate::account::{KnownAccount, Reached};
use crate::name::AccountName;
use crate::pin::Pin;
use crate::time::Timestamp;

/// The folder in a policy directory for a copy of another account's policy at one of its seals.
pub fn folder(directory: &Path, account: &AccountName, reached: &Reached) -> PathBuf {
    directory.join(path(account, reached))
}

/// The same, as a path relative to the policy directory.
pub fn path(account: &AccountName, reached: &Reached) -> String {
    format!("{ACCOUNTS}/{account}/{}", folder_name(reached))
}

/// The parent of the folders of one account.
pub fn folder_of_all(directory: &Path, account: &AccountName) -> PathBuf {
    directory.join(ACCOUNTS).join(account.as_str())
}

/// A seal's folder is named by its digest, so that another seal can be fetched while this one is in use.
fn folder_name(reached: &Reached) -> String {
    reached.snapshot_sha384.to_string().chars().take(FOLDER_DIGITS).collect()
}

/// How many hexadecimal digits of a seal's digest name its folder; the full digest is compared when it is
/// read.
pub const FOLDER_DIGITS: usize = 32;

impl Policy {
    /// Another account's policy, at the same time; `None` if this policy does not know the account.
    ///
    /// Errors: [`PolicyError::Account`] if the account's policy is not trusted, any other error for ours.
    pub fn of_account(&self, name: &AccountName) -> Result<Option<Arc<Self>>, PolicyError> {
        let Some(known) = self.known_account(name)? else { return Ok(None) };
        // Values in the map are inserted whole, so it is consistent after a panic in another thread.
        let mut opened = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || open(self.directory(), &known, self.now()).map(Arc::new).map_err(Arc::new);
        match opened.entry(name.clone()).or_insert_with(open) {
            Ok(policy) => Ok(Some(policy.clone())),
            Err(source) => Err(PolicyError::Account { account: name.clone(), source: source.clone() }),
        }
    }

    /// Whether this account is a member of the organization that another account means by a name.
    ///
    /// Three conditions: our `account.toml` names the organization; the organization, whose policy we have,
    /// lists us with our root; and its root is the one that the other account has for that name, since names
    /// are not unique.
    pub fn is_in_organization(&self, organization: &AccountName, of: &Self) -> Result<bool, PolicyError> {
        let says = self.membership()?.is_some_and(|document| document.organization() == Some(organization));
        let theirs = of.pin_of(organization).map_err(|error| error.of_account(of.account()))?;
        let ours = self.pin_of(organization)?;
        if !says || ours.is_none() || ours != theirs {
            return Ok(false);
        }
        let members = if organization == self.account() {
            self.organization()?
        } else {
            let members = self.of_account(organization)?.map_or(Ok(None), |policy| policy.organization());
            members.map_err(|error| error.of_account(organization))?
        };
        Ok(members.is_some_and(|members| members.has(self.account(), self.pin())))
    }

    /// The first root of an account, from this policy's document; for our own account, our own.
    fn pin_of(&self, account: &AccountName) -> Result<Option<Pin>, PolicyError> {
        if account == self.account() {
            return Ok(Some(self.pin()));
        }
        Ok(self.known_account(account)?.map(|known| known.root()))
    }
}

/// Opens the copy of an account's policy, which must be at exactly the seal that our document names.
pub fn open(directory: &Path, known: &KnownAccount, now: Timestamp) -> Result<Policy, PolicyError> {
    let directory = folder(directory, known.account(), &known.reached());
    let policy = Policy::open(&Location { directory, pin: Some(known.root()), state: None }, now)?;
    if policy.account() != known.account() || policy.reached() != known.reached() {
        return Err(PolicyError::AccountDiffers {
            directory: policy.directory().into(),
            known: known.reached().snapshot,
            found: policy.snapshot().version,
        });
    }
    Ok(policy)
}
