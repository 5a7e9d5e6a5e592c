//! Verification: checks an artifact and its manifest against an account's policy.
//!
//! ```text
//! Envelope --open(keys)--> Opened --integrity(artifact)--> Intact --mismatch, expiry, revocation--> findings
//! ```
//! The result is [`Evidence`]; the gate decides whether it is enough.

pub mod expiry;
pub mod governance;
pub mod integrity;
pub mod layer;
pub mod mismatch;
pub mod publishers;
pub mod revocation;
mod sample;
mod whole;

use std::borrow::Cow;

use self::integrity::{Digests, Opened, Opening};
use self::publishers::Account;
pub use self::publishers::Publishers;
use crate::crypto::key::{Library, SignatureCheck};
use crate::csc::{Csc, Untrusted};
use crate::digest::Sha256;
use crate::document::format::FormatNewer;
use crate::files::artifact::Artifact;
use crate::files::{FileError, Loaded};
use crate::function::Build;
use crate::hint::Hint;
use crate::inventory::FileRecord;
use crate::name::{ArtifactName, CscId};
use crate::parallel::Threads;
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::provenance::Kind;
use crate::report::{Check, CheckOutcome, CheckResult, Finding, SignatureFacts};

/// Why no decision was possible.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The policy is not trusted.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The manifest is newer than this program.
    #[error(transparent)]
    FormatNewer(#[from] FormatNewer),
    /// The artifact cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Hint for VerifyError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Policy(error) => error.hint(),
            Self::FormatNewer(newer) => newer.hint(),
            Self::File(error) => error.hint(),
        }
    }
}

/// The files of the package of a commit, sorted by path, without bytes to digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitFiles {
    /// The commit, as a person names it.
    pub commit: String,
    /// Its files.
    pub files: Vec<FileRecord>,
}

/// What a manifest must describe of a commit.
#[derive(Debug, Clone, Copy)]
pub enum OfCommit<'a> {
    /// Exactly these files.
    Files(&'a CommitFiles),
    /// A clean build of this commit, as its signer claims; the files are not compared.
    Build(Build<'a>),
}

/// An artifact whose bytes are read here.
#[derive(Debug, Clone, Copy)]
pub enum Here<'a> {
    /// An artifact's bytes.
    Artifact(&'a Artifact),
    /// An artifact's bytes, which must also be of this commit.
    OfCommit(&'a Artifact, OfCommit<'a>),
}

/// An artifact whose bytes are not read here.
#[derive(Debug, Clone, Copy)]
pub enum Elsewhere<'a> {
    /// What a commit makes.
    Commit(OfCommit<'a>),
    /// An artifact of which only this digest is known.
    Digest(&'a Sha256),
}

/// A question: does this artifact match its manifest, and can it be deployed under the CSC at the time of the policy?
#[derive(Debug)]
pub struct Question<'a, S> {
    /// What the manifest is compared with: [`Here`] or [`Elsewhere`].
    pub subject: S,
    /// Its manifest, if there is one.
    pub manifest: Option<&'a Loaded>,
    /// The function or layer to verify for, if any.
    pub asked: Option<(Kind, ArtifactName)>,
    /// Signed revocations that the user passed, in addition to those in the policy directory.
    pub revocations: &'a [Loaded],
    /// Which digests are computed.
    pub digests: Digests,
    /// Number of threads.
    pub threads: Threads,
}

/// The results of the four checks under one CSC. Only [`verify`] creates it with every check passed.
#[derive(Debug)]
pub struct Evidence {
    asked: Option<(Kind, ArtifactName)>,
    csc: CscId,
    untrusted: Untrusted,
    checks: Vec<CheckResult>,
    facts: Option<SignatureFacts>,
    unzipped: Option<u64>,
    notes: Vec<String>,
}

impl Evidence {
    /// The function or layer that it was verified for, if any.
    pub fn asked(&self) -> Option<&(Kind, ArtifactName)> {
        self.asked.as_ref()
    }

    /// The CSC that it was verified under.
    pub fn csc(&self) -> &CscId {
        &self.csc
    }

    /// What the CSC says about an artifact that fails a check other than integrity.
    pub fn untrusted(&self) -> Untrusted {
        self.untrusted
    }

    /// The four checks, in order.
    pub fn checks(&self) -> &[CheckResult] {
        &self.checks
    }

    /// The facts in the signature, if it is valid.
    pub fn facts(&self) -> Option<&SignatureFacts> {
        self.facts.as_ref()
    }

    /// The total size of the signed files in bytes, if the artifact is the signed one.
    pub fn unzipped(&self) -> Option<u64> {
        self.unzipped
    }

    /// Notes for the user that change no verdict.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Adds findings: their checks fail, and no failed check passes. A finding of no check of a verdict fails integrity.
    pub fn with(mut self, findings: Vec<Finding>) -> Self {
        for finding in findings {
            let is_listed = Check::VERDICT.contains(&finding.check);
            let check = if is_listed { finding.check } else { Check::Integrity };
            for result in self.checks.iter_mut().filter(|result| result.check == check) {
                result.outcome = CheckOutcome::Failed;
                result.findings.push(finding.clone());
            }
        }
        self
    }

    /// Replaces the hint of findings with this code, since the advice depends on the caller.
    pub fn hinting(mut self, code: &str, hint: &str) -> Self {
        let findings = self.checks.iter_mut().flat_map(|result| &mut result.findings);
        findings.filter(|finding| finding.code == code).for_each(|finding| finding.hint = hint.into());
        self
    }

    /// The outcome of one check.
    pub fn outcome(&self, check: Check) -> CheckOutcome {
        let result = self.checks.iter().find(|result| result.check == check);
        result.map_or(CheckOutcome::NotEvaluated, |result| result.outcome)
    }
}

/// The results of the four checks for an artifact whose bytes are elsewhere: for reports only, since no gate
/// admits anything by them.
#[derive(Debug)]
pub struct Reported(Evidence);

impl Reported {
    /// Results with a single finding about a function or layer: nothing was verified under the CSC.
    pub fn only(publishers: &Publishers<'_>, asked: (Kind, ArtifactName), finding: Finding) -> Self {
        Self(Evidence::only(publishers.csc(), Some(asked), finding))
    }

    /// Notes for the user that change no verdict.
    pub fn notes(&self) -> &[String] {
        self.0.notes()
    }

    /// The results, for [`crate::gate::report`] only.
    pub(crate) fn found(&self) -> &Evidence {
        &self.0
    }
}

/// Runs the four checks in order; each runs if the ones before left something to check.
///
/// The publishers of a CSC are read once for many questions.
pub fn verify(
    publishers: &Publishers<'_>,
    question: &Question<'_, Here<'_>>,
) -> Result<Evidence, VerifyError> {
    let threads = question.threads;
    verify_with(&Library, publishers, question, |opened, all| {
        let digests = if all { Digests::All } else { question.digests };
        let (artifact, commit) = match question.subject {
            Here::Artifact(artifact) => (artifact, None),
            Here::OfCommit(artifact, commit) => (artifact, Some(commit)),
        };
        let intact = match integrity::check(opened, artifact, digests, threads)? {
            // What is compared with the commit is the list of files that was signed, so it must be the artifact's.
            Ok(intact) if commit.is_some() => integrity::check_inventory(intact, artifact, threads)?,
            found => found,
        };
        Ok(intact.map(|intact| (intact.into_opened(), commit)))
    })
}

/// Like [`verify`], for an artifact whose bytes are elsewhere, with signatures verified by this check.
pub fn report(
    check: &dyn SignatureCheck,
    publishers: &Publishers<'_>,
    question: &Question<'_, Elsewhere<'_>>,
) -> Result<Reported, VerifyError> {
    let found = verify_with(check, publishers, question, |opened, _| {
        Ok(match question.subject {
            Elsewhere::Commit(commit) => Ok((opened, Some(commit))),
            Elsewhere::Digest(sha256) => integrity::check_digest(&opened, sha256).map(|()| (opened, None)),
        })
    });
    found.map(Reported)
}

/// A statement that passed the integrity check, and what it must describe of a commit; or what failed.
type Passed<'a> = Result<(Opened, Option<OfCommit<'a>>), Vec<Finding>>;

/// The four checks; `integrity` is asked with every digest where one of them may be revoked.
fn verify_with<'a, S>(
    check: &dyn SignatureCheck,
    publishers: &Publishers<'_>,
    question: &Question<'a, S>,
    integrity: impl FnOnce(Opened, bool) -> Result<Passed<'a>, VerifyError>,
) -> Result<Evidence, VerifyError> {
    let (policy, csc, asked) = (publishers.policy(), publishers.csc(), question.asked.clone());
    let opened = match integrity::open_with(check, question.manifest, publishers.keys()) {
        Opening::Opened(opened) => *opened,
        Opening::UnknownKey(finding) => {
            publishers.check_all_asked()?;
            return Ok(Evidence::only(csc, asked, finding));
        }
        Opening::FormatNewer(signed) => {
            let revoked = revocation::of_newer(publishers, &signed)?;
            if revoked.is_empty() {
                return Err(signed.newer.into());
            }
            return Ok(Evidence::failed(csc, asked, Check::Revocation, revoked));
        }
        Opening::Failed(finding) => return Ok(Evidence::only(csc, asked, finding)),
    };
    let facts = Some(opened.facts());
    let account = publishers.account(&opened.job().profile)?;
    let other = account.and_then(Account::other);
    // A revocation names a SHA-384, so the artifact's must be known.
    let revokes_artifacts =
        policy.revokes_artifacts()? || other.map_or(Ok(false), Policy::revokes_artifacts)?;
    let (opened, commit) = match integrity(opened, revokes_artifacts)? {
        Ok(passed) => passed,
        Err(findings) => {
            return Ok(Evidence { facts, ..Evidence::failed(csc, asked, Check::Integrity, findings) });
        }
    };
    let job = opened.job();
    let profile = account.and_then(|account| account.profile(job.profile.profile()));
    let mut mismatches = mismatch::check(&opened, policy.account(), csc, account.is_some(), profile);
    mismatches.extend(question.asked.as_ref().and_then(|asked| mismatch::name(job, asked)));
    mismatches.extend(commit.and_then(|commit| mismatch::commit(opened.statement(), commit)));
    let revoked = revocation::of_both(policy, other, &opened, profile, question.revocations)?;
    let notes = [publishers.notes(), &revoked.notes].concat();
    let unzipped = Some(job.files.iter().map(|file| file.size).fold(0, u64::saturating_add));
    let results = [
        (Check::Integrity, Vec::new()),
        (Check::Mismatch, mismatches),
        (Check::Expiry, expiry::check(job, profile, policy.now())),
        (Check::Revocation, revoked.findings),
    ];
    let checks = results.map(|(check, findings)| result(check, Some(findings)));
    Ok(Evidence { facts, unzipped, notes, ..Evidence::of(csc, asked, checks.into()) })
}

impl Evidence {
    fn of(csc: &Csc, asked: Option<(Kind, ArtifactName)>, checks: Vec<CheckResult>) -> Self {
        let (csc, untrusted) = (csc.id().clone(), csc.untrusted());
        Self { asked, csc, untrusted, checks, facts: None, unzipped: None, notes: Vec::new() }
    }

    /// A failed check whose failure leaves the others nothing to check.
    fn only(csc: &Csc, asked: Option<(Kind, ArtifactName)>, finding: Finding) -> Self {
        Self::failed(csc, asked, finding.check, vec![finding])
    }

    fn failed(csc: &Csc, asked: Option<(Kind, ArtifactName)>, failed: Check, findings: Vec<Finding>) -> Self {
        Self::of(csc, asked, only(failed, findings))
    }
}

/// The results where one check found something, and the others had nothing to look at.
pub(crate) fn only(failed: Check, findings: Vec<Finding>) -> Vec<CheckResult> {
    let mut findings = Some(findings);
    let each = |check| result(check, if check == failed { findings.take() } else { None });
    Check::VERDICT.map(each).into()
}

fn result(check: Check, findings: Option<Vec<Finding>>) -> CheckResult {
    let outcome = match &findings {
        None => CheckOutcome::NotEvaluated,
        Some(found) if found.is_empty() => CheckOutcome::Passed,
        Some(_) => CheckOutcome::Failed,
    };
    CheckResult { check, outcome, findings: findings.unwrap_or_default() }
}

#[cfg(test)]
impl Evidence {
    /// Evidence of these outcomes, for the tests of what is decided by it.
    pub(crate) fn of_outcomes(csc: &Csc, outcomes: [CheckOutcome; 4]) -> Self {
        let checks = Check::VERDICT.into_iter().zip(outcomes);
        let checks = checks.map(|(check, outcome)| CheckResult { check, outcome, findings: Vec::new() });
        Self::of(csc, None, checks.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arn::PublisherArn;

    fn csc() -> Csc {
        let publisher = PublisherArn::every_version("acme".parse().unwrap(), "release".parse().unwrap());
        Csc::new("csc-00000000000000001".parse().unwrap(), "", publisher.into(), Untrusted::Enforce)
    }

    fn finding(check: Check) -> Finding {
        Finding::new(check, "code", "message", "hint")
    }

    fn outcomes(evidence: &Evidence) -> [CheckOutcome; 4] {
        Check::VERDICT.map(|check| evidence.outcome(check))
    }

    fn passed() -> Evidence {
        Evidence::of_outcomes(&csc(), [CheckOutcome::Passed; 4])
    }

    #[test]
    fn a_failed_check_leaves_the_others_unevaluated() {
        use CheckOutcome::{Failed, NotEvaluated};
        let evidence = Evidence::only(&csc(), None, finding(Check::Mismatch));
        assert_eq!(outcomes(&evidence), [NotEvaluated, Failed, NotEvaluated, NotEvaluated]);
        assert_eq!(evidence.outcome(Check::Package), NotEvaluated);
        let findings: Vec<usize> = evidence.checks().iter().map(|result| result.findings.len()).collect();
        assert_eq!(findings, [0, 1, 0, 0]);
    }

    #[test]
    fn more_findings_fail_their_checks_and_no_other() {
        use CheckOutcome::{Failed, Passed};
        assert_eq!(outcomes(&passed()), [Passed; 4]);
        assert_eq!(outcomes(&passed().with(Vec::new())), [Passed; 4]);
        let evidence = passed().with(vec![finding(Check::Expiry), finding(Check::Expiry)]);
        assert_eq!(outcomes(&evidence), [Passed, Passed, Failed, Passed]);
        assert_eq!(evidence.checks()[2].findings.len(), 2);
        let evidence = evidence.with(vec![finding(Check::Revocation)]);
        assert_eq!(outcomes(&evidence), [Passed, Passed, Failed, Failed]);
        let evidence = evidence.with(vec![finding(Check::Package)]);
        assert_eq!(outcomes(&evidence), [Failed, Passed, Failed, Failed]);
    }

    #[test]
    fn a_hint_is_replaced_for_its_code_alone() {
        let other = Finding::new(Check::Expiry, "other", "message", "hint");
        let evidence = passed().with(vec![finding(Check::Expiry), other]).hinting("code", "advice");
        let hints: Vec<&str> = evidence.checks()[2].findings.iter().map(|found| &*found.hint).collect();
        assert_eq!(hints, ["advice", "hint"]);
    }
}
