//! The location of a layer's artifact, as its record has it.
//!
//! ```text
//! artifacts/base-1.zip                    a file in the policy directory that the record is in
//! https://layers.acme.example/base-1.zip  without credentials, query and fragment
//! s3://acme-layers/base-1.zip             a bucket and a key
//! ```
//! These texts are untrusted. Parsing fails for anything that a program could take for an option, for a path
//! out of its folder, and for any other scheme. The manifest has the same location with `.sigstore.json`
//! appended.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::limits::LAYER_TEXT_BYTES_MAX;
use crate::name::is_device;

/// The location of a layer version's artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerLocation {
    /// A relative path, `/`-separated, which stays in the policy directory.
    File(String),
    /// A URL of the scheme `https`.
    Https(String),
    /// An object, as `s3://BUCKET/KEY`.
    S3(String),
}

/// Why a text is not a location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a layer location: {reason}")]
pub struct LocationError {
    text: String,
    reason: &'static str,
}

impl LayerLocation {
    /// The location of the manifest: next to the artifact.
    pub fn of_manifest(&self) -> Self {
        let beside = |text: &str| format!("{text}.sigstore.json");
        match self {
            Self::File(text) => Self::File(beside(text)),
            Self::Https(text) => Self::Https(beside(text)),
            Self::S3(text) => Self::S3(beside(text)),
        }
    }

    /// The path of a file's location in a folder; `None` for remote locations.
    pub fn path_in(&self, folder: &Path) -> Option<PathBuf> {
        match self {
            Self::File(text) => {
                Some(text.split('/').fold(folder.into(), |path: PathBuf, part| path.join(part)))
            }
            Self::Https(_) | Self::S3(_) => None,
        }
    }
}

/// Parses a location.
fn read(text: &str) -> Result<LayerLocation, &'static str> {
    if text.is_empty() || text.len() > LAYER_TEXT_BYTES_MAX {
        return Err("it is empty, or longer than 512 bytes");
    }
    if text.chars().any(char::is_control) {
        return Err("it contains a control character");
    }
    if let Some(rest) = text.strip_prefix("https://") {
        return check_url(rest).map_or_else(|| Ok(LayerLocation::Https(text.into())), Err);
    }
    if let Some(rest) = text.strip_prefix("s3://") {
        return check_object(rest).map_or_else(|| Ok(LayerLocation::S3(text.into())), Err);
    }
    if text.contains(':') {
        return Err("expected one of the schemes: `https`, `s3`");
    }
    let odd = |part: &str| {
        matches!(part, "" | "." | "..")
            || part.ends_with(['.', ' '])
            || part.starts_with('-')
            || is_device(part)
    };
    if text.contains('\\') || text.split('/').any(odd) {
        return Err("a path must be relative, `/`-separated and inside the policy directory");
    }
    Ok(LayerLocation::File(text.into()))
}

fn check_url(rest: &str) -> Option<&'static str> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if !rest.bytes().all(|b| b.is_ascii_graphic()) || rest.contains(['"', '\\']) {
        return Some("a URL must be ASCII, with other characters written as `%XX`");
    }
    if authority.contains('@') || rest.contains(['?', '#']) {
        return Some("a URL must not have credentials, `?` or `#`, which are personal or temporary");
    }
    if authority.is_empty() || authority.starts_with(['-', ':']) || path.is_empty() || path.ends_with('/') {
        return Some("a URL must have a host and the path of a file");
    }
    None
}

/// Checks a bucket by S3's rules, and a key.
fn check_object(rest: &str) -> Option<&'static str> {
    let (bucket, key) = rest.split_once('/').unwrap_or_default();
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let is_bucket = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(inner)
        && !bucket.starts_with(['-', '.'])
        && !bucket.ends_with(['-', '.']);
    (!is_bucket || key.is_empty() || key.ends_with('/'))
        .then_some("expected `s3://BUCKET/KEY`, with a bucket name of 3 to 63 of `a-z`, `0-9`, `-` and `.`")
}

impl FromStr for LayerLocation {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        read(text)
            .map_err(|reason| LocationError { text: crate::shown::shortened(text).into_owned(), reason })
    }
}

crate::text_form!(LayerLocation);

impl fmt::Display for LayerLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::File(text) | Self::Https(text) | Self::S3(text)) = self;
        f.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_a_url_and_an_object_are_places() {
        for text in [
            "base-1.zip",
            "artifacts/base 1.zip",
            "https://layers.acme.example:8443/a/base-1.zip",
            "s3://acme-layers/prod/base-1.zip",
        ] {
            assert_eq!(text.parse::<LayerLocation>().unwrap().to_string(), text);
        }
        let location: LayerLocation = "a/b.zip".parse().unwrap();
        assert_eq!(location.path_in(Path::new("p")), Some("p/a/b.zip".into()));
        assert_eq!(location.of_manifest().to_string(), "a/b.zip.sigstore.json");
    }

    #[test]
    fn what_leads_elsewhere_or_means_something_else_is_refused() {
        let long = format!("https://a.example/{}", "a".repeat(LAYER_TEXT_BYTES_MAX));
        for text in [
            "",
            "../x",
            "a/../x",
            "a/./x",
            "a//x",
            "/abs",
            "a\\b",
            "C:\\x",
            "CON",
            "a/nul.zip",
            "a\0b",
            "-o",
            "a/-o",
            "x.",
            "http://a.example/x",
            "HTTPS://a.example/x",
            "file:///etc/passwd",
            "ext::sh -c x",
            "git@host:x",
            "https://",
            "https://a.example",
            "https://a.example/",
            "https:///x",
            "https://user:word@a.example/x",
            "https://a.example/x?X-Amz-Signature=1",
            "https://a.example/x#y",
            "https://-o/x",
            "https://a.example/a b",
            "https://a.example/\u{202e}x",
            "s3://acme-layers",
            "s3://acme-layers/",
            "s3://-o/x",
            "s3://A/x",
            "s3://arn:aws:s3/x",
            &long,
        ] {
            assert!(text.parse::<LayerLocation>().is_err(), "{text:?}");
        }
    }
}
