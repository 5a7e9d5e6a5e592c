//! Differences: what changed between two versions of a document, and whether the change is allowed.
//!
//! Nothing that a signature may depend on can be undone: names are not reused, versions do not change,
//! revocations and ended permissions stay. Commands and seals use the same table, so neither a manual edit
//! nor a command can bypass it.

mod account;
mod csc;
mod function;
mod layer;
mod organization;
mod profile;
mod revocation;
mod stackset;
mod statement;

use std::path::Path;

use super::documents::Kind;
use crate::account::{KnownAccount, Membership, Organization};
use crate::csc::Csc;
use crate::document::DocumentError;
use crate::function::Functions;
use crate::layer::Layer;
use crate::profile::Profile;
use crate::revocation::Revocations;
use crate::stackset::StackSet;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The document's path in the policy directory.
    pub path: String,
    /// What changed.
    pub text: String,
    /// Why it is not allowed; `None` if it is.
    pub forbidden: Option<String>,
}

/// Differences that are not allowed, with the reason, one per line below a message.
pub fn listed(forbidden: &[Difference]) -> String {
    let line = |each: &Difference| {
        format!("\n  {}: {}: {}", each.path, each.text, each.forbidden.as_deref().unwrap_or_default())
    };
    forbidden.iter().map(line).collect()
}

/// The differences of one document.
#[derive(Debug)]
struct Differences {
    path: String,
    found: Vec<Difference>,
}

impl Differences {
    fn of(path: &str) -> Self {
        Self { path: path.into(), found: Vec::new() }
    }

    fn allow(&mut self, text: impl Into<String>) {
        self.found.push(Difference { path: self.path.clone(), text: text.into(), forbidden: None });
    }

    fn forbid(&mut self, text: impl Into<String>, why: &str) {
        self.allow(text);
        if let Some(last) = self.found.last_mut() {
            last.forbidden = Some(why.into());
        }
    }

    /// A changed document needs a higher revision; otherwise a later change was overwritten.
    ///
    /// The revision must not decrease either, or the next change could start from an older document.
    fn check_revision(&mut self, before: u64, after: u64) {
        if after < before || (after == before && !self.found.is_empty()) {
            self.forbid(
                format!("`revision` is {after}, and was {before}"),
                "a change must increase `revision`; if it was higher before, a later change was overwritten",
            );
        }
    }
}

/// Compares two versions of the document at a path; `None` is a missing document.
pub fn between(
    directory: &Path,
    path: &str,
    before: Option<&[u8]>,
    after: Option<&[u8]>,
) -> Result<Vec<Difference>, DocumentError> {
    let file = directory.join(path);
    let mut differences = Differences::of(path);
    match Kind::of(path) {
        Some(Kind::Profile) => {
            let (before, after) = both(&file, before, after, Profile::parse)?;
            profile::compare(&mut differences, before.as_ref(), after.as_ref());
        }
        Some(Kind::Csc) => {
            let (before, after) = both(&file, before, after, Csc::parse)?;
            csc::compare(&mut differences, before.as_ref(), after.as_ref());
        }
        Some(Kind::Functions) => {
            let (before, after) = both(&file, before, after, Functions::parse)?;
            function::compare(&mut differences, before.as_ref(), after.as_ref());
        }
        Some(Kind::Revocations) => {
            let (before, after) = both(&file, before, after, Revocations::parse)?;
            revocation::compare(&mut differences, before, after);
        }
        Some(Kind::Layer) => {
            let (before, after) = both(&file, before, after, Layer::parse)?;
            layer::compare(&mut differences, before.as_ref(), after.as_ref());
        }
        Some(Kind::Account) => {
            let (before, after) = both(&file, before, after, KnownAccount::parse)?;
            account::compare(&mut differences, before.as_ref(), after.as_ref());
        }
        Some(Kind::Membership) => {
            let (before, after) = both(&file, before, after, Membership::parse)?;
            organization::compare_membership(&mut differences, before.as_ref(), after.as_ref());
        }
        Some(Kind::Organization) => {
            let (before, after) = both(&file, before, after, Organization::parse)?;
            organization::compare(&mut differences, before.as_ref(), after.as_ref());
        }
        Some(Kind::StackSet) => {
            let (before, after) = both(&file, before, after, StackSet::parse)?;
            stackset::compare(&mut differences, before.as_ref(), after.as_ref());
        }
        None => differences.forbid(format!("`{path}` is not a policy document"), "remove it"),
    }
    Ok(differences.found)
}

fn both<T>(
    file: &Path,
    before: Option<&[u8]>,
    after: Option<&[u8]>,
    parse: impl Fn(&Path, &[u8]) -> Result<T, DocumentError>,
) -> Result<(Option<T>, Option<T>), DocumentError> {
    let read = |bytes: Option<&[u8]>| bytes.map(|bytes| parse(file, bytes)).transpose();
    Ok((read(before)?, read(after)?))
}
