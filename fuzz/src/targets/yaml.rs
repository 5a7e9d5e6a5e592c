//! A second reader of YAML templates: libyaml's parser, with what PyYAML and the tools on top of it make of its events.
//!
//! libyaml reads YAML 1.1, as do PyYAML, the AWS CLI and SAM. Of two equal keys the last one counts, `<<` merges, and a
//! short tag such as `!Ref` is the long form (`intrinsics_multi_constructor` of the AWS CLI). Scalars become texts: those
//! that YAML 1.1 takes for a number or a truth value become the text of that value.

use std::collections::BTreeMap;
use std::rc::Rc;

use libyaml_safer::{Event, EventData, Parser, ScalarStyle};
use serde_json::Value;

/// The most values that are built: beyond it there is no second opinion.
const VALUES_MAX: usize = 100_000;

/// The deepest nesting that is read.
const DEPTH_MAX: usize = 120;

const CORE: &str = "tag:yaml.org,2002:";

/// Why there is no value.
#[derive(Debug, PartialEq)]
pub enum Refusal {
    /// The tools refuse the document.
    Refused(String),
    /// There is no second opinion: it unfolds to more than is compared, or ends within a line.
    Unknown,
}

/// A value, before equal keys are settled.
struct Node {
    tag: Option<String>,
    kind: Kind,
}

enum Kind {
    Scalar { text: String, plain: bool },
    List(Vec<Rc<Node>>),
    Map(Vec<(String, Rc<Node>)>),
}

/// Reads a document as JSON.
pub fn read(bytes: &[u8]) -> Result<Value, Refusal> {
    // This port of libyaml panics where a text in several lines ends without a line feed.
    if !bytes.ends_with(b"\n") {
        return Err(Refusal::Unknown);
    }
    let mut input = bytes;
    let mut events = Parser::new();
    events.set_input_string(&mut input);
    let mut reader = Reader { events, anchors: BTreeMap::new() };
    let node = reader.document()?;
    let mut left = VALUES_MAX;
    json(&node, &mut left)
}

fn refused<T>(why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Refused(why.into()))
}

struct Reader<'r, 'b> {
    events: Parser<&'r mut &'b [u8]>,
    anchors: BTreeMap<String, Rc<Node>>,
}

impl Reader<'_, '_> {
    fn next(&mut self) -> Result<EventData, Refusal> {
        let event: Event = self.events.parse().or_else(|error| refused(error.to_string()))?;
        Ok(event.data)
    }

    fn document(&mut self) -> Result<Rc<Node>, Refusal> {
        let mut found = None;
        loop {
            match self.next()? {
                EventData::StreamEnd => return found.map_or_else(|| refused("it is empty"), Ok),
                EventData::DocumentStart { .. } if found.is_some() => return refused("two documents"),
                EventData::DocumentStart { .. } => {
                    let event = self.next()?;
                    found = Some(self.node(event, 0)?);
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, event: EventData, depth: usize) -> Result<Rc<Node>, Refusal> {
        if depth > DEPTH_MAX {
            return Err(Refusal::Unknown);
        }
        let (anchor, tag, kind) = match event {
            EventData::Alias { anchor } => {
                let named = self.anchors.get(&anchor);
                return named.map_or_else(|| refused("an alias without an anchor"), |node| Ok(node.clone()));
            }
            EventData::Scalar { anchor, tag, value, style, .. } => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                (anchor, tag, Kind::Scalar { text: value, plain })
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        EventData::SequenceEnd => break,
                        event => items.push(self.node(event, depth + 1)?),
                    }
                }
                (anchor, tag, Kind::List(items))
            }
            EventData::MappingStart { anchor, tag, .. } => (anchor, tag, Kind::Map(self.map(depth)?)),
            other => return refused(format!("{other:?} where a value is expected")),
        };
        let tag = tag.filter(|tag| tag != "!");
        let node = Rc::new(Node { tag, kind });
        if let Some(anchor) = anchor {
            // The composer refuses a second anchor of the same name.
            if self.anchors.insert(anchor, node.clone()).is_some() {
                return refused("an anchor is given twice");
            }
        }
        Ok(node)
    }

    /// A mapping's members, those of merges first (`SafeConstructor.flatten_mapping`).
    fn map(&mut self, depth: usize) -> Result<Vec<(String, Rc<Node>)>, Refusal> {
        let (mut own, mut merged) = (Vec::new(), Vec::new());
        loop {
            let event = self.next()?;
            if event == EventData::MappingEnd {
                merged.extend(own);
                return Ok(merged);
            }
            let key = self.node(event, depth + 1)?;
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            match (&key.kind, key.tag.as_deref()) {
                (Kind::Scalar { text, plain: true }, None) if text == "<<" => {
                    merge(&value, &mut merged)?;
                }
                (Kind::Scalar { .. }, Some("tag:yaml.org,2002:merge")) => merge(&value, &mut merged)?,
                (Kind::Scalar { .. }, tag) if tag.is_none_or(|tag| tag.starts_with(CORE)) => {
                    own.push((scalar(&key)?.unwrap_or_else(|| "null".into()), value));
                }
                _ => return refused("a key is no scalar"),
            }
        }
    }
}

fn merge(value: &Node, merged: &mut Vec<(String, Rc<Node>)>) -> Result<(), Refusal> {
    match &value.kind {
        // Whatever tag it has.
        Kind::Map(members) => merged.extend(members.iter().cloned()),
        Kind::List(items) => {
            for item in items.iter().rev() {
                let Kind::Map(members) = &item.kind else { return refused("`<<` merges no mapping") };
                merged.extend(members.iter().cloned());
            }
        }
        Kind::Scalar { .. } => return refused("`<<` merges no mapping"),
    }
    Ok(())
}

/// The text of a scalar's value; nothing for null.
fn scalar(node: &Node) -> Result<Option<String>, Refusal> {
    let Kind::Scalar { text, plain } = &node.kind else { return refused("no scalar") };
    let core = node.tag.as_deref().and_then(|tag| tag.strip_prefix(CORE));
    let malformed = || Refusal::Refused(format!("{text:?} is not what its tag says"));
    match core {
        Some("null") => Ok(None),
        Some("int") => integer(text).map(Some).ok_or_else(malformed),
        Some("bool") => truth(&text.to_lowercase()).map(Some).ok_or_else(malformed),
        Some("float") => {
            let digits = text.replace('_', "").to_lowercase();
            digits.parse::<f64>().map(|_| Some(text.clone())).map_err(|_| malformed())
        }
        Some("str") => Ok(Some(text.clone())),
        Some(_) => Err(malformed()),
        None if !plain => Ok(Some(text.clone())),
        None if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") => Ok(None),
        None => {
            // A truth value is in lower case, capitalized or in upper case.
            let lower = text.to_ascii_lowercase();
            let rest = text.get(1..).unwrap_or_default();
            let usual = *text == lower
                || *text == text.to_ascii_uppercase()
                || (text.is_ascii() && *rest == lower[1..]);
            let truth = if text.is_ascii() && usual { truth(&lower) } else { None };
            Ok(Some(truth.or_else(|| integer(text)).unwrap_or_else(|| text.clone())))
        }
    }
}

fn truth(lower: &str) -> Option<String> {
    match lower {
        "yes" | "true" | "on" => Some("true".into()),
        "no" | "false" | "off" => Some("false".into()),
        _ => None,
    }
}

/// The value of what YAML 1.1 takes for an integer: binary, octal, decimal, hexadecimal or base 60.
fn integer(text: &str) -> Option<String> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let plain = digits.replace('_', "");
    let number = if let Some(binary) = plain.strip_prefix("0b") {
        u128::from_str_radix(binary, 2).ok()?
    } else if let Some(hexadecimal) = plain.strip_prefix("0x") {
        u128::from_str_radix(hexadecimal, 16).ok()?
    } else if digits.contains(':') {
        let mut parts = digits.split(':');
        let first = parts.next().filter(|first| first.starts_with(|c: char| matches!(c, '1'..='9')))?;
        let mut number = first.replace('_', "").parse::<u128>().ok()?;
        for part in parts {
            let below_60 = part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            let value = part.parse::<u128>().ok().filter(|value| below_60 && *value < 60)?;
            number = number.checked_mul(60)?.checked_add(value)?;
        }
        number
    } else if digits.len() > 1 && digits.starts_with('0') {
        u128::from_str_radix(&plain, 8).ok()?
    } else {
        let decimal = digits.starts_with(|c: char| c.is_ascii_digit());
        plain.parse::<u128>().ok().filter(|_| decimal && !plain.starts_with('+'))?
    };
    Some(if number == 0 { "0".into() } else { format!("{sign}{number}") })
}

fn json(node: &Node, left: &mut usize) -> Result<Value, Refusal> {
    *left = left.checked_sub(1).ok_or(Refusal::Unknown)?;
    let short = node.tag.as_deref().and_then(|tag| tag.strip_prefix('!'));
    let value = match &node.kind {
        Kind::Scalar { text, .. } if short.is_some() => Value::String(text.clone()),
        Kind::Scalar { .. } => scalar(node)?.map_or(Value::Null, Value::String),
        Kind::List(items) => items.iter().map(|item| json(item, left)).collect::<Result<_, _>>()?,
        Kind::Map(members) => {
            let member = |(key, value): &(String, Rc<Node>)| Ok((key.clone(), json(value, left)?));
            Value::Object(members.iter().map(member).collect::<Result<_, _>>()?)
        }
    };
    if let Some(name) = short {
        let key = if matches!(name, "Ref" | "Condition") { name.into() } else { format!("Fn::{name}") };
        return Ok(Value::Object([(key, value)].into_iter().collect()));
    }
    let core = node.tag.as_deref().map(|tag| tag.strip_prefix(CORE));
    match (&node.kind, core) {
        (Kind::Scalar { .. }, _) | (_, None) => Ok(value),
        (Kind::List(_), Some(Some("seq"))) | (Kind::Map(_), Some(Some("map"))) => Ok(value),
        (_, Some(_)) => refused("a tag is not that of its value"),
    }
}
