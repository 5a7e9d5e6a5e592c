//! Layer differences: versions are added, and permissions are added and ended; nothing else changes.

use super::{Differences, statement};
use crate::layer::{Layer, LayerPermission, LayerVersion};
use crate::name::StatementId;

const FOR_EVER: &str = "published versions stay on record, so that a version number is never used again";
const IMMUTABLE: &str = "a published version cannot change; publish a new one";
const STATEMENT: &str = "a permission stays on record; end it with `countersign layer forbid`";

pub fn compare(differences: &mut Differences, before: Option<&Layer>, after: Option<&Layer>) {
    match (before, after) {
        (None, None) => {}
        (Some(before), None) => differences.forbid(format!("layer `{}` removed", before.name()), FOR_EVER),
        (None, Some(after)) => {
            after.versions().iter().for_each(|new| published(differences, after, new));
            after.permissions().iter().for_each(|new| permitted(differences, after, new));
        }
        (Some(before), Some(after)) => {
            versions(differences, before, after);
            let what = |id: &StatementId| format!("permission `{id}` of layer `{}`", before.name());
            let (old, new) = (before.permissions(), after.permissions());
            let added = statement::compare(differences, old, new, what, STATEMENT);
            added.into_iter().for_each(|new| permitted(differences, after, new));
            differences.check_revision(before.revision(), after.revision());
        }
    }
}

fn versions(differences: &mut Differences, before: &Layer, after: &Layer) {
    for old in before.versions() {
        if after.published(old.version) != Some(old) {
            let what = format!("version {} of layer `{}` changed or removed", old.version, before.name());
            differences.forbid(what, IMMUTABLE);
        }
    }
    for new in after.versions().iter().skip(before.versions().len()) {
        published(differences, after, new);
    }
}

fn published(differences: &mut Differences, layer: &Layer, new: &LayerVersion) {
    let signed = if new.signed { "signed" } else { "not signed" };
    let runtimes = match new.compatible_runtimes.as_slice() {
        [] => "any runtime".into(),
        runtimes => runtimes.join(", "),
    };
    differences.allow(format!(
        "layer `{}` version {} published: {runtimes}, {} bytes, {signed}, SHA-384 {}",
        layer.name(),
        new.version,
        new.size,
        new.sha384
    ));
}

fn permitted(differences: &mut Differences, layer: &Layer, new: &LayerPermission) {
    let who = match &new.organization {
        Some(organization) => format!("every account in `{organization}`"),
        None => format!("`{}`", new.principal),
    };
    let until = new.not_after.map_or(String::new(), |end| format!(" until {end}"));
    differences.allow(format!(
        "permission `{}` added to layer `{}`: {who} can use version {} from {}{until}",
        new.statement_id,
        layer.name(),
        new.version,
        new.not_before
    ));
}
