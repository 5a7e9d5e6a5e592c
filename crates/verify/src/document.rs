//! Documents: strict parsers for TOML and JSON, with errors that name the file and the line.
//!
//! All TOML and JSON parsers of the library are called from here, after the input was counted ([`bounds`]):
//! untrusted input uses at most 64 MB and four times its size.

pub mod bounds;
pub mod format;
mod json;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, RawString, Table, Value};

use self::format::{FormatNewer, Header};
pub use self::json::{JsonError, parse_foreign_json, parse_json};
use crate::hint::Hint;
use crate::limits::{PARSER_MESSAGE_CHARS_MAX, TOML_EDITED_TOKENS_MAX, TOML_PART_BYTES};
use crate::shown;

/// Why a document cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub struct DocumentError {
    path: PathBuf,
    place: String,
    message: String,
    newer: Option<Box<FormatNewer>>,
}

impl Hint for DocumentError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        self.newer()?.hint()
    }
}

impl DocumentError {
    /// An error in a document that is well formed.
    pub fn new(path: &Path, message: impl Into<String>) -> Self {
        Self { path: path.into(), place: String::new(), message: bounded(message.into()), newer: None }
    }

    fn text(&self) -> String {
        match &self.newer {
            Some(newer) => newer.to_string(),
            None => format!("cannot read `{}`\n  {}{}", shown::path(&self.path), self.place, self.message),
        }
    }

    /// The error that the document is newer than the program, if it is that.
    pub fn newer(&self) -> Option<&FormatNewer> {
        self.newer.as_deref()
    }

    /// The same error, or that the document is newer if its header says so.
    fn unless_newer(self, known: u32, header: Option<Header>) -> Self {
        let newer = header.and_then(|header| header.newer_than(known));
        let newer = newer.map(|newer| Box::new(newer.at(&self.path)));
        let message = newer.as_ref().map_or(self.message, ToString::to_string);
        Self { message, newer, ..self }
    }

    /// The document.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong, without the path.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// A parser's message, shortened: it quotes the input, which can be long.
fn bounded(message: String) -> String {
    shown::within(&message, PARSER_MESSAGE_CHARS_MAX).into_owned()
}

fn utf8<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, DocumentError> {
    std::str::from_utf8(bytes).map_err(|_| DocumentError::new(path, "not UTF-8 text"))
}

/// Parses TOML; an error has the line.
pub fn from_toml<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, DocumentError> {
    parse_toml(path, utf8(path, bytes)?, 0)
}

/// Parses the TOML of a kind of document; `known` is its newest known format.
pub fn from_versioned_toml<T: DeserializeOwned>(
    known: u32,
    path: &Path,
    bytes: &[u8],
) -> Result<T, DocumentError> {
    let text = utf8(path, bytes)?;
    parse_toml(path, text, 0).map_err(|error| error.unless_newer(known, Header::of_toml(text)))
}

/// Parses a part of a TOML text that starts after this many lines.
fn parse_toml<T: DeserializeOwned>(path: &Path, text: &str, lines_before: usize) -> Result<T, DocumentError> {
    let fail = |line: usize, message: String| {
        let place = format!("line {}: ", lines_before + line);
        DocumentError { path: path.into(), place, message: bounded(message), newer: None }
    };
    bounds::toml(text).map_err(|exceeded| fail(exceeded.line, exceeded.message))?;
    toml::from_str(text).map_err(|error| match error.span() {
        Some(span) => fail(line_of(text, span.start), error.message().into()),
        None => DocumentError::new(path, error.message()),
    })
}

/// Parses TOML that consists of arrays of tables, in parts if it is long, since a parser uses ten times the
/// memory of its text. `each` gets the content of one part; fields outside of arrays are in the first. `known` is
/// the newest known format of the document.
pub fn from_toml_lists<T: DeserializeOwned>(
    known: u32,
    path: &Path,
    bytes: &[u8],
    mut each: impl FnMut(T) -> Result<(), &'static str>,
) -> Result<(), DocumentError> {
    let text = utf8(path, bytes)?;
    let mut starts = vec![0];
    if text.len() > TOML_PART_BYTES {
        starts.extend(bounds::toml_parts(text, TOML_PART_BYTES));
    }
    starts.push(text.len());
    let mut lines_before = 0;
    for range in starts.windows(2) {
        let part = &text[range[0]..range[1]];
        let parsed = parse_toml(path, part, lines_before);
        parsed
            .and_then(|parsed| each(parsed).map_err(|message| DocumentError::new(path, message)))
            .map_err(|error| error.unless_newer(known, Header::of_toml(&text[starts[0]..starts[1]])))?;
        lines_before += part.bytes().filter(|byte| *byte == b'\n').count();
    }
    Ok(())
}

/// Parses the table of a TOML text of unknown form; `None` if it is not TOML.
pub fn toml_table(bytes: &[u8]) -> Option<toml::Table> {
    let text = std::str::from_utf8(bytes).ok()?;
    bounds::toml(text).ok()?;
    toml::from_str(text).ok()
}

/// Parses JSON; an error has line and column.
///
/// A document has only one form: if it is parsed and written again, the result must be the same JSON value.
/// So duplicate fields, arrays in place of objects and `null` for absent fields are refused.
pub fn from_json<T: DeserializeOwned + Serialize>(path: &Path, bytes: &[u8]) -> Result<T, DocumentError> {
    parse_json(bytes).map_err(|error| DocumentError::new(path, error.to_string()))
}

/// Like [`from_json`], for a kind of document whose newest known format is `known`.
pub fn from_versioned_json<T: DeserializeOwned + Serialize>(
    known: u32,
    path: &Path,
    bytes: &[u8],
) -> Result<T, DocumentError> {
    from_json(path, bytes).map_err(|error| error.unless_newer(known, Header::of_json(bytes)))
}

/// Writes TOML.
pub fn to_toml<T: Serialize>(document: &T) -> String {
    toml::to_string_pretty(document).expect("documents can be written as TOML")
}

/// Writes TOML over an earlier version, and keeps its comments and layout where the values are the same.
pub fn update_toml<T: Serialize>(path: &Path, before: &[u8], document: &T) -> Result<String, DocumentError> {
    let fail = |message: String| DocumentError::new(path, message);
    let text = utf8(path, before)?;
    let parse = |text: &str| text.parse::<DocumentMut>().map_err(|error| fail(error.to_string()));
    let written = to_toml(document);
    let tokens = |text: &str| bounds::toml(text).map_or(u64::MAX, |counted| counted.tokens);
    if tokens(text).max(tokens(&written)) > TOML_EDITED_TOKENS_MAX {
        return Ok(written);
    }
    let (mut old, new) = (parse(text)?, parse(&written)?);
    update_table(old.as_table_mut(), new.as_table());
    let updated = old.to_string();
    // Keep comments only if all values are correct.
    let value = |text: &str| toml_table(text.as_bytes());
    Ok(if value(&updated) == value(&written) { updated } else { written })
}

fn update_table(old: &mut Table, new: &Table) {
    old.retain(|key, _| new.contains_key(key));
    for (key, item) in new {
        match (old.get_mut(key), item) {
            (Some(Item::Table(old)), Item::Table(new)) => update_table(old, new),
            (Some(Item::ArrayOfTables(old)), Item::ArrayOfTables(new)) => update_tables(old, new),
            (Some(Item::Value(old)), Item::Value(new)) => update_value(old, new),
            (_, item) => drop(old.insert(key, item.clone())),
        }
    }
}

/// Unchanged tables keep the comments around them, wherever they moved.
fn update_tables(old: &mut ArrayOfTables, new: &ArrayOfTables) {
    let mut kept: Vec<Option<Table>> = old.iter().cloned().map(Some).collect();
    let mut tables = Vec::new();
    for (index, table) in new.iter().enumerate() {
        let same = kept.iter().position(|each| each.as_ref().is_some_and(|each| is_same(each, table)));
        // A changed table is most likely the one at the same position, if both start alike.
        let first = |table: &Table| table.iter().next().map(|(_, item)| item.clone());
        let begins_alike =
            |each: &Table| first(each).zip(first(table)).is_some_and(|(a, b)| same_item(&a, &b));
        let alike = |at: &usize| kept.get(*at).and_then(Option::as_ref).is_some_and(begins_alike);
        let mut found = match same.or(Some(index).filter(alike)) {
            Some(at) => kept[at].take().unwrap_or_default(),
            None => table.clone(),
        };
        update_table(&mut found, table);
        found.set_position(None);
        tables.push(found);
    }
    *old = tables.into_iter().collect();
}

fn is_same(a: &Table, b: &Table) -> bool {
    a.len() == b.len() && a.iter().all(|(key, item)| b.get(key).is_some_and(|other| same_item(item, other)))
}

fn same_item(a: &Item, b: &Item) -> bool {
    match (a, b) {
        (Item::Value(a), Item::Value(b)) => same_value(a, b),
        (Item::Table(a), Item::Table(b)) => is_same(a, b),
        _ => false,
    }
}

/// Whether two values are equal, however they are written.
fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.value() == b.value(),
        (Value::Integer(a), Value::Integer(b)) => a.value() == b.value(),
        (Value::Boolean(a), Value::Boolean(b)) => a.value() == b.value(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        _ => false,
    }
}

fn update_value(old: &mut Value, new: &Value) {
    if let (Value::Array(old), Value::Array(new)) = (&mut *old, new) {
        update_array(old, new);
    }
    if !same_value(old, new) {
        let decor = old.decor().clone();
        *old = new.clone();
        *old.decor_mut() = decor;
    }
}

/// Removes old elements and appends new ones; does not handle a changed order.
///
/// A comment at the end of a line precedes the next element in the syntax tree: it must move with its own
/// value.
fn update_array(old: &mut Array, new: &Array) {
    let text = |raw: Option<&RawString>| raw.and_then(RawString::as_str).unwrap_or_default().to_owned();
    let has = |array: &Array, value: &Value| array.iter().any(|each| same_value(each, value));
    for index in (0..old.len()).rev() {
        if old.get(index).is_none_or(|value| has(new, value)) {
            continue;
        }
        let before = text(old.remove(index).decor().prefix());
        let joined = |after: String| match (before.split_once('\n'), after.split_once('\n')) {
            (Some((comment, _)), Some((_, rest))) => format!("{comment}\n{rest}"),
            _ => after,
        };
        match old.get_mut(index) {
            Some(next) => {
                let prefix = joined(text(next.decor().prefix()));
                next.decor_mut().set_prefix(prefix);
            }
            None => old.set_trailing(joined(text(Some(old.trailing())))),
        }
    }
    let added: Vec<Value> = new.iter().filter(|value| !has(old, value)).cloned().collect();
    for mut value in added {
        value.decor_mut().clear();
        let trailing = text(Some(old.trailing()));
        let last = old.iter().last().map(|last| text(last.decor().prefix())).unwrap_or_default();
        match (trailing.contains('\n'), last.rsplit_once('\n')) {
            (true, Some((_, indent))) => {
                value.decor_mut().set_prefix(format!("{}\n{indent}", trailing.trim_end()));
                old.push_formatted(value);
                old.set_trailing("\n");
            }
            _ => old.push(value),
        }
    }
}

/// The next revision. After the highest that TOML can express it stays the same, and the table of differences
/// refuses the change.
pub fn next_revision(revision: u64) -> u64 {
    revision.saturating_add(1).min(i64::MAX.unsigned_abs())
}

/// Writes JSON on one line.
pub fn to_json<T: Serialize>(document: &T) -> Vec<u8> {
    serde_json::to_vec(document).expect("documents can be written as JSON")
}

/// The number, from 1, of the line with this byte.
fn line_of(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|b| *b == b'\n').count()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Serialize)]
    struct File {
        revision: u64,
        item: Vec<Entry>,
    }

    #[derive(Serialize)]
    struct Entry {
        name: &'static str,
        size: u64,
    }

    const BEFORE: &str = "# ours\nrevision = 1 # one\n\n# the first\n[[item]]\nname = 'a'\nsize = 1\n\n\
        # the second\n[[item]]\nname = 'b'\nsize = 2 # two\n";

    fn update(item: Vec<Entry>) -> String {
        update_toml(Path::new("a.toml"), BEFORE.as_bytes(), &File { revision: 2, item }).unwrap()
    }

    #[test]
    fn comments_stay_with_what_they_stand_by() {
        let text = update(vec![Entry { name: "b", size: 2 }, Entry { name: "c", size: 3 }]);
        assert!(text.starts_with("# ours\nrevision = 2 # one\n"), "{text}");
        assert!(text.contains("# the second\n[[item]]\nname = 'b'\nsize = 2 # two\n"), "{text}");
        assert!(!text.contains("the first") && text.contains("name = \"c\""), "{text}");
    }

    #[test]
    fn a_changed_value_keeps_its_comment() {
        let text = update(vec![Entry { name: "a", size: 1 }, Entry { name: "b", size: 7 }]);
        assert!(text.contains("# the second\n[[item]]\nname = 'b'\nsize = 7 # two\n"), "{text}");
    }

    #[test]
    fn a_list_keeps_the_comments_of_what_stays() {
        #[derive(Serialize)]
        struct List {
            list: Vec<&'static str>,
        }
        let update = |before: &str, list: &[&'static str]| {
            update_toml(Path::new("a.toml"), before.as_bytes(), &List { list: list.to_vec() }).unwrap()
        };
        let before = "list = [\n  # ours\n  'a', # one\n  'b', # two\n]\n";
        let kept = "list = [\n  # ours\n  'a', # one\n]\n";
        assert_eq!(update(before, &["a"]), kept);
        assert_eq!(update(kept, &["a", "c"]), "list = [\n  # ours\n  'a', # one\n  \"c\",\n]\n");
        assert_eq!(update(before, &["b"]), "list = [\n  'b', # two\n]\n");
        assert_eq!(update("list = ['a'] # x\n", &["a", "b"]), "list = ['a', \"b\"] # x\n");
        assert_eq!(update("list = ['a', 'b'] # x\n", &["b"]), "list = [ 'b'] # x\n");
        assert_eq!(update("list = []\n", &["b"]), "list = [\"b\"]\n");
        // In another order no place is right any more.
        assert_eq!(update("list = ['a', 'b'] # x\n", &["b", "a"]).matches('#').count(), 1);
    }

    #[test]
    fn long_lists_are_read_in_parts_and_errors_name_the_line() {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Part {
            revision: Option<u64>,
            #[serde(default)]
            item: Vec<Item>,
        }
        #[derive(Deserialize)]
        struct Item {
            name: String,
        }
        let read = |text: &str| {
            let (mut parts, mut names) = (0, Vec::new());
            from_toml_lists(1, Path::new("a.toml"), text.as_bytes(), |part: Part| {
                parts += 1;
                assert_eq!(part.revision.is_some(), parts == 1);
                names.extend(part.item.into_iter().map(|item| item.name.len()));
                Ok(())
            })
            .map(|()| (parts, names))
        };
        let item = format!("[[item]]\nname = '{}'\n", "x".repeat(1000));
        assert_eq!(read(&format!("revision = 1\n{}", item.repeat(2))).unwrap(), (1, vec![1000; 2]));
        let long = format!("revision = 1\n{}", item.repeat(5000));
        let (parts, names) = read(&long).unwrap();
        assert!(parts > 4 && names == vec![1000; 5000], "{parts}");
        let error = read(&format!("{long}[[item]]\nname = 1\n")).unwrap_err().to_string();
        assert!(error.contains("line 10003: invalid type"), "{error}");
    }

    #[test]
    fn a_parsers_message_is_shortened() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}
        let text = format!("{} = 1\n", "x".repeat(100_000));
        let error = from_toml::<Nothing>(Path::new("a.toml"), text.as_bytes()).unwrap_err().to_string();
        assert!(error.len() < 2000 && error.contains("characters)"), "{error}");
    }

    #[test]
    fn spaces_in_a_text_count() {
        let text = update(vec![Entry { name: "a ", size: 1 }]);
        assert!(text.contains("name = \"a \""), "{text}");
    }
}
