//! Classes: the bytes that `[…]` in a pattern matches, as git's `wildmatch.c` reads it.
//!
//! ```text
//! class = "[" [ "!" / "^" ] item *item "]"       a "]" that comes first is a member
//! item  = byte / "\" byte / byte "-" end / "[:" name ":]"
//! end   = byte / "\" byte                        a "-" before "]" is a member
//! ```
//! An unclosed class and an unknown name make the whole pattern match nothing. With `core.ignorecase`, git
//! compares the path in lower case: a range or `[:upper:]` matches in both cases, a single capital in neither.

use super::Case;

/// A set of bytes.
pub type Set = [u64; 4];

/// A class that was read.
pub struct Class {
    /// The bytes that it matches.
    pub set: Set,
    /// How many bytes of the pattern it takes, after the `[`.
    pub length: usize,
    /// Whether a range ends before it starts, and so matches nothing.
    pub reversed: bool,
}

/// Whether a byte is in a set.
pub fn contains(set: &Set, byte: u8) -> bool {
    set[usize::from(byte >> 6)] & (1 << (byte & 63)) != 0
}

/// Reads a class from the bytes after its `[`; an error completes the sentence "the pattern …".
pub fn read(pattern: &[u8], case: Case) -> Result<Class, &'static str> {
    let negated = matches!(pattern.first(), Some(b'!' | b'^'));
    let mut reader = Reader { pattern, at: usize::from(negated) };
    let mut items = Vec::new();
    let mut reversed = false;
    // The member before, which a range can start with; none after a range or a name.
    let mut before = None;
    loop {
        let byte = reader.next()?;
        let ahead = reader.peek();
        before = match byte {
            b'\\' => Some(reader.next()?),
            b'-' if before.is_some() && !matches!(ahead, None | Some(b']')) => {
                let start = before.unwrap_or_default();
                let end = reader.member()?;
                reversed |= end < start;
                items.push(Item::Range(start, end));
                None
            }
            b'[' if ahead == Some(b':') => match reader.name()? {
                Some(name) => {
                    items.push(Item::Name(named(name, case)?));
                    None
                }
                None => Some(b'['),
            },
            other => Some(other),
        };
        items.extend(before.map(Item::One));
        if reader.peek() == Some(b']') {
            break;
        }
    }
    let mut set = [0; 4];
    for byte in 0..=u8::MAX {
        // Git never looks up a capital when it ignores case, nor a slash.
        let is_asked = byte != b'/' && (case == Case::Exact || !byte.is_ascii_uppercase());
        if is_asked && negated != items.iter().any(|item| item.has(byte, case)) {
            set[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
    }
    Ok(Class { set, length: reader.at + 1, reversed })
}

enum Item {
    One(u8),
    Range(u8, u8),
    Name(Name),
}

type Name = fn(u8) -> bool;

impl Item {
    fn has(&self, byte: u8, case: Case) -> bool {
        let folded = (case == Case::Folded && byte.is_ascii_lowercase()).then(|| byte.to_ascii_uppercase());
        match self {
            Self::One(one) => *one == byte,
            Self::Range(start, end) => {
                let range = *start..=*end;
                range.contains(&byte) || folded.is_some_and(|byte| range.contains(&byte))
            }
            Self::Name(holds) => holds(byte),
        }
    }
}

/// Git's own classes of ASCII, in which no byte over 127 has a class (`ctype.c`).
fn named(name: &[u8], case: Case) -> Result<Name, &'static str> {
    Ok(match name {
        b"alnum" => |byte| byte.is_ascii_alphanumeric(),
        b"alpha" => |byte| byte.is_ascii_alphabetic(),
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => |byte| byte.is_ascii_control(),
        b"digit" => |byte| byte.is_ascii_digit(),
        b"graph" => |byte| byte.is_ascii_graphic(),
        b"lower" => |byte| byte.is_ascii_lowercase(),
        b"print" => |byte| byte.is_ascii_graphic() || byte == b' ',
        b"punct" => |byte| byte.is_ascii_punctuation(),
        b"space" => |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'),
        b"upper" if case == Case::Folded => |byte| byte.is_ascii_lowercase(),
        b"upper" => |byte| byte.is_ascii_uppercase(),
        b"xdigit" => |byte| byte.is_ascii_hexdigit(),
        _ => return Err("names an unknown class in `[:…:]`"),
    })
}

struct Reader<'p> {
    pattern: &'p [u8],
    at: usize,
}

impl<'p> Reader<'p> {
    fn peek(&self) -> Option<u8> {
        self.pattern.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, &'static str> {
        let byte = self.peek().ok_or("has a `[` without a `]`")?;
        self.at += 1;
        Ok(byte)
    }

    /// A member, which can be escaped.
    fn member(&mut self) -> Result<u8, &'static str> {
        match self.next()? {
            b'\\' => self.next(),
            byte => Ok(byte),
        }
    }

    /// The name of a class, if the bytes up to the next `]` are `:NAME:`; called at the first colon.
    fn name(&mut self) -> Result<Option<&'p [u8]>, &'static str> {
        let rest = &self.pattern[self.at + 1..];
        let end = rest.iter().position(|byte| *byte == b']').ok_or("has a `[` without a `]`")?;
        let Some(name) = rest[..end].strip_suffix(b":") else { return Ok(None) };
        self.at += end + 2;
        Ok(Some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(pattern: &str, case: Case) -> String {
        let class = read(&pattern.as_bytes()[1..], case).unwrap();
        assert_eq!(class.length + 1, pattern.len(), "{pattern}");
        (0x20..0x7f).filter(|byte| contains(&class.set, *byte)).map(char::from).collect()
    }

    #[test]
    fn reads_members_ranges_and_names_as_git_does() {
        for (pattern, expected) in [
            ("[abc]", "abc"),
            ("[]a]", "]a"),
            ("[a-c-e]", "-abce"),
            ("[a-]", "-a"),
            ("[-a]", "-a"),
            ("[\\]\\-]", "-]"),
            ("[a-\\c]", "abc"),
            ("[[:digit:]x-z]", "0123456789xyz"),
            ("[[:]", ":["),
            ("[[:a]", ":[a"),
            ("[c-a]", "c"),
            ("[+-9]", "+,-.0123456789"),
        ] {
            let mut expected: Vec<char> = expected.chars().collect();
            expected.sort_unstable();
            assert_eq!(members(pattern, Case::Exact), expected.into_iter().collect::<String>(), "{pattern}");
        }
        assert!(!members("[!a]", Case::Exact).contains(['a', '/']));
        assert!(members("[^a]", Case::Exact).contains('b'));
    }

    #[test]
    fn a_single_capital_matches_nothing_when_case_is_ignored() {
        assert_eq!(members("[A]", Case::Folded), "");
        assert_eq!(members("[A-B]", Case::Folded), "ab");
        assert_eq!(members("[[:upper:]]", Case::Folded), "abcdefghijklmnopqrstuvwxyz");
    }

    #[test]
    fn refuses_unclosed_classes_and_unknown_names() {
        for pattern in ["", "a", "]", "!", "\\", "a-", "[:alpha:", "[:alpha:]", "[:none:]]", "[::]]", "a\\"] {
            assert!(read(pattern.as_bytes(), Case::Exact).is_err(), "{pattern}");
        }
    }
}
