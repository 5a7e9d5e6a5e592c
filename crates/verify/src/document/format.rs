//! Format numbers: detects documents that are newer than this program.
//!
//! A manifest and each document of a policy has a format number, the field `format`; if it is absent, the format is 1.
//! A change that an older program must not ignore (a new field, a new meaning) raises the number of that kind of
//! document. A program that finds a higher number than it knows decides nothing: [`FormatNewer`] is an error, not a
//! finding, and the exit status is 2.
//!
//! The number is in the header of the document, which is the same in every format:
//!
//! | document | header |
//! |---|---|
//! | TOML and JSON documents of a policy | `format`; `needs`, the oldest version of countersign that reads it: at the top |
//! | statement of a manifest | `_type`, `subject[].digest.sha256`, `predicateType`; `format`, `needs`, `tool` in `predicate` |
//!
//! All other fields of a higher format can differ. Rules and limits:
//!
//! - The strict parser of a document refuses a higher number than it knows ([`Format`]), so the header is read only if
//!   that parser fails. A document that was parsed has a known format.
//! - The header must be readable. A document is malformed if it exceeds the limits of its size or its number of values, if
//!   it is not TOML or JSON, or if it has a field of the header twice.
//! - Signatures are verified first. A header is trusted only in bytes that a known key signed or that a seal names. Where
//!   nothing is verified (`inspect`, lists), it is a claim like the rest.
//! - Containers have no number: DSSE envelopes, Sigstore bundles, the index. A new container is a new format of its
//!   content, or of the snapshot that names it.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bounds;
use crate::hint::Hint;
use crate::limits::FORMAT_VERSION_CHARS_MAX;
use crate::shown;

/// The newest format of a manifest's statement. Format 2 has `selection.ignored`.
pub const STATEMENT: u32 = 2;
/// The newest format of `roots/N.json`.
pub const ROOT: u32 = 1;
/// The newest format of `snapshot.json`.
pub const SNAPSHOT: u32 = 1;
/// The newest format of a signed revocation.
pub const SIGNED_REVOCATION: u32 = 1;
/// The newest format of a line of `ledger.jsonl`.
pub const LEDGER_LINE: u32 = 1;
/// The newest format of `profiles/NAME.toml`.
pub const PROFILE: u32 = 1;
/// The newest format of `csc/csc-….toml`.
pub const CSC: u32 = 1;
/// The newest format of `functions.toml`. Format 2 has `covered_by` and `source`.
pub const FUNCTIONS: u32 = 2;
/// The newest format of `layers/NAME.toml`.
pub const LAYER: u32 = 1;
/// The newest format of `revocations.toml`.
pub const REVOCATIONS: u32 = 1;
/// The newest format of `accounts/NAME.toml`.
pub const KNOWN_ACCOUNT: u32 = 1;
/// The newest format of `account.toml`.
pub const MEMBERSHIP: u32 = 1;
/// The newest format of `organization.toml`.
pub const ORGANIZATION: u32 = 1;
/// The newest format of `stackset.toml`.
pub const STACKSET: u32 = 1;

/// The format number in a document, from 1 to `KNOWN`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "Option<u32>")]
pub struct Format<const KNOWN: u32>(Option<u32>);

impl<const KNOWN: u32> Format<KNOWN> {
    /// The newest format, as an explicit number. The default is format 1, without a number.
    pub const NEWEST: Self = Self(Some(KNOWN));
    /// The first format, as an explicit number.
    pub const FIRST: Self = Self(Some(1));

    /// Whether the document has no number.
    pub fn is_absent(&self) -> bool {
        self.0.is_none()
    }
}

impl<const KNOWN: u32> TryFrom<u32> for Format<KNOWN> {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        match number {
            0 => Err("format numbers start at 1".into()),
            number if number > KNOWN => Err(format!("format {number} is newer than {KNOWN}")),
            number => Ok(Self(Some(number))),
        }
    }
}

impl<const KNOWN: u32> From<Format<KNOWN>> for Option<u32> {
    fn from(format: Format<KNOWN>) -> Self {
        format.0
    }
}

/// The format of a document is newer than this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("format-newer: {} has format {format}, and countersign {} reads formats up to {known}{}", self.what(),
    env!("CARGO_PKG_VERSION"), self.needed())]
pub struct FormatNewer {
    /// The document, if it has a name.
    pub path: Option<PathBuf>,
    /// Its format.
    pub format: u32,
    /// The newest format that this program knows.
    pub known: u32,
    /// The version of countersign that reads it, if the document names one.
    pub needs: Option<String>,
}

impl Hint for FormatNewer {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some("update countersign to a version that reads this format".into())
    }
}

impl FormatNewer {
    /// The same error, about the document at a path.
    pub fn at(self, path: &Path) -> Self {
        Self { path: Some(path.into()), ..self }
    }

    fn what(&self) -> String {
        let path = |path: &PathBuf| format!("`{}`", shown::path(path));
        self.path.as_ref().map_or_else(|| "the signed statement".into(), path)
    }

    fn needed(&self) -> String {
        let needs = |version: &String| format!("; it needs countersign {version} or later");
        self.needs.as_ref().map(needs).unwrap_or_default()
    }
}

/// The header of a document of any format. A field of an unexpected type is treated as absent.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Header {
    format: Option<serde_json::Value>,
    needs: Option<serde_json::Value>,
    tool: Option<serde_json::Value>,
}

impl Header {
    /// The header of a TOML text.
    pub(super) fn of_toml(text: &str) -> Option<Self> {
        bounds::toml(text).ok()?;
        toml::from_str(text).ok()
    }

    /// The header of a JSON text.
    pub(super) fn of_json(bytes: &[u8]) -> Option<Self> {
        super::parse_foreign_json(bytes).ok()
    }

    /// The same header, for a document whose type also has a version: the higher number counts.
    pub(crate) fn with_version(self, version: u32) -> Self {
        let higher =
            self.format.as_ref().and_then(serde_json::Value::as_u64).unwrap_or(1).max(version.into());
        Self { format: Some(higher.into()), ..self }
    }

    /// The error, if the format is higher than the known one.
    pub(crate) fn newer_than(&self, known: u32) -> Option<FormatNewer> {
        let format = self.format.as_ref()?.as_u64()?;
        let format = u32::try_from(format).ok().filter(|format| *format > known)?;
        Some(FormatNewer { path: None, format, known, needs: self.version() })
    }

    /// The version of countersign that reads the document: the one it needs, otherwise the one that wrote it.
    pub(crate) fn version(&self) -> Option<String> {
        let text = |value: &Option<serde_json::Value>| Some(value.as_ref()?.as_str()?.to_owned());
        let needs = text(&self.needs);
        let wrote = || text(&self.tool)?.strip_prefix("countersign ").map(str::to_owned);
        needs.or_else(wrote).filter(|version| is_version(version))
    }
}

/// Whether a text can be a version; other texts from outside are not repeated.
fn is_version(text: &str) -> bool {
    let of_version = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+');
    (1..=FORMAT_VERSION_CHARS_MAX).contains(&text.len()) && text.bytes().all(of_version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default, skip_serializing_if = "Format::is_absent")]
        format: Format<2>,
        revision: u64,
    }

    fn toml(text: &str) -> Result<File, super::super::DocumentError> {
        super::super::from_versioned_toml(2, Path::new("a.toml"), text.as_bytes())
    }

    fn json(text: &str) -> Result<File, super::super::DocumentError> {
        super::super::from_versioned_json(2, Path::new("a.json"), text.as_bytes())
    }

    #[test]
    fn known_formats_are_read_and_written_as_they_were() {
        for (text, format) in [("", None), ("format = 1\n", Some(1)), ("format = 2\n", Some(2))] {
            let text = format!("{text}revision = 1\n");
            let file = toml(&text).unwrap();
            assert_eq!(Option::<u32>::from(file.format), format);
            assert_eq!(super::super::to_toml(&file), text);
        }
        for text in [r#"{"revision":1}"#, r#"{"format":1,"revision":1}"#, r#"{"format":2,"revision":1}"#] {
            assert_eq!(super::super::to_json(&json(text).unwrap()), text.as_bytes());
        }
        assert_eq!(Format::<2>::NEWEST, Format(Some(2)));
    }

    #[test]
    fn a_higher_format_is_newer_whatever_else_the_document_holds() {
        let newer = |error: super::super::DocumentError| error.newer().cloned().unwrap();
        for text in ["format = 3\nrevision = 1", "format = 3\n[revision]\nnew = 1979-05-27", "format = 3"] {
            let FormatNewer { path, format, known, needs } = newer(toml(text).unwrap_err());
            assert_eq!((path, format, known, needs), (Some("a.toml".into()), 3, 2, None), "{text}");
        }
        for text in [r#"{"format":3,"revision":1}"#, r#"{"new":null,"format":3}"#] {
            assert_eq!(newer(json(text).unwrap_err()).format, 3, "{text}");
        }
        let error = toml("format = 4\nneeds = '0.3.0'\nnew = 1").unwrap_err().to_string();
        let says = "format-newer: `a.toml` has format 4, and countersign 0.1.0 reads formats up to 2; it needs \
            countersign 0.3.0 or later";
        assert_eq!(error, says.replace("0.1.0", env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn what_is_no_higher_number_is_malformed() {
        for format in ["0", "-1", "3.0", "'3'", "[3]", "4294967296", "3\nformat = 3"] {
            let error = toml(&format!("format = {format}\nrevision = 1\n")).unwrap_err();
            assert!(error.newer().is_none() && error.to_string().contains("a.toml"), "{format}: {error}");
        }
        for format in ["0", "-1", "3.0", "3e0", "\"3\"", "null", "4294967296", "3,\"format\":3"] {
            let error = json(&format!(r#"{{"format":{format},"revision":1}}"#)).unwrap_err();
            assert!(error.newer().is_none(), "{format}: {error}");
        }
        // A field that is unknown in a known format stays what it was.
        assert!(toml("format = 2\nneeds = '0.3.0'\nrevision = 1").unwrap_err().newer().is_none());
        assert!(toml("revision = 1\nnew = 1").unwrap_err().newer().is_none());
        assert!(json("[3]").unwrap_err().newer().is_none());
    }

    #[test]
    fn only_what_can_be_a_version_is_repeated() {
        let needs = |text: &str| {
            let text = format!("format = 3\nneeds = {text}\n");
            toml(&text).unwrap_err().newer().unwrap().needs.clone()
        };
        assert_eq!(needs("'0.3.0-rc.1+x'"), Some("0.3.0-rc.1+x".into()));
        let long = format!("'{}'", "1".repeat(FORMAT_VERSION_CHARS_MAX + 1));
        for text in ["''", "'0.3 0'", "3", "\"\\u001b[31m\"", &long] {
            assert_eq!(needs(text), None, "{text}");
        }
    }
}
