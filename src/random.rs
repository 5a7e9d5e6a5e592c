//! New names: random ids in the form of their types.

use crate::name::{CscId, EventId, JobId, ProfileVersion};

/// A unique event id (UUID version 4).
pub fn event() -> EventId {
    checked(&uuid())
}

/// An unguessable job id (UUID version 4).
pub fn job() -> JobId {
    checked(&uuid())
}

/// A profile version: 10 random characters, as in AWS Signer.
pub fn profile_version() -> ProfileVersion {
    checked(&letters(10))
}

/// A CSC's id: `csc-` and 17 random characters, as in AWS Lambda.
pub fn csc() -> CscId {
    checked(&format!("csc-{}", letters(17)))
}

fn checked<T: std::str::FromStr>(text: &str) -> T {
    text.parse().ok().expect("a random name has the form of its type")
}

fn uuid() -> String {
    uuid::Uuid::new_v4().hyphenated().to_string()
}

/// `count` characters of `[a-z0-9]`, uniformly, from the random bits of version 4 UUIDs.
fn letters(count: usize) -> String {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    // Bytes 6 and 8 of a UUID carry its version and variant; bytes past 251 would favour some letters.
    let bytes = std::iter::repeat_with(|| *uuid::Uuid::new_v4().as_bytes())
        .flat_map(|id| [&id[..6], &id[9..]].concat())
        .filter(|byte| usize::from(*byte) < 7 * LETTERS.len());
    bytes.take(count).map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_new_name_has_its_form_and_is_new() {
        assert_ne!(csc(), csc());
        assert_ne!(profile_version(), profile_version());
        assert_ne!(job(), job());
        assert_ne!(event(), event());
    }
}
