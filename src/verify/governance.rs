//! Governance: the CSC that the sealed policy attaches to a name, and whom it allows; read once for many questions.

use std::collections::BTreeMap;

use super::Publishers;
use crate::csc::Csc;
use crate::function::Functions;
use crate::name::{ArtifactName, CscId};
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;

/// Every CSC that governs something, by the rules of the sealed policy.
pub struct Governance {
    functions: Functions,
    cscs: BTreeMap<CscId, Governing>,
}

/// A CSC and the publishers that it allows.
pub struct Governing {
    /// The CSC.
    pub csc: Csc,
    /// Whom it allows.
    pub publishers: Publishers,
}

impl Governance {
    /// Reads the CSCs that the rules name.
    pub fn read(policy: &Policy, functions: Functions) -> Result<Self, PolicyError> {
        let mut cscs = BTreeMap::new();
        for id in functions.cscs() {
            if let Some(csc) = policy.csc(id)? {
                let publishers = Publishers::read(policy, &csc)?;
                cscs.insert(id.clone(), Governing { csc, publishers });
            }
        }
        Ok(Self { functions, cscs })
    }

    /// One of the CSCs, if it governs something.
    pub fn by(&self, csc: &CscId) -> Option<&Governing> {
        self.cscs.get(csc)
    }

    /// What governs a function or layer; what nothing governs is denied.
    pub fn of(&self, name: &ArtifactName) -> Option<&Governing> {
        self.functions.csc_of(name).and_then(|id| self.cscs.get(id))
    }
}
