//! The text of a plan's file, as tools write it: UTF-8 or UTF-16, with a byte order mark, or after the line of a command.
//!
//! - UTF-16 is accepted with its byte order mark, as Windows PowerShell 5 writes it. No reader takes the same bytes for
//!   another plan: as UTF-8 or Latin-1, every second byte of a key is U+0000.
//! - The text before a Terraform plan is what a wrapper of `terraform` prints (`[command]… show -json`). Terraform applies
//!   its own binary plan and never reads the JSON, so a line before it changes nothing; exactly one document must follow.
//!   A template is read by deploy tools, so nothing may precede it.

use std::borrow::Cow;

use super::PlanError;
use crate::limits::PLAN_PREFIX_BYTES_MAX;
use crate::shown;

/// The bytes of a document in UTF-8.
pub struct Text<'b> {
    /// The text, without a byte order mark.
    pub bytes: Cow<'b, [u8]>,
    /// Whether a byte order mark was before it.
    pub is_marked: bool,
}

impl<'b> Text<'b> {
    /// Decodes the bytes of a file.
    pub fn of(bytes: &'b [u8]) -> Result<Self, PlanError> {
        let (text, is_marked): (Cow<'b, [u8]>, bool) = match bytes {
            [0xef, 0xbb, 0xbf, rest @ ..] => (rest.into(), true),
            [0xff, 0xfe, rest @ ..] => (decoded(rest, u16::from_le_bytes)?.into(), true),
            [0xfe, 0xff, rest @ ..] => (decoded(rest, u16::from_be_bytes)?.into(), true),
            _ => (bytes.into(), false),
        };
        if text.iter().all(u8::is_ascii_whitespace) {
            return Err(PlanError::Malformed("the file is empty".into()));
        }
        Ok(Self { bytes: text, is_marked })
    }
}

/// The UTF-8 form of UTF-16 text. A larger one would not fit into the memory for a plan.
fn decoded(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Vec<u8>, PlanError> {
    let malformed = |message: &str| PlanError::Malformed(format!("the file is UTF-16 text {message}"));
    let (pairs, []) = bytes.as_chunks() else { return Err(malformed("that ends inside a character")) };
    let mut text = String::new();
    for c in char::decode_utf16(pairs.iter().copied().map(unit)) {
        text.push(c.map_err(|_| malformed("with half a surrogate pair"))?);
        if text.len() > bytes.len() {
            return Err(malformed("in which most characters are not ASCII: write it as UTF-8"));
        }
    }
    Ok(text.into_bytes())
}

/// The line before an object that starts on it or on the next line, and the object.
pub fn after_prefix(bytes: &[u8]) -> Option<(String, &[u8])> {
    let brace = bytes.iter().take(PLAN_PREFIX_BYTES_MAX).position(|byte| *byte == b'{')?;
    let (prefix, object) = bytes.split_at(brace);
    let prefix = std::str::from_utf8(prefix).ok()?.trim();
    // A template as a reader of YAML sees it, `Resources: {…}`, must not be skipped, nor what YAML has before one.
    let is_of_yaml = prefix.contains("Resources")
        || prefix.contains('\\')
        || prefix.starts_with(['%', '-', '?', '&', '!']);
    let is_wrapper = !prefix.is_empty() && !prefix.contains(['\n', '\r']) && !is_of_yaml;
    is_wrapper.then(|| (shown::name(prefix), object))
}

/// What a file is that is neither a plan nor a template, if its first bytes tell.
pub fn other(bytes: &[u8]) -> Option<PlanError> {
    let start = &bytes[..bytes.len().min(PLAN_PREFIX_BYTES_MAX)];
    let has = |word: &[u8]| start.windows(word.len()).any(|part| part == word);
    if start.starts_with(b"PK\x03\x04") {
        return Some(PlanError::Binary);
    }
    (has(b"\"@level\"") && has(b"\"@message\"")).then_some(PlanError::Log)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn utf16_with_a_mark_is_the_same_text() {
        for unit in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes = utf16("{\"a\": \"é\u{1f600} and more\"}", unit);
            let text = Text::of(&bytes).unwrap();
            assert_eq!((&*text.bytes, text.is_marked), ("{\"a\": \"é\u{1f600} and more\"}".as_bytes(), true));
            assert!(Text::of(&bytes[..bytes.len() - 1]).is_err(), "half a unit");
            assert!(Text::of(&bytes[..bytes.len() - 1]).is_err());
            assert!(Text::of(&utf16("\u{65e5}\u{672c}", unit)).is_err(), "three bytes for two");
        }
        assert!(Text::of(&[0xff, 0xfe, 0x3d, 0xd8, 0x41, 0]).is_err(), "half a pair");
        for nothing in [&b""[..], b" \n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xff\xfe\n\0"] {
            assert!(Text::of(nothing).err().unwrap().to_string().contains("empty"), "{nothing:?}");
        }
    }

    #[test]
    fn a_prefix_is_one_line() {
        let found = |text: &'static str| after_prefix(text.as_bytes()).map(|(prefix, _)| prefix);
        assert_eq!(
            found("[command]/x/terraform-bin show\n{}").as_deref(),
            Some("[command]/x/terraform-bin show")
        );
        assert_eq!(found("[/live/app] {}").as_deref(), Some("[/live/app]"));
        assert_eq!(found("a\r\n\n{}").as_deref(), Some("a"));
        for text in ["{}", " \n{}", "a\nb\n{}", "a", ""] {
            assert_eq!(found(text), None, "{text:?}");
        }
        assert_eq!(after_prefix(&[&[b'a'; PLAN_PREFIX_BYTES_MAX][..], b"{"].concat()), None);
        assert_eq!(after_prefix(b"\xff{}"), None);
    }
}
