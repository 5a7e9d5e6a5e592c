//! Properties: how two values of a document differ.
//!
//! A property is named by its JSON pointer (RFC 6901), as in CloudFormation's drift: elements of a list by
//! their index. Elements that are in both lists are equal at any position; of the others, those with the same
//! index differ, and the rest are added or removed. If only the order differs, the list itself differs.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// A property that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Property {
    /// Its JSON pointer; empty for the whole document.
    pub path: String,
    /// How it differs.
    pub difference: Difference,
    /// The expected value; absent if there should be none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// The actual value; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<Value>,
}

/// How a property differs, in CloudFormation's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Difference {
    /// It exists and should not.
    Add,
    /// It is missing.
    Remove,
    /// Its value differs.
    NotEqual,
}

impl Difference {
    /// The difference as a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Remove => "REMOVE",
            Self::NotEqual => "NOT_EQUAL",
        }
    }
}

impl Property {
    /// A whole document with a different value.
    pub fn whole(expected: impl Into<Value>, actual: impl Into<Value>) -> Self {
        not_equal("", &expected.into(), &actual.into())
    }
}

/// How `actual` differs from `expected`, by JSON pointer.
pub fn compare(expected: &Value, actual: &Value) -> Vec<Property> {
    let mut found = Vec::new();
    values("", expected, actual, &mut found);
    found
}

fn values(path: &str, expected: &Value, actual: &Value, found: &mut Vec<Property>) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            let names: std::collections::BTreeSet<&String> = expected.keys().chain(actual.keys()).collect();
            for name in names {
                let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
                both(&path, expected.get(name), actual.get(name), found);
            }
        }
        (Value::Array(expected), Value::Array(actual)) => lists(path, expected, actual, found),
        _ if expected == actual => {}
        _ => found.push(not_equal(path, expected, actual)),
    }
}

fn both(path: &str, expected: Option<&Value>, actual: Option<&Value>, found: &mut Vec<Property>) {
    let path = path.to_owned();
    match (expected, actual) {
        (Some(expected), Some(actual)) => values(&path, expected, actual, found),
        (Some(expected), None) => {
            let (difference, expected) = (Difference::Remove, Some(expected.clone()));
            found.push(Property { path, difference, expected, actual: None });
        }
        (None, Some(actual)) => {
            let (difference, actual) = (Difference::Add, Some(actual.clone()));
            found.push(Property { path, difference, expected: None, actual });
        }
        (None, None) => {}
    }
}

fn lists(path: &str, expected: &[Value], actual: &[Value], found: &mut Vec<Property>) {
    let (left, right) = (without(expected, actual), without(actual, expected));
    let numbers: std::collections::BTreeSet<usize> = left.keys().chain(right.keys()).copied().collect();
    if numbers.is_empty() && expected != actual {
        found.push(not_equal(path, &expected.into(), &actual.into()));
    }
    for number in numbers {
        both(&format!("{path}/{number}"), left.get(&number).copied(), right.get(&number).copied(), found);
    }
}

/// The elements of a list that the other does not have, by index; equal ones are counted.
fn without<'a>(list: &'a [Value], other: &[Value]) -> BTreeMap<usize, &'a Value> {
    let mut there: BTreeMap<String, usize> = BTreeMap::new();
    for value in other {
        *there.entry(value.to_string()).or_default() += 1;
    }
    let missing = |(_, value): &(usize, &Value)| match there.get_mut(&value.to_string()) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    list.iter().enumerate().filter(missing).collect()
}

fn not_equal(path: &str, expected: &Value, actual: &Value) -> Property {
    let (expected, actual) = (Some(expected.clone()), Some(actual.clone()));
    Property { path: path.into(), difference: Difference::NotEqual, expected, actual }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(expected: Value, actual: Value) -> Vec<String> {
        let shown = |value: Option<Value>| value.map_or("-".to_owned(), |value| value.to_string());
        let line = |each: Property| {
            format!(
                "{} {} {} {}",
                each.path,
                each.difference.name(),
                shown(each.expected),
                shown(each.actual)
            )
        };
        compare(&expected, &actual).into_iter().map(line).collect()
    }

    #[test]
    fn each_property_is_named() {
        assert_eq!(
            told(json!({"a": 1, "b": {"c/d": "x"}, "e": []}), json!({"a": 2, "b": {"c/d": "y", "z": 0}})),
            [r#"/a NOT_EQUAL 1 2"#, r#"/b/c~1d NOT_EQUAL "x" "y""#, r#"/b/z ADD - 0"#, r#"/e REMOVE [] -"#]
        );
        assert!(told(json!({"a": [1, {"b": 2}]}), json!({"a": [1, {"b": 2}]})).is_empty());
    }

    #[test]
    fn elements_of_a_list_are_found_wherever_they_stand() {
        assert_eq!(told(json!(["a", "b"]), json!(["x", "a", "b"])), [r#"/0 ADD - "x""#]);
        assert_eq!(told(json!(["a", "b", "c"]), json!(["b", "c"])), [r#"/0 REMOVE "a" -"#]);
        assert_eq!(told(json!(["a", "b"]), json!(["a", "x"])), [r#"/1 NOT_EQUAL "b" "x""#]);
        assert_eq!(told(json!([{"n": 1, "m": 1}]), json!([{"n": 1, "m": 2}])), ["/0/m NOT_EQUAL 1 2"]);
        assert_eq!(told(json!(["a", "a"]), json!(["a"])), [r#"/1 REMOVE "a" -"#]);
        assert_eq!(told(json!(["a", "b"]), json!(["b", "a"])), [r#" NOT_EQUAL ["a","b"] ["b","a"]"#]);
    }

    #[test]
    fn another_type_is_another_value() {
        assert_eq!(told(json!({"a": "1"}), json!({"a": 1})), [r#"/a NOT_EQUAL "1" 1"#]);
        assert_eq!(told(json!({"a": []}), json!({"a": {}})), ["/a NOT_EQUAL [] {}"]);
    }
}
