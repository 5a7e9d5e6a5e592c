//! The items of a commit: what it packages, and which candidates can cover it.

use super::candidates::{Candidate, Candidates, Named};
use super::finding::Sought;
use crate::digest::Sha384;
use crate::function::Build;
use crate::package::select::SelectError;
use crate::verify::CommitFiles;
use crate::workspace::Item;

/// A function or a layer of the commit, and its package if there is one.
pub struct PackagedItem<'a> {
    /// Its kind and name.
    pub named: Named,
    /// What the workspace says about it.
    pub item: &'a Item,
    /// Its package, or why there is none.
    pub package: Result<Packaged, SelectError>,
}

/// A package, kept in full or as its digest.
pub struct Packaged {
    /// The digest of its files.
    pub inventory: Sha384,
    /// Its files, unless there are too many to keep.
    pub held: Option<CommitFiles>,
}

impl PackagedItem<'_> {
    /// The candidates that can cover the item: by its files, or as a build of the commit that they are attached to.
    pub fn fitting<'c, 'b>(
        &self,
        named: &'c [Candidate],
        build: Option<Build<'b>>,
    ) -> Vec<(&'c Candidate, Option<Build<'b>>)> {
        let inventory = self.package.as_ref().ok().map(|package| package.inventory);
        let by = |candidate: &'c Candidate| match build {
            _ if inventory == Some(candidate.inventory) => Some((candidate, None)),
            Some(build) if candidate.is_own => Some((candidate, Some(build))),
            _ => None,
        };
        named.iter().filter_map(by).collect()
    }

    /// What no candidate describes.
    pub fn sought(&self, candidates: &Candidates) -> Sought {
        match (&self.package, candidates.are_of_ancestors()) {
            (Err(_), _) => Sought::Build,
            (Ok(_), true) => Sought::Files,
            (Ok(_), false) => Sought::OwnFiles,
        }
    }
}
