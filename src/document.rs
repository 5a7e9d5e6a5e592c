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
/// Documents are made of structs that deny unknown fields, so a field given twice is refused too.
pub fn from_json<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, DocumentError> {
    serde_json::from_slice(bytes).map_err(|error| DocumentError::new(path, error.to_string()))
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
