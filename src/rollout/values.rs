//! Values: the values of documents, without layout and revision.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::TargetError;
use crate::csc::Csc;
use crate::document;
use crate::function::Functions;
use crate::policy::documents::Kind;
use crate::profile::Profile;
use crate::stackset::{Part, Target};

/// A document's values without its revision, which each account counts separately; `None` if it is malformed.
pub(super) fn values(path: &str, bytes: &[u8]) -> Option<serde_json::Value> {
    let file = Path::new(path);
    match Kind::of(path) {
        Some(Kind::Csc) => drop(Csc::parse(file, bytes).ok()?),
        Some(Kind::Profile) => drop(Profile::parse(file, bytes).ok()?),
        Some(Kind::Functions) => drop(Functions::parse(file, bytes).ok()?),
        _ => {}
    }
    let mut table = document::toml_table(bytes)?;
    table.remove("revision");
    serde_json::to_value(table).ok()
}

/// A document's revision, if it has one.
pub(super) fn revision(bytes: &[u8]) -> Option<u64> {
    let table = document::toml_table(bytes)?;
    table.get("revision")?.as_integer()?.try_into().ok()
}

/// One document's values in the layout of another, as the given revision.
pub(super) fn with_revision(
    file: &Path,
    before: &[u8],
    wanted: &[u8],
    revision: u64,
) -> Result<Vec<u8>, TargetError> {
    let mut table: toml::Table = document::from_toml(file, wanted)?;
    let revision = i64::try_from(revision).unwrap_or(i64::MAX);
    table.insert("revision".into(), toml::Value::Integer(revision));
    Ok(document::update_toml(file, before, &table)?.into_bytes())
}

/// Whether a path is a CSC or a profile that the stack set would roll out, but does not have.
pub(super) fn is_unmanaged(target: &Target, wanted: &BTreeMap<String, Vec<u8>>, path: &str) -> bool {
    let part = match Kind::of(path) {
        Some(Kind::Csc) => Part::Csc,
        Some(Kind::Profile) => Part::Profiles,
        _ => return false,
    };
    target.deploy().has(part) && !wanted.contains_key(path) && !target.owns(path)
}
