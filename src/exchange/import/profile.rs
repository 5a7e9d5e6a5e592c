//! Profiles from AWS: one version each, and the permissions of principals whose keys are known.

use super::answer::{AwsPermission, AwsProfile};
use super::{ImportError, Options, Planned, Told, existing};
use crate::limits::VALIDITY_MONTHS;
use crate::name::{Principal, ProfileName};
use crate::policy::edit::Editor;
use crate::profile::change::CancelOld;
use crate::profile::{Action, Permission, Profile, Status, Version};
use crate::time::{Period, Timestamp};

/// The changed profiles.
pub fn planned(
    editor: &Editor,
    told: &Told,
    options: &Options,
    now: Timestamp,
    notes: &mut Vec<String>,
) -> Result<Vec<Planned>, ImportError> {
    let mut planned = Vec::new();
    for profile in told.profiles.values() {
        check_owner(profile, options)?;
        planned.extend(with_version(editor, profile, now, notes)?);
    }
    let unknown = |name: &&Principal| told.permissions.iter().all(|each| each.principal != **name);
    if let Some(name) = options.keys.keys().find(unknown) {
        return Err(ImportError::UnknownPrincipal(name.clone()));
    }
    if !told.permissions.is_empty() {
        let name = options.permissions_of.as_ref().ok_or(ImportError::Nameless)?;
        with_permissions(editor, &mut planned, name, told, options, now, notes)?;
    }
    Ok(planned)
}

fn check_owner(profile: &AwsProfile, options: &Options) -> Result<(), ImportError> {
    match (&options.as_own, profile.owner()) {
        (Some(own), Some(owner)) if own.as_str() != owner.account().as_str() => {
            Err(ImportError::Foreign(profile.name.clone()))
        }
        _ => Ok(()),
    }
}

/// The profile with the version from AWS; `None` if it already has it.
fn with_version(
    editor: &Editor,
    told: &AwsProfile,
    now: Timestamp,
    notes: &mut Vec<String>,
) -> Result<Option<Planned>, ImportError> {
    let (name, version, validity) = (&told.name, &told.version, told.validity());
    if now.plus(validity) > now.plus(Period::months(VALIDITY_MONTHS)) {
        return Err(ImportError::TooLong(name.clone()));
    }
    let before = existing(editor, name)?;
    let here = before.as_ref().and_then(|profile| profile.version(version)).cloned();
    let new = Version { version: version.clone(), status: told.status, created: now, validity };
    let revoked = |is_here| ImportError::Revoked { name: name.clone(), version: version.clone(), is_here };
    match (before, here) {
        (_, Some(here)) if here.validity != validity => {
            Err(ImportError::Validity { name: name.clone(), version: version.clone() })
        }
        (_, Some(here)) if here.status == told.status => {
            notes.push(format!("version {version} of `{name}` is the same as in AWS"));
            Ok(None)
        }
        // The status alone would void nothing: a revocation has the effective time.
        (_, here) if told.status == Status::Revoked => Err(revoked(here.is_some())),
        (None, _) => Ok(Some(Planned { profile: Profile::new(name.clone(), new, Vec::new()), is_new: true })),
        (Some(profile), None) => {
            Ok(Some(Planned { profile: profile.rotated(new, CancelOld::No), is_new: false }))
        }
        (Some(profile), Some(_)) => {
            Ok(Some(Planned { profile: profile.with_status(version, told.status), is_new: false }))
        }
    }
}

fn with_permissions(
    editor: &Editor,
    planned: &mut Vec<Planned>,
    name: &ProfileName,
    told: &Told,
    options: &Options,
    now: Timestamp,
    notes: &mut Vec<String>,
) -> Result<(), ImportError> {
    let at = planned.iter().position(|each| each.profile.name() == name);
    let Planned { mut profile, is_new } = match at.map(|at| planned.remove(at)) {
        Some(planned) => planned,
        None => {
            let profile = existing(editor, name)?.ok_or_else(|| ImportError::NoProfile(name.clone()))?;
            Planned { profile, is_new: false }
        }
    };
    let mut is_changed = at.is_some();
    for each in &told.permissions {
        let Some(permission) = permission(each, name, options, now, notes) else { continue };
        let same = |old: &Permission| {
            Permission { not_before: old.not_before, not_after: old.not_after, ..permission.clone() } == *old
        };
        match profile.permission(&each.statement_id) {
            Some(old) if same(old) => {}
            Some(_) => notes.push(format!(
                "permission `{}` of `{name}` differs from the one in the policy, which cannot change: not imported",
                each.statement_id
            )),
            None => {
                profile = profile.permitting(permission);
                is_changed = true;
            }
        }
    }
    if is_changed {
        planned.push(Planned { profile, is_new });
    }
    Ok(())
}

/// The permission from now on, or a note why it is omitted: without it, less is permitted.
fn permission(
    told: &AwsPermission,
    name: &ProfileName,
    options: &Options,
    now: Timestamp,
    notes: &mut Vec<String>,
) -> Option<Permission> {
    let AwsPermission { statement_id, principal, .. } = told;
    let mut left_out = |why: String| {
        notes.push(format!("permission `{statement_id}` of `{name}` {why}: not imported"));
        None
    };
    let Ok(action) = told.action.parse::<Action>() else {
        return left_out(format!("permits `{}`, which countersign does not have", told.action));
    };
    if let Some(version) = &told.profile_version {
        return left_out(format!(
            "is for version {version} only, but countersign permissions are for all versions"
        ));
    }
    let Some(key) = options.keys.get(principal) else {
        return left_out(format!("needs the key of `{principal}` (`--key {principal}=FILE`)"));
    };
    Some(Permission {
        statement_id: statement_id.clone(),
        principal: principal.clone(),
        actions: [action].into(),
        key: key.clone(),
        not_before: now,
        not_after: None,
    })
}
