//! Shown: makes untrusted names and texts safe and short for messages.
//!
//! An attacker chooses a name's characters and its length: a line feed in it must not start a new line, and
//! two hundred thousand braces must not scroll the reason away.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::Path;

use crate::limits::{NAMED_CHARS_MAX, PATH_BYTES_MAX};

/// A text for a terminal or a log: one line, without characters that a terminal or a CI log interprets.
///
/// Control characters (with ESC and CR), line separators and the characters that reorder text are written as
/// `\u{…}`. So is the start of a command on some CI systems: the first of two colons at the start of a line,
/// and the second of two `#` anywhere (`##[` on GitHub and `##vso[` on Azure Pipelines).
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

/// A name or another text of at most [`NAMED_CHARS_MAX`] characters: of a longer one its start and its
/// length.
///
/// For texts that are escaped later, as by `{:?}`.
pub fn shortened(text: &str) -> Cow<'_, str> {
    within(text, NAMED_CHARS_MAX)
}

/// At most this many characters of a text; for a longer one also its length.
pub fn within(text: &str, chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars) {
        None => text.into(),
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()).into(),
    }
}

/// A name or another text, shortened, on one line.
pub fn name(text: &str) -> String {
    line(&shortened(text))
}

/// A path, shortened, on one line.
pub fn path(path: &Path) -> String {
    line(&within(&path.to_string_lossy(), PATH_BYTES_MAX))
}

/// The text without secret keys in PEM: an error must not repeat a key that was passed in place of a file
/// name.
///
/// A key without its last line extends to the end.
pub fn without_keys(text: &str) -> Cow<'_, str> {
    const BEGIN: &str = "-----BEGIN ";
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, block)) = rest.split_once(BEGIN) {
        out.push_str(before);
        let is_secret = block.split("-----").next().is_some_and(|label| label.ends_with("PRIVATE KEY"));
        if !is_secret {
            out.push_str(BEGIN);
            rest = block;
            continue;
        }
        out.push_str("(a secret key)");
        let end = block.split_once("-----END ").and_then(|(_, label)| label.split_once("-----"));
        rest = end.map_or("", |(_, after)| after);
    }
    if out.is_empty() {
        return rest.into();
    }
    out.push_str(rest);
    out.into()
}

/// A rendered text for a terminal: keeps its lines, and escapes everything else that a terminal interprets.
///
/// Names in it were escaped when it was rendered; this catches what was forgotten there.
pub fn rendered(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && obeyed(c)) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || !obeyed(c) { out.push(c) } else { push_escaped(&mut out, c) }
    }
    out.into()
}

fn escape_into(out: &mut String, text: &str) {
    let mut before = '\0';
    for c in text.chars() {
        if obeyed(c) || is_second_hash(before, c) {
            push_escaped(out, c)
        } else {
            out.push(c)
        }
        before = c;
    }
}

/// Writes a character as `\u{…}`.
pub fn push_escaped(out: &mut String, c: char) {
    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
}

/// Whether a CI system could treat the two characters as the start of a command.
pub fn is_second_hash(before: char, c: char) -> bool {
    before == '#' && c == '#'
}

/// Whether a terminal or log could interpret the character: Unicode's controls, line and paragraph
/// separators, bidirectional controls (UAX 9) and invisible formatting.
pub fn obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_key_is_left_out() {
        let key = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIG2\n-----END ENCRYPTED PRIVATE KEY-----";
        for (text, shown) in [
            (format!("no key in `{key}`"), "no key in `(a secret key)`"),
            (format!("{key}\nand {key}"), "(a secret key)\nand (a secret key)"),
            ("no key in `-----BEGIN PRIVATE KEY-----\nMIG2\n`".into(), "no key in `(a secret key)"),
            ("not `-----BEGIN PUBLIC KEY-----`".into(), "not `-----BEGIN PUBLIC KEY-----`"),
            ("-----BEGIN ".into(), "-----BEGIN "),
            ("no PEM at all -----END".into(), "no PEM at all -----END"),
        ] {
            assert_eq!(without_keys(&text), shown, "{text}");
        }
    }

    #[test]
    fn nothing_obeyed_is_left() {
        assert_eq!(line("a\x1b[31mb\r"), "a\\u{1b}[31mb\\u{d}");
        assert_eq!(line("\u{202e}txt.exe"), "\\u{202e}txt.exe");
        assert_eq!(line("::set-output name=x::y"), "\\u{3a}:set-output name=x::y");
        assert_eq!(line(" \n::error::"), "\\u{3a}:error::");
        assert_eq!(line("a ##[set-env name=x]y ##vso[z]"), "a #\\u{23}[set-env name=x]y #\\u{23}vso[z]");
        assert_eq!(line("naïve – ☃ #1"), "naïve – ☃ #1");
    }

    #[test]
    fn a_long_text_is_shortened_and_its_length_reported() {
        assert_eq!(shortened("orders"), "orders");
        let long = "{".repeat(200_000);
        let short = name(&long);
        assert!(short.starts_with("{{{{") && short.ends_with("{… (200000 characters)"), "{short}");
        assert!(short.len() < 300, "{}", short.len());
        assert_eq!(within("äöü", 2), "äö… (3 characters)");
    }

    #[test]
    fn a_path_stays_on_its_line() {
        assert_eq!(path(Path::new("a\nerror: b.py")), "a\\u{a}error: b.py");
    }

    #[test]
    fn rendered_lines_stay_and_controls_do_not() {
        assert_eq!(
            rendered("a\n  b\u{1b}[2J\u{7f}\u{9b}\u{202e}\n"),
            "a\n  b\\u{1b}[2J\\u{7f}\\u{9b}\\u{202e}\n"
        );
        assert!(matches!(rendered("# a\n## b\n"), Cow::Borrowed(_)));
    }
}
