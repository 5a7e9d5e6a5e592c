//! Revocation differences: revocations are added, and their effective times move earlier.

use std::collections::BTreeMap;

use super::Differences;
use crate::document;
use crate::revocation::{Revocation, Revocations};
use crate::time::Timestamp;

pub fn compare(differences: &mut Differences, before: Option<&Revocations>, after: Option<&Revocations>) {
    let Some(after) = after else {
        if before.is_some() {
            differences.forbid("`revocations.toml` removed", "a revocation is never taken back");
        }
        return;
    };
    let (old, new) = (before.map(Revocations::all).unwrap_or_default(), after.all());
    let (old_ids, new_ids) = (identities(&old), identities(&new));
    for (identity, (revocation, effective)) in &new_ids {
        match old_ids.get(identity) {
            None => differences.allow(added(revocation)),
            Some((_, before)) if effective < before => {
                differences.allow(format!(
                    "{} revoked earlier, from {} on; its reason stays: \"{}\"",
                    revocation.subject(),
                    shown(*effective),
                    revocation.reason().as_str()
                ));
            }
            Some((_, before)) if effective > before => differences.forbid(
                format!("{} revoked later, from {} on", revocation.subject(), shown(*effective)),
                "an effective time may only move earlier",
            ),
            Some(_) => {}
        }
    }
    for (revocation, _) in old_ids.iter().filter(|(id, _)| !new_ids.contains_key(*id)).map(|(_, found)| found)
    {
        differences.forbid(
            format!("revocation of {} changed or removed", revocation.subject()),
            "a revocation is never taken back",
        );
    }
    if let Some(before) = before {
        differences.check_revision(before.revision(), after.revision());
    }
}

/// Revocations by everything but their effective time, each with the earliest one.
fn identities(all: &[Revocation]) -> BTreeMap<Vec<u8>, (&Revocation, Option<Timestamp>)> {
    let mut found: BTreeMap<Vec<u8>, (&Revocation, Option<Timestamp>)> = BTreeMap::new();
    for each in all {
        let identity = document::to_json(&each.clone().effective_from(each.revoked_at()));
        let effective = each.effective();
        let entry = found.entry(identity).or_insert((each, effective));
        entry.1 = entry.1.min(effective);
    }
    found
}

fn shown(effective: Option<Timestamp>) -> String {
    effective.map_or_else(|| "the beginning".into(), |effective| effective.to_string())
}

fn added(revocation: &Revocation) -> String {
    let from = revocation.effective().map_or(String::new(), |effective| format!(" from {effective} on"));
    let (code, reason) = (revocation.reason_code().name(), revocation.reason().as_str());
    format!("{} revoked{from}: {code}, \"{reason}\"", revocation.subject())
}
