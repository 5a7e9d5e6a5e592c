//! Escapes: makes untrusted names and messages safe to show.

use std::borrow::Cow;
use std::fmt::Write;

pub use crate::shown::line;
use crate::shown::{is_second_hash, obeyed, push_escaped};

/// A text of several lines, each escaped by [`line()`].
pub fn lines(text: &str) -> String {
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// A JSON text without characters that a terminal interprets, except line feeds between tokens.
///
/// Such characters occur only inside strings, where `\\uXXXX` means the same; so do two `#`.
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = '\0';
    for c in text.chars() {
        if c == '\n' || !(obeyed(c) || is_second_hash(before, c)) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
        before = c;
    }
    out
}

/// A text of one or several lines for XML, as content or in quotes; each line as by [`line()`].
///
/// XML 1.0 allows every remaining character except two.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in lines(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => push_escaped(&mut out, c),
            _ => out.push(c),
        }
    }
    out
}

/// A text as a code span of GitHub's Markdown, escaped by [`line()`].
///
/// Nothing in a code span is a link, an image, an element or a mention. A `|` would end a table cell even
/// there, in ways in which readers differ, so it is written as `\u{7c}`.
pub fn code_span(text: &str) -> String {
    let text = line(text).replace('|', "\\u{7c}");
    let text = if text.is_empty() { "(nothing)" } else { &text };
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // One space is removed at each end, if both have one and there is more.
    let padded =
        text.starts_with('`') || text.ends_with('`') || (text.starts_with(' ') && text.ends_with(' '));
    let space = if padded && text.trim() != "" { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// At most this many characters of a text; an ellipsis replaces the rest.
pub fn shortened(text: &str, chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_json_means_the_same() {
        let value = serde_json::json!({ "a\u{202e}b": "\u{9b}31m \u{e0001} naïve\u{7f} ##[add-mask]" });
        let text = json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(text.chars().all(|c| c == '\n' || !obeyed(c)) && !text.contains("##"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn xml_has_no_markup_and_no_character_that_it_forbids() {
        assert_eq!(xml("<a b='\"&\u{ffff}\u{0}\n]]>"), "&lt;a b=&apos;&quot;&amp;\\u{ffff}\\u{0}\n]]&gt;");
    }

    #[test]
    fn a_code_span_ends_where_its_text_does() {
        assert_eq!(code_span("a.zip"), "`a.zip`");
        assert_eq!(code_span("a`b``c"), "```a`b``c```");
        assert_eq!(code_span("`a"), "`` `a ``");
        assert_eq!(code_span(" a "), "`  a  `");
        assert_eq!(code_span("a\\|b\n"), "`a\\\\u{7c}b\\u{a}`");
        assert_eq!(code_span(""), "`(nothing)`");
    }

    #[test]
    fn every_line_is_looked_at() {
        assert_eq!(lines("a\n::stop-commands::x"), "a\n\\u{3a}:stop-commands::x");
    }
}
