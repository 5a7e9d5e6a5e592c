//! Publishers: the profiles that a CSC allows, each from the account in its ARN.
//!
//! An ARN of our own account refers to our documents, another one to that account's, as our policy pins them;
//! two accounts can have profiles of the same name. If an account's policy is not trusted or has expired,
//! that is an error for its own signatures and for signatures by an unknown key, which could be that
//! account's. Other publishers of the CSC are not affected.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::arn::{Owner, ProfileArn};
use crate::crypto::key::{KeyId, PublicKey};
use crate::csc::Csc;
use crate::name::{AccountName, CscId, ProfileName};
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::profile::Profile;

/// The profiles that a CSC allows, by account, and the keys that can sign with them.
pub struct Publishers<'p> {
    policy: &'p Policy,
    csc: Csc,
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
    /// Its policy, if it is not our own.
    pub fn other(&self) -> Option<&Policy> {
        self.other.as_deref()
    }

    /// One of its allowed profiles.
    pub fn profile(&self, name: &ProfileName) -> Option<&Profile> {
        self.profiles.get(name)
    }
}

impl<'p> Publishers<'p> {
    /// Reads a sealed CSC and the profiles that it allows; nothing if no CSC with this id is sealed.
    pub fn read(policy: &'p Policy, id: &CscId) -> Result<Option<Self>, PolicyError> {
        policy.csc(id)?.map(|csc| Self::of(policy, csc)).transpose()
    }

    pub(super) fn of(policy: &'p Policy, csc: Csc) -> Result<Self, PolicyError> {
        let mut all = Self {
            policy,
            csc: csc.clone(),
            accounts: BTreeMap::new(),
            silent: BTreeMap::new(),
            keys: BTreeMap::new(),
            notes: Vec::new(),
        };
        for publisher in csc.publishers() {
            let name = publisher.owner().account();
            if *publisher.owner() != Owner::countersign(name.clone()) || all.silent.contains_key(name) {
                continue;
            }
            match all.add(name, publisher.profile()) {
                Err(PolicyError::Account { source, .. }) => {
                    let why = source.to_string().replace('\n', "");
                    all.notes.push(format!(
                        "cannot use the policy of account `{name}`, so its signatures cannot be verified: {why}"
                    ));
                    all.silent.insert(name.clone(), source);
                }
                result => result?,
            }
        }
        Ok(all)
    }

    /// Adds a profile of an account, if it exists.
    fn add(&mut self, name: &AccountName, profile: &ProfileName) -> Result<(), PolicyError> {
        if !self.accounts.contains_key(name) {
            let mut account = Account::default();
            if name != self.policy.account() {
                let Some(other) = self.policy.of_account(name)? else { return Ok(()) };
                self.notes.extend(other.notes().iter().map(|note| format!("account `{name}`: {note}")));
                account.other = Some(other);
            }
            self.accounts.insert(name.clone(), account);
        }
        let account = self.accounts.entry(name.clone()).or_default();
        let found = match account.other() {
            Some(other) => other.profile(profile).map_err(|error| error.of_account(name))?,
            None => self.policy.profile(profile)?,
        };
        if let Some(found) = found {
            let permitted = found.permissions().iter().map(|each| (each.key.id(), each.key.clone()));
            self.keys.extend(permitted);
            account.profiles.insert(profile.clone(), found);
        }
        Ok(())
    }

    /// The policy that they are read from.
    pub fn policy(&self) -> &'p Policy {
        self.policy
    }

    /// The CSC that allows them.
    pub fn csc(&self) -> &Csc {
        &self.csc
    }

    /// The keys that can have signed.
    pub fn keys(&self) -> &BTreeMap<KeyId, PublicKey> {
        &self.keys
    }

    /// The policies of other accounts with an allowed profile that permits this key.
    pub fn others_of<'k>(&'k self, key: &'k KeyId) -> impl Iterator<Item = &'k Policy> {
        let permits = |profile: &Profile| profile.permissions().iter().any(|each| each.key.id() == *key);
        let accounts = self.accounts.values().filter(move |account| account.profiles.values().any(permits));
        accounts.filter_map(Account::other)
    }

    /// Notes for the user that change no verdict.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The account of a signed profile version, if the CSC allows any profile of it.
    ///
    /// Errors: the account's policy cannot be used.
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

    /// Errors: an account's policy cannot be used, so a key cannot be called unknown.
    pub fn check_all_asked(&self) -> Result<(), PolicyError> {
        match self.silent.iter().next() {
            Some((account, source)) => {
                Err(PolicyError::Account { account: account.clone(), source: source.clone() })
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::csc::{Publishers as Allowed, Untrusted};
    use crate::policy::sample::Sample;
    use crate::verify::sample::profile;

    const NOW: &str = "2026-03-01T00:00:00Z";

    /// A CSC that allows profile `release` of each.
    fn csc(accounts: &[&str]) -> Csc {
        csc_of(&accounts.iter().map(|account| (*account, "release")).collect::<Vec<_>>())
    }

    fn csc_of(profiles: &[(&str, &str)]) -> Csc {
        let arn = |(account, name): &(&str, &str)| format!("arn:{account}:/signing-profiles/{name}/*");
        let arns = profiles.iter().map(|each| arn(each).parse().unwrap());
        let allowed: Allowed = arns.collect::<Vec<_>>().try_into().unwrap();
        Csc::new("csc-00000000000000001".parse().unwrap(), "", allowed, Untrusted::Enforce)
    }

    fn version_of(account: &str) -> ProfileArn {
        format!("arn:{account}:/signing-profiles/release/a1b2c3d4e5").parse().unwrap()
    }

    const OURS: &str = "countersign:signer::acme";
    const THEIRS: &str = "countersign:signer::vendor";

    /// Two accounts with a profile of one name each, and the keys permitted by them.
    fn two() -> (Sample, Sample, [KeyId; 2]) {
        let (ours, theirs) = (profile("Active", "12 months"), profile("Active", "12 months"));
        let sample = Sample::new(&[("profiles/release.toml", &ours.0.to_toml())]);
        let vendor = Sample::of("vendor", &[("profiles/release.toml", &theirs.0.to_toml())]);
        sample.bring(&vendor, 2);
        (sample, vendor, [ours.1, theirs.1])
    }

    #[test]
    fn each_profile_is_that_of_the_account_that_its_arn_names() {
        let (sample, _, [ours, theirs]) = two();
        let policy = sample.open(NOW).unwrap();
        for (allowed, keys) in [
            (&[OURS][..], vec![&ours]),
            (&[THEIRS], vec![&theirs]),
            (&[OURS, THEIRS], vec![&ours, &theirs]),
            (&["countersign:signer::unknown"], vec![]),
            (&["aws:signer:eu-west-1:123456789012"], vec![]),
        ] {
            let publishers = Publishers::of(&policy, csc(allowed)).unwrap();
            let found: BTreeSet<&KeyId> = publishers.keys().keys().collect();
            assert_eq!(found, keys.into_iter().collect(), "{allowed:?}");
            assert!(publishers.notes().is_empty() && publishers.check_all_asked().is_ok());
            for (arn, is_other) in [(OURS, false), (THEIRS, true)] {
                let account = publishers.account(&version_of(arn)).unwrap();
                assert_eq!(account.is_some(), allowed.contains(&arn), "{allowed:?}");
                let Some(account) = account else { continue };
                assert_eq!(account.other().is_some(), is_other);
                assert!(account.profile(&"release".parse().unwrap()).is_some());
                assert!(account.profile(&"other".parse().unwrap()).is_none());
            }
        }
        let aws = "aws:signer:eu-west-1:123456789012";
        let publishers = Publishers::of(&policy, csc(&[aws])).unwrap();
        assert!(publishers.account(&version_of(aws)).unwrap().is_none());
    }

    #[test]
    fn every_allowed_profile_of_an_account_is_read() {
        let (sample, _, [ours, _]) = two();
        let (other, key) = profile("Active", "12 months");
        sample.write("profiles/other.toml", &other.to_toml().replace("\"release\"", "\"other\""));
        sample.seal(3);
        let policy = sample.open(NOW).unwrap();
        let csc = csc_of(&[(OURS, "release"), (OURS, "other")]);
        let publishers = Publishers::of(&policy, csc).unwrap();
        assert_eq!(publishers.keys().keys().cloned().collect::<BTreeSet<_>>(), BTreeSet::from([ours, key]));
        let account = publishers.account(&version_of(OURS)).unwrap().unwrap();
        for name in ["release", "other"] {
            assert!(account.profile(&name.parse().unwrap()).is_some(), "{name}");
        }
    }

    #[test]
    fn an_account_of_aws_is_not_ours_by_its_name() {
        let (profile, key) = profile("Active", "12 months");
        let sample = Sample::of("123456789012", &[("profiles/release.toml", &profile.to_toml())]);
        let policy = sample.open(NOW).unwrap();
        let (ours, aws) = ("countersign:signer::123456789012", "aws:signer:eu-west-1:123456789012");
        let publishers = Publishers::of(&policy, csc(&[ours])).unwrap();
        assert_eq!(publishers.keys().keys().collect::<Vec<_>>(), [&key]);
        assert!(publishers.account(&version_of(ours)).unwrap().is_some());
        assert!(publishers.account(&version_of(aws)).unwrap().is_none());
        assert!(Publishers::of(&policy, csc(&[aws])).unwrap().keys().is_empty());
    }

    #[test]
    fn notes_on_another_account_s_policy_name_it() {
        let (sample, _, _) = two();
        let policy = sample.open("2026-07-15T00:00:00Z").unwrap();
        let publishers = Publishers::of(&policy, csc(&[OURS, THEIRS])).unwrap();
        let [note] = publishers.notes() else { panic!("{:?}", publishers.notes()) };
        assert!(note.starts_with("account `vendor`: the seal expires at 2026-08-01"), "{note}");
    }

    #[test]
    fn an_account_that_cannot_be_asked_stops_its_own_signatures_alone() {
        let (sample, _, [ours, _]) = two();
        let after = "2026-03-01T00:00:01Z";
        for path in std::fs::read_dir(sample.directory().join("accounts/vendor")).unwrap() {
            std::fs::remove_file(path.unwrap().path().join("snapshot.json")).unwrap();
        }
        let policy = sample.open(after).unwrap();
        // One note is enough, however many of its profiles are allowed.
        let csc = csc_of(&[(THEIRS, "release"), (THEIRS, "other"), (OURS, "release")]);
        let publishers = Publishers::of(&policy, csc).unwrap();
        assert_eq!(publishers.keys().keys().collect::<Vec<_>>(), [&ours]);
        assert_eq!(publishers.notes().len(), 1);
        assert!(publishers.notes()[0].starts_with("cannot use the policy of account `vendor`"));
        assert!(publishers.account(&version_of(OURS)).unwrap().is_some());
        assert!(matches!(publishers.account(&version_of(THEIRS)), Err(PolicyError::Account { .. })));
        assert!(matches!(publishers.check_all_asked(), Err(PolicyError::Account { .. })));
    }
}
