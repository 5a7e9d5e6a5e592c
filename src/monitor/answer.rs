//! The answer: what journals contain about each function, as data, by the schema of
//! `docs/monitor.schema.json`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use super::readiness::{Criteria, CscReadiness, Evidence, Readiness};
use super::totals::{FunctionKey, Totals};
use super::{Question, advice};
use crate::arn::ProfileArn;
use crate::csc::Untrusted;
use crate::metrics::Occasion;
use crate::name::{ArtifactName, CscId, FindingCode, HostLabel, Principal};
use crate::provenance::Kind;
use crate::report::{Check, Decision};
use crate::time::Timestamp;

/// The schema's version; it increases when readers of an older version could misread an answer.
pub const SCHEMA_VERSION: u32 = 1;

/// The answer.
#[derive(Debug, Serialize)]
pub struct Answer {
    schema_version: u32,
    /// The start of the window.
    pub since: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// The criteria for safe.
    pub criteria: Criteria,
    /// The journals, in the order they were read.
    pub journals: Vec<Journal>,
    /// The first lines that are not events.
    pub malformed: Vec<Malformed>,
    /// Verdicts without a function or layer: only a CSC was named.
    pub unnamed: u64,
    /// The counts of all functions.
    #[serde(flatten)]
    pub counts: Counts,
    /// The number of functions by readiness.
    pub readiness: BTreeMap<Readiness, usize>,
    /// The CSCs that govern the functions now.
    pub code_signing_configs: Vec<CscReadiness>,
    /// The functions and layers: those without a CSC and those that are not ready first, among equals the one with most
    /// warnings and denials.
    pub functions: Vec<Function>,
    /// The days on which there were verdicts.
    pub days: Vec<Day>,
}

/// A journal, and its numbers of lines.
#[derive(Debug, Default, Serialize)]
pub struct Journal {
    /// Its path.
    pub path: String,
    /// All lines except empty ones.
    pub lines: u64,
    /// Events that were counted.
    pub counted: u64,
    /// Events that were counted before.
    pub repeated: u64,
    /// Events outside the window.
    pub outside: u64,
    /// Lines that are not events.
    pub malformed: u64,
}

impl Journal {
    /// A journal that was not read yet.
    pub fn of(path: String) -> Self {
        Self { path, ..Self::default() }
    }
}

/// A line that is not an event.
#[derive(Debug, Serialize)]
pub struct Malformed {
    /// The journal.
    pub journal: String,
    /// The line's number, from 1.
    pub line: u64,
    /// What is wrong with it; can contain text of the line.
    pub what: String,
}

/// Numbers of verdicts and findings.
#[derive(Debug, Clone, Serialize)]
pub struct Counts {
    /// All verdicts.
    pub verdicts: u64,
    /// Verdicts by occasion.
    pub occasions: BTreeMap<Occasion, u64>,
    /// Verdicts by decision.
    pub decisions: BTreeMap<Decision, u64>,
    /// `SignatureValidationErrors` by check.
    pub signature_validation_errors: BTreeMap<Check, u64>,
}

impl Counts {
    fn of(totals: &Totals) -> Self {
        Self {
            verdicts: totals.verdicts(),
            occasions: Occasion::ALL.into_iter().zip(totals.occasions).collect(),
            decisions: Decision::ALL.into_iter().zip(totals.decisions).collect(),
            signature_validation_errors: Check::VERDICT.into_iter().zip(totals.errors).collect(),
        }
    }

    /// Verdicts of an occasion.
    pub fn on(&self, occasion: Occasion) -> u64 {
        self.occasions.get(&occasion).copied().unwrap_or_default()
    }

    /// Verdicts with a decision.
    pub fn decided(&self, decision: Decision) -> u64 {
        self.decisions.get(&decision).copied().unwrap_or_default()
    }

    /// `SignatureValidationErrors` of a check.
    pub fn errors_of(&self, check: Check) -> u64 {
        self.signature_validation_errors.get(&check).copied().unwrap_or_default()
    }

    /// All `SignatureValidationErrors`.
    pub fn errors(&self) -> u64 {
        self.signature_validation_errors.values().sum()
    }
}

/// A function or a layer.
#[derive(Debug, Serialize)]
pub struct Function {
    /// Its name.
    pub name: ArtifactName,
    /// Whether it is a function or a layer, if known.
    pub kind: Option<Kind>,
    /// The CSC that governed it last.
    pub csc: Option<CscId>,
    /// The last mode of that CSC.
    pub mode: Option<Untrusted>,
    /// Whether it is ready for Enforce.
    pub readiness: Readiness,
    /// The reason, in one sentence.
    pub reason: String,
    /// The next step.
    pub next: String,
    /// The time since when nothing was warned under that CSC.
    pub clean_since: Option<Timestamp>,
    /// Verdicts that passed since then, without those of releases.
    pub clean_verdicts: u64,
    /// The counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// The causes, the latest first.
    pub causes: Vec<Cause>,
    /// The days on which there were verdicts.
    pub days: Vec<Day>,
    #[serde(skip)]
    evidence: Option<Evidence>,
}

/// Findings with the same cause.
#[derive(Debug, Serialize)]
pub struct Cause {
    /// The check that found it.
    pub check: Check,
    /// The code of the finding.
    pub code: FindingCode,
    /// The profile version that signed, if the signature is valid.
    pub profile: Option<ProfileArn>,
    /// The number of findings.
    pub count: u64,
    /// The first time.
    pub first_seen: Timestamp,
    /// The last time.
    pub last_seen: Timestamp,
    /// The principals who requested the signatures.
    pub requested_by: BTreeSet<Principal>,
    /// The machines that reported it, if they have labels.
    pub hosts: BTreeSet<HostLabel>,
    /// The next step.
    pub next: String,
}

/// The counts of one day.
#[derive(Debug, Clone, Serialize)]
pub struct Day {
    /// The start of the day.
    #[serde(serialize_with = "date")]
    pub day: Timestamp,
    /// The counts.
    #[serde(flatten)]
    pub counts: Counts,
}

impl Day {
    /// The counts of a day, in days since 1970.
    pub fn of(day: i64, totals: &Totals) -> Self {
        Self { day: Timestamp::of_day(day), counts: Counts::of(totals) }
    }
}

impl Function {
    /// A function with its own data; the rest is set when all functions are known.
    pub fn new(
        key: FunctionKey,
        csc: Option<CscId>,
        evidence: Option<Evidence>,
        readiness: Readiness,
        totals: &Totals,
        causes: Vec<Cause>,
        days: Vec<Day>,
    ) -> Self {
        Self {
            name: key.name,
            kind: key.kind,
            csc,
            mode: evidence.as_ref().map(|evidence| evidence.mode),
            readiness,
            reason: String::new(),
            next: String::new(),
            clean_since: evidence.as_ref().map(|evidence| evidence.clean_since),
            clean_verdicts: evidence.as_ref().map_or(0, |evidence| evidence.clean_verdicts),
            counts: Counts::of(totals),
            causes,
            days,
            evidence,
        }
    }

    /// Function or layer, in words.
    pub fn kind_name(&self) -> &'static str {
        self.kind.map_or("artifact", Kind::name)
    }
}

impl Answer {
    /// Builds the answer.
    pub fn new(
        question: &Question,
        journals: Vec<Journal>,
        malformed: Vec<Malformed>,
        totals: &Totals,
        mut functions: Vec<Function>,
        days: Vec<Day>,
    ) -> Self {
        // A CSC is safe only if all of its functions are, even those that were not asked for.
        let code_signing_configs = cscs(&functions);
        functions.retain(|function| question.asks_about(&function.name));
        for function in &mut functions {
            let csc = code_signing_configs.iter().find(|csc| Some(&csc.id) == function.csc.as_ref());
            function.reason =
                advice::reason(function.readiness, function.evidence.as_ref(), &question.criteria);
            let denied = function.counts.decided(Decision::Denied);
            function.next = advice::next(function.readiness, &function.name, csc, denied);
        }
        let stopped = |function: &Function| {
            let of = |decision| function.counts.decided(decision);
            std::cmp::Reverse((of(Decision::Warned), of(Decision::Denied)))
        };
        functions.sort_by_key(|function| (function.readiness, stopped(function)));
        let mut readiness: BTreeMap<Readiness, usize> =
            Readiness::ALL.into_iter().map(|each| (each, 0)).collect();
        for function in &functions {
            *readiness.entry(function.readiness).or_default() += 1;
        }
        Self {
            schema_version: SCHEMA_VERSION,
            since: question.since,
            until: question.end(),
            criteria: question.criteria.clone(),
            journals,
            malformed,
            unnamed: totals.unnamed,
            counts: Counts::of(totals),
            readiness,
            code_signing_configs,
            functions,
            days,
        }
    }

    /// Whether there are functions, and each is safe to enforce or enforced.
    pub fn is_safe(&self) -> bool {
        let safe = |function: &Function| matches!(function.readiness, Readiness::Safe | Readiness::Enforced);
        !self.functions.is_empty() && self.functions.iter().all(safe)
    }

    /// The number of lines that are not events.
    pub fn malformed_lines(&self) -> u64 {
        self.journals.iter().map(|journal| journal.malformed).sum()
    }
}

/// The CSCs of the functions. A CSC that is seen in both modes warns: some machine does not have the new seal
/// yet.
fn cscs(functions: &[Function]) -> Vec<CscReadiness> {
    let mut all: BTreeMap<&CscId, Vec<&Function>> = BTreeMap::new();
    for function in functions {
        if let Some(csc) = &function.csc {
            all.entry(csc).or_default().push(function);
        }
    }
    let each = |(id, functions): (&CscId, Vec<&Function>)| {
        let warns = functions.iter().any(|function| function.mode == Some(Untrusted::Warn));
        let ready =
            |function: &&&Function| matches!(function.readiness, Readiness::Safe | Readiness::Enforced);
        let safe_functions = functions.iter().filter(ready).count();
        CscReadiness {
            id: id.clone(),
            mode: if warns { Untrusted::Warn } else { Untrusted::Enforce },
            functions: functions.len(),
            safe_functions,
            safe: warns && safe_functions == functions.len(),
        }
    };
    all.into_iter().map(each).collect()
}

fn date<S: Serializer>(day: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&day.date())
}
