//! Verification: an artifact and its manifest, held against an account's policy, check by check.
//!
//! ```text
//! Envelope --open(keys)--> Opened --integrity(artifact)--> Intact --mismatch, expiry, revocation--> findings
//! ```
//! What comes out is [`Evidence`]; whether it is enough is for the gate to say.

pub mod expiry;
pub mod governance;
pub mod integrity;
pub mod layer;
pub mod mismatch;
pub mod publishers;
pub mod revocation;
mod sample;

use std::path::PathBuf;

use self::integrity::{Digests, Opening};
use self::publishers::Account;
pub use self::publishers::Publishers;
use crate::crypto::key::{Library, SignatureCheck};
use crate::csc::Csc;
use crate::digest::Sha256;
use crate::files::FileError;
use crate::files::artifact::Artifact;
use crate::inventory::FileRecord;
use crate::name::ArtifactName;
use crate::parallel::Threads;
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
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

impl VerifyError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Policy(error) => error.hint(),
            Self::File(_) => None,
        }
    }
}

/// The files of the package that a commit makes, sorted by path: there are no bytes to digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitFiles {
    /// The commit, as a person names it.
    pub commit: String,
    /// Its files.
    pub files: Vec<FileRecord>,
}

/// What a manifest is held against.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// An artifact's bytes.
    Artifact(&'a Artifact),
    /// The files of the package that a commit makes: there are no bytes to digest.
    Source(&'a CommitFiles),
    /// An artifact's bytes, which are to be the commit's too.
    Both(&'a Artifact, &'a CommitFiles),
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

    /// With more findings: what had passed fails, and nothing that had failed passes.
    pub fn with(mut self, findings: Vec<Finding>) -> Self {
        for finding in findings {
            if let Some(result) = self.checks.iter_mut().find(|result| result.check == finding.check) {
                result.outcome = Outcome::Failed;
                result.findings.push(finding);
            }
        }
        self
    }

    /// With another hint where a finding has this code: what to do about it depends on who asks.
    pub fn hinting(mut self, code: &str, hint: &str) -> Self {
        let findings = self.checks.iter_mut().flat_map(|result| &mut result.findings);
        findings.filter(|finding| finding.code == code).for_each(|finding| finding.hint = hint.into());
        self
    }

    /// The outcome of one check.
    pub fn outcome(&self, check: Check) -> Outcome {
        let result = self.checks.iter().find(|result| result.check == check);
        result.map_or(Outcome::NotEvaluated, |result| result.outcome)
    }
}

/// What the four checks found where [`audit`] verified: enough for a report, and no gate admits anything by it.
#[derive(Debug)]
pub struct Audited(Evidence);

impl Audited {
    /// Nothing was verified, for a reason.
    pub fn only(finding: Finding) -> Self {
        Self(Evidence::only(finding))
    }

    /// Things worth saying that change no verdict.
    pub fn notes(&self) -> &[String] {
        self.0.notes()
    }

    /// What was found; for [`crate::gate::report`] alone.
    pub(crate) fn found(&self) -> &Evidence {
        &self.0
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
    verify_with(&Library, policy, publishers, question)
}

/// As [`verify_by`], of what runs already, with signatures verified by another check than the library's.
pub fn audit(
    check: &dyn SignatureCheck,
    policy: &Policy,
    publishers: &Publishers,
    question: &Question<'_>,
) -> Result<Audited, VerifyError> {
    verify_with(check, policy, publishers, question).map(Audited)
}

fn verify_with(
    check: &dyn SignatureCheck,
    policy: &Policy,
    publishers: &Publishers,
    question: &Question<'_>,
) -> Result<Evidence, VerifyError> {
    let opened = match integrity::open_with(check, question.manifest.as_ref(), publishers.keys()) {
        Opening::Opened(opened) => opened,
        Opening::UnknownKey(finding) => {
            publishers.check_all_asked()?;
            return Ok(Evidence::only(finding));
        }
        Opening::Failed(finding) => return Ok(Evidence::only(finding)),
    };
    let facts = Some(opened.facts());
    let account = publishers.account(&opened.statement().job().profile)?;
    let other = account.and_then(Account::other);
    // A revocation names a SHA-384, so that one must be known to be the artifact's.
    let revokes_artifacts =
        policy.revokes_artifacts()? || other.map_or(Ok(false), Policy::revokes_artifacts)?;
    let digests = if revokes_artifacts { Digests::All } else { question.digests };
    let intact = match question.subject {
        Subject::Artifact(artifact) => integrity::check(*opened, artifact, digests, question.threads)?,
        // What is compared with the commit is the list of files that was signed, so it must be the artifact's.
        Subject::Both(artifact, _) => match integrity::check(*opened, artifact, digests, question.threads)? {
            Ok(intact) => integrity::check_inventory(intact, artifact, question.threads)?,
            differs => differs,
        },
        Subject::Source(_) => Ok(integrity::without_artifact(*opened)),
        Subject::Digest(sha256) => integrity::check_digest(*opened, sha256),
    };
    let intact = match intact {
        Ok(intact) => intact,
        Err(findings) => {
            return Ok(Evidence { facts, ..Evidence::failed(Check::Integrity, findings) });
        }
    };
    let profile = account.and_then(|account| account.profile(intact.job().profile.profile()));
    let revoked = revocation::of_both(policy, other, &intact, profile, question)?;
    let notes = [publishers.notes(), &revoked.notes].concat();
    let unzipped = Some(intact.job().files.iter().map(|file| file.size).fold(0, u64::saturating_add));
    let results = [
        (Check::Integrity, Vec::new()),
        (Check::Mismatch, mismatch::check(&intact, policy.account(), question, account.is_some(), profile)),
        (Check::Expiry, expiry::check(intact.job(), profile, question.now)),
        (Check::Revocation, revoked.findings),
    ];
    let checks = results.map(|(check, findings)| result(check, Some(findings)));
    Ok(Evidence { checks: checks.into(), facts, unzipped, notes })
}

impl Evidence {
    /// One check found something, and the others had nothing to look at.
    pub fn only(finding: Finding) -> Self {
        Self::failed(finding.check, vec![finding])
    }

    /// Evidence of these outcomes, for the tests of what is decided by it.
    #[cfg(test)]
    pub(crate) fn of_outcomes(outcomes: [Outcome; 4]) -> Self {
        let checks = Check::VERDICT.into_iter().zip(outcomes);
        let checks = checks.map(|(check, outcome)| CheckResult { check, outcome, findings: Vec::new() });
        Self { checks: checks.collect(), facts: None, unzipped: None, notes: Vec::new() }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(check: Check) -> Finding {
        Finding::new(check, "code", "message", "hint")
    }

    fn outcomes(evidence: &Evidence) -> [Outcome; 4] {
        Check::VERDICT.map(|check| evidence.outcome(check))
    }

    fn passed() -> Evidence {
        let checks = Check::VERDICT.map(|check| result(check, Some(Vec::new())));
        Evidence { checks: checks.into(), facts: None, unzipped: None, notes: Vec::new() }
    }

    #[test]
    fn a_failed_check_leaves_the_others_unevaluated() {
        use Outcome::{Failed, NotEvaluated};
        let evidence = Evidence::only(finding(Check::Mismatch));
        assert_eq!(outcomes(&evidence), [NotEvaluated, Failed, NotEvaluated, NotEvaluated]);
        assert_eq!(evidence.outcome(Check::Package), NotEvaluated);
        let findings: Vec<usize> = evidence.checks().iter().map(|result| result.findings.len()).collect();
        assert_eq!(findings, [0, 1, 0, 0]);
    }

    #[test]
    fn more_findings_fail_their_checks_and_no_other() {
        use Outcome::{Failed, Passed};
        assert_eq!(outcomes(&passed()), [Passed; 4]);
        assert_eq!(outcomes(&passed().with(Vec::new())), [Passed; 4]);
        let evidence = passed().with(vec![finding(Check::Expiry), finding(Check::Expiry)]);
        assert_eq!(outcomes(&evidence), [Passed, Passed, Failed, Passed]);
        assert_eq!(evidence.checks()[2].findings.len(), 2);
        let evidence = evidence.with(vec![finding(Check::Revocation)]);
        assert_eq!(outcomes(&evidence), [Passed, Passed, Failed, Failed]);
    }
}
