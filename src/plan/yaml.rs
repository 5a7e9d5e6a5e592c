//! YAML of templates: one document, plain values, CloudFormation's short tags, aliases under a limit.
//!
//! The parser gives events; what is made of them here refuses what two readers could read differently:
//! several documents, keys given twice, keys that are no text, tags that nobody knows.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::PlanError;
use super::node::{Budget, Map, Node};
use crate::limits::{PLAN_DEPTH_MAX, PLAN_NODE_BYTES, TEMPLATE_WEIGHT_MAX};

/// The tag handle of YAML's own types, as `!!str`.
const CORE: &str = "tag:yaml.org,2002:";

/// Reads a template.
pub fn read(bytes: &[u8]) -> Result<Node, PlanError> {
    let text = std::str::from_utf8(bytes).map_err(|_| PlanError::Malformed("it is not UTF-8 text".into()))?;
    let (events, anchors) = (Parser::new_from_str(text), BTreeMap::new());
    Reader { events, anchors, budget: Budget::of(TEMPLATE_WEIGHT_MAX) }.document()
}

struct Reader<'t> {
    events: Parser<'t, saphyr_parser::StrInput<'t>>,
    anchors: BTreeMap<usize, Node>,
    budget: Budget,
}

fn at(span: Span, message: impl std::fmt::Display) -> PlanError {
    PlanError::Malformed(format!("line {}: {message}", span.start.line()))
}

fn scan(error: ScanError) -> PlanError {
    PlanError::Malformed(format!("line {}: {}", error.marker().line(), error.info()))
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), PlanError> {
        let ended = || PlanError::Malformed("it ends early".into());
        self.events.next_event().ok_or_else(ended)?.map_err(scan)
    }

    fn document(&mut self) -> Result<Node, PlanError> {
        let mut found = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
                Event::DocumentStart(_) if found.is_some() => {
                    return Err(at(span, "a second document begins"));
                }
                Event::DocumentStart(_) => {
                    let (event, span) = self.next()?;
                    found = Some(self.node(event, span, 0)?);
                }
                Event::StreamEnd => {
                    return found.ok_or_else(|| PlanError::Malformed("it is empty".into()));
                }
                _ => return Err(at(span, "a value stands outside of the document")),
            }
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, PlanError> {
        if depth > PLAN_DEPTH_MAX {
            return Err(at(span, format!("it is nested deeper than {PLAN_DEPTH_MAX}")));
        }
        let (node, anchor, tag) = match event {
            Event::Alias(id) => {
                let named = self.anchors.get(&id);
                let node = named.ok_or_else(|| at(span, "an alias stands inside of what it names"))?;
                self.budget.take(node.weight()).map_err(|why| at(span, why))?;
                return Ok(node.clone());
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.take(text.len(), span)?;
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let null = plain && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                (if null { Node::Null } else { Node::Scalar(text.into_owned()) }, anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => (Node::List(self.list(span, depth)?), anchor, tag),
            Event::MappingStart(anchor, tag) => (Node::Map(self.map(span, depth)?), anchor, tag),
            _ => return Err(at(span, "a value is missing")),
        };
        let node = match tag {
            Some(tag) => self.tagged(&tag, node, span)?,
            None => node,
        };
        if anchor > 0 {
            self.budget.take(node.weight()).map_err(|why| at(span, why))?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn take(&self, text: usize, span: Span) -> Result<(), PlanError> {
        self.budget.take(PLAN_NODE_BYTES + text as u64).map_err(|why| at(span, why))
    }

    fn list(&mut self, span: Span, depth: usize) -> Result<Vec<Node>, PlanError> {
        self.take(0, span)?;
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    /// An object; `<<` brings the members of others, behind the object's own.
    fn map(&mut self, span: Span, depth: usize) -> Result<Map, PlanError> {
        self.take(0, span)?;
        let (mut map, mut merged) = (Map::new(), Vec::new());
        loop {
            let (key, span) = match self.next()? {
                (Event::MappingEnd, _) => break,
                (Event::Scalar(key, style, 0, None), span) => {
                    if key == "<<" && style == ScalarStyle::Plain {
                        let (event, span) = self.next()?;
                        merged.push((self.node(event, span, depth + 1)?, span));
                        continue;
                    }
                    (key.into_owned(), span)
                }
                (_, span) => return Err(at(span, "a key is no plain text")),
            };
            self.take(key.len(), span)?;
            let (event, inner) = self.next()?;
            let value = self.node(event, inner, depth + 1)?;
            if map.contains_key(&key) {
                return Err(at(span, format!("{key:?} is given twice")));
            }
            map.insert(key, value);
        }
        for (node, span) in merged {
            let several = if let Node::List(items) = node { items } else { vec![node] };
            for each in several {
                let Node::Map(members) = each else { return Err(at(span, "`<<` merges what is no object")) };
                for (key, value) in members {
                    map.entry(key).or_insert(value);
                }
            }
        }
        Ok(map)
    }

    /// `!Ref x` is `{"Ref": x}`, and every other short tag `!Sub x` is `{"Fn::Sub": x}`.
    fn tagged(&self, tag: &Tag, node: Node, span: Span) -> Result<Node, PlanError> {
        let name = match (tag.handle.as_str(), tag.suffix.as_str()) {
            (CORE, "str" | "int" | "float" | "bool" | "null" | "map" | "seq") => return Ok(node),
            ("!", name @ ("Ref" | "Condition")) => name.to_owned(),
            ("!", name) if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                format!("Fn::{name}")
            }
            _ => {
                return Err(at(
                    span,
                    format!("tag {:?} is not known", format!("{}{}", tag.handle, tag.suffix)),
                ));
            }
        };
        self.take(name.len(), span)?;
        Ok(Node::Map(Map::from([(name, node)])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Node {
        super::super::node::from_json(text.as_bytes()).unwrap()
    }

    fn error(text: &str) -> String {
        read(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn short_tags_are_the_long_form() {
        let yaml = "A: !Ref X\nB: !Sub 'a-${X}'\nC: !GetAtt A.Arn\nD: !If [P, 1, !Ref 'AWS::NoValue']\nE: !!str 5\nF: ~\nG: ''\n";
        let long = r#"{"A": {"Ref": "X"}, "B": {"Fn::Sub": "a-${X}"}, "C": {"Fn::GetAtt": "A.Arn"},
            "D": {"Fn::If": ["P", 1, {"Ref": "AWS::NoValue"}]}, "E": "5", "F": null, "G": ""}"#;
        assert_eq!(read(yaml.as_bytes()).unwrap(), json(long));
    }

    #[test]
    fn merges_bring_what_is_not_there() {
        let yaml = "x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz:\n  <<: [*x, {c: 4}]\n";
        let long = r#"{"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}, "z": {"a": 1, "b": 2, "c": 4}}"#;
        assert_eq!(read(yaml.as_bytes()).unwrap(), json(long));
    }

    #[test]
    fn bombs_go_off_in_little_memory() {
        let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
        for level in 1..20 {
            let many = vec![format!("*a{}", level - 1); 10].join(", ");
            laughs.push_str(&format!("a{level}: &a{level} [{many}]\n"));
        }
        assert!(error(&laughs).contains("more than any honest plan"));
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 1000].join(","));
        assert!(error(&long).contains("more than any honest plan"));
        assert!(error("a: &a [*a]\n").contains("inside of what it names"));
        assert!(error(&format!("a: {}", "[".repeat(200_000))).contains("recursion limit"));
        assert!(error(&format!("a: {}", "{b: ".repeat(200_000))).contains("nested deeper"));
        assert!(
            error(&(0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>())
                .contains("nested deeper")
        );
    }

    #[test]
    fn what_two_readers_read_differently_is_refused() {
        for (text, words) in [
            ("a: 1\na: 2\n", "\"a\" is given twice"),
            ("a: 1\n---\nb: 2\n", "second document"),
            ("? [a]\n: 1\n", "no plain text"),
            ("? !Ref a\n: 1\n", "no plain text"),
            ("a: !<tag:example.com,2000:x> 1\n", "is not known"),
            ("<<: 5\n", "no object"),
            ("", "empty"),
            ("a: [1\n", "line "),
        ] {
            assert!(error(text).contains(words), "{text:?}: {}", error(text));
        }
        assert!(read(b"a: \xff").is_err());
    }
}
