//! What a verdict on an item of a commit is about, and why no manifest of it was verified.

use super::candidates::Candidate;
use crate::gate::Labels;
use crate::git::Commit;
use crate::git::notes::NOTES_REF;
use crate::hint::Hint;
use crate::package::select::SelectError;
use crate::report::{Check, Finding};
use crate::verify::mismatch;
use crate::workspace::Item;

/// What a manifest that is to be found must describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    /// The files of the commit, attached to it or to an ancestor.
    Files,
    /// The files of the commit, attached to it.
    OwnFiles,
    /// A manifest of files that were selected as the commit selects them.
    Selection,
    /// A build of the commit, which does not give a package itself.
    Build,
}

/// The labels of an item of a commit, verified with this candidate.
pub fn labels(commit: &Commit, item: &Item, candidate: Option<&Candidate>) -> Labels {
    Labels {
        artifact: format!("commit {}", commit.short()),
        manifest: candidate.map(|candidate| format!("{NOTES_REF} of {}", candidate.commit)),
        kind: Some(item.kind),
        name: Some(item.name.clone()),
    }
}

/// The name of what is verified if only the signer says that it was built from the commit.
pub fn build_of(commit: &str) -> String {
    format!("build of commit {commit} (files not compared)")
}

/// No manifest is attached.
pub fn unattached(sought: Sought) -> Finding {
    let message = match sought {
        Sought::Files => "no manifest of these files is attached to the commit or to one of its ancestors",
        Sought::OwnFiles => {
            "no manifest is attached to the commit, and the policy accepts no manifest of its ancestors"
        }
        Sought::Selection => {
            "a manifest has the same files, but they were selected with another `include`, `exclude` or `path` than the \
             commit has in `countersign.toml`, so the commit could hide code from it"
        }
        Sought::Build => "no manifest of a build is attached to the commit",
    };
    Finding::new(
        Check::Mismatch,
        "manifest-missing",
        message,
        "if one is attached here or in another clone, run `countersign manifest fetch && countersign manifest push`, and \
         push again; otherwise sign and attach one with `countersign release --attach`",
    )
}

/// The commit does not give a package. A manifest that claims to have ignored files says why.
pub fn unpackable(commit: &Commit, item: &Item, error: &SelectError, attached: &[Candidate]) -> Finding {
    let selection = |candidate: &Candidate| candidate.manifest.claimed().selection.clone();
    if attached.iter().filter_map(selection).any(|selection| selection.ignored) {
        let why = format!("commit {} cannot be packaged: {error}", commit.short());
        return mismatch::ignored(&item.name, &why);
    }
    let hint = error.hint().unwrap_or("fix the reported error".into());
    Finding::new(
        Check::Mismatch,
        "source-unpackable",
        format!("cannot package the commit: {error}"),
        format!("{hint}; commit, and sign the new commit"),
    )
}
