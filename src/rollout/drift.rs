//! Drift: how each target differs from what it should have, document by document and property by property.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::central::Central;
use super::clone::{Clone, Tip};
use super::error::{TargetError, said};
use super::property::{self, Property};
use super::values::{self, is_unmanaged};
use super::{Memory, copy};
use crate::digest::Sha384;
use crate::document;
use crate::limits::{DOCUMENT_BYTES_MAX, POLICY_BYTES_MAX};
use crate::policy::documents::Kind;
use crate::policy::memory;
use crate::policy::sealed;
use crate::stackset::{Deploy, Target};
use crate::time::Timestamp;

/// The drift status of a target, in CloudFormation's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// It has what it should, under a valid seal.
    InSync,
    /// It differs.
    Modified,
    /// It has no policy.
    Deleted,
    /// It cannot be compared.
    NotChecked,
}

/// The drift status of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DocumentStatus {
    /// It differs.
    Modified,
    /// It is missing.
    Deleted,
    /// It was not rolled out. (CloudFormation does not detect this.)
    Unmanaged,
}

/// The drift of a target.
#[derive(Debug)]
pub struct Drift {
    /// The status.
    pub status: Status,
    /// The documents that have drifted.
    pub documents: Vec<Document>,
    /// The version of the valid seal, or why there is none.
    pub seal: Result<u64, String>,
    /// Whether it has an earlier central seal with all its files intact, so nothing was tampered with.
    pub is_outdated: bool,
    /// Why it cannot be compared.
    pub error: Option<TargetError>,
}

/// The drift of a document.
#[derive(Debug, Serialize)]
pub struct Document {
    /// Its path in the policy directory.
    pub path: String,
    /// The status.
    pub status: DocumentStatus,
    /// The properties that differ.
    pub properties: Vec<Property>,
}

impl Document {
    fn of(path: &str, status: DocumentStatus) -> Self {
        Self { path: path.into(), status, properties: Vec::new() }
    }
}

/// Compares a target; any failure makes it NOT_CHECKED.
pub fn look(central: &Central, target: &Target, memory: &Memory, now: Timestamp) -> Drift {
    let looked = Clone::of(target).and_then(|clone| {
        let tip = clone.tip(target.branch())?;
        let looking = Looking { central, target, clone: &clone, tip: &tip, now };
        match target.deploy() {
            Deploy::Policy => looking.copy(),
            Deploy::Documents(_) => looking.account(memory),
        }
    });
    looked.unwrap_or_else(|error| Drift {
        status: Status::NotChecked,
        documents: Vec::new(),
        seal: Err("not checked".into()),
        is_outdated: false,
        error: Some(error),
    })
}

struct Looking<'a> {
    central: &'a Central,
    target: &'a Target,
    clone: &'a Clone<'a>,
    tip: &'a Tip,
    now: Timestamp,
}

impl Looking<'_> {
    fn copy(&self) -> Result<Drift, TargetError> {
        let Self { central, clone, tip, now, .. } = self;
        let files = central.files();
        let differ: BTreeSet<&String> = files
            .iter()
            .filter(|(path, file)| tip.files.get(*path) != Some(&Some(file.blob)))
            .map(|(path, _)| path)
            .collect();
        let other_seal = differ.iter().any(|path| *path == "snapshot.json");
        // Another seal has other objects, which show no more than the documents.
        let is_told = |path: &str| !(other_seal && path.starts_with("objects/"));
        let mut documents = Vec::new();
        for path in differ.iter().filter(|path| is_told(path)) {
            documents.push(self.document(path, &files[path.as_str()].bytes, whole)?);
        }
        let unknown = copy::unknown(central, tip).filter(|path| is_told(path));
        documents.extend(unknown.map(|path| Document::of(path, DocumentStatus::Unmanaged)));
        if documents.is_empty() {
            return Ok(drift(Ok(central.snapshot().version), documents));
        }
        if differ.len() == files.len() && files.keys().all(|path| !tip.files.contains_key(path)) {
            return Ok(deleted(documents));
        }
        let seal = copy::seal(central, clone, tip, *now)?;
        let is_outdated = seal.as_ref().is_ok_and(|found| *found < central.snapshot().version);
        Ok(Drift { is_outdated, ..drift(seal, documents) })
    }

    fn account(&self, memory: &Memory) -> Result<Drift, TargetError> {
        let Self { central, target, clone, tip, now } = self;
        let wanted = central.documents(target)?;
        let mut documents = Vec::new();
        for (path, bytes) in &wanted {
            let document = self.document(path, bytes, values::values)?;
            if document.status == DocumentStatus::Deleted || !document.properties.is_empty() {
                documents.push(document);
            }
        }
        let unmanaged = tip.files.keys().filter(|path| is_unmanaged(target, &wanted, path));
        documents.extend(unmanaged.map(|path| Document::of(path, DocumentStatus::Unmanaged)));
        if tip.files.is_empty() {
            return Ok(deleted(documents));
        }
        let copy = match clone.extracted(tip) {
            Ok(Some(copy)) => copy,
            Ok(None) => return Ok(deleted(documents)),
            Err(error @ TargetError::Files(_)) => return Ok(drift(Err(error.to_string()), documents)),
            Err(error) => return Err(error),
        };
        let location = memory.location(target, copy.path());
        let seal = sealed::open(&location, *now).and_then(|_| memory::open(&location, *now));
        let seal = match seal {
            Ok(policy) => Ok(policy.snapshot().version),
            Err(error) if error.is_newer() => return Err(TargetError::policy(&error, copy.path())),
            Err(error) => Err(said(&error, copy.path())),
        };
        Ok(drift(seal, documents))
    }

    /// The status of a document, from both versions.
    fn document(
        &self,
        path: &str,
        expected: &[u8],
        values: fn(&str, &[u8]) -> Option<Value>,
    ) -> Result<Document, TargetError> {
        if !self.tip.files.contains_key(path) {
            return Ok(Document::of(path, DocumentStatus::Deleted));
        }
        let limit = Kind::of(path).map_or(POLICY_BYTES_MAX, |kind| kind.limit().max(DOCUMENT_BYTES_MAX));
        let actual = self.clone.read(self.tip, path, limit)?;
        let mut document = Document::of(path, DocumentStatus::Modified);
        document.properties = match &actual {
            None => vec![Property::whole(digest(expected), "not a regular file, or too large")],
            Some(actual) => match (values(path, expected), values(path, actual)) {
                (Some(expected), Some(actual)) => property::compare(&expected, &actual),
                _ => vec![Property::whole(digest(expected), digest(actual))],
            },
        };
        // In an exact copy, comments and white space must be equal too.
        if let Some(actual) =
            actual.filter(|_| document.properties.is_empty() && *self.target.deploy() == Deploy::Policy)
        {
            document.properties.push(Property::whole(digest(expected), digest(&actual)));
        }
        Ok(document)
    }
}

/// The values of an editable document, including the revision; other files are compared as bytes.
fn whole(path: &str, bytes: &[u8]) -> Option<Value> {
    Kind::of(path)?;
    serde_json::to_value(document::toml_table(bytes)?).ok()
}

fn digest(bytes: &[u8]) -> String {
    format!("SHA384:{}", Sha384::of(bytes))
}

fn drift(seal: Result<u64, String>, documents: Vec<Document>) -> Drift {
    let is_in_sync = documents.is_empty() && seal.is_ok();
    let status = if is_in_sync { Status::InSync } else { Status::Modified };
    Drift { status, documents, seal, is_outdated: false, error: None }
}

fn deleted(documents: Vec<Document>) -> Drift {
    let seal = Err("no policy".into());
    Drift { status: Status::Deleted, ..drift(seal, documents) }
}

impl Status {
    /// The status as a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::InSync => "IN_SYNC",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
            Self::NotChecked => "NOT_CHECKED",
        }
    }
}

impl DocumentStatus {
    /// The status as a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
            Self::Unmanaged => "UNMANAGED",
        }
    }
}
