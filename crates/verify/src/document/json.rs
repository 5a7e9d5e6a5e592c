//! JSON that is no file: payloads, envelopes, entries of an index, and answers of other programs.

use std::io::{self, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::bounds::{self, TooManyValues};
use crate::limits::{JSON_COMPARED_VALUES_MAX, PARSER_MESSAGE_CHARS_MAX};
use crate::shown;

/// Why bytes are not the expected JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It has more values than a text of its size can have.
    #[error(transparent)]
    Values(#[from] TooManyValues),
    /// It has so many values that only the form that countersign writes is accepted.
    #[error("it has {0} values, but not in the order and layout that countersign writes")]
    Layout(u64),
    /// A value has more than one form, and this is not the canonical one.
    #[error("a value is not in its canonical form")]
    Form,
    /// It is not JSON, or not of the expected type.
    #[error("{0}")]
    Parser(String),
}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        Self::Parser(shown::within(&error.to_string(), PARSER_MESSAGE_CHARS_MAX).into_owned())
    }
}

/// Like [`from_json`](super::from_json), for bytes that are not a file.
pub fn parse_json<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, JsonError> {
    let values = bounds::json(bytes)?;
    let document: T = serde_json::from_slice(bytes)?;
    // Our own files are compact and ordered, so comparing bytes is enough for them.
    if is_written(&document, bytes) {
        return Ok(document);
    }
    if values > JSON_COMPARED_VALUES_MAX {
        return Err(JsonError::Layout(values));
    }
    let again = serde_json::to_value(&document)?;
    let given: serde_json::Value = serde_json::from_slice(bytes)?;
    if again == given { Ok(document) } else { Err(JsonError::Form) }
}

/// Parses JSON by another program; unknown fields are ignored.
pub fn parse_foreign_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, JsonError> {
    bounds::json(bytes)?;
    Ok(serde_json::from_slice(bytes)?)
}

/// Whether a document is written as these bytes; nothing is allocated to compare.
fn is_written(document: &impl Serialize, bytes: &[u8]) -> bool {
    struct Rest<'a>(&'a [u8]);
    impl Write for Rest<'_> {
        fn write(&mut self, written: &[u8]) -> io::Result<usize> {
            self.0 = self.0.strip_prefix(written).ok_or(io::ErrorKind::InvalidData)?;
            Ok(written.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut rest = Rest(bytes);
    serde_json::to_writer(&mut rest, document).is_ok() && rest.0.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_compared_with_what_is_written_of_it() {
        type Read = Result<std::collections::BTreeMap<String, Vec<u64>>, JsonError>;
        let read = |text: &str| -> Read { parse_json(text.as_bytes()) };
        assert_eq!(read(r#"{"a":[1,2]}"#).unwrap()["a"], [1, 2]);
        assert!(read("{ \"b\": [], \"a\": [1] }\n").is_ok());
        assert_eq!(parse_json::<Vec<(u64, Option<u64>)>>(b"[ [1, null] ]").unwrap(), [(1, None)]);
        #[derive(Debug, Serialize, Deserialize)]
        struct One {
            #[serde(default, skip_serializing_if = "Option::is_none")]
            a: Option<u64>,
        }
        assert_eq!(parse_json::<One>(br#"{"a":null}"#).map(|one| one.a).unwrap_err(), JsonError::Form);
        // So many values are compared only in our own form.
        let many = format!("[{}1]", "12345678901234567,".repeat(200_000));
        assert!(parse_json::<Vec<u64>>(many.as_bytes()).is_ok());
        let error = parse_json::<Vec<u64>>(format!(" {many}").as_bytes()).unwrap_err();
        assert_eq!(error, JsonError::Layout(200_002));
    }
}
