//! Revocation differences: revocations are added, and effective times move to earlier times.

use std::cmp::Ordering;

use super::Differences;
use crate::revocation::{Revocation, Revocations};
use crate::time::Timestamp;

pub fn compare(differences: &mut Differences, before: Option<Revocations>, after: Option<Revocations>) {
    let Some(after) = after else {
        if before.is_some() {
            differences.forbid("`revocations.toml` removed", "a revocation cannot be undone");
        }
        return;
    };
    let revisions = before.as_ref().map(Revocations::revision).zip(Some(after.revision()));
    let (old, new) =
        (sorted(before.map(Revocations::into_all).unwrap_or_default()), sorted(after.into_all()));
    let same = |among: &[Revocation], one: &Revocation| {
        among.binary_search_by(|each| order(each, one)).ok().map(|at| among[at].effective())
    };
    for revocation in &new {
        let effective = revocation.effective();
        match same(&old, revocation) {
            None => differences.allow(added(revocation)),
            Some(before) if effective < before => {
                differences.allow(format!(
                    "{} revoked from an earlier time, {}; reason unchanged: \"{}\"",
                    revocation.subject(),
                    shown(effective),
                    revocation.reason().as_str()
                ));
            }
            Some(before) if effective > before => differences.forbid(
                format!("{} revoked from a later time, {}", revocation.subject(), shown(effective)),
                "an effective time can only move to an earlier time",
            ),
            Some(_) => {}
        }
    }
    for revocation in old.iter().filter(|revocation| same(&new, revocation).is_none()) {
        differences.forbid(
            format!("revocation of {} changed or removed", revocation.subject()),
            "a revocation cannot be undone",
        );
    }
    if let Some((before, after)) = revisions {
        differences.check_revision(before, after);
    }
}

/// The order that identifies a revocation: all fields except its effective time.
fn order(a: &Revocation, b: &Revocation) -> Ordering {
    let of = |each: &Revocation| (each.subject(), each.revoked_at(), each.reason_code().name());
    of(a).cmp(&of(b)).then_with(|| a.reason().as_str().cmp(b.reason().as_str()))
}

/// Revocations in that order, each once, with its earliest effective time. Sorted in place, since there can
/// be 250,000.
fn sorted(mut all: Vec<Revocation>) -> Vec<Revocation> {
    all.sort_unstable_by(|a, b| order(a, b).then_with(|| a.effective().cmp(&b.effective())));
    all.dedup_by(|later, first| order(later, first) == Ordering::Equal);
    all
}

fn shown(effective: Option<Timestamp>) -> String {
    effective.map_or_else(|| "the beginning".into(), |effective| effective.to_string())
}

fn added(revocation: &Revocation) -> String {
    let from = revocation.effective().map_or(String::new(), |effective| format!(" from {effective}"));
    let (code, reason) = (revocation.reason_code().name(), revocation.reason().as_str());
    format!("{} revoked{from}: {code}, \"{reason}\"", revocation.subject())
}
