//! Values of a plan: the tree that JSON and YAML documents have in common, small enough for large plans.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A value. Numbers and booleans are stored as their text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Null, or no value.
    Null,
    /// A text, a number, `true` or `false`, on which all readers agree.
    Scalar(Arc<str>),
    /// A value on which readers disagree, such as `0644`. Reading its text makes the document refused.
    Ambiguous(Arc<Ambiguous>),
    /// A list.
    List(Vec<Node>),
    /// An object.
    Map(Map),
}

/// A value whose text depends on the reader.
#[derive(Debug)]
pub struct Ambiguous {
    /// As it is written.
    pub text: Arc<str>,
    /// Its line; 0 in JSON.
    pub line: u32,
    was_read: AtomicBool,
}

impl PartialEq for Ambiguous {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.line) == (&other.text, other.line)
    }
}

impl Eq for Ambiguous {}

/// An object's members, sorted by name, each name once; `None` if there are no members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Map(Option<Box<[Member]>>);

/// A member of an object: its name and its value.
pub type Member = (Arc<str>, Node);

impl Node {
    /// A value on which readers disagree.
    pub fn ambiguous(text: Arc<str>, line: u32) -> Self {
        Self::Ambiguous(Arc::new(Ambiguous { text, line, was_read: AtomicBool::new(false) }))
    }

    /// The text, if it is one and not empty. `None` for an ambiguous value, which [`Self::ambiguity_read`]
    /// returns from then on.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(text) if !text.is_empty() => Some(text),
            Self::Ambiguous(value) => {
                value.was_read.store(true, Ordering::Relaxed);
                None
            }
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

    /// The list's values; empty if it is not a list.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Whether there is no value: tools write null, an empty text or an empty list for unset values.
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Scalar(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Map(_) | Self::Ambiguous(_) => false,
        }
    }

    /// The first ambiguous value whose text was read.
    pub fn ambiguity_read(&self) -> Option<&Ambiguous> {
        match self {
            Self::Null | Self::Scalar(_) => None,
            Self::Ambiguous(value) => value.was_read.load(Ordering::Relaxed).then_some(value),
            Self::List(items) => items.iter().find_map(Self::ambiguity_read),
            Self::Map(map) => map.values().find_map(Self::ambiguity_read),
        }
    }

    /// The value as JSON, with every text, number and boolean as a text.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Scalar(text) => (**text).into(),
            Self::Ambiguous(value) => serde_json::json!({ "!ambiguous": &*value.text }),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(map) => map.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect(),
        }
    }

    /// The memory of a copy with all its content, in bytes. Texts are shared, and cost nothing.
    pub fn weight(&self) -> u64 {
        let inner = match self {
            Self::Null | Self::Scalar(_) | Self::Ambiguous(_) => 0,
            Self::List(items) => items.iter().map(Self::weight).sum(),
            Self::Map(map) => map.values().map(|value| size_of::<Arc<str>>() as u64 + value.weight()).sum(),
        };
        2 * size_of::<Self>() as u64 + inner
    }
}

impl Map {
    /// An object without members.
    pub const fn new() -> Self {
        Self(None)
    }

    /// The object of these members; or the index and the name of the first duplicate.
    pub fn of(mut members: Vec<Member>) -> Result<Self, (usize, Arc<str>)> {
        let mut order: Vec<u32> = (0..).take(members.len()).collect();
        let name = |index: u32| &members[index as usize].0;
        order.sort_by(|a, b| name(*a).cmp(name(*b)));
        let again = order.windows(2).filter(|pair| name(pair[0]) == name(pair[1])).map(|pair| pair[1]).min();
        if let Some(again) = again {
            return Err((again as usize, name(again).clone()));
        }
        drop(order);
        members.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(Self(Some(members.into_boxed_slice()).filter(|members| !members.is_empty())))
    }

    /// The value of the member with this name.
    pub fn get(&self, name: &str) -> Option<&Node> {
        let members = self.members();
        let found = members.binary_search_by(|(key, _)| (**key).cmp(name));
        found.ok().map(|index| &members[index].1)
    }

    /// Whether it has a member with this name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets the value of the member with this name.
    pub fn insert(&mut self, name: &str, value: Node) {
        let mut members = self.0.take().map(Vec::from).unwrap_or_default();
        match members.binary_search_by(|(key, _)| (**key).cmp(name)) {
            Ok(index) => members[index].1 = value,
            Err(index) => members.insert(index, (name.into(), value)),
        }
        self.0 = Some(members.into_boxed_slice());
    }

    /// Its members, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.into_iter()
    }

    /// The names of its members, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// The values of its members, sorted by name.
    pub fn values(&self) -> impl Iterator<Item = &Node> {
        self.members().iter().map(|(_, value)| value)
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.members().is_empty()
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.members().len()
    }

    /// Its members as they are stored.
    pub fn members(&self) -> &[Member] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = (&'a str, &'a Node);
    type IntoIter = std::iter::Map<std::slice::Iter<'a, Member>, fn(&'a Member) -> (&'a str, &'a Node)>;

    fn into_iter(self) -> Self::IntoIter {
        self.members().iter().map(|(name, value)| (&**name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_small() {
        assert_eq!((size_of::<Node>(), size_of::<Member>()), (24, 40));
    }

    #[test]
    fn a_name_occurs_once() {
        let members = |names: &[&str]| names.iter().map(|name| ((*name).into(), Node::Null)).collect();
        assert_eq!(Map::of(members(&["b", "a", "c", "a", "b"])), Err((3, "a".into())));
        let map = Map::of(members(&["b", "a"])).unwrap();
        assert_eq!(map.keys().collect::<Vec<_>>(), ["a", "b"]);
        let mut more = map.clone();
        more.insert("aa", Node::Null);
        more.insert("b", Node::List(vec![]));
        assert_eq!(more.keys().collect::<Vec<_>>(), ["a", "aa", "b"]);
        assert!(more.get("b").is_some_and(|value| *value == Node::List(vec![])));
        assert_eq!(Map::of(vec![]), Ok(Map::new()));
        assert!(map.contains_key("b") && !map.contains_key("c") && map.len() == 2 && !map.is_empty());
    }

    #[test]
    fn only_an_ambiguous_value_that_was_read_counts() {
        let values = vec![Node::ambiguous("0644".into(), 1), Node::ambiguous("1_0".into(), 2)];
        let document = Node::List(values);
        assert_eq!(document.ambiguity_read(), None);
        // A copy of the value is the value.
        assert_eq!(document.items()[1].clone().text(), None);
        assert_eq!(document.ambiguity_read().map(|value| value.line), Some(2));
    }
}
