//! Profile differences: versions and permissions are added and ended; nothing else changes.

use super::{Differences, statement};
use crate::name::StatementId;
use crate::profile::{Action, Permission, Profile, Status, Version};

const FOR_EVER: &str =
    "the document must stay, since a profile name is never reused; cancel the profile instead";
const IMMUTABLE: &str =
    "only the status of a version can change; create a new version with `countersign profile rotate`";
const STATEMENT: &str =
    "the permission is needed to verify earlier signatures; end it with `countersign profile forbid`";

pub fn compare(differences: &mut Differences, before: Option<&Profile>, after: Option<&Profile>) {
    match (before, after) {
        (None, None) => {}
        (None, Some(after)) => created(differences, after),
        (Some(before), None) => {
            differences.forbid(format!("profile `{}` removed", before.name()), FOR_EVER);
        }
        (Some(before), Some(after)) => {
            versions(differences, before, after);
            let what = |id: &StatementId| format!("permission `{id}` of `{}`", before.name());
            let (old, new) = (before.permissions(), after.permissions());
            let permitted = statement::compare(differences, old, new, what, STATEMENT);
            permitted.into_iter().for_each(|new| differences.allow(added(new, after)));
            differences.check_revision(before.revision(), after.revision());
        }
    }
}

fn created(differences: &mut Differences, after: &Profile) {
    let name = after.name();
    for version in after.versions() {
        let (id, shown) = (&version.version, described(version));
        differences.allow(format!("profile `{name}` created: version {id} {shown}"));
    }
    for permission in after.permissions() {
        differences.allow(added(permission, after));
    }
}

/// Everything about a new version that the person who seals must review: it can be edited manually.
fn described(version: &Version) -> String {
    let status = match version.status {
        Status::Active => String::new(),
        status => format!(", {} already", status.name()),
    };
    format!("created {}, signatures valid for {}{status}", version.created, version.validity)
}

fn versions(differences: &mut Differences, before: &Profile, after: &Profile) {
    let name = before.name();
    for (index, old) in before.versions().iter().enumerate() {
        let what = format!("version {} of `{name}`", old.version);
        match after.versions().get(index) {
            Some(new) if Version { status: old.status, ..new.clone() } == *old => {
                status(differences, &what, old.status, new.status);
            }
            _ => differences.forbid(format!("{what} changed or removed"), IMMUTABLE),
        }
    }
    for new in after.versions().iter().skip(before.versions().len()) {
        let text = format!("version {} of `{name}` added: {}", new.version, described(new));
        match before.current().status {
            Status::Canceled => {
                differences.forbid(text, "a canceled profile stays canceled; create another profile")
            }
            Status::Active | Status::Revoked => differences.allow(text),
        }
    }
}

/// The state machine of a version: Active to Canceled or Revoked, Canceled to Revoked; no way back.
fn status(differences: &mut Differences, what: &str, old: Status, new: Status) {
    use Status::{Active, Canceled, Revoked};
    let text = format!("{what} changes from {} to {}", old.name(), new.name());
    match (old, new) {
        (Active, Active) | (Canceled, Canceled) | (Revoked, Revoked) => {}
        (Active, Canceled) | (Active | Canceled, Revoked) => differences.allow(text),
        (Revoked, Canceled) => differences.forbid(text, "a revoked version cannot be canceled"),
        (Canceled | Revoked, Active) => {
            differences.forbid(text, "a canceled or revoked version cannot become active again");
        }
    }
}

fn added(new: &Permission, profile: &Profile) -> String {
    let actions: Vec<&str> = new.actions.iter().map(|action| Action::name(*action)).collect();
    let until = new.not_after.map_or(String::new(), |end| format!(" until {end}"));
    format!(
        "permission `{}` added to `{}`: `{}` is permitted {} with key {} from {}{until}",
        new.statement_id,
        profile.name(),
        new.principal,
        actions.join(", "),
        new.key.id(),
        new.not_before,
    )
}
