//! Allowed publishers in AWS: profile versions in the template, or given ARNs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{ExportError, Mapping, SealedPolicy, logical};
use crate::arn::{Owner, PublisherArn};
use crate::csc::Csc;
use crate::name::ProfileName;
use crate::profile::Profile;

/// The publishers of a CSC in AWS, each once; at least one.
pub fn of(
    sealed: &SealedPolicy,
    mapping: &Mapping,
    made: &BTreeMap<&ProfileName, &Profile>,
    csc: &Csc,
    notes: &mut Vec<String>,
) -> Result<Vec<Value>, ExportError> {
    let mut found: Vec<Value> = Vec::new();
    for publisher in csc.publishers() {
        let one = match mapping.publishers.get(publisher) {
            Some(arn) => Some(json!(arn.to_string())),
            None if is_own(sealed, publisher) => own(sealed, mapping, made, publisher, csc, notes)?,
            None if publisher.owner().is_aws() && publisher.version().is_some() => {
                Some(json!(publisher.to_string()))
            }
            None => {
                let (csc, publisher) = (csc.id().clone(), Box::new(publisher.clone()));
                return Err(ExportError::Unsayable { csc, publisher });
            }
        };
        found.extend(one.filter(|one| !found.contains(one)));
    }
    if found.is_empty() { Err(ExportError::NoPublisher(csc.id().clone())) } else { Ok(found) }
}

/// Whether a publisher is a profile of the account itself.
pub fn is_own(sealed: &SealedPolicy, publisher: &PublisherArn) -> bool {
    *publisher.owner() == Owner::countersign(sealed.account().clone())
}

/// A publisher of our own: the version that the template creates for its profile.
///
/// Only publishers that match the newest version are exported: older ones have signed nothing in AWS.
fn own(
    sealed: &SealedPolicy,
    mapping: &Mapping,
    made: &BTreeMap<&ProfileName, &Profile>,
    publisher: &PublisherArn,
    csc: &Csc,
    notes: &mut Vec<String>,
) -> Result<Option<Value>, ExportError> {
    let (name, id) = (publisher.profile(), csc.id());
    if mapping.places(sealed, name) {
        return Err(ExportError::Unplaced { publisher: publisher.clone() });
    }
    let mut left_out = |why: String| {
        notes.push(format!("publisher `{publisher}` of `{id}` {why}: not exported"));
        Ok(None)
    };
    let Some(profile) = sealed.profile(name) else {
        return left_out("is not a profile of the account".into());
    };
    if !made.contains_key(name) {
        return left_out(format!("is {}", sealed.status(profile).name()));
    }
    match publisher.version() {
        Some(version) if *version != profile.current().version => {
            return left_out("is not the newest version".into());
        }
        Some(_) => {}
        None => notes.push(format!(
            "AWS has no `{publisher}`: `{id}` allows the version of `{name}` that the stack creates"
        )),
    }
    Ok(Some(json!({ "Fn::GetAtt": [logical::profile(name), "ProfileVersionArn"] })))
}
