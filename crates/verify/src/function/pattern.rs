//! Patterns of function names: which names match, and which patterns include another.

use std::fmt;
use std::str::FromStr;

use crate::name::{ArtifactName, NameError};

/// A pattern of function names: `*` matches any characters, `?` one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Whether the name matches.
    pub fn matches(&self, name: &ArtifactName) -> bool {
        wildcard(self.0.as_bytes(), name.as_str().as_bytes())
    }

    /// Whether every name that matches the other pattern matches this one.
    pub fn covers(&self, other: &Self) -> bool {
        // A name is never empty.
        let nothing_else = other.0.bytes().all(|byte| byte == b'*');
        covers(&parts(&self.0), if nothing_else { b"?*" } else { other.0.as_bytes() })
    }

    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a pattern matches a name or a type: for each `*`, the shortest run of characters that lets the
/// rest match.
///
/// Patterns are not compiled: a list can have 100,000, and a compiled one takes 10,000 bytes.
pub(super) fn wildcard(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    // The position of the last `*`, and how far it matches.
    let mut star: Option<(usize, usize)> = None;
    while read < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[read] => (at, read) = (at + 1, read + 1),
            _ => {
                let Some((place, until)) = star else { return false };
                star = Some((place, until + 1));
                (at, read) = (place + 1, until + 1);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// This character.
    One(u8),
    /// A character.
    Each,
    /// At least one character: a `?` in a run of wildcards with a `*`.
    Some,
    /// Any characters.
    Any,
}

/// The parts of a pattern; in a run of wildcards the order of `?` and `*` does not matter.
fn parts(text: &str) -> Vec<Part> {
    let is_wild = |byte: &u8| matches!(byte, b'?' | b'*');
    let run = |run: &[u8]| {
        let count = run.iter().filter(|byte| **byte == b'?').count();
        match (count == run.len(), count) {
            (true, _) => vec![Part::Each; count],
            (false, 0) => vec![Part::Any],
            (false, _) => vec![Part::Some; count],
        }
    };
    let chunks = text.as_bytes().chunk_by(|a, b| is_wild(a) && is_wild(b));
    chunks.flat_map(|chunk| if is_wild(&chunk[0]) { run(chunk) } else { vec![Part::One(chunk[0])] }).collect()
}

/// Whether the parts cover a pattern: `reached[i]` if the parts read so far cover its first `i` characters.
fn covers(parts: &[Part], other: &[u8]) -> bool {
    let mut reached = vec![false; other.len() + 1];
    reached[0] = true;
    for part in parts {
        let mut next = vec![*part == Part::Any && reached[0]];
        // Whether a prefix of the other was reached before.
        let mut before = false;
        for (index, found) in other.iter().enumerate() {
            before |= reached[index];
            next.push(match part {
                Part::One(byte) => byte == found && reached[index],
                // A `*` can be zero or more characters.
                Part::Each => *found != b'*' && reached[index],
                Part::Some if *found == b'*' => next[index],
                Part::Some => before,
                Part::Any => before || reached[index + 1],
            });
        }
        reached = next;
    }
    reached[other.len()]
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Pattern {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_*?".contains(&b);
        if text.is_empty() || text.len() > 64 || !text.bytes().all(allowed) {
            let rule = "1 to 64 of `A-Z`, `a-z`, `0-9`, `-`, `_`, `*` and `?`";
            return Err(NameError::new("a name pattern", rule, text));
        }
        Ok(Self(text.into()))
    }
}

crate::text_form!(Pattern);

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(pattern: &str, other: &str) -> bool {
        let pattern: Pattern = pattern.parse().unwrap();
        pattern.covers(&other.parse().unwrap())
    }

    fn matches(pattern: &str, name: &str) -> bool {
        pattern.parse::<Pattern>().unwrap().matches(&name.parse().unwrap())
    }

    #[test]
    fn a_pattern_holds_no_path() {
        for text in ["", "a/b", "[a]", "{a,b}", "a b", "..", "\\*"] {
            assert!(text.parse::<Pattern>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_refused_pattern_is_shortened_in_its_error() {
        let error = "{".repeat(200_000).parse::<Pattern>().unwrap_err().to_string();
        assert!(error.len() < 500 && error.contains("(200000 characters)"), "{error}");
    }

    #[test]
    fn a_star_matches_any_characters_and_a_question_mark_one() {
        for (pattern, name) in [
            ("*", "a"),
            ("a*", "a"),
            ("a*c", "abcc"),
            ("*ab", "aab"),
            ("a?c", "abc"),
            ("*?", "a"),
            ("a**b*", "ab"),
            ("*a*b*a", "xaxbxaa"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("a", "ab"), ("ab", "a"), ("a?", "a"), ("?", "ab"), ("a*c", "abcd"), ("A", "a"), ("*ab*", "ba")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn covering_is_matching_every_name_of_the_other() {
        for (pattern, other) in [
            ("*", "*"),
            ("*", "orders"),
            ("*", "?"),
            ("a*", "a"),
            ("a*", "ab*"),
            ("a?", "ab"),
            ("a?", "a?"),
            ("?*", "*?"),
            ("*?", "?*"),
            ("?*", "*"),
            ("**", "*"),
            ("*", "**"),
            ("a*c", "a*b*c"),
            ("*a*", "xa?"),
        ] {
            assert!(covers(pattern, other), "{pattern} {other}");
        }
        for (pattern, other) in [
            ("a", "*"),
            ("a?", "a*"),
            ("?", "*"),
            ("??*", "*"),
            ("ab*", "a*"),
            ("a*", "*"),
            ("A*", "a"),
            ("??", "?"),
            ("a?c", "a*c"),
            ("*a", "a*"),
        ] {
            assert!(!covers(pattern, other), "{pattern} {other}");
        }
    }

    /// Names of up to five letters, one of them in no pattern, tell patterns of up to three characters apart.
    #[test]
    fn covering_agrees_with_matching() {
        let words = |letters: &[u8], longest: u32| -> Vec<String> {
            let count = letters.len();
            let word = |length: u32, number: usize| -> String {
                (0..length).map(|at| char::from(letters[number / count.pow(at) % count])).collect()
            };
            (1..=longest).flat_map(|n| (0..count.pow(n)).map(move |number| word(n, number))).collect()
        };
        let names: Vec<ArtifactName> = words(b"abc", 5).iter().map(|name| name.parse().unwrap()).collect();
        let patterns: Vec<Pattern> = words(b"ab*?", 3).iter().map(|text| text.parse().unwrap()).collect();
        let matched: Vec<Vec<bool>> =
            patterns.iter().map(|each| names.iter().map(|name| each.matches(name)).collect()).collect();
        for (pattern, by_pattern) in patterns.iter().zip(&matched) {
            for (other, by_other) in patterns.iter().zip(&matched) {
                let every = by_other.iter().zip(by_pattern).all(|(other, this)| !other || *this);
                assert_eq!(pattern.covers(other), every, "{pattern} {other}");
            }
        }
    }
}
