//! The ledger: signing jobs that the policy owner has recorded, each line chained to the one before.
//!
//! `ledger.jsonl` has one job per line, compact JSON in this order of fields:
//! ```json
//! { "format": 1, "previous": "SHA-384 of the line before, with its line feed", "recorded_at": "…",
//!   "recorded": { "job": "arn:…", "payload": "SHA-384 of the signed payload", "key": "SHA256:…",
//!     "profile": "arn:…", "requested_by": "…", "signed_at": "…", "expires_at": "…",
//!     "kind": "function", "name": "orders", "artifact": "SHA-384" } }
//! ```
//! `previous` of the first line is `SHA-384("countersign ledger 1 ACCOUNT\n")`. Times never decrease. Lines
//! are only added; a seal covers the first `size` bytes. A last line without a line feed was not recorded:
//! its writer was interrupted.
//!
//! `recorded_at` is a time that the signer did not choose: the signed payload existed by then.

use std::borrow::Cow;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::arn::{JobArn, ProfileArn};
use crate::crypto::key::KeyId;
use crate::digest::{Sha384, Sha384Hasher};
use crate::document::format::{self, Format};
use crate::document::{self, DocumentError};
use crate::files::{self, FileError, reading};
use crate::hint::Hint;
use crate::limits::{LEDGER_BYTES_MAX, LEDGER_LINE_BYTES_MAX};
use crate::name::{AccountName, ArtifactName, Principal};
use crate::provenance::Kind;
use crate::time::Timestamp;

/// The file's name in a policy directory.
pub const FILE_NAME: &str = "ledger.jsonl";

/// One recorded job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its format number.
    #[serde(default, skip_serializing_if = "Format::is_absent")]
    pub format: Format<{ format::LEDGER_LINE }>,
    /// Digest of the line before.
    pub previous: Sha384,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The record of the job.
    pub recorded: RecordedJob,
}

/// The record of a signing job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedJob {
    /// The job.
    pub job: JobArn,
    /// SHA-384 of the signed payload.
    pub payload: Sha384,
    /// The key that signed it.
    pub key: KeyId,
    /// The profile version.
    pub profile: ProfileArn,
    /// The principal who requested the signature.
    pub requested_by: Principal,
    /// When it was signed, as the signer claims.
    pub signed_at: Timestamp,
    /// When the signature expires.
    pub expires_at: Timestamp,
    /// Whether a function or a layer was signed.
    pub kind: Kind,
    /// The function's or layer's name.
    pub name: ArtifactName,
    /// The artifact's SHA-384.
    pub artifact: Sha384,
}

/// Why a ledger cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A line is malformed.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Hint for LedgerError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Document(error) => error.hint(),
            Self::File(error) => error.hint(),
        }
    }
}

/// The end of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// How many lines it has.
    pub count: u64,
    /// Their length in bytes.
    pub size: u64,
    /// SHA-384 of those bytes.
    pub sha384: Sha384,
    /// Digest of the last line, or the start value of the account.
    pub last: Sha384,
    /// When the last line was recorded.
    pub recorded_at: Option<Timestamp>,
}

/// `SHA-384("countersign ledger 1 " || ACCOUNT || LF)`
fn beginning(account: &AccountName) -> Sha384 {
    Sha384::of(format!("countersign ledger 1 {account}\n").as_bytes())
}

/// Reads at most `size` bytes of a ledger line by line, and checks the chain; a missing file is empty.
///
/// `each` gets every line, and the offset of its end.
pub fn read(
    path: &Path,
    account: &AccountName,
    size: u64,
    each: impl FnMut(u64, Line),
) -> Result<Tail, LedgerError> {
    read_up_to(path, account, size, 0, each).map(|(tail, _)| tail)
}

/// Reads a whole ledger as [`read`] does. Returns also SHA-384 of its first `start` bytes, if a line ends there: whoever
/// compares it with what was sealed has compared the bytes that were read.
pub fn read_with_start(
    path: &Path,
    account: &AccountName,
    start: u64,
    each: impl FnMut(u64, Line),
) -> Result<(Tail, Option<Sha384>), LedgerError> {
    read_up_to(path, account, LEDGER_BYTES_MAX, start, each)
}

fn read_up_to(
    path: &Path,
    account: &AccountName,
    size: u64,
    noted: u64,
    mut each: impl FnMut(u64, Line),
) -> Result<(Tail, Option<Sha384>), LedgerError> {
    let start = beginning(account);
    let mut tail = Tail { count: 0, size: 0, sha384: Sha384::of(b""), last: start, recorded_at: None };
    let mut digest_of_start = (noted == 0).then_some(tail.sha384);
    let file = match files::open(path) {
        Ok((file, _)) => file,
        Err(error) if error.is_absent() => return Ok((tail, digest_of_start)),
        Err(error) => return Err(error.into()),
    };
    let mut reader = BufReader::new(std::io::Read::take(file, size.min(LEDGER_BYTES_MAX)));
    let mut all = Sha384Hasher::default();
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let limit = LEDGER_LINE_BYTES_MAX;
        let count = std::io::Read::take(&mut reader, limit).read_until(b'\n', &mut bytes);
        let count = count.map_err(reading(path))? as u64;
        if bytes.last() != Some(&b'\n') {
            if count == limit {
                return Err(bad(path, tail.count, format!("it is longer than {limit} bytes")).into());
            }
            // The end, or a line that was not completed.
            tail.sha384 = all.finish();
            return Ok((tail, digest_of_start));
        }
        let line = next(path, &tail, &bytes)?;
        all.update(&bytes);
        tail.count += 1;
        tail.size += count;
        if tail.size == noted {
            digest_of_start = Some(all.clone().finish());
        }
        tail.last = Sha384::of(&bytes);
        tail.recorded_at = Some(line.recorded_at);
        each(tail.size, line);
    }
}

/// Parses one line, which must continue the chain.
fn next(path: &Path, tail: &Tail, bytes: &[u8]) -> Result<Line, DocumentError> {
    let text = &bytes[..bytes.len() - 1];
    let line: Line = document::from_versioned_json(format::LEDGER_LINE, path, text).map_err(|error| {
        let message = error.message().to_owned();
        if error.newer().is_some() { error } else { bad(path, tail.count, message) }
    })?;
    if line.previous != tail.last {
        return Err(bad(path, tail.count, "its `previous` is not the digest of the line before".into()));
    }
    if tail.recorded_at.is_some_and(|before| line.recorded_at < before) {
        return Err(bad(path, tail.count, "its `recorded_at` is earlier than on the line before".into()));
    }
    Ok(line)
}

fn bad(path: &Path, lines_before: u64, message: String) -> DocumentError {
    DocumentError::new(path, format!("line {}: {message}", lines_before + 1))
}
