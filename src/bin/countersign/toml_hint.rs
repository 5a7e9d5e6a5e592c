//! The way out of an error in `countersign.toml`: the line to write.

use anyhow::Error;
use countersign::document::DocumentError;

use crate::output::refuse;

/// Each part of a message, with its hint; the first that matches counts.
const HINTS: [(&str, &str); 9] = [
    ("missing field `path`", "add the folder of its code, relative to this file: path = \"services/orders\""),
    ("missing field `name`", "add its name: name = \"orders\""),
    (
        "missing field `compatible_runtimes`",
        "add the runtimes of the layer: compatible_runtimes = [\"python3.13\"]",
    ),
    (
        "leads out of the folder",
        "name a folder below this file, or move this file to a folder that contains both",
    ),
    (
        "one of: `policy`, `trust`",
        "keep `policy` for a policy directory, or `trust` for the URL of its repository",
    ),
    (
        "at least one `[[function]]`",
        "add a function, and give each function and layer another name:\n  [[function]]\n  name = \"orders\"\n  \
         path = \"services/orders\"",
    ),
    ("unknown field", "remove or rename it; the fields of each table are listed above"),
    ("layers, over the limit", "AWS Lambda allows no more; merge some of the layers"),
    ("is not UTF-8", "save the file as UTF-8"),
];

/// The error of a workspace file, with its way out.
pub fn with_hint(error: DocumentError, bytes: &[u8]) -> Error {
    if error.newer().is_some() {
        return error.into();
    }
    let message = error.to_string();
    let known = HINTS.iter().find(|(part, _)| message.contains(part)).map(|(_, hint)| *hint);
    let hint = known.unwrap_or(match has_backslash(bytes) {
        true => "write `/` in paths, also on Windows: path = \"services/orders\"",
        false => "fix the reported value; a function is `[[function]]`, `name = \"orders\"` and `path = \"services/orders\"`, on three lines",
    });
    refuse(message, hint)
}

/// Whether a path may be written with backslashes, which TOML takes for escapes.
fn has_backslash(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).lines().any(|line| line.contains('\\') && line.contains('"'))
}
