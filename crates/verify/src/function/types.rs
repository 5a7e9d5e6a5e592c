//! Types of resources: patterns of types that deploy no code, in addition to the built-in list.
//!
//! `*` matches any characters and `?` one, as in the patterns of function names. The first character must be
//! literal, so that no pattern matches the types of every tool.

use std::fmt;
use std::str::FromStr;

use super::pattern::wildcard;
use crate::limits::TYPE_PATTERN_BYTES_MAX;
use crate::name::NameError;

/// A pattern of resource types, such as `Custom::*` or `datadog_*`, or of Terraform blocks, such as
/// `data.external`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypePattern(String);

impl TypePattern {
    /// Whether the type matches; case matters.
    pub fn matches(&self, kind: &str) -> bool {
        wildcard(self.0.as_bytes(), kind.as_bytes())
    }

    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TypePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TypePattern {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_:.@*?".contains(&b);
        let first = text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
        if !first || text.len() > TYPE_PATTERN_BYTES_MAX || !text.bytes().all(allowed) {
            let rule = format!(
                "a letter or digit, then up to {} of `A-Z`, `a-z`, `0-9`, `-`, `_`, `:`, `.`, `@`, `*` and `?`",
                TYPE_PATTERN_BYTES_MAX - 1
            );
            return Err(NameError::new("a pattern of resource types", rule, text));
        }
        Ok(Self(text.into()))
    }
}

crate::text_form!(TypePattern);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_characters_and_a_question_mark_is_one() {
        let matches = |pattern: &str, kind: &str| pattern.parse::<TypePattern>().unwrap().matches(kind);
        for (pattern, kind) in [
            ("Custom::*", "Custom::S3AutoDeleteObjects"),
            ("Custom::*", "Custom::a/b"),
            ("datadog_*", "datadog_monitor"),
            ("data.external", "data.external"),
            ("AWS::Glue::J?b", "AWS::Glue::Job"),
        ] {
            assert!(matches(pattern, kind), "{pattern} {kind}");
        }
        for (pattern, kind) in [
            ("Custom::*", "custom::x"),
            ("Custom::*", "XCustom::x"),
            ("datadog_monitor", "datadog_monitors"),
            ("data.external", "dataXexternal"),
        ] {
            assert!(!matches(pattern, kind), "{pattern} {kind}");
        }
    }

    #[test]
    fn a_pattern_begins_with_a_letter_or_a_digit_and_is_not_long() {
        for text in
            ["", "*", "?WS::S3::Bucket", "**", ":x", " AWS", "AWS S3", "a\nb", "a[b]", "a{b,c}", "a/b", "ä"]
        {
            assert!(text.parse::<TypePattern>().is_err(), "{text:?}");
        }
        let of = |bytes| "a".repeat(bytes).parse::<TypePattern>();
        assert!(of(TYPE_PATTERN_BYTES_MAX).is_ok() && of(TYPE_PATTERN_BYTES_MAX + 1).is_err());
    }
}
