//! Publishers: whom a CSC allows, each profile from the account that its ARN names and from nowhere else.
//!
//! An ARN of our own account leads to our documents, another's to that account's, as our policy pins them;
//! two accounts may have profiles of one name. An account whose policy does not hold, or has expired, is an
//! error for its own signatures and for those by a key that nobody knows: it may be that account's. The other
//! publishers of the CSC are not kept waiting for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::arn::{Owner, ProfileArn};
use crate::crypto::key::{KeyId, PublicKey};
use crate::csc::Csc;
use crate::name::{AccountName, ProfileName};
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::profile::Profile;

/// The profiles that a CSC allows, by account, and the keys that may have signed with them.
pub struct Publishers {
    accounts: BTreeMap<AccountName, Account>,
    silent: BTreeSet<AccountName>,
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
        let mut publishers = Self {
            accounts: BTreeMap::new(),
            silent: BTreeSet::new(),
            keys: BTreeMap::new(),
            notes: Vec::new(),
        };
        for publisher in csc.publishers() {
            let name = publisher.owner().account();
            if *publisher.owner() != Owner::countersign(name.clone()) || !publishers.ask(policy, name)? {
                continue;
            }
            let account = publishers.accounts.entry(name.clone()).or_default();
            if let Some(profile) = account.other.as_deref().unwrap_or(policy).profile(publisher.profile())? {
                let permitted = profile.permissions().iter().map(|each| (each.key.id(), each.key.clone()));
                publishers.keys.extend(permitted);
                account.profiles.insert(publisher.profile().clone(), profile);
            }
        }
        Ok(publishers)
    }

    /// Finds an account's policy; whether there is one that can be asked.
    fn ask(&mut self, policy: &Policy, name: &AccountName) -> Result<bool, PolicyError> {
        if self.accounts.contains_key(name) || name == policy.account() {
            return Ok(true);
        }
        if self.silent.contains(name) {
            return Ok(false);
        }
        match policy.of_account(name) {
            Ok(Some(other)) => {
                self.accounts.insert(name.clone(), Account { other: Some(other), ..Account::default() });
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(error @ PolicyError::Account { .. }) => {
                self.silent.insert(name.clone());
                self.notes.push(format!("{error}: nothing that it signed can be decided"));
                Ok(false)
            }
            Err(error) => Err(error),
        }
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
    pub fn account(&self, policy: &Policy, profile: &ProfileArn) -> Result<Option<&Account>, PolicyError> {
        let name = profile.owner().account();
        if *profile.owner() != Owner::countersign(name.clone()) {
            return Ok(None);
        }
        if self.silent.contains(name) {
            policy.of_account(name)?;
        }
        Ok(self.accounts.get(name))
    }

    /// Refuses to say of a key that nobody knows it while an account cannot be asked.
    pub fn check_all_asked(&self, policy: &Policy) -> Result<(), PolicyError> {
        self.silent.iter().try_for_each(|name| policy.of_account(name).map(drop))
    }
}
