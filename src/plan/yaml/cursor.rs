//! The position in a template: characters that all readers treat the same, lines and columns.

use super::PlanError;

/// A position in the text. The byte at the end is 0, which the text does not contain.
pub struct Cursor<'t> {
    pub text: &'t str,
    pub at: usize,
    pub line: u32,
    line_start: usize,
}

/// An error with its line.
pub fn refuse<T>(line: u32, why: impl std::fmt::Display) -> Result<T, PlanError> {
    Err(PlanError::Malformed(format!("line {line}: {why}")))
}

/// Whether the byte ends a line.
pub fn is_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// Whether the byte is white space or the end.
pub fn is_blank(byte: u8) -> bool {
    matches!(byte, 0 | b' ' | b'\t' | b'\r' | b'\n')
}

impl<'t> Cursor<'t> {
    /// The start of a text in which every character is unambiguous.
    pub fn new(text: &'t str) -> Result<Self, PlanError> {
        let mut line = 1;
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            let meaning = match c {
                '\n' => {
                    line += 1;
                    continue;
                }
                '\r' if characters.peek() == Some(&'\n') => continue,
                '\t' | ' '..='~' => continue,
                '\r' => "ends a line only for some readers",
                '\u{85}' | '\u{2028}' | '\u{2029}' => "ends a line in YAML 1.1 but not in YAML 1.2",
                '\u{feff}' => "is a byte order mark inside the text",
                '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => continue,
                _ => "is a control character",
            };
            return refuse(
                line,
                format!("U+{:04X} {meaning}: remove it, or write it as an escape", c as u32),
            );
        }
        Ok(Self { text, at: 0, line: 1, line_start: 0 })
    }

    /// The byte here.
    pub fn peek(&self) -> u8 {
        self.ahead(0)
    }

    /// The byte this far ahead.
    pub fn ahead(&self, by: usize) -> u8 {
        self.text.as_bytes().get(self.at + by).copied().unwrap_or(0)
    }

    /// Bytes since the start of the line. Compared only where all of them are ASCII.
    pub fn column(&self) -> usize {
        self.at - self.line_start
    }

    /// Whether the text ends here.
    pub fn is_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// Whether only spaces precede on this line.
    pub fn is_line_start(&self) -> bool {
        self.text[self.line_start..self.at].bytes().all(|byte| byte == b' ')
    }

    /// Whether a line starts here with `---` or `...`, which separate documents anywhere.
    pub fn is_separator(&self) -> bool {
        let here = &self.text.as_bytes()[self.at..];
        self.column() == 0
            && (here.starts_with(b"---") || here.starts_with(b"..."))
            && is_blank(self.ahead(3))
    }

    /// Whether the cursor is at a dash of a list item.
    pub fn is_dash(&self) -> bool {
        self.peek() == b'-' && is_blank(self.ahead(1))
    }

    /// Moves over bytes while they are wanted, and returns them.
    pub fn eat(&mut self, wanted: impl Fn(u8) -> bool) -> &'t str {
        let start = self.at;
        while !self.is_end() && wanted(self.peek()) {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    /// Moves over a line break, if there is one.
    pub fn eat_break(&mut self) -> bool {
        match (self.peek(), self.ahead(1)) {
            (b'\r', _) => self.at += 2,
            (b'\n', _) => self.at += 1,
            _ => return false,
        }
        self.line += 1;
        self.line_start = self.at;
        true
    }

    /// Moves over spaces, comments and line breaks to what comes next.
    pub fn skip(&mut self) -> Result<(), PlanError> {
        loop {
            self.eat(|byte| byte == b' ');
            if self.peek() == b'#' {
                let before = self.at.checked_sub(1).map_or(b' ', |before| self.text.as_bytes()[before]);
                if !is_blank(before) {
                    return refuse(
                        self.line,
                        "`#` follows something without a space: add a space, or quote it",
                    );
                }
                self.eat(|byte| !is_break(byte));
            }
            if !self.eat_break() {
                break;
            }
        }
        match self.peek() {
            b'\t' => refuse(self.line, "a tab between values: write spaces"),
            b'%' if self.column() == 0 => refuse(self.line, "a directive: remove the line"),
            _ => Ok(()),
        }
    }
}
