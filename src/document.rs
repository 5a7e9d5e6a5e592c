//! Documents: TOML and JSON read strictly, with errors that name the file and the line.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a document could not be understood.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{}`\n  {place}{message}", path.display())]
pub struct DocumentError {
    path: PathBuf,
    place: String,
    message: String,
}

impl DocumentError {
    /// A document that is well formed and says something impossible.
    pub fn new(path: &Path, message: impl Into<String>) -> Self {
        Self { path: path.into(), place: String::new(), message: message.into() }
    }

    /// What is wrong, without the path.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Reads TOML; an error names its line.
pub fn from_toml<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, DocumentError> {
    let text = std::str::from_utf8(bytes).map_err(|_| DocumentError::new(path, "not UTF-8 text"))?;
    toml::from_str(text).map_err(|error| {
        let place =
            error.span().map_or(String::new(), |span| format!("line {}: ", line_of(text, span.start)));
        DocumentError { path: path.into(), place, message: error.message().into() }
    })
}

/// Reads JSON; an error names its line and column.
///
/// A document says one thing in one form: what is read, written again, is the same JSON value. So
/// fields given twice, arrays in the place of objects and `null` for what is absent are refused.
pub fn from_json<T: DeserializeOwned + Serialize>(path: &Path, bytes: &[u8]) -> Result<T, DocumentError> {
    parse_json(bytes).map_err(|message| DocumentError::new(path, message))
}

/// As [`from_json`], for bytes that are no file; the error is the message alone.
pub fn parse_json<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, String> {
    let document: T = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    // Our own writing is compact and in order; comparing bytes is enough for it.
    if to_json(&document) == bytes {
        return Ok(document);
    }
    let again = serde_json::to_value(&document).map_err(|error| error.to_string())?;
    let given: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if again == given {
        Ok(document)
    } else {
        Err("a value is not in the form that the format describes".into())
    }
}

/// Writes TOML.
pub fn to_toml<T: Serialize>(document: &T) -> String {
    toml::to_string_pretty(document).expect("documents hold only what TOML can say")
}

/// Writes JSON on one line.
pub fn to_json<T: Serialize>(document: &T) -> Vec<u8> {
    serde_json::to_vec(document).expect("documents hold only what JSON can say")
}

/// The number, from 1, of the line that holds the byte.
fn line_of(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|b| *b == b'\n').count()
}
