//! Account differences: another account is trusted, brought up to date, and forgotten.

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
            format!("account `{name}` has another first root: {}", after.root()),
            "another root is another account; forget this one, seal that, and trust the other",
        );
    }
    if before.from() != after.from() {
        differences.allow(format!("account `{name}` comes from {}", after.from()));
    }
    if old != new {
        let text = format!(
            "account `{name}` goes from root {}, snapshot {} to root {}, snapshot {}",
            old.root_version, old.snapshot, new.root_version, new.snapshot
        );
        // A newer root may start the versions anew.
        let older = new.root_version < old.root_version
            || new.root_version == old.root_version && new.snapshot <= old.snapshot;
        match older {
            true => differences.forbid(text, "what was seen of an account only grows newer"),
            false => differences.allow(text),
        }
    }
    differences.check_revision(before.revision(), after.revision());
}
