//! Governance differences: the patterns attached to each CSC and their order, protected refs, and resource
//! types that deploy no code.

use super::Differences;
use crate::function::{CodeFrom, CoveredBy, Functions, Rule};

pub fn compare(differences: &mut Differences, before: Option<&Functions>, after: Option<&Functions>) {
    let Some(after) = after else {
        if before.is_some() {
            differences
                .forbid("`functions.toml` removed", "the document is required; detach functions one by one");
        }
        return;
    };
    let rules = |functions: Option<&Functions>| functions.map(|f| f.rules().to_vec()).unwrap_or_default();
    let (old, new) = (rules(before), rules(Some(after)));
    let attached = |rule: &Rule| format!("`{}` attached to `{}`", rule.pattern(), rule.csc());
    let is_same = |a: &Rule, b: &Rule| (a.pattern(), a.csc()) == (b.pattern(), b.csc());
    for (index, rule) in new.iter().enumerate().filter(|(_, rule)| !old.contains(rule)) {
        // The first match wins, so the person who seals must see where a new rule is inserted.
        let place = format!("rule {} of {}", index + 1, new.len());
        let source = match rule.source() {
            CodeFrom::Artifact => "; builds of a commit are accepted, and not compared with the commit",
            CodeFrom::Commit if old.iter().any(|before| is_same(before, rule)) => {
                "; builds are no longer accepted"
            }
            CodeFrom::Commit => "",
        };
        differences.allow(format!("functions {}, {place}{source}", attached(rule)));
    }
    // A rule of which only the source changes is not removed.
    let is_changed = |rule: &Rule| new.iter().any(|after| is_same(rule, after) && !old.contains(after));
    for rule in old.iter().filter(|rule| !new.contains(rule) && !is_changed(rule)) {
        let (pattern, csc) = (rule.pattern(), rule.csc());
        differences
            .allow(format!("rule `{pattern}` removed: its functions are no longer attached to `{csc}`"));
    }
    let kept =
        |of: &[Rule], in_: &[Rule]| of.iter().filter(|rule| in_.contains(rule)).cloned().collect::<Vec<_>>();
    if kept(&old, &new) != kept(&new, &old) {
        let order: Vec<String> = new.iter().map(|rule| format!("`{}`", rule.pattern())).collect();
        differences.allow(format!("order of function rules changed: {}", order.join(", ")));
    }
    let refs =
        |functions: Option<&Functions>| functions.map(|f| f.protected_refs().to_vec()).unwrap_or_default();
    let (old, new) = (refs(before), refs(Some(after)));
    for name in new.iter().filter(|name| !old.contains(name)) {
        differences.allow(format!("ref `{name}` protected"));
    }
    for name in old.iter().filter(|name| !new.contains(name)) {
        differences.allow(format!("ref `{name}` no longer protected"));
    }
    let strict =
        |functions: Option<&Functions>| functions.is_some_and(|f| f.covered_by() == CoveredBy::Commit);
    match (strict(before), strict(Some(after))) {
        (false, true) => differences.allow("manifests of ancestors no longer cover a commit"),
        (true, false) => differences.allow("manifests of ancestors cover a commit"),
        _ => {}
    }
    let types =
        |functions: Option<&Functions>| functions.map(|f| f.deploys_no_code().to_vec()).unwrap_or_default();
    let (old, new) = (types(before), types(Some(after)));
    for name in new.iter().filter(|name| !old.contains(name)) {
        differences.allow(format!("type `{name}` added to `deploys_no_code`"));
    }
    for name in old.iter().filter(|name| !new.contains(name)) {
        differences.allow(format!("type `{name}` removed from `deploys_no_code`"));
    }
    if let Some(before) = before {
        differences.check_revision(before.revision(), after.revision());
    }
}
