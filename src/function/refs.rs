//! Protected refs: patterns of the refs whose pushes are verified.
//!
//! `*` stands for any characters, `/` too, as in git's own refspecs: `refs/heads/*` is every branch. Case and
//! Unicode form do not tell names apart, for a server on macOS or Windows may keep `refs/heads/MAIN` in the
//! file of `refs/heads/main`. A name that git refuses matches every pattern: nobody knows what it ends up as.

use std::fmt;
use std::str::FromStr;

use caseless::Caseless;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::limits::REF_PATTERN_BYTES_MAX;

/// A pattern of ref names: `refs/`, and `*` for any characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RefPattern(String);

impl RefPattern {
    /// Whether a push to the ref, by its full name, falls under the pattern.
    pub fn matches(&self, reference: &str) -> bool {
        !is_ref(reference) || glob(&fold(&self.0), &fold(reference))
    }

    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether git takes the text for a ref's full name, by the rules of `git check-ref-format`.
fn is_ref(text: &str) -> bool {
    text.starts_with("refs/") && git2::Reference::is_valid_name(text)
}

/// The leftmost place of each part is as good as any later one, so nothing is tried twice.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    let after = |rest: &str, part: &str| rest.find(part).map(|at| at + part.len());
    let mut rest = rest;
    for part in parts {
        let Some(at) = after(rest, part) else { return false };
        rest = &rest[at..];
    }
    rest.ends_with(last)
}

/// Full case folding and canonical decomposition (Unicode 3.13, D145).
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().nfd().default_case_fold().nfd().collect()
}

impl fmt::Display for RefPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RefPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for RefPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // With a letter for each `*` it has to be a name: else no name would match.
        if text.len() <= REF_PATTERN_BYTES_MAX && is_ref(&text.replace('*', "x")) {
            return Ok(Self(text));
        }
        let shown = crate::shown::shortened(&text);
        Err(format!(
            "{shown:?} is not a ref pattern: the full name of a ref, such as `refs/heads/main`, of at most \
            {REF_PATTERN_BYTES_MAX} bytes, with `*` for any characters"
        ))
    }
}

impl From<RefPattern> for String {
    fn from(pattern: RefPattern) -> Self {
        pattern.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, reference: &str) -> bool {
        pattern.parse::<RefPattern>().unwrap().matches(reference)
    }

    #[test]
    fn a_star_is_any_characters_and_slashes() {
        for (pattern, reference) in [
            ("refs/heads/main", "refs/heads/main"),
            ("refs/heads/*", "refs/heads/main"),
            ("refs/heads/*", "refs/heads/team/topic"),
            ("refs/*", "refs/tags/v1"),
            ("refs/tags/v*", "refs/tags/v"),
            ("refs/heads/release/*/*.x", "refs/heads/release/a/b/1.x"),
            ("refs/*/main", "refs/heads/main"),
            ("refs/heads/*a*", "refs/heads/xaab"),
            ("refs/heads/*ab", "refs/heads/abab"),
            ("refs/heads/a**b", "refs/heads/ab"),
            ("refs/heads/{a,b}", "refs/heads/{a,b}"),
        ] {
            assert!(matches(pattern, reference), "{pattern} {reference}");
        }
        for (pattern, reference) in [
            ("refs/heads/main", "refs/heads/main2"),
            ("refs/heads/main", "refs/heads/main/x"),
            ("refs/heads/main", "refs/heads/x/main"),
            ("refs/heads/main", "refs/tags/main"),
            ("refs/heads/*", "refs/headsx/a"),
            ("refs/tags/v*", "refs/tags/x/v1"),
            ("refs/heads/a*a", "refs/heads/a"),
            ("refs/heads/*ab*", "refs/heads/ba"),
            ("refs/heads/{a,b}", "refs/heads/a"),
        ] {
            assert!(!matches(pattern, reference), "{pattern} {reference}");
        }
    }

    #[test]
    fn case_and_unicode_form_tell_no_names_apart() {
        assert!(matches("refs/heads/main", "refs/heads/MAIN"));
        assert!(matches("refs/heads/Release-*", "refs/heads/release-1"));
        assert!(matches("refs/heads/caf\u{e9}", "refs/heads/cafe\u{301}"));
        assert!(matches("refs/heads/stra\u{df}e", "refs/heads/STRASSE"));
    }

    #[test]
    fn a_name_that_git_refuses_matches_everything() {
        for reference in [
            "refs/heads/main/../x",
            "refs/heads/x/../main",
            "refs/heads/main/",
            "refs/heads//main",
            "refs/heads/./main",
            "refs/heads/main.lock",
            "refs/heads/x\n",
            "refs/heads/x y",
            "refs/heads/x\0",
            "refs/heads/x@{1}",
            "main",
            "HEAD",
            "",
        ] {
            assert!(matches("refs/tags/v1", reference), "{reference:?}");
        }
    }

    #[test]
    fn a_pattern_is_a_ref_name_with_stars() {
        for text in [
            "",
            "*",
            "main",
            "heads/main",
            "HEAD",
            "refs",
            "refs/",
            "refs/heads/",
            "refs/heads/main/",
            "refs/heads/../main",
            "refs/heads/.main",
            "refs/heads/a b",
            "refs/heads/a?",
            "refs/heads/[a]",
            "refs/heads/a\\b",
            "refs/heads/a:b",
            "refs/heads/^a",
            "refs/heads/a~1",
            "refs/heads/a.lock",
            "refs/heads/*.lock",
            "refs/heads/a@{1}",
            "refs/heads/a\nb",
            "/refs/heads/a",
            "Refs/heads/a",
        ] {
            assert!(text.parse::<RefPattern>().is_err(), "{text:?}");
        }
        let longest = |bytes: usize| format!("refs/{}", "a".repeat(bytes - 5)).parse::<RefPattern>();
        assert!(longest(REF_PATTERN_BYTES_MAX).is_ok() && longest(REF_PATTERN_BYTES_MAX + 1).is_err());
    }

    /// Short words over the characters that the rules are about, and git's own answer to each.
    #[test]
    fn names_are_those_that_git_takes() {
        let letters = ["a", ".", "/", "@", "{", "~", ".lock", "*"];
        for first in letters {
            for second in letters {
                for third in letters {
                    let name = format!("refs/a{first}{second}{third}");
                    let git = std::process::Command::new("git").args(["check-ref-format", &name]).status();
                    assert_eq!(is_ref(&name), git.unwrap().success(), "{name}");
                }
            }
        }
    }
}
