//! Account differences: another account is trusted, updated or forgotten.

use super::Differences;
use crate::account::{KnownAccount, Reached};

pub fn compare(differences: &mut Differences, before: Option<&KnownAccount>, after: Option<&KnownAccount>) {
    match (before, after) {
        (None, None) => {}
        (None, Some(after)) => {
            let (name, Reached { root_version, snapshot, .. }) = (after.account(), after.reached());
            differences.allow(format!(
                "account `{name}` trusted: {}, root {root_version}, snapshot {snapshot}, from {}",
                after.root(),
                after.from()
            ));
        }
        (Some(before), None) => differences.allow(format!("account `{}` forgotten", before.account())),
        (Some(before), Some(after)) => changed(differences, before, after),
    }
}

fn changed(differences: &mut Differences, before: &KnownAccount, after: &KnownAccount) {
    let (name, old, new) = (before.account(), before.reached(), after.reached());
    if before.root() != after.root() {
        differences.forbid(
            format!("account `{name}` has a different first root: {}", after.root()),
            "a different root is a different account: forget this one, seal, and trust the new one",
        );
    }
    if before.from() != after.from() {
        differences.allow(format!("account `{name}` is fetched from {}", after.from()));
    }
    if old != new {
        let text = format!(
            "account `{name}` changes from root {}, snapshot {} to root {}, snapshot {}",
            old.root_version, old.snapshot, new.root_version, new.snapshot
        );
        // A newer root can restart the versions.
        let older = new.root_version < old.root_version
            || new.root_version == old.root_version && new.snapshot <= old.snapshot;
        match older {
            true => differences.forbid(text, "an account cannot go back to an older root or snapshot"),
            false => differences.allow(text),
        }
    }
    differences.check_revision(before.revision(), after.revision());
}
