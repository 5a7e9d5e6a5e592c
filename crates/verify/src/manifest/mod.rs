//! The manifest: a detached signature of a description of an artifact, as `NAME.zip.sigstore.json`.
//!
//! A manifest is a Sigstore bundle ([`bundle`]) around a DSSE envelope around an in-toto
//! Statement v1:
//! ```json
//! { "_type": "https://in-toto.io/Statement/v1",
//!   "subject": [ { "name": "orders.zip", "digest": { "sha256": "…", "sha384": "…" } } ],
//!   "predicateType": "urn:countersign:signing-job:v1",
//!   "predicate": { "format": 1, "job": "arn:countersign:signer::ACCOUNT:/signing-jobs/UUID", … } }
//! ```
//! There is exactly one subject, every digest in it must match, and a field is optional only if its type says
//! so. Unknown and duplicate fields are refused. A statement with a higher
//! `format` than this program knows, or with a higher version in its predicate type, is not malformed but newer.

pub mod bundle;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::arn::{JobArn, ProfileArn};
use crate::digest::{ArtifactDigests, Sha256, Sha384};
use crate::document::format::{self, Format, FormatNewer};
use crate::document::{self, DocumentError, JsonError};
use crate::files::artifact::Artifact;
use crate::files::{FileError, Loaded};
use crate::hint::Hint;
use crate::inventory::{FileMode, FileRecord, by_path};
use crate::limits::{ENTRIES_MAX, MANIFEST_BYTES_MAX, PATH_BYTES_MAX};
use crate::name::{ArtifactName, Principal};
use crate::provenance::{Builder, Endorsement, Kind, LayerRecord, Platform, SelectionRecord, Source};
use crate::shown::shortened;
use crate::time::Timestamp;

/// The DSSE payload type of an in-toto Statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The predicate type of a signing job.
pub const PREDICATE_TYPE: &str = "urn:countersign:signing-job:v1";

/// What the predicate type begins with; its version follows. A new format raises `format`, and the version stays.
const PREDICATE_FAMILY: &str = "urn:countersign:signing-job:v";

const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// A signed statement about one artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    subject: Subject,
    job: Job,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatementFile {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Job,
}

/// The artifact a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The artifact's file name when it was signed.
    pub name: String,
    /// Its digests, all of which must match.
    pub digest: SubjectDigests,
}

/// A subject's digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectDigests {
    /// SHA-256 of the whole artifact.
    pub sha256: Sha256,
    /// SHA-384 of the whole artifact.
    pub sha384: Sha384,
}

/// One act of signing: the predicate of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Job {
    /// Its format number.
    #[serde(default, skip_serializing_if = "Format::is_absent")]
    pub format: Format<{ format::STATEMENT }>,
    /// The job's ARN.
    pub job: JobArn,
    /// The signing profile version that was used.
    pub profile: ProfileArn,
    /// The profile's platform.
    pub platform: Platform,
    /// Whether a function or a layer was signed.
    pub kind: Kind,
    /// The function's or layer's name.
    pub name: ArtifactName,
    /// The principal who requested the signature: the owner of the key.
    pub requested_by: Principal,
    /// When, as the signer claims.
    pub signed_at: Timestamp,
    /// When the signature expires.
    pub signature_expires_at: Timestamp,
    /// The artifact's size in bytes.
    pub size: u64,
    /// The artifact's chunk digest.
    pub chunk_digest: Sha384,
    /// The artifact's files, sorted by path.
    pub files: Vec<FileRecord>,
    /// Whether the signer vouches for a package that another tool built; then it has no record of how it was
    /// built.
    #[serde(default, skip_serializing_if = "Endorsement::is_none")]
    pub endorsement: Endorsement,
    /// The selection of files; absent for an artifact that another tool packaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<SelectionRecord>,
    /// The encoder of the files; absent if this job did not compress them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<String>,
    /// The source of the files; absent outside git and for another tool's artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The CI run that signed, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builder: Option<Builder>,
    /// The fields that only a layer has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<LayerRecord>,
    /// The tool and its version.
    pub tool: String,
}

/// Why a signed payload is not a valid statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// The statement is newer than this program.
    #[error(transparent)]
    FormatNewer(FormatNewer),
    /// The payload is not the JSON of a statement.
    #[error("the signed payload is malformed: {0}")]
    Malformed(String),
    /// The statement is of another type.
    #[error("the signed payload is a `{0}`, not a statement about a signing job")]
    Type(String),
    /// The statement has no subject, or several.
    #[error("the statement has {0} subjects, expected one")]
    Subjects(usize),
    /// The inventory is malformed.
    #[error("the statement's inventory is malformed at {0:?}")]
    Inventory(String),
    /// It is an endorsement, but has a record of how the artifact was packaged.
    #[error("the statement is an endorsement of another tool's package, but says how it was packaged")]
    Endorsement,
    /// It has a field of a higher format than its own.
    #[error("the statement's `selection.ignored` needs `format` {}", format::STATEMENT)]
    Format,
}

impl Hint for StatementError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::FormatNewer(newer) => newer.hint(),
            _ => None,
        }
    }
}

impl Statement {
    /// A statement about an artifact.
    pub fn new(file_name: &str, digests: &ArtifactDigests, job: Job) -> Self {
        let digest = SubjectDigests { sha256: digests.sha256, sha384: digests.sha384 };
        Self { subject: Subject { name: file_name.into(), digest }, job }
    }

    /// Parses the payload of an envelope with a valid signature.
    pub fn parse(payload: &[u8]) -> Result<Self, StatementError> {
        let malformed = |error: JsonError| StatementError::Malformed(error.to_string());
        // The types are checked first: a statement of another type can have any predicate.
        let types: StatementTypes = document::parse_foreign_json(payload).map_err(malformed)?;
        for (found, expected) in [(types.kind, STATEMENT_TYPE), (types.predicate_type, PREDICATE_TYPE)] {
            if found != expected {
                let newer = newer(payload).map(StatementError::FormatNewer);
                return Err(newer.unwrap_or_else(|| StatementError::Type(shortened(&found).into_owned())));
            }
        }
        let file: StatementFile = document::parse_json(payload)
            .map_err(|error| newer(payload).map_or(malformed(error), StatementError::FormatNewer))?;
        let count = file.subject.len();
        let [subject] =
            <[Subject; 1]>::try_from(file.subject).map_err(|_| StatementError::Subjects(count))?;
        check_inventory(&file.predicate.files)?;
        let Job { selection, encoder, source, .. } = &file.predicate;
        let packaged = selection.is_some() || encoder.is_some() || source.is_some();
        if packaged && file.predicate.endorsement == Endorsement::Yes {
            return Err(StatementError::Endorsement);
        }
        // An older program would not know what the field means, and reads the number first.
        if format_of(selection.as_ref()) == Format::NEWEST && file.predicate.format != Format::NEWEST {
            return Err(StatementError::Format);
        }
        Ok(Self { subject, job: file.predicate })
    }

    /// The bytes to sign.
    pub fn to_payload(&self) -> Vec<u8> {
        document::to_json(&StatementFile {
            kind: STATEMENT_TYPE.into(),
            subject: vec![self.subject.clone()],
            predicate_type: PREDICATE_TYPE.into(),
            predicate: self.job.clone(),
        })
    }

    /// The artifact that the statement is about.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The signing job.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The artifact's files by path.
    pub fn inventory(&self) -> BTreeMap<&str, (FileMode, Sha384)> {
        by_path(&self.job.files)
    }
}

impl StatementError {
    /// The same error, about the manifest at a path.
    pub fn at(self, path: &Path) -> Self {
        match self {
            Self::FormatNewer(newer) => Self::FormatNewer(newer.at(path)),
            error => error,
        }
    }
}

/// The format in which a statement with this selection is written: only ignored files need the newest.
pub fn format_of(selection: Option<&SelectionRecord>) -> Format<{ format::STATEMENT }> {
    match selection {
        Some(selection) if selection.ignored => Format::NEWEST,
        _ => Format::FIRST,
    }
}

/// The error that a statement is newer than this program, if its header says so; nothing of it is verified here.
pub fn newer(payload: &[u8]) -> Option<FormatNewer> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(rename = "_type")]
        kind: String,
        #[serde(rename = "predicateType")]
        predicate_type: String,
        predicate: format::Header,
    }
    let Head { kind, predicate_type, predicate } = document::parse_foreign_json(payload).ok()?;
    let version = predicate_type.strip_prefix(PREDICATE_FAMILY)?;
    if kind != STATEMENT_TYPE || version.starts_with(['0', '+']) {
        return None;
    }
    predicate.with_version(version.parse().ok()?).newer_than(format::STATEMENT)
}

#[derive(Deserialize)]
struct StatementTypes {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

/// Paths are sorted and distinct, so one artifact has one inventory.
fn check_inventory(files: &[FileRecord]) -> Result<(), StatementError> {
    let bad = |path: &str| StatementError::Inventory(shortened(path).into_owned());
    if files.is_empty() || files.len() > ENTRIES_MAX {
        return Err(bad(&format!("{} files", files.len())));
    }
    if let Some(long) = files.iter().find(|file| file.path.len() > PATH_BYTES_MAX) {
        return Err(bad(&long.path));
    }
    match files.windows(2).find(|pair| pair[0].path.as_bytes() >= pair[1].path.as_bytes()) {
        Some(pair) => Err(bad(&pair[1].path)),
        None => Ok(()),
    }
}

/// The path of an artifact's manifest: the artifact's with `.sigstore.json` appended.
pub fn path_next_to(artifact: &Path) -> std::path::PathBuf {
    let mut name = artifact.as_os_str().to_owned();
    name.push(".sigstore.json");
    name.into()
}

/// The manifest next to an artifact, not verified yet; `None` if there is none.
pub fn manifest_of(artifact: &Artifact) -> Result<Option<Loaded>, FileError> {
    Loaded::read_if_exists(&path_next_to(artifact.path()), MANIFEST_BYTES_MAX)
}

/// Parses a manifest file.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<bundle::Bundle, DocumentError> {
    document::from_json(path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: impl Iterator<Item = String>) -> Vec<FileRecord> {
        let record = |path| FileRecord { path, mode: FileMode::Regular, size: 0, sha384: Sha384::of(b"") };
        paths.map(record).collect()
    }

    #[test]
    fn an_inventory_has_1_to_the_limit_of_files_with_paths_up_to_the_limit() {
        let many = |count: usize| files((0..count).map(|number| format!("{number:08}")));
        for (count, good) in [(0, false), (1, true), (ENTRIES_MAX, true), (ENTRIES_MAX + 1, false)] {
            assert_eq!(check_inventory(&many(count)).is_ok(), good, "{count} files");
        }
        for (bytes, good) in [(PATH_BYTES_MAX, true), (PATH_BYTES_MAX + 1, false)] {
            let one = files(std::iter::once("a".repeat(bytes)));
            assert_eq!(check_inventory(&one).is_ok(), good, "{bytes} bytes");
        }
    }

    #[test]
    fn an_inventory_is_sorted_by_bytes_and_each_path_is_there_once() {
        for (paths, good) in
            [(["a", "b"], true), (["b", "a"], false), (["a", "a"], false), (["B", "a"], true)]
        {
            let found = check_inventory(&files(paths.iter().map(|path| (*path).to_owned())));
            assert_eq!(found.is_ok(), good, "{paths:?}");
        }
    }

    fn statement(format: &str, selection: &str) -> Result<Statement, StatementError> {
        let (short, long) = ("00".repeat(32), "00".repeat(48));
        let text = format!(
            r#"{{"_type":"{STATEMENT_TYPE}","subject":[{{"name":"orders.zip","digest":{{"sha256":"{short}","sha384":"{long}"}}}}],
            "predicateType":"{PREDICATE_TYPE}","predicate":{{{format}
            "job":"arn:countersign:signer::acme:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10",
            "profile":"arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5",
            "platform":"AWSLambda-SHA384-ECDSA","kind":"function","name":"orders","requestedBy":"ci@acme.example",
            "signedAt":"2026-01-31T12:00:00Z","signatureExpiresAt":"2027-01-31T12:00:00Z","size":1,
            "chunkDigest":"{long}","files":[{{"path":"a","mode":"100644","size":1,"sha384":"{long}"}}],
            "selection":{{"include":[],"exclude":[],"untracked":true{selection}}},"tool":"countersign 0.1.0"}}}}"#
        );
        Statement::parse(text.as_bytes())
    }

    #[test]
    fn ignored_files_raise_the_format_and_nothing_else_does() {
        for (format, selection, good) in [
            ("", "", true),
            (r#""format":1,"#, "", true),
            (r#""format":2,"#, "", true),
            (r#""format":2,"#, r#","ignored":true"#, true),
            (r#""format":2,"#, r#","ignored":false"#, false),
            (r#""format":2,"#, r#","ignored":1"#, false),
            (r#""format":1,"#, r#","ignored":true"#, false),
            ("", r#","ignored":true"#, false),
        ] {
            let parsed = statement(format, selection);
            assert_eq!(parsed.is_ok(), good, "{format} {selection}");
        }
        let written = |statement: &Statement| String::from_utf8(statement.to_payload()).unwrap();
        let plain = statement(r#""format":1,"#, "").unwrap();
        assert!(written(&plain).contains(r#""untracked":true}"#), "{}", written(&plain));
        let ignored = statement(r#""format":2,"#, r#","ignored":true"#).unwrap();
        assert!(written(&ignored).contains(r#""untracked":true,"ignored":true}"#), "{}", written(&ignored));
        for statement in [plain, ignored] {
            assert_eq!(format_of(statement.job().selection.as_ref()), statement.job().format);
        }
        assert_eq!(format_of(None), Format::FIRST);
    }
}
