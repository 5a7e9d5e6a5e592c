//! Governance: the CSC that the sealed policy attaches to a name, and its publishers; read once for many
//! questions.

use std::collections::BTreeMap;

use super::Publishers;
use crate::function::{Build, Functions};
use crate::name::{ArtifactName, CscId};
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;

/// Every CSC that governs a name, by the rules of the sealed policy.
pub struct Governance<'p> {
    functions: Functions,
    cscs: BTreeMap<CscId, Publishers<'p>>,
}

impl<'p> Governance<'p> {
    /// Reads the CSCs that the rules name.
    pub fn read(policy: &'p Policy, functions: Functions) -> Result<Self, PolicyError> {
        let mut cscs = BTreeMap::new();
        for id in functions.cscs() {
            if let Some(publishers) = Publishers::read(policy, id)? {
                cscs.insert(id.clone(), publishers);
            }
        }
        Ok(Self { functions, cscs })
    }

    /// The CSC with this id, if it governs a name.
    pub fn by(&self, csc: &CscId) -> Option<&Publishers<'p>> {
        self.cscs.get(csc)
    }

    /// The CSC of a function or layer; without one, it is denied.
    pub fn of(&self, name: &ArtifactName) -> Option<&Publishers<'p>> {
        self.functions.csc_of(name).and_then(|id| self.cscs.get(id))
    }

    /// The commit, if its builds cover a function or layer ([`Functions::build_of`]).
    pub fn build_of<'a>(&self, name: &ArtifactName, commit: &'a str) -> Option<Build<'a>> {
        self.functions.build_of(name, commit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::sample::Sample;

    #[test]
    fn a_name_is_governed_by_the_csc_of_the_first_rule_that_matches() {
        let csc = |number: u64| {
            let path = format!("csc/csc-{number:017}.toml");
            let text = format!(
                "id = 'csc-{number:017}'\ndescription = ''\nrevision = 1\nallowed_publishers = \
                ['arn:countersign:signer::acme:/signing-profiles/release/*']\n\
                untrusted_artifact_on_deployment = 'Enforce'\n"
            );
            (path, text)
        };
        let rule = |pattern: &str, number: u64| {
            format!("[[function]]\npattern = '{pattern}'\ncsc = 'csc-{number:017}'\n")
        };
        let functions =
            format!("revision = 1\nprotected_refs = []\n{}{}", rule("orders", 1), rule("orders-*", 2));
        let (one, two, three) = (csc(1), csc(2), csc(3));
        let sample = Sample::new(&[
            ("functions.toml", &functions),
            (&one.0, &one.1),
            (&two.0, &two.1),
            (&three.0, &three.1),
        ]);
        let policy = sample.open("2026-03-01T00:00:00Z").unwrap();
        let governance = Governance::read(&policy, policy.functions().unwrap()).unwrap();
        let of = |name: &str| governance.of(&name.parse().unwrap()).map(|found| found.csc().id().to_string());
        assert_eq!(of("orders"), Some(format!("csc-{:017}", 1)));
        assert_eq!(of("orders-eu"), Some(format!("csc-{:017}", 2)));
        assert_eq!(of("billing"), None);
        let by = |number: u64| governance.by(&format!("csc-{number:017}").parse().unwrap()).is_some();
        assert!(by(1) && by(2) && !by(3));
    }
}
