//! YAML of templates: the part that YAML 1.1 and YAML 1.2 readers agree on.
//!
//! Deploy tools read a template by one of the two versions: SAM and the AWS CLI use PyYAML, a reader of 1.1;
//! other tools read 1.2. A template in which they find different resources would be verified as one thing and
//! deployed as another. So a template is read twice in parallel, by a reader of 1.1 (`cursor`, `scalar`,
//! `reader`) that follows PyYAML, and by `saphyr-parser`, a reader of 1.2 (`second`). If they disagree on
//! keys, texts, lists, anchors or tags, the template is refused, with the line.
//!
//! In brackets, braces and quotes, PyYAML ignores how far a line is indented, and YAML 1.2 requires more than the key has.
//! A reader of 1.2 that is strict reads nothing, so such a line is indented for the second reader (`lines`).
//!
//! Also refused, because other readers disagree, or because it can only confuse:
//!
//! | what | why |
//! |---|---|
//! | U+0085, U+2028, U+2029, a carriage return alone | end a line, and so a comment, for some |
//! | control characters, a byte order mark inside the text, tabs between values | errors for some |
//! | `---` after the first value, `...` except as the last line, directives except `%YAML 1.1` and `%YAML 1.2` in the first line | several documents, or another version |
//! | a key that occurs twice, or that is a number, date or truth value for some (`01`, `yes`; `y` and `n` are texts) | the first, the last, or both count |
//! | `? ` keys; keys with an anchor or a tag; keys over 1024 bytes or on several lines; an alias or a collection as key | errors for some |
//! | `<<` twice, a key that two merged objects have, merging an object that has a tag or replaces merged keys, a quoted `<<` | order differs between versions of PyYAML |
//! | anchors that are set twice; aliases inside their own value | errors for some |
//! | tags except `!!str` and short ones of letters and digits (`!Ref`) | meaning depends on the tool |
//! | escapes of surrogates and of U+0000 | one character, two, or an error |
//! | `#` without a space before it | a comment, or part of the text |
//! | a list in a list that ends with an empty item; an empty line after `\` at the end of a line; `---x` | js-yaml |
//!
//! An unquoted value that schemas resolve differently (`schema`) is [`Node::Ambiguous`]: it is refused only
//! if the verdict depends on it. An ordinary `Mode: 0644` is ignored.

mod cursor;
mod lines;
mod reader;
mod scalar;
mod schema;
mod second;
mod tree;

use self::reader::{Document, Reader};
use self::second::Second;
use super::PlanError;
use super::node::Node;
use crate::limits::TEMPLATE_READ_BYTES_MAX;

/// Reads a template; also returns whether an alias or a merge in it names a list or an object.
pub fn read(bytes: &[u8]) -> Result<(Node, bool), PlanError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| PlanError::Malformed("it is not UTF-8 text: save it as UTF-8".into()))?;
    if text.len() > TEMPLATE_READ_BYTES_MAX {
        let message = format!("it is YAML over the limit of {TEMPLATE_READ_BYTES_MAX} bytes");
        return Err(PlanError::Malformed(message));
    }
    let text = without_end(text);
    // The first reader limits depth and values; the second has no such limits, so it reads the text
    // afterwards.
    let Document { lines, .. } = Reader::new(text, None)?.document()?;
    let indented = lines::indented(text, &lines)?;
    let Document { node, shares, .. } = Reader::new(text, Some(Second::new(&indented)))?.document()?;
    Ok((node, shares))
}

/// The text without a last line `...`, which ends the document for every reader.
fn without_end(text: &str) -> &str {
    let body = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    body.strip_suffix("...").filter(|body| body.ends_with('\n')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Node, PlanError> {
        super::read(bytes).map(|(node, _)| node)
    }

    #[test]
    fn reports_collections_that_an_alias_or_a_merge_shares() {
        for (text, is_shared) in [
            ("a: &x {b: 1}\nc: *x\n", true),
            ("a: &x [1]\nc: *x\n", true),
            ("a: &x {b: 1}\nc: {<<: *x}\n", true),
            ("a: &x 1\nc: *x\n", false),
            ("a: &x {b: 1}\n", false),
        ] {
            assert_eq!(super::read(text.as_bytes()).unwrap().1, is_shared, "{text}");
        }
    }

    fn json(text: &str) -> Node {
        super::super::json::read(text.as_bytes()).ok().unwrap()
    }

    fn error(text: &str) -> String {
        match read(text.as_bytes()) {
            Err(error) => error.to_string(),
            Ok(node) => panic!("{text:?} is read as {}", node.to_json()),
        }
    }

    #[test]
    fn short_tags_are_the_long_form() {
        let yaml = "A: !Ref X\nB: !Sub 'a-${X}'\nC: !GetAtt A.Arn\nD: !If [P, 1, !Ref 'AWS::NoValue']\nE: !!str 5\nF: ~\nG: ''\n\
            H: !Ref 0644\nI: !Transform {Name: x}\n";
        let long = r#"{"A": {"Ref": "X"}, "B": {"Fn::Sub": "a-${X}"}, "C": {"Fn::GetAtt": "A.Arn"},
            "D": {"Fn::If": ["P", 1, {"Ref": "AWS::NoValue"}]}, "E": "5", "F": null, "G": "", "H": {"Ref": "0644"},
            "I": {"Fn::Transform": {"Name": "x"}}}"#;
        assert_eq!(read(yaml.as_bytes()).unwrap(), json(long));
    }

    #[test]
    fn reads_what_templates_are_made_of() {
        for (yaml, long) in [
            (
                "---\na: 1 # note\n\n# note\nb:\n- x\n-  u: 1\n   z:\n- - p\n  - q\n",
                r#"{"a": 1, "b": ["x", {"u": 1, "z": null}, ["p", "q"]]}"#,
            ),
            (
                "a: |\n  x\n   y\n\n  z\nb: >-\n  x\n  y\n\n  z\nc: |+\n  x\n\n",
                r#"{"a": "x\n y\n\nz\n", "b": "x y\nz", "c": "x\n\n"}"#,
            ),
            ("a: |2\n    x\nb: >\n  x\n    y\n  z\n", r#"{"a": "  x\n", "b": "x\n  y\nz\n"}"#),
            (
                "a: one\n  two\n\n  three\nb: 'it''s\n  one'\nc: \"a\\tb\\\n  c\\u00e9\"\n",
                r#"{"a": "one two\nthree", "b": "it's one", "c": "a\tbc\u00e9"}"#,
            ),
            (
                "a: {b: [1, 'x', \"y\",], c: {}, d: , \"e\":f}\ng: [\n  {h: i},\n  ]\n",
                r#"{"a": {"b": [1, "x", "y"], "c": {}, "d": null, "e": "f"}, "g": [{"h": "i"}]}"#,
            ),
            ("{\"a\": [1, true, null], \"b\": \"x\\/y\"}", r#"{"a": [1, true, null], "b": "x/y"}"#),
            (
                "a: &x\n  b: 1\nc: *x\nd: [*x, &y z, *y]\n",
                r#"{"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}, "z", "z"]}"#,
            ),
            ("%YAML 1.1\n---\na: [b: c, \"d\": , e]\n", r#"{"a": [{"b": "c"}, {"d": null}, "e"]}"#),
            ("\r\na: x\r\n  y\r\nb: |\r\n  z\r\n", r#"{"a": "x y", "b": "z\n"}"#),
            (
                "a:\n  b: [{\n    c: d\n  }]\n  e: {\n  f: [\n  g,\n'h\n i'\n]}\nj: [\n]\nk:\n- [\n l\n]\n",
                r#"{"a": {"b": [{"c": "d"}], "e": {"f": ["g", "h i"]}}, "j": [], "k": [["l"]]}"#,
            ),
            (
                "a:\n  b: \"x\ny\n\n z\\\nw\\\n\\ v\"\n  c:\n  - 'p\nq'\n",
                r#"{"a": {"b": "x y\nzw v", "c": ["p q"]}}"#,
            ),
            (
                "a: http://x/?a=b#c\nb: -x\nc: a - b\nd: 'x: y'\ne: a:b\n\"f g\": é\n",
                r##"{"a": "http://x/?a=b#c", "b": "-x", "c": "a - b", "d": "x: y", "e": "a:b", "f g": "é"}"##,
            ),
        ] {
            assert_eq!(
                read(yaml.as_bytes()).map_err(|error| format!("{yaml}: {error}")).unwrap(),
                json(long),
                "{yaml}"
            );
        }
    }

    #[test]
    fn merges_add_members_that_the_object_does_not_have() {
        let yaml = "x: &x {a: 1, b: 2}\nw: &w {c: 4}\nu:\n  <<: *x\n  b: 3\nz: {<<: [*x, *w]}\nv:\n  d: 5\n  <<: *w\n";
        let long = r#"{"x": {"a": 1, "b": 2}, "w": {"c": 4}, "u": {"a": 1, "b": 3}, "z": {"a": 1, "b": 2, "c": 4},
            "v": {"c": 4, "d": 5}}"#;
        assert_eq!(read(yaml.as_bytes()).unwrap(), json(long));
    }

    #[test]
    fn a_value_that_schemas_resolve_differently_is_ambiguous() {
        let node = read(b"Code: |2\n     x\n     \nMode: |\n  x\n\n  y\nItems:\n-\n- x\nMore:\n-\n").unwrap();
        assert!(matches!(node.map().and_then(|map| map.get("Code")), Some(Node::Ambiguous(_))));
        assert!(matches!(node.map().and_then(|map| map.get("Mode")), Some(Node::Scalar(_))));
        let node = read(b"Mode: 0644\nDate: 2012-10-17\nSwitch: [on]\nText: '0644'\nFlag: true\n").unwrap();
        let map = node.map().unwrap();
        assert_eq!(map.get("Text").and_then(Node::text), Some("0644"));
        assert_eq!(node.ambiguity_read(), None);
        assert_eq!(map.get("Mode").and_then(Node::text), None);
        assert_eq!(node.ambiguity_read().map(|value| (value.line, &*value.text)), Some((1, "0644")));
    }

    #[test]
    fn reads_keys_of_one_letter_tags_without_values_and_the_end_of_the_document() {
        let tree =
            |text: &str| read(text.as_bytes()).map_err(|error| format!("{text}: {error}")).unwrap().to_json();
        let letters = serde_json::json!({"y": "1", "N": {"Y": "2", "n": "3"}});
        assert_eq!(tree("y: 1\nN: {Y: 2, n: 3}\n"), letters);
        let none = serde_json::json!({"Fn::GetAZs": {"!ambiguous": ""}});
        let zones = serde_json::json!({"a": none, "b": ["0", none], "c": [none], "d": {"e": none}});
        assert_eq!(tree("a: !GetAZs\nb: [0, !GetAZs ]\nc:\n- !GetAZs # note\nd: {e: !GetAZs }\n"), zones);
        for end in ["...", "...\n", "...\r\n"] {
            assert_eq!(tree(&format!("a: |+\n  x\n{end}")), serde_json::json!({"a": "x\n"}));
        }
    }

    #[test]
    fn bombs_are_refused_in_little_memory() {
        let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
        for level in 1..20 {
            let many = vec![format!("*a{}", level - 1); 10].join(", ");
            laughs.push_str(&format!("a{level}: &a{level} [{many}]\n"));
        }
        assert!(error(&laughs).contains("too many values for its size"));
        assert!(error("a: &a [*a]\n").contains("inside its own value"));
        for open in ["[", "{b: ", "- ", "{\"b\":", "[{b: ", "&a ", "!a ", "- - "] {
            let deep = error(&format!("a:\n  {}", open.repeat(60_000)));
            assert!(deep.contains("nested deeper") || deep.contains("a second"), "{open}: {deep}");
        }
        let blocks = (0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>();
        assert!(error(&blocks).contains("nested deeper"));
        assert!(error(&format!("a: [{}0]", "0,".repeat(200_000))).contains("values in brackets"));
        assert!(error(&format!("a: {}", "x".repeat(TEMPLATE_READ_BYTES_MAX))).contains("over the limit of"));
    }

    #[test]
    fn refuses_what_readers_read_differently() {
        for (text, words) in [
            ("a: 1 # x\u{85}b: 2\n", "line 1: U+0085 ends a line in YAML 1.1"),
            ("a: 1\nb: 2 # \u{2028}\n", "line 2: U+2028"),
            ("a: 'x\u{2029}y'\n", "U+2029"),
            ("a: 1\rb: 2\n", "U+000D ends a line only for some"),
            ("a: \0\n", "U+0000 is a control"),
            ("a: '\u{7f}'\n", "control"),
            ("a: '\u{9b}'\n", "control"),
            ("a: '\u{fffe}'\n", "control"),
            ("a: b\n\u{feff}c: d\n", "line 2: U+FEFF is a byte order mark"),
            ("a:\n\tb: 1\n", "line 2: a tab"),
            ("a: b\t# c\n", "a tab"),
            ("a:\tb\n", "a tab"),
            ("a: 1\na: 2\n", "line 2: key \"a\" occurs twice"),
            ("a:\n  b: 1\n  c: 2\n  'b': 3\n", "line 4: key \"b\" occurs twice"),
            ("1: a\n01: b\n", "line 2: key \"01\" is not a text to every reader"),
            ("1: a\n'1': b\n", "occurs twice"),
            ("yes: a\n", "quote it"),
            ("on: a\n", "quote it"),
            ("{True: a}\n", "quote it"),
            ("2012-10-17: a\n", "quote it"),
            ("1:30: a\n", "quote it"),
            ("=: a\n", "quote it"),
            ("~: a\n", "quote it"),
            ("null: a\n", "quote it"),
            (": a\n", "cannot start a key"),
            ("? a\n: b\n", "cannot start a key"),
            ("{? a: b}\n", "cannot start a key"),
            ("? [a]\n: 1\n", "cannot start a key"),
            ("[a]: b\n", "text after the end"),
            ("a:\n  {b}: c\n", "a key without"),
            ("x: &x a\n*x : b\n", "cannot start a key"),
            ("&x a: b\n", "an anchor or tag before a key"),
            ("!!str a: b\n", "an anchor or tag before a key"),
            ("a: &x b\nc: &x d\n", "line 2: anchor `x` is set a second time"),
            ("a: &x\n  - *x\n", "inside its own value"),
            ("a: *x\n", "no anchor"),
            ("a: &x.y b\n", "not every reader supports"),
            ("a: &x 1\nb: !Ref *x\n", "before an alias"),
            ("a: [*x:]\n", "no anchor"),
            ("x: &x {a: 1}\nz: {<<: *x, <<: *x}\n", "a second `<<`"),
            ("x: &x {a: 1}\nw: &w {a: 2}\nz: {<<: [*x, *w]}\n", "line 3: `<<` merges key \"a\" twice"),
            ("x: &x {a: 1}\nw: &w {<<: *x, a: 2}\nz: {<<: *w}\n", "replaces merged keys"),
            ("w: &w !Sub {a: 2}\nz: {<<: *w}\n", "has a tag"),
            ("w: &w !Sub a\nz: {<<: *w}\n", "has a tag"),
            ("<<: 5\n", "expected an alias after `<<`"),
            ("x: &x 5\nz: {<<: *x}\n", "not an object"),
            ("a:\n  '<<': 5\n", "a quoted key `<<`"),
            ("a: 1\n---\nb: 2\n", "line 2: `---`"),
            ("a: 1\n...\nb: 2\n", "line 2: `---` or `...`"),
            ("a: 'x\n...\n", "does not end"),
            ("...\n", "`---` or `...`"),
            ("a: &x 1\n---\nb: *x\n", "line 2: `---`"),
            ("--- {a: 1}\n", "on the line of `---`"),
            ("a: 'x\n---\n  y'\n", "inside a quoted text"),
            ("a: |\n  x\n---\nb: 1\n", "`---`"),
            ("%YAML 1.1\na: 1\n", "`%YAML` is not followed by `---`"),
            ("%YAML 2.0\n---\na: 1\n", "line 1: a directive"),
            ("%TAG ! x\n---\na: 1\n", "line 1: a directive"),
            ("---\n%YAML 1.1\n---\na: 1\n", "line 2: a directive"),
            ("a: !!binary eA==\n", "not every reader supports"),
            ("a: !!set {b}\n", "not every reader supports"),
            ("a: !<tag:example.com,2000:x> 1\n", "not every reader supports"),
            ("a: !x!y 1\n", "not every reader supports"),
            ("a: ! 1\n", "not every reader supports"),
            ("a: !A !B c\n", "a second tag"),
            ("a: !!str [b]\n", "not a text"),
            ("a: \"\\ud83d\\ude00\"\n", "is not a character"),
            ("a: \"\\u0000\"\n", "is not a character"),
            ("a: \"\\0\"\n", "an escape"),
            ("a: \"\\q\"\n", "an escape"),
            ("a: \"\\xg0\"\n", "an escape"),
            ("a: 'b'#c\n", "without a space"),
            ("a: [b]#c\n", "without a space"),
            ("a: [b?c]\n", "expected `,` or `]`"),
            ("a: {b?c: d}\n", "a key without"),
            ("a: {b: ?c}\n", "cannot start a key"),
            ("a: [:b]\n", "cannot start a key"),
            ("a: [b: c: d]\n", "expected `,`"),
            ("a: [<<: *b]\n", "no anchor"),
            ("a: [{b}: c]\n", "a key without"),
            ("a: {b:,}\n", "a key without"),
            ("a: {b:}\n", "a key without"),
            ("a: [b:]\n", "expected `,`"),
            ("a: {b, c: d}\n", "a key without"),
            ("a: {b\n  : c}\n", "a key without"),
            ("a: b: c\n", "`: ` inside a value"),
            ("a: b\n  c: d\n", "text after a value"),
            ("a: b\n  # x\n  c\n", "text after a value"),
            ("a: - b\n", "a list starts on the line of its key"),
            ("a:\n    b: 1\n  c: 2\n", "indentation that matches no key"),
            ("a:\nb\n", "a key without"),
            ("a: 'b' c\n", "text after a value"),
            ("a: |x\n  b\n", "text after `|`"),
            ("a:\n- -\n- b\n", "line 2: a list ends with an item without a value"),
            ("a:\n- b:\n  -\n- c\n", "line 3: a list ends with an item without a value"),
            ("a: \"b\\\n\n  c\"\n", "an empty line after"),
            ("---x: b\n", "`---` or `...`"),
            ("...x: b\n", "`---` or `...`"),
            ("a: @b\n", "cannot start a key"),
            ("a: `b`\n", "cannot start a key"),
            ("", "empty"),
            ("# note\n", "empty"),
            ("a: [1\n", "line 2: the file ends before `]`"),
            ("a: {\n", "line 2: the file ends before `}`"),
            ("a: {b: ", "the file ends where a key or a value is missing"),
            ("a: 'b\n", "does not end"),
        ] {
            assert!(error(text).contains(words), "{text:?}: {}", error(text));
        }
        let long = "k".repeat(1025);
        assert!(error(&format!("{long}: 1\n")).contains("longer than 1024"));
        assert!(read(b"a: \xff").is_err());
    }
}
