//! Reports: what was checked and found, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arn::{JobArn, ProfileArn};
use crate::digest::Sha384;
use crate::name::{ArtifactName, CscId, Principal};
use crate::provenance::{Endorsement, Kind};
use crate::time::Timestamp;

/// The step that a finding belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The content of a package; not a check of trust.
    Package,
    /// The artifact is what its manifest describes.
    Integrity,
    /// The signature is by an allowed publisher, for the requested artifact.
    Mismatch,
    /// The signature is in its validity period.
    Expiry,
    /// Nothing about the signature is revoked.
    Revocation,
}

impl Check {
    /// The four checks of a verdict; the first that fails is its status.
    pub const VERDICT: [Self; 4] = [Self::Integrity, Self::Mismatch, Self::Expiry, Self::Revocation];

    /// The check's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Integrity => "integrity",
            Self::Mismatch => "mismatch",
            Self::Expiry => "expiry",
            Self::Revocation => "revocation",
        }
    }
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check that found it.
    pub check: Check,
    /// A stable kebab-case name for programs.
    pub code: &'static str,
    /// What is wrong, with names.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The files concerned, if the finding is about files.
    #[serde(skip_serializing_if = "FileChanges::is_empty")]
    pub files: FileChanges,
}

impl Finding {
    /// A finding that is not about files.
    pub fn new(
        check: Check,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let (message, hint) = (message.into(), hint.into());
        Self { check, code, message, hint, files: FileChanges::default() }
    }

    /// The finding if there was no artifact.
    pub fn nothing_verified() -> Self {
        Self::new(
            Check::Mismatch,
            "nothing-verified",
            "nothing was verified",
            "pass the artifact, or find out why none was built",
        )
    }

    /// The same finding, about these files.
    pub fn with_files(self, files: FileChanges) -> Self {
        Self { files, ..self }
    }
}

/// How an artifact's files differ from the signed ones, as sorted paths.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileChanges {
    /// Files whose content or mode differs.
    pub changed: Vec<String>,
    /// Files that are not signed.
    pub added: Vec<String>,
    /// Signed files that are missing.
    pub removed: Vec<String>,
}

impl FileChanges {
    /// Whether there is no difference.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.added.is_empty() && self.removed.is_empty()
    }

    /// Each kind of change with its files.
    pub fn kinds(&self) -> [(&'static str, &[String]); 3] {
        [("changed", &self.changed), ("added", &self.added), ("removed", &self.removed)]
    }

    /// Compares two inventories, each from path to a value that identifies the file.
    pub fn between<T: PartialEq>(signed: &BTreeMap<&str, T>, found: &BTreeMap<&str, T>) -> Self {
        let owned = |path: &&str| (*path).to_owned();
        let differs = |path: &&&str| found.get(**path).is_some_and(|file| *file != signed[**path]);
        Self {
            changed: signed.keys().filter(differs).map(owned).collect(),
            added: found.keys().filter(|path| !signed.contains_key(**path)).map(owned).collect(),
            removed: signed.keys().filter(|path| !found.contains_key(**path)).map(owned).collect(),
        }
    }
}

/// The outcome of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckOutcome {
    /// No finding.
    Passed,
    /// At least one finding.
    Failed,
    /// An earlier failure left nothing to check.
    NotEvaluated,
}

impl CheckOutcome {
    /// The outcome in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Failed => "failed",
            Self::NotEvaluated => "not evaluated",
        }
    }
}

/// The decision on an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Every check passed.
    Allowed,
    /// A check failed, and the CSC says to warn.
    Warned,
    /// A check failed, and the CSC or the nature of the check denies.
    Denied,
}

impl Decision {
    /// Every decision, the best first.
    pub const ALL: [Self; 3] = [Self::Allowed, Self::Warned, Self::Denied];

    /// Whether the artifact passes, perhaps with warnings.
    pub fn admits(self) -> bool {
        matches!(self, Self::Allowed | Self::Warned)
    }

    /// The decision on several artifacts: the worst of them, and denied if there are none.
    pub fn of(verdicts: &[Verdict]) -> Self {
        verdicts.iter().map(|verdict| verdict.decision).max().unwrap_or(Self::Denied)
    }

    /// The decision's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Warned => "warned",
            Self::Denied => "denied",
        }
    }
}

/// The decision on one artifact under one CSC, with its reasons.
///
/// It is only a record. What can be deployed is a `gate::Admitted`.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// The first check that failed, if any.
    pub status: Option<Check>,
    /// The artifact's path, as the user passed it.
    pub artifact: String,
    /// The manifest's path, if there is one.
    pub manifest: Option<String>,
    /// Whether the verdict is for a function or a layer, if for one.
    pub kind: Option<Kind>,
    /// Its name.
    pub name: Option<ArtifactName>,
    /// The CSC that decided; `None` if none governs the name.
    pub csc: Option<CscId>,
    /// What that CSC does with untrusted artifacts: `Enforce` or `Warn`.
    pub untrusted_artifact_on_deployment: Option<&'static str>,
    /// The facts in the signature, if it is valid.
    pub signature: Option<SignatureFacts>,
    /// The four checks, in order.
    pub checks: Vec<CheckResult>,
    /// How many findings count as signature validation errors; the same in Warn and Enforce.
    pub signature_validation_errors: usize,
}

impl Verdict {
    /// The findings of every check, in order.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.checks.iter().flat_map(|result| &result.findings)
    }

    /// What the verdict is about, for people: the artifact and its name. Not escaped.
    pub fn subject(&self) -> String {
        match &self.name {
            Some(name) => format!("{} as `{name}`", self.artifact),
            None => self.artifact.clone(),
        }
    }
}

/// The number of artifacts, and the number with each decision.
pub fn summary(verdicts: &[Verdict]) -> String {
    let count = |decision| verdicts.iter().filter(|verdict| verdict.decision == decision).count();
    let counts = [Decision::Denied, Decision::Warned, Decision::Allowed]
        .map(|decision| (count(decision), decision.name()))
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"));
    match verdicts.len() {
        0 => Finding::nothing_verified().message,
        1 => format!("1 artifact: {}", counts.collect::<String>()),
        all => format!("{all} artifacts: {}", counts.collect::<Vec<_>>().join(", ")),
    }
}

/// One check and its outcome.
#[derive(Debug, Clone, Serialize)]
pub struct CheckResult {
    /// The check.
    pub check: Check,
    /// Its outcome.
    pub outcome: CheckOutcome,
    /// Its findings.
    pub findings: Vec<Finding>,
}

/// The facts in a verified signature.
#[derive(Debug, Clone, Serialize)]
pub struct SignatureFacts {
    /// The signing job.
    pub job: JobArn,
    /// The signing profile version.
    pub profile: ProfileArn,
    /// The principal who requested it.
    pub requested_by: Principal,
    /// When it was created, as the signer claims.
    pub signed_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The SHA-384 that was signed.
    pub sha384: Sha384,
    /// Whether the signer vouches for a package that another tool built.
    pub endorsement: Endorsement,
    /// The commit that the package was built from, if any.
    pub commit: Option<String>,
}
