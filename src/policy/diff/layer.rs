//! Layer differences: versions are added, and permissions are added and ended; nothing else changes.

use super::Differences;
use crate::layer::{Layer, LayerPermission, LayerVersion};

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
            permissions(differences, before, after);
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

fn permissions(differences: &mut Differences, before: &Layer, after: &Layer) {
    let name = before.name();
    for old in before.permissions() {
        let what = format!("permission `{}` of layer `{name}`", old.statement_id);
        match after.permission(&old.statement_id) {
            Some(new) if new == old => {}
            Some(new) if LayerPermission { not_after: old.not_after, ..new.clone() } == *old => {
                match (old.not_after, new.not_after) {
                    (_, None) => differences.forbid(format!("{what} has no end anymore"), STATEMENT),
                    (Some(old), Some(new)) if new > old => differences.forbid(
                        format!("{what} ends later, at {new}"),
                        "an end can only move to an earlier time",
                    ),
                    (_, Some(end)) => differences.allow(format!("{what} now ends at {end}")),
                }
            }
            Some(_) => differences.forbid(format!("{what} changed"), STATEMENT),
            None => differences.forbid(format!("{what} removed"), STATEMENT),
        }
    }
    for new in after.permissions().iter().filter(|new| before.permission(&new.statement_id).is_none()) {
        permitted(differences, after, new);
    }
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
