//! Values of a plan: what JSON and YAML both say, with every key once, under a limit of weight.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::PlanError;
use crate::limits::{PLAN_NODE_BYTES, PLAN_WEIGHT_MAX};

/// An object's members by name.
pub type Map = BTreeMap<String, Node>;

/// A value. Numbers and truth values are their text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Null, or nothing written.
    Null,
    /// A text, a number, `true` or `false`.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// An object.
    Map(Map),
}

impl Node {
    /// The text, if it is one and not empty.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The object, if it is one.
    pub fn map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list's values; none if it is no list.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Whether there is nothing: tools write null, an empty text or an empty list for what is not set.
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Scalar(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Map(_) => false,
        }
    }

    /// What the value weighs, with everything in it.
    pub fn weight(&self) -> u64 {
        let inner: u64 = match self {
            Self::Null => 0,
            Self::Scalar(text) => text.len() as u64,
            Self::List(items) => items.iter().map(Self::weight).sum(),
            Self::Map(map) => map.iter().map(|(key, value)| key.len() as u64 + value.weight()).sum(),
        };
        PLAN_NODE_BYTES + inner
    }
}

/// What a document may still weigh.
pub struct Budget(Cell<u64>);

impl Budget {
    pub fn of(weight: u64) -> Self {
        Self(Cell::new(weight))
    }

    /// Takes what a value weighs, before it is made.
    pub fn take(&self, weight: u64) -> Result<(), &'static str> {
        let rest = self.0.get().checked_sub(weight);
        self.0.set(rest.ok_or("it holds more than any honest plan")?);
        Ok(())
    }
}

/// Whether the text is JSON rather than YAML, by its first character; YAML in braces is read as JSON.
pub fn is_json(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| matches!(byte, b'{' | b'['))
}

/// Reads JSON; the reader itself refuses what is nested too deep.
pub fn from_json(bytes: &[u8]) -> Result<Node, PlanError> {
    let malformed = |error: serde_json::Error| PlanError::Malformed(error.to_string());
    let budget = Budget::of(PLAN_WEIGHT_MAX);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let node = Reading(&budget).deserialize(&mut reader).map_err(malformed)?;
    reader.end().map_err(malformed)?;
    Ok(node)
}

#[derive(Clone, Copy)]
struct Reading<'a>(&'a Budget);

impl Reading<'_> {
    fn take<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.take(PLAN_NODE_BYTES + text.len() as u64).map_err(E::custom)
    }

    fn scalar<E: Error>(self, text: String) -> Result<Node, E> {
        self.take(&text)?;
        Ok(Node::Scalar(text))
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Node, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        self.take("")?;
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        self.scalar(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        self.scalar(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        self.scalar(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        self.scalar(value.to_string())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        self.scalar(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        self.take("")?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        self.take("")?;
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            self.take(&key)?;
            let value = access.next_value_seed(self)?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("{key:?} is given twice")));
            }
            map.insert(key, value);
        }
        Ok(Node::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        from_json(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_key_stands_once() {
        assert!(error(r#"{"a": {"b": 1, "b": 2}}"#).contains("\"b\" is given twice"));
    }

    #[test]
    fn depth_and_weight_have_an_end() {
        assert!(error(&"[".repeat(1_000_000)).contains("recursion limit"));
        let wide = format!("[{}0]", "0,".repeat(10_000_000));
        assert!(error(&wide).contains("more than any honest plan"));
    }
}
