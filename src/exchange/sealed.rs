//! The sealed policy as one value, for exports.

use std::collections::BTreeSet;

use crate::arn::ProfileArn;
use crate::csc::Csc;
use crate::function::Functions;
use crate::name::{AccountName, CscId, ProfileName};
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::profile::{Permission, Profile, Status};
use crate::revocation::{self, Revocation};

/// An account's documents, as they were sealed.
#[derive(Debug)]
pub struct SealedPolicy {
    account: AccountName,
    version: u64,
    profiles: Vec<Profile>,
    cscs: Vec<Csc>,
    functions: Functions,
    revoked: BTreeSet<String>,
}

impl SealedPolicy {
    /// Reads every document of an opened policy.
    pub fn read(policy: &Policy) -> Result<Self, PolicyError> {
        let mut profiles = Vec::new();
        for name in policy.profile_names() {
            profiles.extend(policy.profile(&name)?);
        }
        let mut cscs = Vec::new();
        for id in policy.csc_ids() {
            cscs.extend(policy.csc(&id)?);
        }
        Ok(Self {
            account: policy.account().clone(),
            version: policy.snapshot().version,
            profiles,
            cscs,
            functions: policy.functions()?,
            revoked: policy.revocations()?.all().iter().map(Revocation::subject).collect(),
        })
    }

    /// The account.
    pub fn account(&self) -> &AccountName {
        &self.account
    }

    /// The snapshot's version.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The signing profiles, by name.
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// The signing profile with this name.
    pub fn profile(&self, name: &ProfileName) -> Option<&Profile> {
        self.profiles.iter().find(|each| each.name() == name)
    }

    /// The CSCs, by id.
    pub fn cscs(&self) -> &[Csc] {
        &self.cscs
    }

    /// The CSC with this id.
    pub fn csc(&self, id: &CscId) -> Option<&Csc> {
        self.cscs.iter().find(|each| each.id() == id)
    }

    /// Which CSC governs which functions.
    pub fn functions(&self) -> &Functions {
        &self.functions
    }

    /// The number of revocations.
    pub fn revocations(&self) -> usize {
        self.revoked.len()
    }

    /// The status of the version that signs; a version with a revocation is revoked, whatever the profile
    /// says.
    pub fn status(&self, profile: &Profile) -> Status {
        let current = profile.current();
        let arn = ProfileArn::new(self.account.clone(), profile.name().clone(), current.version.clone());
        if self.revoked.contains(&revocation::subject_of_profile(&arn)) {
            return Status::Revoked;
        }
        current.status
    }

    /// Whether the permission's key is revoked.
    pub fn is_key_revoked(&self, permission: &Permission) -> bool {
        self.revoked.contains(&revocation::subject_of_key(&permission.key.id()))
    }
}
