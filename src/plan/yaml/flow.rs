//! Brackets and braces: their lines, with the indentation that YAML 1.2 requires.
//!
//! Spaces at the start of a line have no meaning there: between values they separate, and in a text of several lines they
//! are folded. So spaces are inserted only where both readers of the text ignore them.

use std::borrow::Cow;
use std::ops::Range;

use super::PlanError;

/// A value in the outermost brackets or braces.
#[derive(Debug)]
pub struct Flow {
    /// Its bytes in the text.
    pub bytes: Range<usize>,
    /// The least number of spaces before each of its lines.
    pub indent: usize,
}

/// The text, with more spaces before the lines in brackets and braces that are indented too little.
///
/// Errors: the text would have more than twice its size.
pub fn indented<'t>(text: &'t str, flows: &[Flow]) -> Result<Cow<'t, str>, PlanError> {
    let (mut out, mut written, mut inserted) = (String::new(), 0, 0);
    for flow in flows {
        for (at, _) in text[flow.bytes.clone()].match_indices('\n') {
            let start = flow.bytes.start + at + 1;
            let line = &text.as_bytes()[start..];
            let spaces = line.iter().take(flow.indent).take_while(|byte| **byte == b' ').count();
            inserted += flow.indent - spaces;
            if inserted > text.len() {
                return Err(PlanError::Malformed(
                    "its lines in brackets or braces are indented too little: indent them more than their key".into(),
                ));
            }
            out.push_str(&text[written..start]);
            out.push_str(&" ".repeat(flow.indent - spaces));
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
        let flow = |bytes, indent| Flow { bytes, indent };
        let flows = [flow(3..15, 2), flow(19..22, 0)];
        assert_eq!(indented(text, &flows).unwrap(), "a: [\n   b,\n  c\n  ]\nd: [\n]\n");
        assert_eq!(indented(text, &[flow(3..8, 2)]).unwrap(), text);
        assert!(indented(text, &[flow(3..15, 20)]).is_err());
    }
}
