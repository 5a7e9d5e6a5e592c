//! Metrics: one verdict as an event, for journals and metric formats.
//!
//! ```json
//! { "schema_version": 1, "id": "3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10", "time": "2026-01-31T12:00:00Z",
//!   "event": "deploy", "host": "runner-7", "kind": "function", "name": "orders",
//!   "csc": "csc-0123456789abcdefg", "mode": "Warn", "decision": "warned", "status": "mismatch",
//!   "findings": { "mismatch": ["publisher-not-allowed"] },
//!   "profile": "arn:…", "job": "arn:…", "requested_by": "ci@acme.example", "artifact": "SHA-384" }
//! ```
//! `findings` has the codes of every failed check; each code is one `SignatureValidationErrors`, in Warn and
//! in Enforce. Unknown values are absent. Readers must ignore unknown fields. An event has only checked
//! names, and no text of a message or a path, so nothing needs escaping.

pub mod emf;
pub mod journal;
pub mod prometheus;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arn::{JobArn, ProfileArn};
use crate::csc::Untrusted;
use crate::digest::Sha384;
use crate::name::{ArtifactName, CscId, EventId, FindingCode, HostLabel, Principal};
use crate::provenance::Kind;
use crate::report::{Check, Decision, Verdict};
use crate::time::Timestamp;

/// The version of the event format; it increases when readers of an older version could misread an event.
pub const SCHEMA_VERSION: u32 = 1;

/// The reason for a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// A user ran `verify`.
    Verify,
    /// A release verified the artifact that it had just signed.
    Release,
    /// Before a deployment.
    Deploy,
    /// In a push.
    Push,
}

impl Occasion {
    /// Every occasion.
    pub const ALL: [Self; 4] = [Self::Verify, Self::Release, Self::Deploy, Self::Push];

    /// The occasion's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Release => "release",
            Self::Deploy => "deploy",
            Self::Push => "push",
        }
    }
}

/// The time, place and reason of a verdict.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The verifier's clock.
    pub time: Timestamp,
    /// The reason.
    pub occasion: Occasion,
    /// The machine's label, if set.
    pub host: Option<HostLabel>,
}

/// One verdict, as an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    schema_version: u32,
    /// Its id: an event counts once, however often its line is copied.
    pub id: EventId,
    /// The time, by the verifier's clock.
    pub time: Timestamp,
    /// The reason.
    pub event: Occasion,
    /// The machine's label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostLabel>,
    /// Whether the verdict is for a function or a layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<ArtifactName>,
    /// The CSC that decided; absent if none governs the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csc: Option<CscId>,
    /// The handling of untrusted artifacts by that CSC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Untrusted>,
    /// The decision.
    pub decision: Decision,
    /// The first check that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Check>,
    /// The codes of every finding, by check.
    pub findings: BTreeMap<Check, Vec<FindingCode>>,
    /// The profile version that signed, if the signature is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileArn>,
    /// The signing job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobArn>,
    /// The principal who requested the signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<Principal>,
    /// The SHA-384 that was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Sha384>,
}

impl Event {
    /// The event of a verdict, with a new id.
    pub fn of(verdict: &Verdict, circumstances: &Circumstances) -> Self {
        let failed = verdict.checks.iter().filter(|result| !result.findings.is_empty());
        let code = |code: &'static str| code.parse().expect("findings have codes in kebab-case");
        let facts = verdict.signature.as_ref();
        let mode = verdict.untrusted_artifact_on_deployment;
        Self {
            schema_version: SCHEMA_VERSION,
            id: crate::random::event(),
            time: circumstances.time,
            event: circumstances.occasion,
            host: circumstances.host.clone(),
            kind: verdict.kind,
            name: verdict.name.clone(),
            csc: verdict.csc.clone(),
            mode: mode.and_then(|mode| mode.parse().ok()),
            decision: verdict.decision,
            status: verdict.status,
            findings: failed
                .map(|result| {
                    (result.check, result.findings.iter().map(|finding| code(finding.code)).collect())
                })
                .collect(),
            profile: facts.map(|facts| facts.profile.clone()),
            job: facts.map(|facts| facts.job.clone()),
            requested_by: facts.map(|facts| facts.requested_by.clone()),
            artifact: facts.map(|facts| facts.sha384),
        }
    }

    /// The number of `SignatureValidationErrors` of one check.
    pub fn errors_of(&self, check: Check) -> u64 {
        self.findings.get(&check).map_or(0, |codes| codes.len() as u64)
    }

    /// The number of `SignatureValidationErrors`.
    pub fn errors(&self) -> u64 {
        Check::VERDICT.into_iter().map(|check| self.errors_of(check)).sum()
    }

    /// A contradiction between fields, which no verdict has.
    pub fn contradiction(&self) -> Option<&'static str> {
        let first = Check::VERDICT.into_iter().find(|check| self.errors_of(*check) > 0);
        let warns = self.mode == Some(Untrusted::Warn) && first != Some(Check::Integrity);
        if self.schema_version != SCHEMA_VERSION {
            Some("its `schema_version` is not 1")
        } else if self.findings.contains_key(&Check::Package) || self.status != first {
            Some("its `status` is not the first check with findings")
        } else if (self.decision == Decision::Allowed) == first.is_some() {
            Some("its `decision` contradicts its findings")
        } else if (self.decision == Decision::Warned) != (first.is_some() && warns) {
            Some("its `decision` contradicts its `mode`")
        } else if self.csc.is_some() != self.mode.is_some() {
            Some("it has only one of `csc` and `mode`")
        } else if self.decision == Decision::Allowed && self.csc.is_none() {
            Some("it is allowed without a `csc`")
        } else {
            None
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An event of a function `orders` under Warn, with one code for each check named.
    pub fn event(time: &str, findings: &[(Check, &str)]) -> Event {
        let mut found: BTreeMap<Check, Vec<FindingCode>> = BTreeMap::new();
        for (check, code) in findings {
            found.entry(*check).or_default().push(code.parse().unwrap());
        }
        let status = found.keys().next().copied();
        Event {
            schema_version: SCHEMA_VERSION,
            id: crate::random::event(),
            time: time.parse().unwrap(),
            event: Occasion::Deploy,
            host: None,
            kind: Some(Kind::Function),
            name: Some("orders".parse().unwrap()),
            csc: Some("csc-0123456789abcdefg".parse().unwrap()),
            mode: Some(Untrusted::Warn),
            decision: match status {
                None => Decision::Allowed,
                Some(Check::Integrity) => Decision::Denied,
                Some(_) => Decision::Warned,
            },
            status,
            findings: found,
            profile: None,
            job: None,
            requested_by: None,
            artifact: None,
        }
    }

    #[test]
    fn what_no_verdict_says_is_a_contradiction() {
        let clean = event("2026-01-31T12:00:00Z", &[]);
        let warned = event("2026-01-31T12:00:00Z", &[(Check::Mismatch, "manifest-missing")]);
        let corrupt = event("2026-01-31T12:00:00Z", &[(Check::Integrity, "digest-mismatch")]);
        for event in [&clean, &warned, &corrupt] {
            assert_eq!(event.contradiction(), None);
        }
        let decision = |event: &Event, decision| Event { decision, ..event.clone() };
        for wrong in [
            decision(&clean, Decision::Warned),
            decision(&clean, Decision::Denied),
            decision(&warned, Decision::Allowed),
            decision(&warned, Decision::Denied),
            decision(&corrupt, Decision::Warned),
            Event { mode: Some(Untrusted::Enforce), ..warned.clone() },
            Event { mode: None, ..clean.clone() },
            Event { csc: None, ..clean.clone() },
            Event { csc: None, mode: None, ..clean.clone() },
            Event { status: Some(Check::Expiry), ..warned.clone() },
            Event { status: Some(Check::Expiry), ..clean.clone() },
            Event { schema_version: 2, ..clean },
        ] {
            assert!(wrong.contradiction().is_some(), "{wrong:?}");
        }
    }

    #[test]
    fn each_finding_counts_once() {
        let two = event(
            "2026-01-31T12:00:00Z",
            &[(Check::Expiry, "signature-expired"), (Check::Mismatch, "a"), (Check::Mismatch, "b")],
        );
        assert_eq!(
            (two.errors(), two.errors_of(Check::Mismatch), two.errors_of(Check::Revocation)),
            (3, 2, 0)
        );
    }
}
