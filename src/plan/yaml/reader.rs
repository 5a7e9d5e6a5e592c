//! The structure of a template by the rules of YAML 1.1 as PyYAML applies them, compared with a YAML 1.2
//! reader.

use std::collections::BTreeMap;

use super::PlanError;
use super::cursor::{Cursor, is_blank, is_break, refuse};
use super::lines::Lines;
use super::scalar::Context;
use super::second::{Found, Properties, Second};
use super::tree::{Anchored, Members, Style};
use crate::limits::{PLAN_DEPTH_MAX, TEMPLATE_FLOW_VALUES_MAX, TEMPLATE_KEY_BYTES_MAX};
use crate::plan::heap::{Heap, TooMuch};
use crate::plan::node::{Ambiguous, Node};

/// What precedes a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Start,
    Key,
    Dash,
}

/// Reads one template.
pub struct Reader<'t> {
    pub cursor: Cursor<'t>,
    second: Option<Second<'t>>,
    pub heap: Heap,
    /// The anchors so far; `None` while the value is not read to its end.
    pub anchors: BTreeMap<&'t str, Option<Anchored>>,
    /// Values in the outermost brackets or braces.
    in_flow: usize,
    /// Values of several lines in brackets, braces and quotes.
    lines: Vec<Lines>,
    /// Whether members of the last object replace merged ones.
    pub replaces: bool,
    /// Whether an alias or a merge names a list or an object: PyYAML shares one object between both places.
    pub shares: bool,
}

/// A template that was read.
pub struct Document {
    /// Its value.
    pub node: Node,
    /// Whether collections in it are shared.
    pub shares: bool,
    /// Its values of several lines in brackets, braces and quotes.
    pub lines: Vec<Lines>,
}

/// A key in the text.
pub struct Key {
    pub text: String,
    pub is_plain: bool,
    pub line: u32,
    start: usize,
}

impl Key {
    fn style(&self) -> Style {
        if self.is_plain { Style::Plain } else { Style::Quoted }
    }
}

impl<'t> Reader<'t> {
    /// A reader of the text, with or without a second reader.
    pub fn new(text: &'t str, second: Option<Second<'t>>) -> Result<Self, PlanError> {
        let (cursor, heap) = (Cursor::new(text)?, Heap::for_document(text.len()));
        Ok(Self {
            cursor,
            second,
            heap,
            anchors: BTreeMap::new(),
            in_flow: 0,
            lines: Vec::new(),
            replaces: false,
            shares: false,
        })
    }

    /// Reads the document.
    pub fn document(mut self) -> Result<Document, PlanError> {
        let has_version = self.version();
        self.cursor.skip()?;
        if self.cursor.is_separator() && self.cursor.peek() == b'-' {
            let line = self.cursor.line;
            self.cursor.at += 3;
            self.skip()?;
            if self.cursor.line == line && !self.cursor.is_end() {
                return refuse(line, "text on the line of `---`: start it on the next line");
            }
        } else if has_version {
            return self.refuse("`%YAML` is not followed by `---`");
        } else {
            self.skip()?;
        }
        if self.cursor.is_end() {
            return Err(PlanError::Malformed("it is empty".into()));
        }
        self.found(Found::Start)?;
        let node = self.value(-1, After::Start, 0)?;
        self.skip()?;
        if !self.cursor.is_end() {
            return self.refuse("text after the end of the document");
        }
        self.found(Found::End)?;
        Ok(Document { node, shares: self.shares, lines: self.lines })
    }

    /// Moves over a first line with the version.
    fn version(&mut self) -> bool {
        let has_version = ["%YAML 1.1", "%YAML 1.2"].iter().any(|line| self.cursor.text.starts_with(line))
            && is_break(self.cursor.ahead("%YAML 1.1".len()));
        if has_version {
            self.cursor.eat(|byte| !is_break(byte));
        }
        has_version
    }

    pub fn refuse<T>(&self, why: impl std::fmt::Display) -> Result<T, PlanError> {
        refuse(self.cursor.line, why)
    }

    pub fn paid<T>(&self, paid: Result<T, TooMuch>) -> Result<T, PlanError> {
        paid.or_else(|error| self.refuse(error))
    }

    pub fn found(&mut self, found: Found<'_>) -> Result<(), PlanError> {
        self.found_with(found, &Properties::default(), self.cursor.line)
    }

    pub fn found_with(
        &mut self,
        found: Found<'_>,
        properties: &Properties<'t>,
        line: u32,
    ) -> Result<(), PlanError> {
        self.second.as_mut().map_or(Ok(()), |second| second.check(line, found, properties))
    }

    /// Moves to the next token, which is not another document.
    pub fn skip(&mut self) -> Result<(), PlanError> {
        self.cursor.skip()?;
        // js-yaml treats every text with this prefix as a separator.
        let here = &self.cursor.text[self.cursor.at..];
        if self.cursor.column() == 0 && (here.starts_with("---") || here.starts_with("...")) {
            return self
                .refuse("`---` or `...` starts a second document or ends the first one: remove the line");
        }
        Ok(())
    }

    /// A value inside a collection with the indentation `parent`, -1 for none.
    fn value(&mut self, parent: isize, after: After, depth: usize) -> Result<Node, PlanError> {
        self.deeper(depth)?;
        let started = self.cursor.line;
        // A collection starts on its own line, or after a dash.
        let mut line = if after == After::Key { self.cursor.line } else { 0 };
        self.skip()?;
        let mut properties = Properties::default();
        while matches!(self.cursor.peek(), b'&' | b'!') && !self.is_absent(parent, after) {
            line = self.cursor.line;
            self.property(&mut properties)?;
            self.skip()?;
        }
        let node = if self.is_absent(parent, after) {
            let is_item = after == After::Dash && self.cursor.is_dash();
            if is_item && self.cursor.column().cast_signed() < parent {
                // js-yaml treats the next item of an outer list as one of this list.
                return refuse(started, "a list ends with an item without a value: write `null`");
            }
            self.absent(&properties)?
        } else {
            let starts = self.cursor.line != line;
            self.present(parent, starts, &properties, depth)?
        };
        self.wrapped(node, &properties)
    }

    /// Whether there is no value: the next one belongs to an outer collection.
    fn is_absent(&self, parent: isize, after: After) -> bool {
        let column = self.cursor.column().cast_signed();
        // A list can be indented like its key.
        let is_list = after == After::Key && column == parent && self.cursor.is_dash();
        self.cursor.is_end() || (column <= parent && !is_list)
    }

    fn absent(&mut self, properties: &Properties<'t>) -> Result<Node, PlanError> {
        let line = self.cursor.line;
        self.found_with(Found::Scalar { text: "", is_plain: true }, properties, line)?;
        if properties.tag.is_none() {
            return Ok(Node::Null);
        }
        // `!GetAZs` alone: the empty text or null.
        let paid = self.heap.take(2 * size_of::<Ambiguous>() as u64);
        self.paid(paid)?;
        let text = self.heap.text("");
        Ok(Node::ambiguous(self.paid(text)?, line))
    }

    fn present(
        &mut self,
        parent: isize,
        starts: bool,
        properties: &Properties<'t>,
        depth: usize,
    ) -> Result<Node, PlanError> {
        let (line, start) = (self.cursor.line, self.cursor.at);
        let indent = usize::try_from(parent + 1).unwrap_or(0);
        match (self.cursor.peek(), is_blank(self.cursor.ahead(1))) {
            (b'-', true) if !starts => self.refuse("a list starts on the line of its key, anchor or tag"),
            (b'-', true) => {
                self.found_with(Found::List, properties, line)?;
                self.block_list(depth)
            }
            (b'|' | b'>', _) => {
                let text = self.cursor.block(parent)?;
                self.scalar(&text, Style::Block, properties, line)
            }
            (b'[' | b'{' | b'*', _) => {
                self.in_flow = 0;
                let node = self.brackets(properties, depth)?;
                self.end_of_lines(start, line, indent)?;
                Ok(node)
            }
            _ => {
                let column = self.cursor.column();
                let key = self.key_or_text(Context::Block, indent)?;
                if !self.is_key(&key, Context::Block)? {
                    if !key.is_plain {
                        self.end_of_lines(start, line, indent)?;
                    }
                    return self.scalar(&key.text, key.style(), properties, line);
                }
                if !starts {
                    return self
                        .refuse("`: ` inside a value, or an anchor or tag before a key: quote the value");
                }
                self.found_with(Found::Map, properties, line)?;
                self.block_map(key, column, depth)
            }
        }
    }

    /// Adds a value in brackets, braces or quotes that has ended here, if it has several lines.
    fn end_of_lines(&mut self, start: usize, line: u32, indent: usize) -> Result<(), PlanError> {
        if self.cursor.line == line {
            return Ok(());
        }
        let pushed = self.heap.push(&mut self.lines, Lines { bytes: start..self.cursor.at, indent });
        self.paid(pushed)
    }

    /// `- a` on lines with the same indentation.
    fn block_list(&mut self, depth: usize) -> Result<Node, PlanError> {
        let column = self.cursor.column();
        let mut items = Vec::new();
        loop {
            self.cursor.at += 1;
            let item = self.value(column.cast_signed(), After::Dash, depth + 1)?;
            let pushed = self.heap.push(&mut items, item);
            self.paid(pushed)?;
            self.skip()?;
            let is_next =
                self.cursor.column() == column && !self.cursor.is_end() && self.cursor.is_line_start();
            if !(is_next && self.cursor.is_dash()) {
                break;
            }
        }
        self.found(Found::ListEnd)?;
        Ok(Node::List(self.heap.finish(items)))
    }

    /// `a: b` on lines with the same indentation; the first key was read already.
    fn block_map(&mut self, first: Key, column: usize, depth: usize) -> Result<Node, PlanError> {
        let (mut members, mut key) = (Members::default(), first);
        loop {
            self.cursor.eat(|byte| byte == b' ');
            self.cursor.at += 1;
            if self.is_merge(&key, &members)? {
                members.merged = Some(self.merge()?);
            } else {
                let name = self.key(&key)?;
                let value = self.value(column.cast_signed(), After::Key, depth + 1)?;
                self.add(&mut members, name, value, key.line)?;
            }
            self.skip()?;
            if self.cursor.is_end() || self.cursor.column() < column {
                break;
            }
            if self.cursor.column() != column || !self.cursor.is_line_start() {
                return self.refuse("text after a value, or indentation that matches no key above");
            }
            key = self.key_or_text(Context::Block, 0)?;
            if !self.is_key(&key, Context::Block)? {
                return refuse(key.line, "a key without `:`, or a text with the same indentation as its key");
            }
        }
        self.found(Found::MapEnd)?;
        self.map(members)
    }

    /// A value in brackets or braces, or an alias.
    fn brackets(&mut self, properties: &Properties<'t>, depth: usize) -> Result<Node, PlanError> {
        let line = self.cursor.line;
        match self.cursor.peek() {
            b'*' if !properties.is_empty() => self.refuse("an anchor or a tag before an alias"),
            b'*' => self.alias(),
            b'[' => {
                self.found_with(Found::List, properties, line)?;
                self.flow_list(depth)
            }
            _ => {
                self.found_with(Found::Map, properties, line)?;
                self.flow_map(depth)
            }
        }
    }

    /// Moves to the next member after a bracket or a comma; false at the end.
    pub fn flow_next(&mut self, end: u8, is_first: bool) -> Result<bool, PlanError> {
        self.skip()?;
        if !is_first && self.cursor.peek() == b',' {
            self.cursor.at += 1;
            self.skip()?;
        } else if self.cursor.is_end() {
            return self.refuse(format!("the file ends before `{}`", char::from(end)));
        } else if !is_first && self.cursor.peek() != end {
            return self.refuse(format!(
                "expected `,` or `{}`: quote texts that contain `:`, `?` or `#`",
                char::from(end)
            ));
        }
        let more = self.cursor.peek() != end;
        if !more {
            self.cursor.at += 1;
        }
        Ok(more)
    }

    fn flow_list(&mut self, depth: usize) -> Result<Node, PlanError> {
        let mut items = Vec::new();
        self.cursor.at += 1;
        while self.flow_next(b']', items.is_empty())? {
            let item = self.flow_value(true, depth + 1)?;
            let pushed = self.heap.push(&mut items, item);
            self.paid(pushed)?;
        }
        self.found(Found::ListEnd)?;
        Ok(Node::List(self.heap.finish(items)))
    }

    fn flow_map(&mut self, depth: usize) -> Result<Node, PlanError> {
        let (mut members, mut is_first) = (Members::default(), true);
        self.cursor.at += 1;
        while self.flow_next(b'}', is_first)? {
            is_first = false;
            let key = self.key_or_text(Context::Flow, 0)?;
            if !self.is_key(&key, Context::Flow)? {
                return self.refuse("a key without `:` on its line");
            }
            self.flow_member(&key, &mut members, depth)?;
        }
        self.found(Found::MapEnd)?;
        self.map(members)
    }

    /// The value after a key in braces, or after the key of a pair in brackets.
    fn flow_member(&mut self, key: &Key, members: &mut Members, depth: usize) -> Result<(), PlanError> {
        self.cursor.eat(|byte| byte == b' ');
        self.cursor.at += 1;
        if self.is_merge(key, members)? {
            members.merged = Some(self.merge()?);
            return Ok(());
        }
        let name = self.key(key)?;
        self.skip()?;
        let value = if matches!(self.cursor.peek(), b',' | b'}' | b']') {
            self.absent(&Properties::default())?
        } else {
            self.flow_value(false, depth + 1)?
        };
        self.add(members, name, value, key.line)
    }

    /// `[a: b]` is `[{a: b}]`.
    fn flow_pair(&mut self, key: &Key, depth: usize) -> Result<Node, PlanError> {
        let mut members = Members::default();
        self.found(Found::Map)?;
        self.flow_member(key, &mut members, depth)?;
        self.found(Found::MapEnd)?;
        self.map(members)
    }

    fn flow_value(&mut self, is_item: bool, depth: usize) -> Result<Node, PlanError> {
        self.deeper(depth)?;
        self.in_flow += 1;
        if self.in_flow > TEMPLATE_FLOW_VALUES_MAX {
            return self.refuse(format!("more than {TEMPLATE_FLOW_VALUES_MAX} values in brackets or braces"));
        }
        let mut properties = Properties::default();
        while matches!(self.cursor.peek(), b'&' | b'!') {
            self.property(&mut properties)?;
            self.skip()?;
        }
        let line = self.cursor.line;
        let node = if properties.tag.is_some() && matches!(self.cursor.peek(), b',' | b'}' | b']') {
            self.absent(&properties)?
        } else if matches!(self.cursor.peek(), b'[' | b'{' | b'*') {
            self.brackets(&properties, depth)?
        } else {
            let text = self.key_or_text(Context::Flow, 0)?;
            if is_item && properties.is_empty() && self.is_key(&text, Context::Flow)? {
                self.flow_pair(&text, depth)?
            } else {
                self.scalar(&text.text, text.style(), &properties, line)?
            }
        };
        self.wrapped(node, &properties)
    }

    fn deeper(&self, depth: usize) -> Result<(), PlanError> {
        if depth > PLAN_DEPTH_MAX {
            return self.refuse(format!("it is nested deeper than {PLAN_DEPTH_MAX}"));
        }
        Ok(())
    }

    /// A key, or a text that is a value.
    fn key_or_text(&mut self, context: Context, indent: usize) -> Result<Key, PlanError> {
        let (line, start) = (self.cursor.line, self.cursor.at);
        let is_plain = !matches!(self.cursor.peek(), b'\'' | b'"');
        let text = if !is_plain {
            self.cursor.quoted()?
        } else if self.cursor.is_plain(context) {
            self.cursor.plain(indent, context)
        } else {
            let Some(found) = self.cursor.text[start..].chars().next() else {
                return self.refuse("the file ends where a key or a value is missing");
            };
            return self.refuse(format!("{found:?} cannot start a key or a value: quote the text"));
        };
        Ok(Key { text, is_plain, line, start })
    }

    /// Whether `:` follows a text of one line.
    fn is_key(&self, key: &Key, context: Context) -> Result<bool, PlanError> {
        let rest = self.cursor.text[self.cursor.at..].trim_start_matches(' ').as_bytes();
        let next = rest.get(1).copied().unwrap_or(0);
        // In braces, a quoted key needs no space after it; `{a:,}` has the key `a` or `a:`.
        let is_quoted = context == Context::Flow && !key.is_plain;
        let has_colon = rest.first() == Some(&b':') && (is_quoted || is_blank(next));
        if !has_colon || self.cursor.line != key.line {
            return Ok(false);
        }
        if self.cursor.at - key.start > TEMPLATE_KEY_BYTES_MAX {
            return refuse(key.line, format!("a key longer than {TEMPLATE_KEY_BYTES_MAX} bytes"));
        }
        Ok(true)
    }
}
