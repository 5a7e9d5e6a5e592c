//! Permissions in AWS: the AWS principals, and their actions on the template's profiles.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::aws::AwsPrincipal;
use super::{ExportError, Mapping, SealedPolicy, logical};
use crate::name::{Principal, ProfileName};
use crate::profile::{Action, Permission, Profile};
use crate::time::Timestamp;

/// A resource for each action of each permission that is valid at the time and has an AWS principal.
pub fn resources(
    sealed: &SealedPolicy,
    mapping: &Mapping,
    made: &BTreeMap<&ProfileName, &Profile>,
    now: Timestamp,
    notes: &mut Vec<String>,
) -> Result<Vec<(String, Value)>, ExportError> {
    let mut resources = Vec::new();
    for profile in made.values() {
        for permission in profile.permissions() {
            let Some(principal) = named(sealed, mapping, profile, permission, now, notes)? else { continue };
            for action in &permission.actions {
                let id = logical::permission(profile.name(), &permission.statement_id, *action);
                resources.push((id, resource(profile, permission, *action, &principal)));
            }
        }
    }
    Ok(resources)
}

/// The AWS principal of a permission, or a note why there is none.
fn named(
    sealed: &SealedPolicy,
    mapping: &Mapping,
    profile: &Profile,
    permission: &Permission,
    now: Timestamp,
    notes: &mut Vec<String>,
) -> Result<Option<AwsPrincipal>, ExportError> {
    let what = format!("permission `{}` of `{}`", permission.statement_id, profile.name());
    let principal = &permission.principal;
    if permission.not_after.is_some_and(|end| end <= now) {
        notes.push(format!("{what} has ended: not exported"));
    } else if permission.not_before > now {
        notes.push(format!("{what} starts at {}: not exported; export again then", permission.not_before));
    } else if sealed.is_key_revoked(permission) {
        notes.push(format!("the key of {what} is revoked: not exported"));
    } else if let Some(found) = in_aws(mapping, principal) {
        let statement = permission.statement_id.clone();
        return match permission.not_after {
            Some(end) => Err(ExportError::Ends { profile: profile.name().clone(), statement, end }),
            None => Ok(Some(found)),
        };
    } else {
        notes.push(format!(
            "{what}: `{principal}` is not an AWS principal: not exported; pass `--principal {principal}=ARN`"
        ));
    }
    Ok(None)
}

/// The AWS principal of a principal: the mapped one, or the name itself.
fn in_aws(mapping: &Mapping, principal: &Principal) -> Option<AwsPrincipal> {
    mapping.principals.get(principal).cloned().or_else(|| principal.as_str().parse().ok())
}

fn resource(profile: &Profile, permission: &Permission, action: Action, principal: &AwsPrincipal) -> Value {
    let made = logical::profile(profile.name());
    json!({
        "Type": "AWS::Signer::ProfilePermission",
        "Properties": {
            "ProfileName": { "Fn::GetAtt": [made, "ProfileName"] },
            "ProfileVersion": { "Fn::GetAtt": [made, "ProfileVersion"] },
            // One action per statement in AWS; the action in the suffix keeps statement ids distinct.
            "StatementId": format!("{}-{}", permission.statement_id, logical::short(action)),
            "Action": action.name(),
            "Principal": principal.as_str(),
        },
    })
}
