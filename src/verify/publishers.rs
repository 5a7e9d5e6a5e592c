//! Publishers: whom a CSC allows, each profile from the account that its ARN names and from nowhere else.
//!
//! An ARN of our own account leads to our documents, another's to that account's, as our policy pins them;
//! two accounts may have profiles of one name. An account whose policy does not hold, or has expired, is an
//! error for its own signatures and for those by a key that nobody knows: it may be that account's. The other
//! publishers of the CSC are not kept waiting for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::arn::{Owner, ProfileArn};
use crate::crypto::key::{KeyId, PublicKey};
use crate::csc::Csc;
use crate::name::{AccountName, ProfileName};
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::profile::Profile;

/// The profiles that a CSC allows, by account, and the keys that may have signed with them.
#[derive(Default)]
pub struct Publishers {
    accounts: BTreeMap<AccountName, Account>,
    silent: BTreeMap<AccountName, Arc<PolicyError>>,
    keys: BTreeMap<KeyId, PublicKey>,
    notes: Vec<String>,
}

/// An account with an allowed publisher.
#[derive(Default)]
pub struct Account {
    other: Option<Arc<Policy>>,
    profiles: BTreeMap<ProfileName, Profile>,
}

impl Account {
    /// Its policy, if it is not the one that asks.
    pub fn other(&self) -> Option<&Policy> {
        self.other.as_deref()
    }

    /// One of its allowed profiles.
    pub fn profile(&self, name: &ProfileName) -> Option<&Profile> {
        self.profiles.get(name)
    }
}

impl Publishers {
    /// Reads the profiles that a CSC allows.
    pub fn read(policy: &Policy, csc: &Csc) -> Result<Self, PolicyError> {
        let mut all = Self::default();
        for publisher in csc.publishers() {
            let name = publisher.owner().account();
            if *publisher.owner() != Owner::countersign(name.clone()) || all.silent.contains_key(name) {
                continue;
            }
            match all.add(policy, name, publisher.profile()) {
                Err(PolicyError::Account { source, .. }) => {
                    let why = source.to_string().replace('\n', "");
                    all.notes.push(format!(
                        "account `{name}` cannot be asked, so nothing that it signed is decided: {why}"
                    ));
                    all.accounts.remove(name);
                    all.silent.insert(name.clone(), source);
                }
                result => result?,
            }
        }
        Ok(all)
    }

    /// Adds a profile of an account; one that is not there adds nobody.
    fn add(&mut self, policy: &Policy, name: &AccountName, profile: &ProfileName) -> Result<(), PolicyError> {
        if !self.accounts.contains_key(name) {
            let mut account = Account::default();
            if name != policy.account() {
                let Some(other) = policy.of_account(name)? else { return Ok(()) };
                self.notes.extend(other.notes().iter().map(|note| format!("account `{name}`: {note}")));
                account.other = Some(other);
            }
            self.accounts.insert(name.clone(), account);
        }
        let account = self.accounts.entry(name.clone()).or_default();
        let found = match account.other() {
            Some(other) => other.profile(profile).map_err(|error| error.of_account(name))?,
            None => policy.profile(profile)?,
        };
        if let Some(found) = found {
            let permitted = found.permissions().iter().map(|each| (each.key.id(), each.key.clone()));
            self.keys.extend(permitted);
            account.profiles.insert(profile.clone(), found);
        }
        Ok(())
    }

    /// The keys that may have signed.
    pub fn keys(&self) -> &BTreeMap<KeyId, PublicKey> {
        &self.keys
    }

    /// Things worth saying that change no verdict.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The account of a signed profile version, if the CSC allows any profile of it.
    ///
    /// An account that cannot be asked is an error.
    pub fn account(&self, profile: &ProfileArn) -> Result<Option<&Account>, PolicyError> {
        let name = profile.owner().account();
        if *profile.owner() != Owner::countersign(name.clone()) {
            return Ok(None);
        }
        match self.silent.get(name) {
            Some(source) => Err(PolicyError::Account { account: name.clone(), source: source.clone() }),
            None => Ok(self.accounts.get(name)),
        }
    }

    /// Refuses to say of a key that nobody knows it while an account cannot be asked.
    pub fn check_all_asked(&self) -> Result<(), PolicyError> {
        match self.silent.iter().next() {
            Some((account, source)) => {
                Err(PolicyError::Account { account: account.clone(), source: source.clone() })
            }
            None => Ok(()),
        }
    }
}
