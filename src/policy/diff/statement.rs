//! Differences of permissions, in profiles and layers: they are added and ended; nothing else changes.

use super::Differences;
use crate::name::StatementId;
use crate::statement::{Statement, find};

/// Compares the permissions of a document, and returns the new ones. `rule` is why an old one must stay.
pub fn compare<'a, S: Statement>(
    differences: &mut Differences,
    before: &[S],
    after: &'a [S],
    what: impl Fn(&StatementId) -> String,
    rule: &'static str,
) -> Vec<&'a S> {
    for old in before {
        let what = what(old.statement_id());
        match find(after, old.statement_id()) {
            Some(new) if new == old => {}
            Some(new) if new.clone().ending(old.not_after()) == *old => {
                match (old.not_after(), new.not_after()) {
                    (_, None) => differences.forbid(format!("{what} has no end anymore"), rule),
                    (Some(old), Some(new)) if new > old => differences.forbid(
                        format!("{what} ends later, at {new}"),
                        "an end can only move to an earlier time",
                    ),
                    (_, Some(end)) => differences.allow(format!("{what} now ends at {end}")),
                }
            }
            Some(_) => differences.forbid(format!("{what} changed"), rule),
            None => differences.forbid(format!("{what} removed"), rule),
        }
    }
    after.iter().filter(|new| find(before, new.statement_id()).is_none()).collect()
}
