//! The lines of values in brackets, braces and quotes, with the indentation that YAML 1.2 requires.
//!
//! Spaces at the start of a line have no meaning there: between values they separate, and in a text of several lines they
//! are folded. So spaces are inserted only where both readers of the text ignore them.

use std::borrow::Cow;
use std::ops::Range;

use super::PlanError;

/// A value of several lines in the outermost brackets or braces, or in quotes.
#[derive(Debug)]
pub struct Lines {
    /// Its bytes in the text.
    pub bytes: Range<usize>,
    /// The least number of spaces before each of its lines.
    pub indent: usize,
}

/// The text, with more spaces before the lines of these values that are indented too little.
///
/// Errors: the text would have more than twice its size.
pub fn indented<'t>(text: &'t str, values: &[Lines]) -> Result<Cow<'t, str>, PlanError> {
    let (mut out, mut written, mut inserted) = (String::new(), 0, 0);
    for value in values {
        for (at, _) in text[value.bytes.clone()].match_indices('\n') {
            let start = value.bytes.start + at + 1;
            let line = &text.as_bytes()[start..];
            let spaces = line.iter().take(value.indent).take_while(|byte| **byte == b' ').count();
            inserted += value.indent - spaces;
            if inserted > text.len() {
                return Err(PlanError::Malformed(
                    "its lines in brackets, braces or quotes are indented too little: indent them more than their key"
                        .into(),
                ));
            }
            out.push_str(&text[written..start]);
            out.push_str(&" ".repeat(value.indent - spaces));
            written = start;
        }
    }
    if inserted == 0 {
        return Ok(text.into());
    }
    out.push_str(&text[written..]);
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserts_only_the_spaces_that_lack() {
        let text = "a: [\n   b,\n c\n]\nd: [\n]\n";
        let value = |bytes, indent| Lines { bytes, indent };
        let values = [value(3..15, 2), value(19..22, 0)];
        assert_eq!(indented(text, &values).unwrap(), "a: [\n   b,\n  c\n  ]\nd: [\n]\n");
        assert_eq!(indented(text, &[value(3..8, 2)]).unwrap(), text);
        assert!(indented(text, &[value(3..15, 20)]).is_err());
    }
}
