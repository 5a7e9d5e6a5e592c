//! Governing: which CSC a name is under, and whose signatures that CSC lets count, read once for many names.

use std::collections::BTreeMap;

use super::Publishers;
use crate::csc::Csc;
use crate::function::Functions;
use crate::name::{ArtifactName, CscId};
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;

/// The CSCs that govern something, each with its publishers.
pub struct Governing {
    functions: Functions,
    rules: BTreeMap<CscId, (Csc, Publishers)>,
}

impl Governing {
    /// Reads every CSC that some rule names.
    pub fn read(policy: &Policy) -> Result<Self, PolicyError> {
        let functions = policy.functions()?;
        let mut rules = BTreeMap::new();
        for id in functions.cscs() {
            if !rules.contains_key(id)
                && let Some(csc) = policy.csc(id)?
            {
                let publishers = Publishers::read(policy, &csc)?;
                rules.insert(id.clone(), (csc, publishers));
            }
        }
        Ok(Self { functions, rules })
    }

    /// The CSC that governs a function or a layer, with its publishers; nothing if none does.
    pub fn of(&self, name: &ArtifactName) -> Option<(&Csc, &Publishers)> {
        self.get(self.id_of(name)?)
    }

    /// The id of the CSC that governs a function or a layer.
    pub fn id_of(&self, name: &ArtifactName) -> Option<&CscId> {
        self.functions.csc_of(name)
    }

    /// One of the CSCs, with its publishers.
    pub fn get(&self, id: &CscId) -> Option<(&Csc, &Publishers)> {
        self.rules.get(id).map(|(csc, publishers)| (csc, publishers))
    }
}
