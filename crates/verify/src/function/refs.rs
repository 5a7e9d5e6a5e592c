//! Protected refs: patterns of the refs whose pushes are verified.
//!
//! `*` matches any characters, including `/`, as in git's own refspecs: `refs/heads/*` is every branch. A
//! server could store two names with the same [`fold`] in one place, so a name with the fold of a matching
//! name is [`Protected::Alike`]. A name that git refuses matches every pattern, since it is unknown what it
//! becomes.

use std::fmt;
use std::str::FromStr;

use super::fold::fold;
use crate::limits::REF_PATTERN_BYTES_MAX;
use crate::name::NameError;

/// A pattern of ref names: `refs/`, and `*` for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefPattern(String);

impl RefPattern {
    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether git accepts the text as a ref's full name, by the rules of `git help check-ref-format`.
pub fn is_ref(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let is_refused = |c: char| c <= ' ' || "\u{7f}~^:?*[\\".contains(c);
    text.starts_with("refs/")
        && text.split('/').all(is_part)
        && !text.ends_with('.')
        && !text.contains(is_refused)
        && !text.contains("..")
        && !text.contains("@{")
}

/// The leftmost position of each part is as good as a later one, so there is no backtracking.
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

/// Whether a set of patterns protects a ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protected<'a> {
    /// No pattern matches it.
    No,
    /// A pattern matches its name.
    Named,
    /// Its name does not match, but a server could store it in the same place as a matching name.
    Alike(&'a RefPattern),
}

/// Protected refs, prepared for comparison with many names.
#[derive(Debug)]
pub struct Protection<'a>(Vec<(&'a RefPattern, String)>);

impl<'a> Protection<'a> {
    /// The refs that these patterns protect.
    pub fn of(patterns: &'a [RefPattern]) -> Self {
        Self(patterns.iter().map(|pattern| (pattern, fold(&pattern.0))).collect())
    }

    /// Whether nothing is protected.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the patterns protect a ref, by its full name.
    pub fn of_ref(&self, reference: &str) -> Protected<'a> {
        if self.0.is_empty() {
            return Protected::No;
        }
        // A pattern can be for the whole name, or for the name inside its namespace.
        let either =
            |pattern: &str, name: &str| glob(pattern, name) || glob(pattern, outside_namespaces(name));
        if !is_ref(reference) || self.0.iter().any(|(pattern, _)| either(&pattern.0, reference)) {
            return Protected::Named;
        }
        let folded = fold(reference);
        let alike = self.0.iter().find(|(_, pattern)| either(pattern, &folded));
        alike.map_or(Protected::No, |(pattern, _)| Protected::Alike(pattern))
    }
}

/// Whether git uses a ref of this name to replace objects, or a server could store it as such a ref.
pub fn replaces_objects(reference: &str) -> bool {
    let folded = fold(reference);
    let name = outside_namespaces(&folded);
    name == "refs/replace" || name.starts_with("refs/replace/")
}

/// Whether two names could be one ref on a server.
pub fn is_alike(one: &str, other: &str) -> bool {
    fold(one) == fold(other)
}

/// A ref's name as clients see it that fetch from its namespace (gitnamespaces(7)).
fn outside_namespaces(mut name: &str) -> &str {
    while let Some((_, rest)) = name.strip_prefix("refs/namespaces/").and_then(|rest| rest.split_once('/')) {
        name = rest;
    }
    name
}

impl fmt::Display for RefPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RefPattern {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        // With a letter in place of each `*` it must be a valid name; otherwise no name would match.
        if text.len() <= REF_PATTERN_BYTES_MAX && is_ref(&text.replace('*', "x")) {
            return Ok(Self(text.into()));
        }
        let rule = format!(
            "the full name of a ref, such as `refs/heads/main`, of at most {REF_PATTERN_BYTES_MAX} bytes, with `*` for \
            any characters"
        );
        Err(NameError::new("a ref pattern", rule, text))
    }
}

crate::text_form!(RefPattern);

#[cfg(test)]
mod tests {
    use super::*;

    fn protected(pattern: &str, reference: &str) -> String {
        let patterns = [pattern.parse::<RefPattern>().unwrap()];
        match Protection::of(&patterns).of_ref(reference) {
            Protected::No => "no".into(),
            Protected::Named => "named".into(),
            Protected::Alike(pattern) => pattern.to_string(),
        }
    }

    fn matches(pattern: &str, reference: &str) -> bool {
        protected(pattern, reference) == "named"
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
    fn a_name_that_a_server_may_keep_in_the_same_place_is_alike() {
        for (pattern, reference) in [
            ("refs/heads/main", "refs/heads/MAIN"),
            ("refs/heads/main", "refs/Heads/main"),
            ("refs/heads/main", "refs/heads./main"),
            ("refs/heads/main", "refs/heads/ma\u{200b}in"),
            ("refs/heads/main", "refs/heads/main\u{200b}"),
            ("refs/heads/main", "refs/Namespaces/a/refs/heads/main"),
            ("refs/heads/main", "refs/namespaces/a/refs/heads/Main"),
            ("refs/heads/Release-*", "refs/heads/release-1"),
            ("refs/tags/v*", "refs/tags/V1"),
            ("refs/heads/caf\u{e9}", "refs/heads/cafe\u{301}"),
            ("refs/heads/stra\u{df}e", "refs/heads/STRASSE"),
        ] {
            assert_eq!(protected(pattern, reference), pattern, "{reference}");
        }
        for (pattern, reference) in [
            ("refs/heads/main", "refs/namespaces/a/refs/namespaces/b/refs/heads/main"),
            ("refs/*", "refs/namespaces/a/b"),
            ("refs/namespaces/a/*", "refs/namespaces/a/refs/heads/x"),
            ("refs/heads/*", "refs/heads/MAIN"),
            ("refs/heads/*\u{301}", "refs/heads/a\u{316}\u{301}"),
        ] {
            assert_eq!(protected(pattern, reference), "named", "{reference}");
        }
        assert_eq!(protected("refs/heads/main", "refs/heads/maintenance"), "no");
        assert_eq!(Protection::of(&[]).of_ref("HEAD"), Protected::No);
    }

    #[test]
    fn refs_that_replace_objects_are_known_by_any_of_their_names() {
        for name in [
            "refs/replace/aa",
            "refs/replace",
            "refs/REPLACE/aa",
            "refs/rep\u{200c}lace/aa",
            "refs/replace./aa",
            "refs/namespaces/x/refs/replace/aa",
        ] {
            assert!(replaces_objects(name), "{name}");
        }
        for name in ["refs/heads/replace/aa", "refs/replaced/aa", "refs/heads/main"] {
            assert!(!replaces_objects(name), "{name}");
        }
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
