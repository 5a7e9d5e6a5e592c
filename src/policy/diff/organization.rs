//! Organization differences: the members of an organization, and the organization that an account is in.

use super::Differences;
use crate::account::{Membership, Organization};

pub fn compare(differences: &mut Differences, before: Option<&Organization>, after: Option<&Organization>) {
    let (old, new) = (
        before.map(Organization::members).unwrap_or_default(),
        after.map(Organization::members).unwrap_or_default(),
    );
    for member in new.iter().filter(|member| !old.contains(member)) {
        let text = format!("account `{}` added to the organization: {}", member.account, member.root);
        differences.allow(text);
    }
    for member in old.iter().filter(|member| !new.contains(member)) {
        let text = format!("account `{}` removed from the organization: {}", member.account, member.root);
        differences.allow(text);
    }
    if let (Some(before), Some(after)) = (before, after) {
        differences.check_revision(before.revision(), after.revision());
    }
}

pub fn compare_membership(
    differences: &mut Differences,
    before: Option<&Membership>,
    after: Option<&Membership>,
) {
    let old = before.and_then(Membership::organization);
    match after.and_then(Membership::organization) {
        new if new == old => {}
        Some(new) => differences.allow(format!("the account joined the organization `{new}`")),
        None => differences.allow("the account left its organization"),
    }
    if let (Some(before), Some(after)) = (before, after) {
        differences.check_revision(before.revision(), after.revision());
    }
}
