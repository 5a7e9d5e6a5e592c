//! Which documents differ from this one in one place?

use serde_json::{Value, json};

/// The JSON pointers of every value in a document, the document itself first.
pub fn places(value: &Value) -> Vec<String> {
    let below = |name: &str, value: &Value| -> Vec<String> {
        places(value).iter().map(|place| format!("/{name}{place}")).collect()
    };
    let mut found = vec![String::new()];
    match value {
        Value::Object(fields) => found.extend(fields.iter().flat_map(|(name, value)| below(name, value))),
        Value::Array(items) => {
            found.extend(items.iter().enumerate().flat_map(|(i, item)| below(&i.to_string(), item)));
        }
        _ => {}
    }
    found
}

/// The document with each change that can happen to the value at a place.
pub fn changes(document: &Value, place: &str) -> Vec<Value> {
    let value = document.pointer(place).expect("it is there");
    let mut replacements = vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(""),
        json!("x"),
        json!([]),
        json!({}),
        json!([value]),
    ];
    match value {
        Value::String(text) => {
            replacements.extend([
                json!(format!("{text} ")),
                json!(text.to_lowercase()),
                json!(flipped(text)),
            ]);
        }
        Value::Object(fields) => {
            let mut more = fields.clone();
            more.insert("verified".into(), json!(true));
            replacements.push(Value::Object(more));
        }
        Value::Array(items) => replacements.push(json!([&items[..], &items[..], &[json!({})]].concat())),
        _ => {}
    }
    let replaced = |replacement: Value| {
        let mut changed = document.clone();
        *changed.pointer_mut(place).expect("it is there") = replacement;
        changed
    };
    let mut changed: Vec<Value> = replacements.into_iter().map(replaced).collect();
    changed.extend(removed(document, place));
    changed
}

/// The document without the value at a place, unless that is the document.
fn removed(document: &Value, place: &str) -> Option<Value> {
    let (parent, name) = place.rsplit_once('/')?;
    let mut changed = document.clone();
    match changed.pointer_mut(parent)? {
        Value::Object(fields) => drop(fields.remove(name)),
        Value::Array(items) => drop(items.remove(name.parse().ok()?)),
        _ => {}
    }
    Some(changed)
}

/// The text with another letter in its middle.
fn flipped(text: &str) -> String {
    let middle = text.len() / 2;
    let letter = |(i, c)| {
        if i != middle {
            c
        } else if c == 'A' {
            'B'
        } else {
            'A'
        }
    };
    text.chars().enumerate().map(letter).collect()
}

/// The document's text, in which the member at a place is written twice.
pub fn twice(value: &Value, at: &str, place: &str) -> String {
    let join = |parts: Vec<String>| parts.join(",");
    match value {
        Value::Object(fields) => {
            let each = fields.iter().flat_map(|(name, value)| {
                let here = format!("{at}/{name}");
                let member = format!("{}:{}", json!(name), twice(value, &here, place));
                vec![member; if here == place { 2 } else { 1 }]
            });
            format!("{{{}}}", join(each.collect()))
        }
        Value::Array(items) => {
            let each = items.iter().enumerate().map(|(i, item)| twice(item, &format!("{at}/{i}"), place));
            format!("[{}]", join(each.collect()))
        }
        other => other.to_string(),
    }
}
