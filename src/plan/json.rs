//! JSON: one document without duplicate keys, in bounded memory.
//!
//! In addition to what JSON forbids (lone surrogates, control characters in a text, anything after the
//! document, nesting deeper than 128), these are refused:
//!
//! - a key that occurs twice in an object, after resolving escapes: some readers use the first, others the
//!   last;
//! - a key with U+0000, at which some readers end the text;
//! - more values than a real plan of this size has (`heap`).
//!
//! A number that is not a plain integer, and a text with U+0000 or with one of the characters that break lines in
//! YAML 1.1, is [`Node::Ambiguous`].

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::heap::Heap;
use super::node::{Map, Node};

/// Why a text cannot be read as JSON.
pub enum JsonError {
    /// It is not JSON, but could be YAML.
    Syntax(String),
    /// It is JSON, and refused.
    Refused(String),
}

/// Whether the text is JSON rather than YAML, by its first character.
pub fn is_json(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| matches!(byte, b'{' | b'['))
}

/// Reads a document.
pub fn read(bytes: &[u8]) -> Result<Node, JsonError> {
    let failed = |error: serde_json::Error| {
        let refused = described(&error);
        if error.is_syntax() { JsonError::Syntax(refused) } else { JsonError::Refused(refused) }
    };
    let mut heap = Heap::for_document(bytes.len());
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let node = Value(&mut heap).deserialize(&mut reader).map_err(failed)?;
    reader.end().map_err(failed)?;
    Ok(node)
}

/// The error in plain words, after its line.
fn described(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(&*text, |(what, _)| what);
    let what = match what {
        "trailing characters" => "text after the end of the document",
        "recursion limit exceeded" => "nested deeper than 128",
        "expected value" => "expected a value",
        "key must be a string" => "expected a key in double quotes",
        "trailing comma" => "a comma after the last value",
        "invalid escape" | "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            "an escape that is not valid, or of half a character"
        }
        "control character (\\u0000-\\u001F) found while parsing a string" => "a control character in a text",
        _ if error.is_eof() => "the file ends early",
        _ => what,
    };
    format!("line {}: {what}", error.line())
}

/// Reads a value into the document's memory.
struct Value<'h>(&'h mut Heap);

impl Value<'_> {
    fn scalar<E: Error>(self, text: &str, is_ambiguous: bool) -> Result<Node, E> {
        let shared = self.0.text(text).map_err(E::custom)?;
        if is_ambiguous {
            self.0.take(64).map_err(E::custom)?;
        }
        Ok(if is_ambiguous { Node::ambiguous(shared, 0) } else { Node::Scalar(shared) })
    }

    /// Above 18 digits, some readers round.
    fn integer<E: Error>(self, text: &str) -> Result<Node, E> {
        self.scalar(text, text.len() > 18)
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Node, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        self.scalar(if value { "true" } else { "false" }, false)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        self.integer(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        self.integer(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        self.scalar(&value.to_string(), true)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        self.scalar(value, value.contains(['\0', '\u{85}', '\u{2028}', '\u{2029}']))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Value(self.0))? {
            self.0.push(&mut items, item).map_err(A::Error::custom)?;
        }
        Ok(Node::List(self.0.finish(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = access.next_key_seed(Key(self.0))? {
            let value = access.next_value_seed(Value(self.0))?;
            self.0.push(&mut members, (key, value)).map_err(A::Error::custom)?;
        }
        let members = self.0.finish(members);
        self.0.take(4 * members.len() as u64).map_err(A::Error::custom)?;
        Map::of(members).map(Node::Map).map_err(|(_, name)| {
            A::Error::custom(format!("key {name:?} occurs twice in an object: remove one"))
        })
    }
}

/// Reads a key into the document's memory.
struct Key<'h>(&'h mut Heap);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Arc<str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Arc<str>, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Arc<str>, E> {
        if key.contains('\0') {
            return Err(E::custom(format!("key {key:?} contains U+0000")));
        }
        self.0.text(key).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        match read(text.as_bytes()) {
            Err(JsonError::Syntax(error) | JsonError::Refused(error)) => error.to_string(),
            Ok(node) => panic!("{text:?} is read as {node:?}"),
        }
    }

    #[test]
    fn rejects_a_key_that_occurs_twice_after_unescaping() {
        for text in
            [r#"{"a": {"b": 1, "b": 2}}"#, r#"[{"b": 1, "\u0062": 2}]"#, r#"{"b": 1, "c": 3, "b": 1}"#]
        {
            assert!(error(text).contains("key \"b\" occurs twice"), "{text}: {}", error(text));
        }
    }

    #[test]
    fn rejects_bytes_after_the_document() {
        for after in ["x", "{}", "null", ",", "]", "\0", "// note", "\u{feff}", "\u{a0}"] {
            assert!(error(&format!("{{}}{after}")).contains("text after the end"), "{after:?}");
        }
        assert!(read(b"{} \r\n\t\n").is_ok());
    }

    #[test]
    fn rejects_nul_in_keys_lone_surrogates_and_raw_control_characters() {
        assert!(error(r#"{"a\u0000": 1}"#).contains("contains U+0000"));
        for escape in [r"\ud800", r"\udc00", r"\ud800\u0041", r"\ud83d\ud83d"] {
            assert!(error(&format!("[\"{escape}\"]")).contains("escape"), "{escape}");
        }
        for raw in ["\0", "\n", "\t", "\u{1f}"] {
            assert!(error(&format!("[\"{raw}\"]")).contains("control character"), "{raw:?}");
        }
    }

    #[test]
    fn a_scalar_that_readers_read_differently_has_no_text() {
        for text in
            ["1.0", "1e3", "-0.5", "1234567890123456789", r#""a\u0000""#, r#""a\u2028""#, "\"\u{85}\""]
        {
            let node = read(format!("[{text}]").as_bytes()).ok().unwrap();
            assert!(matches!(node.items()[0], Node::Ambiguous(_)), "{text}: {node:?}");
        }
        for (text, read_as) in [("1", "1"), ("-12", "-12"), ("true", "true"), (r#""0644""#, "0644")] {
            let node = read(format!("[{text}]").as_bytes()).ok().unwrap();
            assert_eq!(node.items()[0].text(), Some(read_as));
        }
    }

    #[test]
    fn rejects_deep_nesting_and_too_many_values() {
        assert!(error(&"[".repeat(1_000_000)).contains("nested deeper than 128"));
        assert!(error(&"{\"a\":".repeat(60_000)).contains("nested deeper than 128"));
        for (many, bytes) in [("0,", 8 << 20), ("{},", 8 << 20), ("{\"a\":0},", 4 << 20)] {
            let wide = format!("[{}0]", many.repeat(bytes / many.len()));
            assert!(error(&wide).contains("too many values for its size"), "{many}");
        }
    }
}
