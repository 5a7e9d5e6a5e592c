//! Rule files: the bytes of a `.gitignore`, or of `info/exclude`, as git's `dir.c` reads them.
//!
//! - A UTF-8 byte order mark at the start is skipped. No other byte has to be UTF-8.
//! - A line ends at LF, or CR LF. After a NUL byte, the rest of a line has no meaning.
//! - A line that starts with `#` is a comment; an empty one has no meaning.
//! - Spaces at the end are removed, except one after a `\`. Tabs are part of the pattern.
//!
//! The last rule that matches a path decides.

use super::Case;
use super::rule::{Place, Rule};
use super::work::{Steps, TooMuchWork};
use crate::limits::{IGNORE_PATTERNS_MAX, PATTERN_BYTES_MAX};
use crate::shown;

/// The rules of a file.
#[derive(Debug, Default)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Reads a file. An error completes the sentence "cannot use FILE: …".
    pub fn read(bytes: &[u8], case: Case) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut rules = Vec::new();
        for (line, text) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if text.is_empty() || text.starts_with(b"#") {
                continue;
            }
            let pattern = pattern(text);
            if pattern.len() > PATTERN_BYTES_MAX {
                return Err(format!(
                    "line {}, the pattern `{}`: it is longer than {PATTERN_BYTES_MAX} bytes",
                    line + 1,
                    shown::name(&String::from_utf8_lossy(pattern))
                ));
            }
            if rules.len() == IGNORE_PATTERNS_MAX {
                return Err(format!("it has more than {IGNORE_PATTERNS_MAX} patterns"));
            }
            rules.push(Rule::new(pattern, case));
        }
        Ok(Self(rules))
    }

    /// Whether the last rule that matches a path ignores it; `None` if none matches.
    pub fn decide(
        &self,
        place: Place<'_>,
        case: Case,
        steps: &mut Steps,
    ) -> Result<Option<bool>, TooMuchWork> {
        for rule in self.0.iter().rev() {
            if rule.matches(place, case, steps)? {
                return Ok(Some(!rule.is_negative));
            }
        }
        Ok(None)
    }
}

/// The pattern in a line.
pub fn pattern(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = &line[..line.iter().position(|byte| *byte == 0).unwrap_or(line.len())];
    // Where the spaces at the end start, if the line ends in spaces.
    let (mut spaces, mut at) = (None, 0);
    while let Some(byte) = line.get(at) {
        match byte {
            b' ' => {
                spaces.get_or_insert(at);
            }
            b'\\' => {
                spaces = None;
                at += 1;
            }
            _ => spaces = None,
        }
        at += 1;
    }
    &line[..spaces.unwrap_or(line.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_line_ends_and_spaces_as_git_does() {
        for (line, expected) in [
            ("a  ", "a"),
            ("a\\ ", "a\\ "),
            ("a\\  ", "a\\ "),
            ("a \\", "a \\"),
            ("a\t", "a\t"),
            ("a \r", "a"),
            ("a\r\r", "a\r"),
            ("a b ", "a b"),
            ("  ", ""),
            ("a \0b", "a"),
        ] {
            assert_eq!(pattern(line.as_bytes()), expected.as_bytes(), "{line:?}");
        }
    }
}
