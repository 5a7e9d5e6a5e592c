//! The tree of a template: scalars, keys, tags, anchors and merges, with the forms that are refused.

use std::collections::HashSet;
use std::sync::Arc;

use super::PlanError;
use super::cursor::{is_blank, refuse};
use super::reader::{Key, Reader};
use super::schema::{is_ambiguous, is_letter, is_null};
use super::second::{Found, Properties};
use crate::plan::node::{Ambiguous, Map, Member, Node};

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Quoted,
    Block,
}

/// A value with an anchor.
pub struct Anchored {
    id: usize,
    node: Node,
    /// Whether it has a tag, or members that replace merged ones: readers merge these differently.
    is_special: bool,
}

/// The members of an object while it is read.
#[derive(Default)]
pub struct Members {
    own: Vec<Member>,
    lines: Vec<u32>,
    /// The members that `<<` merges in.
    pub merged: Option<Vec<Member>>,
}

impl<'t> Reader<'t> {
    /// A scalar: null, a text, or a value on which readers disagree.
    pub fn scalar(
        &mut self,
        text: &str,
        style: Style,
        properties: &Properties<'t>,
        line: u32,
    ) -> Result<Node, PlanError> {
        let is_plain = style == Style::Plain;
        self.found_with(Found::Scalar { text, is_plain }, properties, line)?;
        let is_resolved = is_plain && properties.tag.is_none();
        if is_resolved && is_null(text) {
            return Ok(Node::Null);
        }
        let shared = self.heap.text(text);
        let shared = self.paid(shared)?;
        // Readers disagree on whether white space at the end of a block text belongs to it.
        let has_white_line = style == Style::Block
            && text
                .lines()
                .any(|line| !line.is_empty() && line.bytes().all(|byte| matches!(byte, b' ' | b'\t')));
        if has_white_line || (is_resolved && is_ambiguous(text)) {
            let paid = self.heap.take(2 * size_of::<Ambiguous>() as u64);
            self.paid(paid)?;
            return Ok(Node::ambiguous(shared, line));
        }
        Ok(Node::Scalar(shared))
    }

    /// The name of a member.
    pub fn key(&mut self, key: &Key) -> Result<Arc<str>, PlanError> {
        let Key { text, is_plain, line, .. } = key;
        if *is_plain && (is_null(text) || is_ambiguous(text)) && !is_letter(text) {
            return refuse(*line, format!("key {text:?} is not a text to every reader: quote it"));
        }
        if text == "<<" {
            return refuse(*line, "a quoted key `<<` is a merge for some readers");
        }
        self.found_with(Found::Scalar { text, is_plain: *is_plain }, &Properties::default(), *line)?;
        let shared = self.heap.text(text);
        self.paid(shared)
    }

    /// Adds a member to an object.
    pub fn add(
        &mut self,
        members: &mut Members,
        name: Arc<str>,
        value: Node,
        line: u32,
    ) -> Result<(), PlanError> {
        let pushed = self.heap.push(&mut members.own, (name, value));
        self.paid(pushed)?;
        let pushed = self.heap.push(&mut members.lines, line);
        self.paid(pushed)
    }

    /// Whether the key is the merging `<<`; an object can have one.
    pub fn is_merge(&self, key: &Key, members: &Members) -> Result<bool, PlanError> {
        let is_merge = key.is_plain && key.text == "<<";
        if is_merge && members.merged.is_some() {
            return refuse(key.line, "a second `<<` in one object: merge once");
        }
        Ok(is_merge)
    }

    /// The members that `<<: *a` or `<<: [*a, *b]` merges in, each name once.
    pub fn merge(&mut self) -> Result<Vec<Member>, PlanError> {
        let plain = Found::Scalar { text: "<<", is_plain: true };
        self.found(plain)?;
        self.skip()?;
        let mut merged = Vec::new();
        match self.cursor.peek() {
            b'*' => self.merge_alias(&mut merged)?,
            b'[' => {
                self.found(Found::List)?;
                self.cursor.at += 1;
                let mut is_first = true;
                while self.flow_next(b']', is_first)? {
                    is_first = false;
                    self.merge_alias(&mut merged)?;
                }
                self.found(Found::ListEnd)?;
            }
            _ => return self.refuse("expected an alias after `<<`, or a list of aliases in brackets"),
        }
        let mut names: Vec<&Arc<str>> = merged.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let why = "and readers use different ones: merge it once";
            return self.refuse(format!("`<<` merges key {:?} twice, {why}", pair[0]));
        }
        Ok(merged)
    }

    fn merge_alias(&mut self, merged: &mut Vec<Member>) -> Result<(), PlanError> {
        if self.cursor.peek() != b'*' {
            return self.refuse("`<<` merges something that is not an alias");
        }
        let name = self.alias_name()?;
        match self.anchors.get(name) {
            Some(Some(Anchored { node: Node::Map(map), is_special: false, .. })) => {
                merged.extend_from_slice(map.members());
                Ok(())
            }
            Some(Some(Anchored { node: Node::Map(_), .. })) => {
                let why = "that has a tag, or replaces merged keys: write out its members";
                self.refuse(format!("`<<` merges an object {why}"))
            }
            _ => self.refuse("`<<` merges something that is not an object"),
        }
    }

    /// The object of these members; its own members replace merged ones.
    pub fn map(&mut self, members: Members) -> Result<Node, PlanError> {
        let Members { mut own, lines, merged } = members;
        let paid = self.heap.take(4 * own.len() as u64);
        self.paid(paid)?;
        if let Some(merged) = merged {
            let paid = self.heap.take(64 * own.len() as u64);
            self.paid(paid)?;
            let names: HashSet<Arc<str>> = own.iter().map(|(name, _)| name.clone()).collect();
            for member in merged {
                if names.contains(&member.0) {
                    self.replaces = true;
                } else {
                    let pushed = self.heap.push(&mut own, member);
                    self.paid(pushed)?;
                }
            }
        }
        match Map::of(self.heap.finish(own)) {
            Ok(map) => Ok(Node::Map(map)),
            Err((again, name)) => {
                let line = lines.get(again).copied().unwrap_or(self.cursor.line);
                refuse(line, format!("key {name:?} occurs twice in an object: remove one"))
            }
        }
    }

    /// An anchor or a tag.
    pub fn property(&mut self, properties: &mut Properties<'t>) -> Result<(), PlanError> {
        let is_anchor = self.cursor.peek() == b'&';
        self.cursor.at += 1;
        let is_core = !is_anchor && self.cursor.text[self.cursor.at..].starts_with("!str");
        let start = self.cursor.at;
        self.cursor.at += usize::from(is_core);
        let name =
            self.cursor.eat(|byte| byte.is_ascii_alphanumeric() || (is_anchor && b"-_".contains(&byte)));
        if name.is_empty() || !is_blank(self.cursor.peek()) {
            return self.refuse(
                "an anchor or a tag that not every reader supports: use letters and digits, as in `!Ref`",
            );
        }
        if is_anchor {
            if self.anchors.contains_key(name) || properties.anchor.is_some() {
                return self.refuse(format!("anchor `{name}` is set a second time: use another name"));
            }
            let paid = self.heap.take(256);
            self.paid(paid)?;
            self.anchors.insert(name, None);
            properties.anchor = Some((name, self.anchors.len()));
        } else if properties.tag.is_some() {
            return self.refuse("a second tag on one value");
        } else {
            properties.tag = Some(if is_core { &self.cursor.text[start..self.cursor.at] } else { name });
        }
        Ok(())
    }

    /// A copy of the value that an alias names.
    pub fn alias(&mut self) -> Result<Node, PlanError> {
        let name = self.alias_name()?;
        match self.anchors.get(name) {
            Some(Some(anchored)) => Ok(anchored.node.clone()),
            _ => self.refuse("an alias inside its own value"),
        }
    }

    /// The name of an alias; its copy is counted.
    fn alias_name(&mut self) -> Result<&'t str, PlanError> {
        let line = self.cursor.line;
        self.cursor.at += 1;
        let name = self.cursor.eat(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let next = self.cursor.peek();
        let is_whole = is_blank(next) || b",]}".contains(&next);
        let Some(Some(anchored)) = self.anchors.get(name).filter(|_| is_whole) else {
            return self
                .refuse(format!("alias `{name}` has no anchor before it, or is inside its own value"));
        };
        let (id, weight) = (anchored.id, anchored.node.weight());
        self.shares |= matches!(anchored.node, Node::List(_) | Node::Map(_));
        // A merge copies the members to a longer list.
        let paid = self.heap.take(2 * weight);
        self.paid(paid)?;
        self.found_with(Found::Alias(id), &Properties::default(), line)?;
        Ok(name)
    }

    /// The value with its tag, stored under its anchor. `!Ref x` is `{"Ref": x}`, and any other tag `!Sub x`
    /// is `{"Fn::Sub": x}`.
    pub fn wrapped(&mut self, node: Node, properties: &Properties<'t>) -> Result<Node, PlanError> {
        let replaces = std::mem::take(&mut self.replaces);
        let node = match properties.tag {
            None => node,
            Some("!str") if matches!(node, Node::Scalar(_) | Node::Ambiguous(_)) => node,
            Some("!str") => return self.refuse("`!!str` before something that is not a text"),
            Some(tag) => {
                let name = if matches!(tag, "Ref" | "Condition") { tag.into() } else { format!("Fn::{tag}") };
                let paid = self.heap.take(2 * size_of::<Member>() as u64 + 32);
                self.paid(paid)?;
                let name = self.heap.text(&name);
                let members = vec![(self.paid(name)?, node)];
                Node::Map(Map::of(members).unwrap_or_default())
            }
        };
        if let Some((name, id)) = properties.anchor {
            let paid = self.heap.take(node.weight());
            self.paid(paid)?;
            let is_special = replaces || properties.tag.is_some();
            self.anchors.insert(name, Some(Anchored { id, node: node.clone(), is_special }));
        }
        Ok(node)
    }
}
