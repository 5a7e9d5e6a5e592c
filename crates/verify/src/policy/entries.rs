//! Entries: the revocations and the ledger in the sealed index, so that a verdict need not read them in full.
//!
//! | key | value |
//! |---|---|
//! | the subject of a revocation | the revocation, as JSON; one entry for each |
//! | `artifacts` | present if any artifact is revoked by its digest |
//! | `recorded SHA-384`, of a recorded payload | the key that signed it and when it was recorded, as JSON |

use serde::{Deserialize, Serialize};

use super::index::Entry;
use crate::crypto::key::KeyId;
use crate::digest::Sha384;
use crate::document;
use crate::ledger::Line;
use crate::revocation::Revocation;
use crate::time::Timestamp;

/// The key that is present if any artifact is revoked by its digest.
pub const ANY_ARTIFACT: &str = "artifacts";

/// The value of a recorded signature in the index.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The key that signed.
    pub key: KeyId,
    /// When it was recorded.
    pub at: Timestamp,
}

/// The key of a recorded payload.
pub fn recorded(payload: &Sha384) -> String {
    format!("recorded {payload}")
}

/// The entries of all revocations.
pub fn of_revocations(revocations: &[Revocation]) -> Vec<Entry> {
    let entry = |each: &Revocation| Entry { key: each.subject(), value: json(each) };
    let mut entries: Vec<Entry> = revocations.iter().map(entry).collect();
    if revocations.iter().any(|each| matches!(each, Revocation::Artifact(_))) {
        entries.push(Entry { key: ANY_ARTIFACT.into(), value: "there are".into() });
    }
    entries
}

/// The entry of a line of the ledger.
pub fn of_line(line: &Line) -> Entry {
    let value = json(&Recorded { key: line.recorded.key.clone(), at: line.recorded_at });
    Entry { key: recorded(&line.recorded.payload), value }
}

fn json(value: &impl Serialize) -> String {
    String::from_utf8(document::to_json(value)).expect("JSON is UTF-8")
}
