//! The second reader: the same template by the rules of YAML 1.2, which must give the same result.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::PlanError;
use super::cursor::refuse;

/// The tag handle of YAML's own types, as in `!!str`.
const CORE: &str = "tag:yaml.org,2002:";

/// What the first reader found.
#[derive(Debug, Clone, Copy)]
pub enum Found<'a> {
    Start,
    Scalar { text: &'a str, is_plain: bool },
    Alias(usize),
    List,
    ListEnd,
    Map,
    MapEnd,
    End,
}

/// An anchor and a tag before a value.
#[derive(Debug, Default)]
pub struct Properties<'t> {
    /// The anchor, and its number in the document.
    pub anchor: Option<(&'t str, usize)>,
    /// A short tag without its `!`; `!str` for `!!str`.
    pub tag: Option<&'t str>,
}

impl Properties<'_> {
    /// Whether there is no anchor and no tag.
    pub fn is_empty(&self) -> bool {
        self.anchor.is_none() && self.tag.is_none()
    }
}

/// A reader of YAML 1.2, one token behind.
pub struct Second<'t>(Parser<'t, StrInput<'t>>);

impl<'t> Second<'t> {
    /// A reader of this text.
    pub fn new(text: &'t str) -> Self {
        Self(Parser::new_from_str(text))
    }

    /// Checks that the 1.2 reader finds the same token.
    pub fn check(
        &mut self,
        line: u32,
        found: Found<'_>,
        properties: &Properties<'_>,
    ) -> Result<(), PlanError> {
        let same = match self.next(line)? {
            Event::DocumentStart(_) => matches!(found, Found::Start),
            Event::Scalar(theirs, style, anchor, tag) => {
                let is_same = |text: &str, is_plain: bool| {
                    *text == *theirs && is_plain == (style == ScalarStyle::Plain)
                };
                matches!(found, Found::Scalar { text, is_plain } if is_same(text, is_plain))
                    && has(properties, anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => matches!(found, Found::List) && has(properties, anchor, tag),
            Event::MappingStart(anchor, tag) => matches!(found, Found::Map) && has(properties, anchor, tag),
            Event::Alias(theirs) => matches!(found, Found::Alias(ours) if ours == theirs),
            Event::SequenceEnd => matches!(found, Found::ListEnd),
            Event::MappingEnd => matches!(found, Found::MapEnd),
            Event::DocumentEnd => matches!(found, Found::End) && matches!(self.next(line)?, Event::StreamEnd),
            Event::StreamEnd | Event::StreamStart | Event::Nothing => false,
        };
        if same {
            Ok(())
        } else {
            refuse(line, "YAML 1.1 and YAML 1.2 read this differently: quote the text")
        }
    }

    fn next(&mut self, line: u32) -> Result<Event<'t>, PlanError> {
        loop {
            match self.0.next_event() {
                Some(Ok((Event::StreamStart | Event::Nothing, _))) => {}
                Some(Ok((event, _))) => return Ok(event),
                Some(Err(error)) => return Err(malformed(&error)),
                None => return refuse(line, "it ends early"),
            }
        }
    }
}

fn malformed(error: &ScanError) -> PlanError {
    PlanError::Malformed(format!(
        "line {}: PyYAML reads this, but readers of YAML 1.2 do not ({})",
        error.marker().line(),
        error.info()
    ))
}

/// Whether the 1.2 reader found the same anchor and tag.
fn has(properties: &Properties<'_>, anchor: usize, tag: Option<Cow<'_, Tag>>) -> bool {
    let same_tag = match (&properties.tag, &tag) {
        (None, None) => true,
        (Some("!str"), Some(tag)) => tag.handle == CORE && tag.suffix == "str",
        (Some(name), Some(tag)) => tag.handle == "!" && tag.suffix == *name,
        _ => false,
    };
    anchor == properties.anchor.map_or(0, |(_, id)| id) && same_tag
}
