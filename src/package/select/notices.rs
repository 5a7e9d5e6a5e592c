//! Notices: what a person should know about a selection, one line for each kind.
//!
//! Each is a warning; it changes neither the package nor the exit status. What cannot matter has none.

use super::outputs::IN_OUTPUT;
use super::{Candidate, LeftOut, secrets};
use crate::report::{Check, Finding};
use crate::shown::name;

/// The reason for leaving out a tracked file that is not on disk.
pub const DELETED: &str = "deleted in the work tree";

/// The reason for leaving out what file managers, editors and interpreters write.
pub const CLUTTER: &str = "clutter that git does not track";

/// Most paths that a line names.
const NAMED: usize = 3;

/// The warnings about a selection.
pub fn findings(candidates: &[Candidate], left_out: &[LeftOut]) -> Vec<Finding> {
    let left = |reason: &str| -> Vec<&str> {
        left_out.iter().filter(|left| left.reason == reason).map(|left| left.path.as_str()).collect()
    };
    let is_likely = |each: &&Candidate| !each.is_allowed_secret && secrets::is_likely(&each.path);
    let likely: Vec<&str> = candidates.iter().filter(is_likely).map(|each| each.path.as_str()).collect();
    [deleted(&left(DELETED)), in_output(&left(IN_OUTPUT)), clutter(&left(CLUTTER)), secrets_likely(&likely)]
        .into_iter()
        .flatten()
        .collect()
}

fn deleted(paths: &[&str]) -> Option<Finding> {
    some(paths)?;
    Some(Finding::new(
        Check::Package,
        "files-deleted",
        format!("without {}, which git tracks and the work tree lacks", listed(paths)),
        "restore them with `git checkout -- PATH`, or commit that they are deleted",
    ))
}

fn in_output(paths: &[&str]) -> Option<Finding> {
    some(paths)?;
    Some(Finding::new(
        Check::Package,
        "output-left-out",
        format!("without {}: untracked files of the output folder", listed(paths)),
        "to package them, set `output` in `countersign.toml` to another folder; to keep them out without this line, \
         list them in `.gitignore`",
    ))
}

fn clutter(paths: &[&str]) -> Option<Finding> {
    some(paths)?;
    Some(Finding::new(
        Check::Package,
        "clutter-left-out",
        format!("without {}, which are not code", listed(paths)),
        "list them in `.gitignore`; to package them, add them to git",
    ))
}

fn secrets_likely(paths: &[&str]) -> Option<Finding> {
    some(paths)?;
    Some(Finding::new(
        Check::Package,
        "secrets-likely",
        format!("packaged with {}: such files often have secrets", listed(paths)),
        "keep them out with `exclude`, or name them in `allow_secrets` in `countersign.toml`",
    ))
}

fn some<'p, 'a>(paths: &'p [&'a str]) -> Option<&'p [&'a str]> {
    (!paths.is_empty()).then_some(paths)
}

/// The first paths, and how many more there are.
pub fn listed(paths: &[&str]) -> String {
    let shown: Vec<String> = paths.iter().take(NAMED).map(|path| format!("`{}`", name(path))).collect();
    let more = paths.len().saturating_sub(NAMED);
    let shown = shown.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
