//! Escapes: names and messages that came from outside, made harmless where they are shown.

use std::fmt::Write;

/// A text for a terminal or a log: one line, with nothing that a terminal or a CI log obeys.
///
/// Control characters (with ESC and CR), line separators and the characters that reorder text are
/// written as `\u{…}`; so is the first of two colons at the start of a line, which begins a
/// workflow command on some CI systems.
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    if text.trim_start().starts_with("::") {
        out.push_str("\\u{3a}");
        escape_into(&mut out, &text.trim_start()[1..]);
    } else {
        escape_into(&mut out, text);
    }
    out
}

/// A text of several lines, each made harmless as by [`line()`].
pub fn lines(text: &str) -> String {
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A JSON text in which no character is left that a terminal obeys, but for line feeds between tokens.
///
/// Such characters stand only inside strings, where `\\uXXXX` means the same.
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || !obeyed(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        if obeyed(c) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
}

/// Whether a terminal or log may act on the character: Unicode's controls, line and paragraph
/// separators, bidirectional controls (UAX 9) and invisible formatting.
fn obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_obeyed_is_left() {
        assert_eq!(line("a\x1b[31mb\r"), "a\\u{1b}[31mb\\u{d}");
        assert_eq!(line("\u{202e}txt.exe"), "\\u{202e}txt.exe");
        assert_eq!(line("::set-output name=x::y"), "\\u{3a}:set-output name=x::y");
        assert_eq!(line(" \n::error::"), "\\u{3a}:error::");
        assert_eq!(line("naïve – ☃"), "naïve – ☃");
    }

    #[test]
    fn escaped_json_means_the_same() {
        let value = serde_json::json!({ "a\u{202e}b": "\u{9b}31m \u{e0001} naïve\u{7f}" });
        let text = json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(text.chars().all(|c| c == '\n' || !obeyed(c)), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn every_line_is_looked_at() {
        assert_eq!(lines("a\n::stop-commands::x"), "a\n\\u{3a}:stop-commands::x");
    }
}
