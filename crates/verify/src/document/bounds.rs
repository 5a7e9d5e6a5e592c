//! Bounds: limits depth and density of a text before a parser allocates memory for it.
//!
//! A parser allocates memory per token, and some tokens have one byte: 8 MB of TOML use 650 MB as `1,1,1,…`.
//! The counts here use no memory, and are never below those of the parser.

use crate::limits::{JSON_FREE_VALUES, JSON_VALUE_BYTES, TOML_DEPTH_MAX, TOML_FREE_BYTES, TOML_TOKEN_BYTES};

/// Why a text is not parsed: the line, from 1, and the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exceeded {
    /// The line.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// The result of counting a TOML text.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Toml {
    /// Tokens: punctuation, texts, white space and line ends.
    pub tokens: u64,
}

/// Counts the tokens of a TOML text; refuses one with too much nesting or too many tokens.
pub fn toml(text: &str) -> Result<Toml, Exceeded> {
    let too_many = |line| Exceeded {
        line,
        message: format!("the document has too many values for its size of {} bytes", text.len()),
    };
    let most = (TOML_FREE_BYTES + 3 * text.len() as u64) / TOML_TOKEN_BYTES;
    let mut scan = Scan::new(text.as_bytes());
    let mut counted = Toml::default();
    while let Some(token) = scan.next() {
        counted.tokens += 1;
        if counted.tokens > most {
            return Err(too_many(scan.line));
        }
        scan.nest(token).map_err(|message| Exceeded { line: scan.line, message })?;
    }
    Ok(counted)
}

/// The start offsets of the parts of a TOML text: each part starts with a header of an array of tables,
/// `[[…]]`, and has at least this many bytes, except the last.
pub fn toml_parts(text: &str, bytes: usize) -> Vec<usize> {
    let mut scan = Scan::new(text.as_bytes());
    let (mut parts, mut is_line_start) = (Vec::new(), true);
    while let Some(token) = scan.next() {
        let here = scan.token_start;
        let is_header = is_line_start && token == Token::Open && text.as_bytes()[here..].starts_with(b"[[");
        // Inside an array, `[[` is not a header: it opens two arrays.
        if is_header && scan.depth == 0 && parts.last().is_none_or(|last| here >= last + bytes) {
            parts.push(here);
        }
        is_line_start = token == Token::LineEnd || is_line_start && token == Token::Blank;
        let _ = scan.nest(token);
    }
    parts
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Dot,
    LineEnd,
    Blank,
    /// A comma, an equals sign.
    Other,
    /// A key, a value, a comment.
    Text,
}

/// Scans the tokens of a TOML text (TOML 1.1). Invalid TOML has tokens too.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    token_start: usize,
    line: usize,
    depth: usize,
    key_parts: usize,
}

impl<'a> Scan<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, token_start: 0, line: 1, depth: 0, key_parts: 0 }
    }

    fn next(&mut self) -> Option<Token> {
        self.token_start = self.at;
        let first = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(match first {
            b'[' | b'{' => Token::Open,
            b']' | b'}' => Token::Close,
            b'.' => Token::Dot,
            b'\n' => {
                self.line += 1;
                Token::LineEnd
            }
            b',' | b'=' => Token::Other,
            b' ' | b'\t' => {
                self.skip_while(|byte| matches!(byte, b' ' | b'\t'));
                Token::Blank
            }
            b'#' => {
                self.skip_while(|byte| byte != b'\n');
                Token::Text
            }
            b'"' | b'\'' => {
                self.skip_string(first);
                Token::Text
            }
            _ => {
                self.skip_while(|byte| !b"[]{}.\n,= \t#\"'".contains(&byte));
                Token::Text
            }
        })
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(|byte| wanted(*byte)) {
            self.at += 1;
        }
    }

    /// Moves to the end of a string; a single-line string ends at the end of the line at the latest.
    fn skip_string(&mut self, quote: u8) {
        let long = [quote; 3];
        let is_long = self.bytes[self.token_start..].starts_with(&long);
        self.at = self.token_start + if is_long { 3 } else { 1 };
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' if quote == b'"' => {
                    // An escape can be for the end of a line.
                    self.line += usize::from(self.bytes.get(self.at + 1) == Some(&b'\n') && is_long);
                    self.at += if self.bytes.get(self.at + 1) == Some(&b'\n') && !is_long { 1 } else { 2 };
                }
                b'\n' if !is_long => return,
                _ if is_long && self.bytes[self.at..].starts_with(&long) => {
                    self.at += 3;
                    // Up to two more quotes belong to the string.
                    for _ in 0..2 {
                        self.at += usize::from(self.bytes.get(self.at) == Some(&quote));
                    }
                    return;
                }
                _ if *byte == quote && !is_long => {
                    self.at += 1;
                    return;
                }
                _ => {
                    self.line += usize::from(*byte == b'\n');
                    self.at += 1;
                }
            }
        }
        self.at = self.bytes.len();
    }

    /// Tracks the nesting, and the parts of a key.
    fn nest(&mut self, token: Token) -> Result<(), String> {
        match token {
            Token::Open => self.depth += 1,
            Token::Close => self.depth = self.depth.saturating_sub(1),
            Token::Dot => self.key_parts += 1,
            Token::Text | Token::Blank => {}
            Token::LineEnd | Token::Other => self.key_parts = 0,
        }
        if self.depth > TOML_DEPTH_MAX || self.key_parts >= TOML_DEPTH_MAX {
            return Err(format!("nested deeper than {TOML_DEPTH_MAX} levels"));
        }
        Ok(())
    }
}

/// A JSON text with more values than one of its size can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it has {values} values, too many for its size of {bytes} bytes")]
pub struct TooManyValues {
    values: u64,
    bytes: usize,
}

/// Counts the values of a JSON text; refuses one with too many for its size.
pub fn json(bytes: &[u8]) -> Result<u64, TooManyValues> {
    let most = JSON_FREE_VALUES + bytes.len() as u64 / JSON_VALUE_BYTES;
    let (mut values, mut is_text, mut is_escaped) = (1, false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b',' | b'[' | b'{' if !is_text => values += 1,
            _ => {}
        }
    }
    if values > most {
        return Err(TooManyValues { values, bytes: bytes.len() });
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> u64 {
        toml(text).unwrap().tokens
    }

    #[test]
    fn tokens_are_counted_as_a_parser_counts_them() {
        assert_eq!(tokens("a = 1\n"), 6);
        assert_eq!(tokens("a='x # [[ y'\n"), 4);
        assert_eq!(tokens("a = \"\"\"\nb = [1]\n\\\"\"\"\"\nc=2"), 9);
        assert_eq!(tokens("a = '''\n'''''\n"), 6);
        assert_eq!(tokens("# 'no string\na=1\n"), 6);
        assert_eq!(tokens("a = \"no end\nb=1\n"), 10);
        assert_eq!(tokens("a = \"no end\\\nb=1\n"), 10);
        assert_eq!(tokens("[[a.b]]\n"), 8);
    }

    #[test]
    fn what_takes_more_memory_than_its_size_allows_is_refused() {
        let count = 1 << 20;
        for text in ["1,", "{},", "a=1\n", "\n", "#\n", "[[x]]\n", "\"\","] {
            let dense = format!("x = [{}", text.repeat(count / text.len() * 2));
            assert!(toml(&dense).unwrap_err().message.contains("too many values"), "{text:?}");
        }
        let honest =
            "[[job]]\njob = \"arn:countersign:signer::acme:/signing-jobs/3f2b8c1e\"\n".repeat(20_000);
        assert!(toml(&honest).is_ok());
        assert!(toml(&format!("x = '{}'", "[,.".repeat(count))).is_ok());
    }

    #[test]
    fn nesting_has_a_limit() {
        for text in [
            format!("x = {}", "[".repeat(33)),
            format!("x = {}", "{a=".repeat(33)),
            format!("{}a = 1", "a.".repeat(33)),
            format!("[{}a]", "a . ".repeat(33)),
            format!("{}a = 1", "'x'.".repeat(33)),
        ] {
            assert_eq!(toml(&text).unwrap_err().message, "nested deeper than 32 levels", "{text}");
        }
        assert!(toml(&"x = [[1.5, 1.5], [1.5]]\na.b.c = 1.5\n".repeat(100)).is_ok());
    }

    #[test]
    fn parts_begin_with_the_header_of_a_list() {
        let text = "a = 1\n[[x]]\nb = [\n[[1]],\n]\ns = '''\n[[y]]\n'''\n  [[z]]\n[t]\n[[x]]";
        let parts = toml_parts(text, 0);
        assert_eq!(
            parts.iter().map(|at| &text[*at..at + 5]).collect::<Vec<_>>(),
            ["[[x]]", "[[z]]", "[[x]]"]
        );
        assert_eq!(toml_parts(text, 1000).len(), 1);
    }

    #[test]
    fn values_of_json_are_counted_outside_of_texts() {
        assert_eq!(json(br#"{"a": "[,{\"", "b": [1, 2]}"#), Ok(5));
        assert!(json(format!("[{}]", r#""","#.repeat(1 << 20)).as_bytes()).is_err());
        assert!(json(format!("[\"{}\"]", ",[".repeat(1 << 20)).as_bytes()).is_ok());
    }
}
