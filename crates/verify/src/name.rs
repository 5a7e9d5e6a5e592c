//! Names: the checked texts that documents use for accounts, profiles, functions and people.
//!
//! A valid name contains no path separator, no `..`, no NUL and no control character, so it is safe in a file
//! name or a message.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::shown::shortened;

/// Reads types from a string with `FromStr`, and writes them as one with `Display`, in documents.
///
/// `text_form!(A, B)` implements serde's two traits, `text_form!(read A, B)` only the first.
#[doc(hidden)]
#[macro_export]
macro_rules! text_form {
    (read $($name:ty),+) => {$(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
    ($($name:ty),+) => {
        $crate::text_form!(read $($name),+);
        $(
            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                    to.collect_str(self)
                }
            }
        )+
    };
}

/// Why a text is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {what}: expected {rule}")]
pub struct NameError {
    what: &'static str,
    rule: Cow<'static, str>,
    text: String,
}

impl NameError {
    /// An error about a text that is not `what`, and the rule that it breaks.
    pub(crate) fn new(what: &'static str, rule: impl Into<Cow<'static, str>>, text: &str) -> Self {
        Self { what, rule: rule.into(), text: shortened(text).into_owned() }
    }
}

/// Why a text is none of a few words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}; expected one of: `{}`", known.join("`, `"))]
pub struct UnknownWord {
    what: &'static str,
    text: String,
    known: Vec<&'static str>,
}

impl UnknownWord {
    /// An error about a text that is not `what`, which is one of the known words.
    pub(crate) fn new(what: &'static str, text: &str, known: impl Into<Vec<&'static str>>) -> Self {
        Self { what, text: text.into(), known: known.into() }
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident is $what:literal: $rule:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    return Ok(Self(text.into()));
                }
                Err(NameError::new($what, $rule, text))
            }
        }

        crate::text_form!($name);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// A trust domain's name: `^[a-z0-9][a-z0-9-]{1,62}$`; a 12-digit AWS account id is one.
    AccountName is "an account name": "2 to 63 of `a-z`, `0-9` and `-`, the first not `-`", |text| {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !is_device(text) && (2..=63).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(inner)
    };

    /// A signing profile's name, by AWS Signer's pattern `^[A-Za-z0-9_]{2,64}$`.
    ProfileName is "a signing profile name": "2 to 64 of `A-Z`, `a-z`, `0-9` and `_`", |text| {
        !is_device(text) && (2..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };

    /// A signing profile version, by AWS Signer's pattern `^[a-zA-Z0-9]{10}$`.
    ProfileVersion is "a signing profile version": "10 of `A-Z`, `a-z` and `0-9`", |text| {
        text.len() == 10 && text.bytes().all(|b| b.is_ascii_alphanumeric())
    };

    /// A function's or a layer's name, by AWS Lambda's pattern `^[A-Za-z0-9-_]{1,64}$`.
    ArtifactName is "a function or layer name": "1 to 64 of `A-Z`, `a-z`, `0-9`, `-` and `_`", |text| {
        !is_device(text) && (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };

    /// A code signing config's id: `csc-` and 17 of `[a-z0-9]`, as AWS Lambda's.
    CscId is "a code signing config id": "`csc-` and 17 of `a-z` and `0-9`", |text| {
        let rest = text.strip_prefix("csc-").unwrap_or_default();
        rest.len() == 17 && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };

    /// A signer: the name of an owner of keys, such as a person, a team or a CI job.
    Principal is "a principal": "1 to 128 of `A-Z`, `a-z`, `0-9` and `_ . - @ / : +`", |text| {
        (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-@/:+".contains(&b))
    };

    /// A statement's id in a profile's permissions, by AWS's pattern.
    StatementId is "a statement id": "1 to 64 of `A-Z`, `a-z`, `0-9`, `-` and `_`", |text| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };

    /// A target of a stack set.
    TargetName is "a target name": "1 to 63 of `A-Z`, `a-z`, `0-9`, `-` and `_`, the first not `-` or `_`", |text| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        !is_device(text) && (1..=63).contains(&text.len()) && text.as_bytes()[0].is_ascii_alphanumeric() && text.bytes().all(inner)
    };

    /// A finding's code, for programs.
    FindingCode is "a finding code": "1 to 64 of `a-z`, `0-9` and `-`, words with one `-` between", |text| {
        let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        text.len() <= 64 && text.split('-').all(word)
    };

    /// A machine's label in its journal.
    HostLabel is "a machine label": "1 to 64 of `A-Z`, `a-z`, `0-9` and `_ . -`", |text| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
    };

    /// A counted event's id: a UUID in lower-case hexadecimal with hyphens.
    EventId is "an event id": "a UUID in lower case such as `3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10`", |text| {
        is_uuid(text)
    };

    /// A signing job's id: a UUID in lower-case hexadecimal with hyphens.
    JobId is "a signing job id": "a UUID in lower case such as `3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10`", |text| {
        is_uuid(text)
    };
}

/// Whether the text is a UUID in its only accepted spelling: lower case, with hyphens.
fn is_uuid(text: &str) -> bool {
    let shape = |(i, b): (usize, u8)| match i {
        8 | 13 | 18 | 23 => b == b'-',
        _ => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
    };
    text.len() == 36 && text.bytes().enumerate().all(shape)
}

impl EventId {
    /// The id as a number, which uses less memory than its text.
    pub fn number(&self) -> u128 {
        self.0
            .bytes()
            .filter_map(|b| char::from(b).to_digit(16))
            .fold(0, |all, digit| all << 4 | u128::from(digit))
    }
}

impl ArtifactName {
    /// The nearest artifact name to a folder's name: characters that are not allowed become `-`.
    pub fn from_folder(folder: &str) -> Option<Self> {
        let keep = |c: char| {
            if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }
        };
        let text: String = folder.chars().take(64).map(keep).collect();
        text.trim_matches('-').parse().ok()
    }
}

/// Whether the name is a device on Windows: `CON`, `nul.txt`, `lpt².c` (Win32 naming rules).
pub fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_ascii_uppercase();
    if matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") {
        return true;
    }
    let number = stem.strip_prefix("COM").or(stem.strip_prefix("LPT"));
    number.is_some_and(|n| {
        matches!(n.chars().next(), Some('0'..='9' | '¹' | '²' | '³')) && n.chars().count() == 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_path() {
        for text in ["../x", "/abs", "a\0b", "..", "", "a/b", "a\\b", "a\nb", "\u{202e}ab", "con", "nul"] {
            assert!(text.parse::<AccountName>().is_err(), "{text:?}");
            assert!(text.parse::<ProfileName>().is_err(), "{text:?}");
            assert!(text.parse::<ArtifactName>().is_err(), "{text:?}");
            assert!(text.parse::<CscId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn lengths_are_the_patterns() {
        assert!("a".parse::<ProfileName>().is_err());
        assert!("a".repeat(64).parse::<ProfileName>().is_ok());
        assert!("a".repeat(65).parse::<ProfileName>().is_err());
        assert!("123456789012".parse::<AccountName>().is_ok());
        assert!("-ab".parse::<AccountName>().is_err());
    }

    #[test]
    fn random_names_have_their_pattern_and_differ() {}

    #[test]
    fn a_job_id_has_one_spelling() {
        assert!("3F2B8C1E-0F5A-4C57-9D1C-2F6F0F9A7B10".parse::<JobId>().is_err());
        assert!("3f2b8c1e0f5a4c579d1c2f6f0f9a7b10".parse::<JobId>().is_err());
    }

    #[test]
    fn an_event_id_is_its_number() {
        let id: EventId = "00000000-0000-4000-8000-00000000001f".parse().unwrap();
        assert_eq!(id.number(), (4 << 76) + (8 << 60) + 0x1f);
    }

    #[test]
    fn a_code_is_words_in_kebab_case() {
        assert!("manifest-missing".parse::<FindingCode>().is_ok());
        for text in ["", "-", "a--b", "a-", "Manifest", "a b", "<b>", &"a".repeat(65)] {
            assert!(text.parse::<FindingCode>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_folder_lends_its_name() {
        let name = |folder| ArtifactName::from_folder(folder).map(|name| name.to_string());
        assert_eq!(name("orders"), Some("orders".into()));
        assert_eq!(name("my orders.v2"), Some("my-orders-v2".into()));
        assert_eq!(name("..."), None);
    }
}
