//! Attached manifests: the content of a note on a commit, one manifest per line.
//!
//! A line is the manifest's JSON without line feeds. Lines are sorted and distinct, so that the union of two
//! notes on one commit is unique; `git notes merge -s cat_sort_uniq` computes it. A line that is not a
//! manifest is kept and ignored. A line whose statement is newer than this program is a manifest.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::bundle::Bundle;
use super::{Job, Statement, StatementError, SubjectDigests};
use crate::digest::ArtifactDigests;
use crate::document;
use crate::document::format::FormatNewer;
use crate::hint::Hint;
use crate::limits::MANIFEST_BYTES_MAX;
use crate::name::{ArtifactName, JobId};
use crate::provenance::Kind;

/// A manifest from a note, with its claims; nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    line: String,
    claimed: Statement,
}

/// The content of a note.
#[derive(Debug, Default)]
pub struct Lines {
    /// The manifests, in the note's order.
    pub manifests: Vec<Attached>,
    /// The manifests that are newer than this program, in the note's order.
    pub newer: Vec<Newer>,
    /// How many lines are not manifests.
    pub malformed: usize,
}

/// A manifest from a note that is newer than this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newer {
    /// The manifest, as one line.
    pub line: String,
    /// Its format, and the known one.
    pub error: FormatNewer,
}

/// Why a manifest cannot be attached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// It is newer than this program.
    #[error(transparent)]
    FormatNewer(FormatNewer),
    /// It is not a manifest.
    #[error("not a manifest: {0}")]
    Malformed(String),
    /// The existing note is not text.
    #[error("the note of the commit is not UTF-8 text")]
    NotText,
}

impl Hint for AttachError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::FormatNewer(newer) => newer.hint(),
            _ => None,
        }
    }
}

impl Attached {
    /// Parses one manifest from a file or a line.
    pub fn parse(bytes: &[u8]) -> Result<Self, AttachError> {
        let malformed = AttachError::Malformed;
        if bytes.len() as u64 > MANIFEST_BYTES_MAX {
            return Err(malformed(format!("{} bytes, over the limit of {MANIFEST_BYTES_MAX}", bytes.len())));
        }
        let bundle: Bundle = document::parse_json(bytes).map_err(|error| malformed(error.to_string()))?;
        let envelope = bundle.envelope().map_err(|error| malformed(error.to_string()))?;
        let statement = Statement::parse(envelope.unverified_payload());
        let claimed = statement.map_err(|error| match error {
            StatementError::FormatNewer(newer) => AttachError::FormatNewer(newer),
            error => malformed(error.to_string()),
        })?;
        let line = String::from_utf8(document::to_json(&bundle)).map_err(|_| AttachError::NotText)?;
        Ok(Self { line, claimed })
    }

    /// The manifest, as one line.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// The signing job that it claims.
    pub fn claimed_job(&self) -> &JobId {
        self.claimed().job.job()
    }

    /// The function or layer that it claims to be for.
    pub fn claimed_name(&self) -> (Kind, &ArtifactName) {
        (self.claimed().kind, &self.claimed().name)
    }

    /// All of its claims.
    pub fn claimed(&self) -> &Job {
        self.claimed.job()
    }

    /// Whether it claims to be for an artifact with these digests.
    pub fn is_about(&self, digests: &ArtifactDigests) -> bool {
        let SubjectDigests { sha256, sha384 } = &self.claimed.subject().digest;
        (*sha256, *sha384, self.claimed().size) == (digests.sha256, digests.sha384, digests.size)
    }
}

/// The lines of a note that are not empty.
pub fn lines(note: &[u8]) -> impl Iterator<Item = &[u8]> {
    note.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty())
}

/// Parses a note.
pub fn read(note: &[u8]) -> Lines {
    let mut read = Lines::default();
    for line in lines(note) {
        match Attached::parse(line) {
            Ok(attached) => read.manifests.push(attached),
            Err(AttachError::FormatNewer(error)) => {
                read.newer.push(Newer { line: String::from_utf8_lossy(line).into_owned(), error });
            }
            Err(_) => read.malformed += 1,
        }
    }
    read
}

/// Adds manifests to a note; also returns how many are new.
pub fn with(note: Option<&[u8]>, manifests: &[Attached]) -> Result<(String, usize), AttachError> {
    let text = std::str::from_utf8(note.unwrap_or_default()).map_err(|_| AttachError::NotText)?;
    // One by one: if collected at once, duplicate lines would be in memory twice.
    let mut lines = BTreeSet::new();
    lines.extend(text.lines().filter(|line| !line.trim().is_empty()));
    let before = lines.len();
    lines.extend(manifests.iter().map(Attached::line));
    let added = lines.len() - before;
    Ok((lines.iter().map(|line| format!("{line}\n")).collect(), added))
}

/// What happens to the lines of a note that are newer than this program: their name cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewerLines {
    /// They stay.
    Keep,
    /// They are removed.
    Remove,
}

/// The result of removing manifests from a note.
#[derive(Debug)]
pub struct Without {
    /// The rest of the note; `None` if no line is left.
    pub rest: Option<String>,
    /// The removed manifests.
    pub removed: Vec<Attached>,
    /// How many lines are newer than this program, removed or not.
    pub newer: usize,
}

/// Removes the chosen manifests from a note. Lines that are not manifests stay.
pub fn without(
    note: &[u8],
    newer: NewerLines,
    chosen: impl Fn(&Attached) -> bool,
) -> Result<Without, AttachError> {
    let text = std::str::from_utf8(note).map_err(|_| AttachError::NotText)?;
    let (mut kept, mut removed, mut count) = (String::new(), Vec::new(), 0);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let parsed = Attached::parse(line.as_bytes());
        let is_newer = matches!(parsed, Err(AttachError::FormatNewer(_)));
        count += usize::from(is_newer);
        match parsed {
            Ok(attached) if chosen(&attached) => removed.push(attached),
            Err(_) if is_newer && newer == NewerLines::Remove => {}
            Ok(_) | Err(_) => kept.push_str(&format!("{line}\n")),
        }
    }
    Ok(Without { rest: (!kept.is_empty()).then_some(kept), removed, newer: count })
}
