//! A role of a new account's root: its keys, its threshold, and the keys that can sign now.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::crypto::any::AnyKey;
use crate::crypto::key::{KeyId, PublicKey};
use crate::crypto::secret::SecretKey;
use crate::hint::Hint;
use crate::limits::SIGNATURES_MAX;
use crate::policy::root::RoleFile;

/// A valid role with enough secret keys to sign for it.
#[derive(Debug)]
pub struct RolePlan<'a> {
    keys: Vec<PublicKey>,
    signers: Vec<&'a SecretKey>,
    threshold: usize,
}

/// Why keys cannot form a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// A duplicate key.
    #[error("key {key} of the {role} role is passed twice")]
    Twice {
        /// The role.
        role: &'static str,
        /// The key.
        key: KeyId,
    },
    /// There are too many keys.
    #[error("the {role} role has {given} keys, over the limit of {SIGNATURES_MAX}")]
    TooMany {
        /// The role.
        role: &'static str,
        /// The number of keys.
        given: usize,
    },
    /// The threshold is 0, or over the number of keys.
    #[error("the {role} role has threshold {threshold}, expected 1 to {keys}, its number of keys")]
    Threshold {
        /// The role.
        role: &'static str,
        /// The threshold.
        threshold: usize,
        /// The number of keys.
        keys: usize,
    },
    /// There are too few secret keys.
    #[error("the {role} role needs {needed} secret keys, found {given}")]
    Signers {
        /// The role.
        role: &'static str,
        /// The number of secret keys.
        given: usize,
        /// The threshold.
        needed: usize,
    },
}

impl Hint for RoleError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Twice { .. } => "pass a different key for each holder, either the secret or the public key",
            Self::TooMany { .. } => "pass fewer keys",
            Self::Threshold { .. } => "pass a threshold from 1 to the number of keys",
            Self::Signers { .. } => "pass the secret keys of more holders instead of their public keys",
        };
        Some(hint.into())
    }
}

impl<'a> RolePlan<'a> {
    /// A role with these keys, of which every secret one signs.
    pub fn new(role: &'static str, keys: &'a [AnyKey], threshold: usize) -> Result<Self, RoleError> {
        if keys.len() > SIGNATURES_MAX {
            return Err(RoleError::TooMany { role, given: keys.len() });
        }
        let public: Vec<PublicKey> = keys.iter().map(AnyKey::public).collect();
        let mut seen = BTreeSet::new();
        if let Some(key) = public.iter().map(PublicKey::id).find(|id| !seen.insert(id.clone())) {
            return Err(RoleError::Twice { role, key });
        }
        if !(1..=keys.len()).contains(&threshold) {
            return Err(RoleError::Threshold { role, threshold, keys: keys.len() });
        }
        let signers: Vec<&SecretKey> = keys.iter().filter_map(AnyKey::secret).collect();
        if signers.len() < threshold {
            return Err(RoleError::Signers { role, given: signers.len(), needed: threshold });
        }
        Ok(Self { keys: public, signers, threshold })
    }

    /// The keys of the role.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// The secret keys that sign, at least as many as the threshold.
    pub fn signers(&self) -> &[&'a SecretKey] {
        &self.signers
    }

    /// The role for the root document.
    pub fn to_file(&self) -> RoleFile {
        RoleFile { keys: self.keys.iter().map(PublicKey::id).collect(), threshold: self.threshold }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> AnyKey {
        AnyKey::Secret(SecretKey::generate().unwrap())
    }

    fn public() -> AnyKey {
        AnyKey::Public(secret().public())
    }

    #[test]
    fn every_secret_key_signs() {
        let keys = [secret(), public(), secret(), secret()];
        let plan = RolePlan::new("root", &keys, 2).unwrap();
        assert_eq!((plan.keys().len(), plan.signers().len()), (4, 3));
        assert_eq!(plan.to_file().threshold, 2);
    }

    #[test]
    fn a_threshold_is_from_1_to_the_number_of_keys() {
        let keys = [secret(), secret()];
        for threshold in [0, 3, usize::MAX] {
            let error = RolePlan::new("root", &keys, threshold).unwrap_err();
            assert_eq!(error, RoleError::Threshold { role: "root", threshold, keys: 2 });
        }
        assert!(RolePlan::new("root", &[], 1).is_err());
    }

    #[test]
    fn fewer_secret_keys_than_the_threshold_are_too_few() {
        let keys = [secret(), public(), public()];
        assert!(RolePlan::new("policy", &keys, 1).is_ok());
        let error = RolePlan::new("policy", &keys, 2).unwrap_err();
        assert_eq!(error, RoleError::Signers { role: "policy", given: 1, needed: 2 });
    }

    #[test]
    fn a_key_counts_once() {
        let keys = [secret(), secret()];
        let twice = [AnyKey::Public(keys[0].public()), AnyKey::Public(keys[0].public())];
        let key = keys[0].public().id();
        assert_eq!(RolePlan::new("root", &twice, 1).unwrap_err(), RoleError::Twice { role: "root", key });
    }

    #[test]
    fn a_role_has_no_more_keys_than_signatures_are_looked_at() {
        let keys: Vec<AnyKey> = (0..=SIGNATURES_MAX).map(|_| secret()).collect();
        let error = RolePlan::new("root", &keys, 1).unwrap_err();
        assert_eq!(error, RoleError::TooMany { role: "root", given: SIGNATURES_MAX + 1 });
        assert!(RolePlan::new("root", &keys[1..], SIGNATURES_MAX).is_ok());
    }
}
