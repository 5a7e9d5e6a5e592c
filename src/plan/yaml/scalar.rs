//! Scalars by the rules of YAML 1.1 as PyYAML applies them: plain, quoted and block texts.

use super::PlanError;
use super::cursor::{Cursor, is_blank, is_break, refuse};

/// Where a value is: on its own lines, or in brackets or braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    Block,
    Flow,
}

impl Cursor<'_> {
    /// Whether an unquoted text starts here.
    pub fn is_plain(&self, context: Context) -> bool {
        let (byte, next) = (self.peek(), self.ahead(1));
        let is_indicator = b"-?:,[]{}#&*!|>'\"%@`".contains(&byte);
        let is_text = byte == b'-' || (context == Context::Block && matches!(byte, b'?' | b':'));
        !is_blank(byte) && (!is_indicator || (is_text && !is_blank(next)))
    }

    /// An unquoted text, which continues over lines with an indentation of at least `indent`.
    pub fn plain(&mut self, indent: usize, context: Context) -> String {
        let (mut text, mut spaces) = (String::new(), String::new());
        let in_flow = context == Context::Flow;
        while self.peek() != b'#' {
            let start = self.at;
            loop {
                let (byte, next) = (self.peek(), self.ahead(1));
                let is_colon = byte == b':' && (is_blank(next) || (in_flow && b",[]{}".contains(&next)));
                if is_blank(byte) || is_colon || (in_flow && b",?[]{}".contains(&byte)) {
                    break;
                }
                self.at += 1;
            }
            if self.at == start {
                break;
            }
            text.push_str(&spaces);
            text.push_str(&self.text[start..self.at]);
            spaces = self.plain_spaces();
            if spaces.is_empty() || (!in_flow && self.column() < indent) {
                break;
            }
        }
        text
    }

    /// White space inside an unquoted text; empty before a document separator.
    fn plain_spaces(&mut self) -> String {
        let spaces = self.eat(|byte| byte == b' ');
        if !self.eat_break() {
            return spaces.into();
        }
        let mut breaks = String::new();
        while !self.is_separator() {
            self.eat(|byte| byte == b' ');
            if !self.eat_break() {
                return if breaks.is_empty() { " ".into() } else { breaks };
            }
            breaks.push('\n');
        }
        String::new()
    }

    /// A text in quotes.
    pub fn quoted(&mut self) -> Result<String, PlanError> {
        let (quote, line) = (self.peek(), self.line);
        let mut text = String::new();
        self.at += 1;
        loop {
            text.push_str(self.eat(|byte| !is_blank(byte) && !matches!(byte, b'\'' | b'"' | b'\\')));
            match self.peek() {
                b'\'' if quote == b'\'' && self.ahead(1) == b'\'' => {
                    text.push('\'');
                    self.at += 2;
                }
                byte if byte == quote => {
                    self.at += 1;
                    return Ok(text);
                }
                b'\\' if quote == b'"' => self.escape(&mut text)?,
                byte @ (b'\'' | b'"' | b'\\') => {
                    text.push(char::from(byte));
                    self.at += 1;
                }
                _ if self.is_end() => return refuse(line, "a quoted text does not end"),
                _ => self.quoted_spaces(&mut text)?,
            }
        }
    }

    fn quoted_spaces(&mut self, text: &mut String) -> Result<(), PlanError> {
        let spaces = self.eat(|byte| matches!(byte, b' ' | b'\t'));
        if self.eat_break() {
            let breaks = self.quoted_breaks()?;
            text.push_str(if breaks.is_empty() { " " } else { &breaks });
        } else {
            text.push_str(spaces);
        }
        Ok(())
    }

    /// Empty lines inside a quoted text.
    fn quoted_breaks(&mut self) -> Result<String, PlanError> {
        let mut breaks = String::new();
        loop {
            if self.is_separator() {
                return refuse(self.line, "`---` or `...` inside a quoted text");
            }
            self.eat(|byte| matches!(byte, b' ' | b'\t'));
            if !self.eat_break() {
                return Ok(breaks);
            }
            breaks.push('\n');
        }
    }

    fn escape(&mut self, text: &mut String) -> Result<(), PlanError> {
        let letter = self.ahead(1);
        let digits = match letter {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => 0,
        };
        let code = self.text.get(self.at + 2..self.at + 2 + digits).unwrap_or("");
        let is_code = digits > 0 && code.len() == digits && code.bytes().all(|byte| byte.is_ascii_hexdigit());
        let c = match letter {
            b'a' => '\x07',
            b'b' => '\x08',
            b't' | b'\t' => '\t',
            b'n' => '\n',
            b'v' => '\x0b',
            b'f' => '\x0c',
            b'r' => '\r',
            b'e' => '\x1b',
            b' ' | b'"' | b'\\' | b'/' => char::from(letter),
            b'N' => '\u{85}',
            b'_' => '\u{a0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            b'\r' | b'\n' => {
                self.at += 1;
                self.eat_break();
                if !self.quoted_breaks()?.is_empty() {
                    return refuse(self.line, "an empty line after `\\` at the end of a line: write `\\n`");
                }
                return Ok(());
            }
            // Some readers turn surrogates into one character and some into two; U+0000 ends a text for some.
            _ if is_code => match u32::from_str_radix(code, 16).ok().and_then(char::from_u32) {
                Some(c) if c != '\0' => c,
                _ => return refuse(self.line, format!("escape of U+{code}, which is not a character")),
            },
            _ => return refuse(self.line, "an escape that is not valid YAML, or U+0000"),
        };
        text.push(c);
        self.at += 2 + digits;
        Ok(())
    }

    /// A text after `|` or `>`, in a collection with the indentation `parent`, -1 for none.
    pub fn block(&mut self, parent: isize) -> Result<String, PlanError> {
        let is_folded = self.peek() == b'>';
        self.at += 1;
        let (mut chomping, mut increment) = (0, 0);
        while let byte @ (b'+' | b'-' | b'1'..=b'9') = self.peek() {
            let seen = if byte.is_ascii_digit() { &mut increment } else { &mut chomping };
            if std::mem::replace(seen, byte) != 0 {
                return refuse(self.line, "a block text has two indicators for indentation or for its end");
            }
            self.at += 1;
        }
        self.eat(|byte| byte == b' ');
        if self.peek() == b'#' && self.text.as_bytes()[self.at - 1] == b' ' {
            self.eat(|byte| !is_break(byte));
        }
        if !self.eat_break() && !self.is_end() {
            return refuse(self.line, "text after `|` or `>`: start it on the next line");
        }
        let least = usize::try_from(parent + 1).unwrap_or(0).max(1);
        let (mut breaks, mut indent) = (String::new(), least);
        if increment == 0 {
            let mut deepest = 0;
            loop {
                self.eat(|byte| byte == b' ');
                deepest = deepest.max(self.column());
                if !self.eat_break() {
                    break;
                }
                breaks.push('\n');
            }
            indent = least.max(deepest);
        } else {
            indent += usize::from(increment - b'1');
            breaks = self.block_breaks(indent);
        }
        let mut text = String::new();
        let mut has_break = false;
        while self.column() == indent && !self.is_end() {
            text.push_str(&breaks);
            let is_normal = !is_space(self.peek());
            text.push_str(self.eat(|byte| !is_break(byte)));
            has_break = self.eat_break();
            breaks = self.block_breaks(indent);
            if self.column() != indent || self.is_end() {
                break;
            }
            if !(is_folded && has_break && is_normal && !is_space(self.peek())) {
                text.push('\n');
            } else if breaks.is_empty() {
                text.push(' ');
            }
        }
        if chomping != b'-' && has_break {
            text.push('\n');
        }
        if chomping == b'+' {
            text.push_str(&breaks);
        }
        Ok(text)
    }

    /// Empty lines inside a block text.
    fn block_breaks(&mut self, indent: usize) -> String {
        let mut breaks = String::new();
        loop {
            while self.column() < indent && self.peek() == b' ' {
                self.at += 1;
            }
            if !self.eat_break() {
                return breaks;
            }
            breaks.push('\n');
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
