//! Which lines could a journal have?

use serde_json::{Value, json};

/// The CSC of every line that does not say otherwise.
pub const CSC: &str = "csc-0123456789abcdefg";

/// A line of a journal, with an id made of its number: `orders`, deployed under Warn, allowed.
pub fn passed(number: u64, time: &str) -> Value {
    json!({
        "schema_version": 1,
        "id": format!("00000000-0000-4000-8000-{number:012x}"),
        "time": time,
        "event": "deploy",
        "kind": "function",
        "name": "orders",
        "csc": CSC,
        "mode": "Warn",
        "decision": "allowed",
        "findings": {},
        "profile": "arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5",
        "job": "arn:countersign:signer::acme:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10",
        "requested_by": "ci@acme.example",
        "artifact": "0".repeat(96),
    })
}

/// As [`passed`], with a finding of a check: warned, or denied if it is integrity.
pub fn found(number: u64, time: &str, check: &str, code: &str) -> Value {
    let decision = if check == "integrity" { "denied" } else { "warned" };
    with(
        passed(number, time),
        &[("decision", json!(decision)), ("status", json!(check)), ("findings", json!({ check: [code] }))],
    )
}

/// A line with other values; `null` takes one away.
pub fn with(mut line: Value, values: &[(&str, Value)]) -> Value {
    for (name, value) in values {
        let fields = line.as_object_mut().expect("an object");
        match value {
            Value::Null => drop(fields.remove(*name)),
            value => drop(fields.insert((*name).into(), value.clone())),
        }
    }
    line
}

/// The same line a number of times from a day of January 2026 on, one a day, each with an id of its own.
pub fn daily(line: &Value, first_day: u64, count: u64) -> Vec<Value> {
    let each = |day: u64| {
        let id = format!("{:08x}-0000-4000-8000-{day:012x}", fingerprint(line));
        with(line.clone(), &[("id", json!(id)), ("time", json!(format!("2026-01-{day:02}T12:00:00Z")))])
    };
    (first_day..first_day + count).map(each).collect()
}

/// A number that differs where lines do.
fn fingerprint(line: &Value) -> u32 {
    line.to_string().bytes().fold(0, |all: u32, byte| all.wrapping_mul(31).wrapping_add(byte.into()))
}

/// Lines as a file.
pub fn journal(lines: &[Value]) -> String {
    // Fields that come first in the format come first in a file that is appended to.
    lines.iter().map(|line| format!("{line}\n")).collect()
}
