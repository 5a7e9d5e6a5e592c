//! Verification: an artifact and its manifest, held against an account's policy, check by check.
//!
//! ```text
//! Envelope --open(keys)--> Opened --integrity(artifact)--> Intact --mismatch, expiry, revocation--> findings
//! ```
//! What comes out is [`Evidence`]; whether it is enough is for the gate to say.

pub mod expiry;
pub mod governance;
pub mod integrity;
pub mod mismatch;
pub mod revocation;
pub mod source;

use std::collections::BTreeMap;
use std::path::PathBuf;

use self::integrity::{Digests, Opening};
use self::revocation::Known;
use self::source::SourcePackage;
use crate::crypto::key::{KeyId, PublicKey};
use crate::csc::Csc;
use crate::digest::Sha256;
use crate::files::FileError;
use crate::files::artifact::Artifact;
use crate::name::{ArtifactName, ProfileName};
use crate::parallel::Threads;
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::profile::Profile;
use crate::provenance::Kind;
use crate::report::{Check, CheckResult, Finding, Outcome, SignatureFacts};
use crate::time::Timestamp;

/// Why nothing could be decided.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The policy is not trusted.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The artifact could not be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// What a manifest is held against.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// An artifact's bytes.
    Artifact(&'a Artifact),
    /// The files of the package that a commit makes: there are no bytes to digest.
    Source(&'a SourcePackage),
    /// An artifact's bytes, which are to be the commit's too.
    Both(&'a Artifact, &'a SourcePackage),
    /// An artifact that is elsewhere, of which only this digest is known.
    Digest(&'a Sha256),
}

/// What is asked: may this artifact be deployed, as this function, under this CSC, now?
#[derive(Debug)]
pub struct Question<'a> {
    /// What the manifest is held against.
    pub subject: Subject<'a>,
    /// Its manifest's path and bytes; nothing if there is none.
    pub manifest: Option<(PathBuf, Vec<u8>)>,
    /// The function or layer asked about, if any.
    pub asked: Option<(Kind, ArtifactName)>,
    /// Signed revocations that were given, beside the one that the policy directory may have.
    pub revocations: Vec<(PathBuf, Vec<u8>)>,
    /// The CSC that governs it.
    pub csc: &'a Csc,
    /// The verifier's clock.
    pub now: Timestamp,
    /// Which digests are computed.
    pub digests: Digests,
    /// How many threads may work.
    pub threads: Threads,
}

/// What the four checks found. Only [`verify`] makes it with every check passed.
#[derive(Debug)]
pub struct Evidence {
    checks: Vec<CheckResult>,
    facts: Option<SignatureFacts>,
    unzipped: Option<u64>,
    notes: Vec<String>,
}

impl Evidence {
    /// The four checks, in order.
    pub fn checks(&self) -> &[CheckResult] {
        &self.checks
    }

    /// What the signature says, if it held.
    pub fn facts(&self) -> Option<&SignatureFacts> {
        self.facts.as_ref()
    }

    /// The size of the signed files together, in bytes, if the artifact is the signed one.
    pub fn unzipped(&self) -> Option<u64> {
        self.unzipped
    }

    /// Things worth saying that change no verdict.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The outcome of one check.
    pub fn outcome(&self, check: Check) -> Outcome {
        let result = self.checks.iter().find(|result| result.check == check);
        result.map_or(Outcome::NotEvaluated, |result| result.outcome)
    }
}

/// The profiles that a CSC allows, and the keys that may have signed with them.
pub struct Publishers {
    profiles: BTreeMap<ProfileName, Profile>,
    keys: BTreeMap<KeyId, PublicKey>,
}

impl Publishers {
    /// Reads the profiles that a CSC allows. Only the account's own profiles resolve.
    pub fn read(policy: &Policy, csc: &Csc) -> Result<Self, PolicyError> {
        let mut profiles = BTreeMap::new();
        let own = crate::arn::Owner::countersign(policy.account().clone());
        for publisher in csc.publishers().iter().filter(|publisher| *publisher.owner() == own) {
            if let Some(profile) = policy.profile(publisher.profile())? {
                profiles.insert(publisher.profile().clone(), profile);
            }
        }
        let permissions = profiles.values().flat_map(Profile::permissions);
        let keys = permissions.map(|permission| (permission.key.id(), permission.key.clone())).collect();
        Ok(Self { profiles, keys })
    }
}

/// Runs the four checks in order; each is evaluated if the ones before left something to look at.
pub fn verify(policy: &Policy, question: &Question<'_>) -> Result<Evidence, VerifyError> {
    verify_by(policy, &Publishers::read(policy, question.csc)?, question)
}

/// As [`verify`], with the publishers of the question's CSC, read once for many questions.
pub fn verify_by(
    policy: &Policy,
    publishers: &Publishers,
    question: &Question<'_>,
) -> Result<Evidence, VerifyError> {
    let opened = match integrity::open(question.manifest.as_ref(), &publishers.keys) {
        Opening::Opened(opened) => opened,
        Opening::Failed(finding) => return Ok(Evidence::only(finding)),
    };
    let facts = Some(opened.facts());
    // A revocation names a SHA-384, so that one must be known to be the artifact's.
    let digests = if policy.revokes_artifacts()? { Digests::All } else { question.digests };
    let intact = match question.subject {
        Subject::Artifact(artifact) | Subject::Both(artifact, _) => {
            integrity::check(*opened, artifact, digests, question.threads)?
        }
        Subject::Source(_) => Ok(integrity::without_artifact(*opened)),
        Subject::Digest(sha256) => integrity::check_digest(*opened, sha256),
    };
    let intact = match intact {
        Ok(intact) => intact,
        Err(findings) => {
            return Ok(Evidence { facts, ..Evidence::failed(Check::Integrity, findings) });
        }
    };
    let profile = publishers.profiles.get(intact.job().profile.profile());
    let mut known =
        Known::of(policy, intact.job(), &intact.statement().subject().digest.sha384, intact.signer())?;
    known.recorded_at = policy.recorded_at(&intact.payload(), intact.signer())?;
    let notes = match profile {
        Some(profile) => {
            known.add_signed(policy, intact.job(), profile, &question.revocations, question.now)?
        }
        None => Vec::new(),
    };
    let unzipped = Some(intact.job().files.iter().map(|file| file.size).fold(0, u64::saturating_add));
    let results = [
        (Check::Integrity, Vec::new()),
        (Check::Mismatch, mismatch::check(&intact, policy.account(), question, profile)),
        (Check::Expiry, expiry::check(intact.job(), profile, question.now)),
        (Check::Revocation, revocation::check(intact.job(), &known, profile)),
    ];
    let checks = results.map(|(check, findings)| result(check, Some(findings)));
    Ok(Evidence { checks: checks.into(), facts, unzipped, notes })
}

impl Evidence {
    /// One check found something, and the others had nothing to look at.
    pub fn only(finding: Finding) -> Self {
        Self::failed(finding.check, vec![finding])
    }

    fn failed(failed: Check, findings: Vec<Finding>) -> Self {
        let mut findings = Some(findings);
        let each = |check| result(check, if check == failed { findings.take() } else { None });
        Self { checks: Check::VERDICT.map(each).into(), facts: None, unzipped: None, notes: Vec::new() }
    }
}

fn result(check: Check, findings: Option<Vec<Finding>>) -> CheckResult {
    let outcome = match &findings {
        None => Outcome::NotEvaluated,
        Some(found) if found.is_empty() => Outcome::Passed,
        Some(_) => Outcome::Failed,
    };
    CheckResult { check, outcome, findings: findings.unwrap_or_default() }
}
