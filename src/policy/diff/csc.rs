//! CSC differences: publishers, and what happens to an untrusted artifact.

use super::Differences;
use crate::csc::Csc;

pub fn compare(differences: &mut Differences, before: Option<&Csc>, after: Option<&Csc>) {
    match (before, after) {
        (None, None) => {}
        (None, Some(after)) => {
            let (id, untrusted) = (after.id(), after.untrusted().name());
            differences.allow(format!("CSC `{id}` created: {untrusted}, \"{}\"", after.description()));
            for publisher in after.publishers() {
                differences.allow(format!("publisher `{publisher}` allowed by `{id}`"));
            }
        }
        (Some(before), None) => differences.allow(format!("CSC `{}` deleted", before.id())),
        (Some(before), Some(after)) => changed(differences, before, after),
    }
}

fn changed(differences: &mut Differences, before: &Csc, after: &Csc) {
    let id = before.id();
    if before.untrusted() != after.untrusted() {
        let (old, new) = (before.untrusted().name(), after.untrusted().name());
        differences.allow(format!("CSC `{id}` changes from {old} to {new}"));
    }
    if before.description() != after.description() {
        differences.allow(format!("description of CSC `{id}` changed to \"{}\"", after.description()));
    }
    for publisher in after.publishers().iter().filter(|each| !before.publishers().contains(each)) {
        differences.allow(format!("publisher `{publisher}` allowed by `{id}`"));
    }
    for publisher in before.publishers().iter().filter(|each| !after.publishers().contains(each)) {
        differences.allow(format!("publisher `{publisher}` no longer allowed by `{id}`"));
    }
    differences.check_revision(before.revision(), after.revision());
}
