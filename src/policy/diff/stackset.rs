//! Stack set differences: the targets, their locations, and the limits of a rollout.

use super::Differences;
use crate::stackset::{StackSet, Target};

pub fn compare(differences: &mut Differences, before: Option<&StackSet>, after: Option<&StackSet>) {
    let Some(after) = after else {
        if before.is_some() {
            differences.allow("stack set removed; deployed targets stay as they are");
        }
        return;
    };
    let targets = |set: Option<&StackSet>| set.map(|set| set.targets().to_vec()).unwrap_or_default();
    let (old, new) = (targets(before), targets(Some(after)));
    let named = |of: &[Target], target: &Target| of.iter().find(|each| each.name() == target.name()).cloned();
    for target in &new {
        let (name, described) = (target.name(), target.described());
        match named(&old, target) {
            None => differences.allow(format!("target `{name}` added: {described}")),
            Some(old) if old != *target => differences.allow(format!("target `{name}` changed: {described}")),
            Some(_) => {}
        }
    }
    for target in old.iter().filter(|target| named(&new, target).is_none()) {
        differences.allow(format!("target `{}` removed; its repository stays as it is", target.name()));
    }
    let names = |of: &[Target], in_: &[Target]| -> Vec<String> {
        of.iter().filter(|each| named(in_, each).is_some()).map(|each| each.name().to_string()).collect()
    };
    if names(&old, &new) != names(&new, &old) {
        differences.allow("order of targets changed");
    }
    for (what, value) in [
        ("failure_tolerance", StackSet::failure_tolerance as fn(&StackSet) -> _),
        ("max_concurrent", StackSet::max_concurrent),
    ] {
        if before.map(value) != Some(value(after)) {
            differences.allow(format!("`{what}` set to {}", value(after).text()));
        }
    }
    if let Some(before) = before {
        differences.check_revision(before.revision(), after.revision());
    }
}
