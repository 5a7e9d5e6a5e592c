//! Read: verdicts from JSON reports, such as those of the shards of a release.
//!
//! A report is a record, not evidence: nothing that is read here admits an artifact.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::catalogue;
use super::json::SCHEMA_VERSION;
use super::{Check, CheckOutcome, CheckResult, Decision, FileChanges, Finding, SignatureFacts, Verdict};
use crate::arn::{JobArn, ProfileArn};
use crate::digest::Sha384;
use crate::document::{DocumentError, parse_foreign_json};
use crate::hint::Hint;
use crate::name::{ArtifactName, CscId, Principal};
use crate::provenance::{Endorsement, Kind};
use crate::shard::{Part, Shard};
use crate::shown;
use crate::time::Timestamp;

/// A report: its verdicts, and which part of a release they are.
#[derive(Debug, Clone)]
pub struct Report {
    /// The shard, if the release had several.
    pub part: Option<Part>,
    /// Its verdicts.
    pub verdicts: Vec<Verdict>,
    /// Its notes.
    pub notes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema_version: u32,
    decision: Decision,
    #[serde(default)]
    part: Option<Part>,
    results: Vec<Recorded>,
    notes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    decision: Decision,
    status: Option<Check>,
    artifact: String,
    manifest: Option<String>,
    kind: Option<Kind>,
    name: Option<ArtifactName>,
    csc: Option<CscId>,
    untrusted_artifact_on_deployment: Option<Mode>,
    signature: Option<RecordedSignature>,
    checks: Vec<RecordedCheck>,
    signature_validation_errors: usize,
}

#[derive(Clone, Copy, Deserialize)]
enum Mode {
    Enforce,
    Warn,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedSignature {
    job: JobArn,
    profile: ProfileArn,
    requested_by: Principal,
    signed_at: Timestamp,
    expires_at: Timestamp,
    sha384: Sha384,
    /// `false` too, unlike in a statement.
    endorsement: bool,
    commit: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedCheck {
    check: Check,
    outcome: CheckOutcome,
    findings: Vec<RecordedFinding>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedFinding {
    check: Check,
    code: String,
    message: String,
    hint: String,
    #[serde(default)]
    files: FileChanges,
}

impl Report {
    /// Parses a report that `--format json` wrote, of at most [`crate::limits::REPORT_BYTES_MAX`] bytes.
    ///
    /// Errors: it is not one, another version of countersign wrote it, or its decision is not that of its results.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let fail = |message: String| DocumentError::new(path, message);
        let document: Document = parse_foreign_json(bytes)
            .map_err(|error| fail(format!("it is not a JSON report of verdicts: {error}")))?;
        if document.schema_version != SCHEMA_VERSION {
            let version = document.schema_version;
            return Err(fail(format!("its schema has version {version}, expected {SCHEMA_VERSION}")));
        }
        let verdicts: Result<Vec<_>, _> = document.results.into_iter().map(Recorded::verdict).collect();
        let verdicts = verdicts.map_err(fail)?;
        let is_consistent = |verdict: &Verdict| {
            let passed = verdict.checks.iter().all(|each| each.outcome == CheckOutcome::Passed);
            let is_allowed = verdict.decision == Decision::Allowed;
            is_allowed == verdict.status.is_none() && is_allowed == passed
        };
        if document.decision != Decision::of(&verdicts) || !verdicts.iter().all(is_consistent) {
            return Err(fail("its decision is not that of its results".into()));
        }
        Ok(Self { part: document.part, verdicts, notes: document.notes })
    }

    /// Combines reports; those of shards in the order of their numbers.
    ///
    /// Errors: a shard is missing or occurs twice, or two reports have a verdict on the same function or layer.
    pub fn combine(mut reports: Vec<Self>) -> Result<Self, CombineError> {
        check_shards(&reports)?;
        reports.sort_by_key(|report| report.part.as_ref().map(|part| part.shard.number()));
        let mut all = Self { part: None, verdicts: Vec::new(), notes: Vec::new() };
        let mut seen = BTreeSet::new();
        for report in reports {
            for verdict in report.verdicts {
                if let (Some(kind), Some(name)) = (verdict.kind, &verdict.name)
                    && !seen.insert((kind, name.clone(), verdict.artifact.clone()))
                {
                    return Err(CombineError::Twice { kind, name: name.clone() });
                }
                all.verdicts.push(verdict);
            }
            let new = |note: &String| !all.notes.contains(note);
            let notes: Vec<String> = report.notes.into_iter().filter(new).collect();
            all.notes.extend(notes);
        }
        Ok(all)
    }
}

/// Why reports cannot be combined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CombineError {
    /// A shard has no report.
    #[error("the report of shard {0} is missing")]
    Missing(Shard),
    /// A shard has two reports.
    #[error("shard {0} has two reports")]
    Shard(Shard),
    /// The reports are not of one release.
    #[error("the reports are of different releases: one is {0}, another is {1}")]
    Mixed(String, String),
    /// Two reports have a verdict on the same artifact.
    #[error("two reports have a verdict on {} `{name}`", kind.name())]
    Twice {
        /// Function or layer.
        kind: Kind,
        /// Its name.
        name: ArtifactName,
    },
}

impl Hint for CombineError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Missing(_) => {
                "pass the report of every shard; a job that failed early wrote none, so run it again"
            }
            Self::Shard(_) | Self::Mixed(..) | Self::Twice { .. } => {
                "pass only the reports of one release, each once"
            }
        };
        Some(hint.into())
    }
}

/// Checks that reports are of all shards of one split of the same commit, each once, or of none.
fn check_shards(reports: &[Report]) -> Result<(), CombineError> {
    let Some(first) = reports.first() else { return Ok(()) };
    let split = |report: &Report| {
        let Part { shard, commit, changed_since } = report.part.clone()?;
        Some((shard.count(), commit, changed_since))
    };
    if let Some(other) = reports.iter().find(|report| split(report) != split(first)) {
        return Err(CombineError::Mixed(told(first), told(other)));
    }
    let mut of_number: BTreeMap<usize, usize> = BTreeMap::new();
    for part in reports.iter().filter_map(|report| report.part.as_ref()) {
        *of_number.entry(part.shard.number()).or_default() += 1;
    }
    for shard in Shard::all(first.part.as_ref().map_or(0, |part| part.shard.count())) {
        match of_number.get(&shard.number()) {
            Some(1) => {}
            Some(_) => return Err(CombineError::Shard(shard)),
            None => return Err(CombineError::Missing(shard)),
        }
    }
    Ok(())
}

/// What a report is of, for people.
fn told(report: &Report) -> String {
    let Some(Part { shard, commit, changed_since }) = &report.part else { return "not a shard".into() };
    let short = |id: &String| shown::name(&id.chars().take(12).collect::<String>());
    let commit = commit.as_ref().map(|id| format!(" of commit {}", short(id))).unwrap_or_default();
    let since = changed_since.as_ref().map(|id| format!(", changed since {}", short(id))).unwrap_or_default();
    format!("shard {shard}{commit}{since}")
}

impl Recorded {
    fn verdict(self) -> Result<Verdict, String> {
        let mode = |mode| match mode {
            Mode::Enforce => "Enforce",
            Mode::Warn => "Warn",
        };
        if !self.checks.iter().map(|each| each.check).eq(Check::VERDICT) {
            return Err("a result does not have the four checks in order".into());
        }
        Ok(Verdict {
            decision: self.decision,
            status: self.status,
            artifact: self.artifact,
            manifest: self.manifest,
            kind: self.kind,
            name: self.name,
            csc: self.csc,
            untrusted_artifact_on_deployment: self.untrusted_artifact_on_deployment.map(mode),
            signature: self.signature.map(RecordedSignature::facts),
            checks: self.checks.into_iter().map(RecordedCheck::result).collect::<Result<_, _>>()?,
            signature_validation_errors: self.signature_validation_errors,
        })
    }
}

impl RecordedSignature {
    fn facts(self) -> SignatureFacts {
        SignatureFacts {
            job: self.job,
            profile: self.profile,
            requested_by: self.requested_by,
            signed_at: self.signed_at,
            expires_at: self.expires_at,
            sha384: self.sha384,
            endorsement: if self.endorsement { Endorsement::Yes } else { Endorsement::No },
            commit: self.commit,
        }
    }
}

impl RecordedCheck {
    fn result(self) -> Result<CheckResult, String> {
        let findings = self.findings.into_iter().map(RecordedFinding::finding).collect::<Result<_, _>>()?;
        Ok(CheckResult { check: self.check, outcome: self.outcome, findings })
    }
}

impl RecordedFinding {
    fn finding(self) -> Result<Finding, String> {
        let Self { check, code, message, hint, files } = self;
        let unknown = || format!("it has the unknown finding `{}`", shown::name(&code));
        let code = catalogue::rule(&code).ok_or_else(unknown)?.code;
        Ok(Finding { check, code, message, hint, files })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json;

    fn verdict(name: &str, decision: Decision) -> Verdict {
        let status = (decision != Decision::Allowed).then_some(Check::Mismatch);
        let check = |check| {
            let is_failed = Some(check) == status;
            let finding = || Finding::new(check, "manifest-missing", "no manifest", "sign it");
            CheckResult {
                check,
                outcome: if is_failed { CheckOutcome::Failed } else { CheckOutcome::Passed },
                findings: if is_failed { vec![finding()] } else { Vec::new() },
            }
        };
        Verdict {
            decision,
            status,
            artifact: format!("dist/{name}.zip"),
            manifest: None,
            kind: Some(Kind::Function),
            name: name.parse().ok(),
            csc: "csc-0123456789abcdefg".parse().ok(),
            untrusted_artifact_on_deployment: Some("Enforce"),
            signature: None,
            checks: Check::VERDICT.map(check).into(),
            signature_validation_errors: usize::from(status.is_some()),
        }
    }

    fn written(verdicts: &[Verdict], shard: Option<&str>) -> String {
        let part = |text: &str| Part {
            shard: text.parse().unwrap(),
            commit: Some("c".repeat(40)),
            changed_since: None,
        };
        json::render(verdicts, &["a note".into()], shard.map(part).as_ref())
    }

    fn parse(text: &str) -> Result<Report, DocumentError> {
        Report::parse(Path::new("a.json"), text.as_bytes())
    }

    #[test]
    fn what_is_written_is_read_and_written_again() {
        for (verdicts, shard) in [
            (vec![verdict("a", Decision::Allowed), verdict("b", Decision::Denied)], None),
            (vec![verdict("a", Decision::Warned)], Some("2/3")),
            (Vec::new(), Some("3/3")),
        ] {
            let text = written(&verdicts, shard);
            let Report { part, verdicts, notes } = parse(&text).unwrap();
            assert_eq!(json::render(&verdicts, &notes, part.as_ref()), text);
        }
    }

    #[test]
    fn a_report_that_contradicts_itself_is_refused() {
        let good = written(&[verdict("a", Decision::Denied)], None);
        for (from, to) in [
            ("  \"decision\": \"denied\",\n  \"results\"", "  \"decision\": \"allowed\",\n  \"results\""),
            ("\"schema_version\": 1", "\"schema_version\": 2"),
            ("\"manifest-missing\"", "\"something-new\""),
            ("\"status\": \"mismatch\"", "\"status\": null"),
            ("\"check\": \"expiry\"", "\"check\": \"integrity\""),
            ("\"notes\"", "\"other\": 1, \"notes\""),
        ] {
            assert!(good.contains(from) && parse(&good).is_ok(), "{from}");
            assert!(parse(&good.replacen(from, to, 1)).is_err(), "{to}");
        }
    }

    #[test]
    fn reports_are_combined_only_if_all_shards_are_there_once() {
        let report = |name: &str, shard: Option<&str>| {
            parse(&written(&[verdict(name, Decision::Allowed)], shard)).unwrap()
        };
        let (one, two) = (report("a", Some("1/2")), report("b", Some("2/2")));
        let all = Report::combine(vec![two.clone(), one.clone()]).unwrap();
        let names: Vec<&str> =
            all.verdicts.iter().filter_map(|each| Some(each.name.as_ref()?.as_str())).collect();
        assert_eq!((names, all.notes.len(), all.part), (vec!["a", "b"], 1, None));
        let refused = |reports: Vec<Report>| Report::combine(reports).unwrap_err();
        let shard = |text: &str| text.parse().unwrap();
        assert_eq!(refused(vec![one.clone()]), CombineError::Missing(shard("2/2")));
        assert_eq!(refused(vec![one.clone(), two.clone(), two.clone()]), CombineError::Shard(shard("2/2")));
        assert!(matches!(refused(vec![one.clone(), report("b", Some("2/3"))]), CombineError::Mixed(..)));
        assert!(matches!(refused(vec![one.clone(), report("b", None)]), CombineError::Mixed(..)));
        let mut of_another = two.clone();
        of_another.part.as_mut().unwrap().commit = Some("d".repeat(40));
        let error = refused(vec![one.clone(), of_another]).to_string();
        assert!(
            error.ends_with("shard 1/2 of commit cccccccccccc, another is shard 2/2 of commit dddddddddddd")
        );
        let mut since = two;
        since.part.as_mut().unwrap().changed_since = Some("e".repeat(40));
        assert!(matches!(refused(vec![one.clone(), since]), CombineError::Mixed(..)));
        assert!(matches!(refused(vec![one, report("a", Some("2/2"))]), CombineError::Twice { .. }));
    }
}
