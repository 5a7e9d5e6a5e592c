//! Other accounts: their policies as they were brought here, each as far as our own seal vouches for it.
//!
//! A name of an account leads to `accounts/NAME.toml`, which is sealed, and from there to the one seal of
//! that account which it names, in a folder of its own. What lies there gets every check that our own
//! documents get, by the same code: pinned root, chain of roots, threshold, expiry, digests. And it counts for
//! nothing but what our documents ask it about: nobody is known through somebody else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::PolicyError;
use super::store::{Location, Policy};
use crate::account::{KnownAccount, Reached};
use crate::name::AccountName;
use crate::pin::Pin;
use crate::time::Timestamp;

/// What came of opening an account's policy.
type Opened = Result<Arc<Policy>, Arc<PolicyError>>;

/// The other accounts' policies that were asked for, each opened once for all questions.
#[derive(Debug, Default)]
pub(super) struct Others(Mutex<BTreeMap<AccountName, Opened>>);

/// Where a policy directory keeps the documents of another account, as of one of its seals.
pub fn folder(directory: &Path, account: &AccountName, reached: &Reached) -> PathBuf {
    directory.join(path(account, reached))
}

/// The same as a path in the policy directory.
pub fn path(account: &AccountName, reached: &Reached) -> String {
    format!("accounts/{account}/{}", folder_name(reached))
}

/// The folder that holds those folders.
pub fn folder_of_all(directory: &Path, account: &AccountName) -> PathBuf {
    directory.join("accounts").join(account.as_str())
}

/// A seal's folder is named after it, so that another seal can be brought while this one counts.
fn folder_name(reached: &Reached) -> String {
    reached.snapshot_sha384.to_string().chars().take(FOLDER_DIGITS).collect()
}

/// So many hexadecimal digits of a seal's digest name its folder; the whole digest is compared once it is read.
pub const FOLDER_DIGITS: usize = 32;

impl Policy {
    /// Another account's policy, as of the same instant; nothing if this one does not know it.
    ///
    /// What is wrong with the account's is [`PolicyError::Account`]; what is wrong with ours, any other.
    pub fn of_account(&self, name: &AccountName) -> Result<Option<Arc<Self>>, PolicyError> {
        let Some(known) = self.known_account(name)? else { return Ok(None) };
        // What stands in the map was added whole, so a thread that panicked left it so.
        let mut opened = self.others.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || open(self.directory(), &known, self.now()).map(Arc::new).map_err(Arc::new);
        match opened.entry(name.clone()).or_insert_with(open) {
            Ok(policy) => Ok(Some(policy.clone())),
            Err(source) => Err(PolicyError::Account { account: name.clone(), source: source.clone() }),
        }
    }

    /// Whether this account is a member of the organisation that another account means by a name.
    ///
    /// It takes three: our `account.toml` says so; the organisation, which we know, lists us with our root; and
    /// it is the one that the other account means, by its root, since a name may be anybody's.
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

    /// The first root of an account, by what this policy says of it; or its own.
    fn pin_of(&self, account: &AccountName) -> Result<Option<Pin>, PolicyError> {
        if account == self.account() {
            return Ok(Some(self.pin()));
        }
        Ok(self.known_account(account)?.map(|known| known.root()))
    }
}

/// Opens what was brought of an account, which must be the very seal that our document names.
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
