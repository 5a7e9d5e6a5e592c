//! Notices: what a person should know about a selection, one line for each kind.
//!
//! Each is a warning; it changes neither the package nor the exit status. What cannot matter has none.

use super::filter::NOT_INCLUDED;
use super::ignored::{self, IGNORED, REPOSITORY};
use super::outputs::IN_OUTPUT;
use super::{Candidate, Request, Rules, SelectError, Selection, secrets};
use crate::limits::IGNORED_COUNTED_MAX;
use crate::report::{Check, Finding};
use crate::shown::name;

/// The reason for leaving out a tracked file that is not on disk.
pub const DELETED: &str = "deleted in the work tree";

/// The reason for leaving out what file managers, editors and interpreters write.
pub const CLUTTER: &str = "clutter that git does not track";

/// Most paths that a line names.
const NAMED: usize = 3;

/// Most paths that a pattern without a match is compared with.
const COMPARED: usize = 10_000;

/// The warnings about a selection.
pub fn findings(
    request: &Request<'_>,
    rules: &Rules<'_>,
    selection: &Selection,
) -> Result<Vec<Finding>, SelectError> {
    let Selection { candidates, left_out, ignored, .. } = selection;
    let left = |reason: &str| -> Vec<&str> {
        let all = left_out.iter().chain(ignored);
        all.filter(|left| left.reason == reason).map(|left| left.path.as_str()).collect()
    };
    let is_likely = |each: &&Candidate| !each.is_allowed_secret && secrets::is_likely(&each.path);
    let likely: Vec<&str> = candidates.iter().filter(is_likely).map(|each| each.path.as_str()).collect();
    let is_wanted =
        |path: &&str| rules.filter.leaves_out(format!("{path}x")).is_ok_and(|left| left.is_none());
    let is_ours = |path: &&str| rules.outputs.folder_of(path).is_some();
    let deployed = |path: &&str| ignored::looks_deployed(path) && is_wanted(path) && !is_ours(path);
    let deployed: Vec<&str> = left(IGNORED).into_iter().filter(deployed).collect();
    let repositories: Vec<&str> = left(REPOSITORY).into_iter().filter(is_wanted).collect();
    let all = [
        deleted(&left(DELETED)),
        in_output(&left(IN_OUTPUT)),
        dependencies(request, &deployed),
        nested(&repositories),
        clutter(&left(CLUTTER)),
        secrets_likely(&likely),
        unmatched(rules, selection)?,
        narrow(candidates, &left(NOT_INCLUDED)),
    ];
    Ok(all.into_iter().flatten().collect())
}

fn dependencies(request: &Request<'_>, folders: &[&str]) -> Option<Finding> {
    some(folders)?;
    let counted = folders.iter().map(|path| (ignored::count(&request.folder.join(path)), *path));
    let (count, largest) = counted.max_by_key(|(count, _)| *count)?;
    let count = match count {
        1 => "1 file".into(),
        IGNORED_COUNTED_MAX => format!("over {count} files"),
        _ => format!("{count} files"),
    };
    let more = match folders.len() - 1 {
        0 => String::new(),
        1 => " and of another such folder".into(),
        more => format!(" and of {more} other such folders"),
    };
    let folder = name(largest);
    Some(Finding::new(
        Check::Package,
        "dependencies-ignored",
        format!("without {count} of `{folder}`{more}, which git ignores"),
        format!(
            "if they are deployed, set `include = [\"**\", \"{folder}**\"]` in `countersign.toml`, or `path` to the folder \
             that the build writes; otherwise add `/{folder}` to `exclude`"
        ),
    ))
}

fn nested(folders: &[&str]) -> Option<Finding> {
    some(folders)?;
    Some(Finding::new(
        Check::Package,
        "repository-left-out",
        format!("without {}, which are other git repositories", listed(folders)),
        "commit their files here, or list them in `exclude` in `countersign.toml`",
    ))
}

/// `include` has ignored files only, and none of the code that git tracks.
fn narrow(candidates: &[Candidate], not_included: &[&str]) -> Option<Finding> {
    some(not_included)?;
    if candidates.iter().any(Candidate::is_tracked) {
        return None;
    }
    Some(Finding::new(
        Check::Package,
        "include-narrow",
        format!("without {}: no pattern of `include` matches any file that git tracks", listed(not_included)),
        "to add ignored files to the code, set `include = [\"**\", …]` in `countersign.toml`",
    ))
}

/// The patterns that match nothing, with the file that the first of them was probably meant for.
fn unmatched(rules: &Rules<'_>, selection: &Selection) -> Result<Option<Finding>, SelectError> {
    let candidates = selection.candidates.iter().map(|each| each.path.as_str());
    let left_out = selection.left_out.iter().chain(&selection.ignored).map(|left| left.path.as_str());
    let paths: Vec<&str> = candidates.chain(left_out).collect();
    let [include, exclude] = rules.filter.unmatched(&paths)?;
    let patterns = [include, exclude].concat();
    if patterns.is_empty() {
        return Ok(None);
    }
    let near = patterns.iter().find_map(|pattern| nearest(pattern, &paths));
    let is_of_commit = selection.candidates.iter().any(|each| each.blob().is_some());
    let hint = match near {
        _ if is_of_commit => {
            "a commit has no files that git ignores: to package them, omit `--from`; otherwise fix or remove the patterns"
                .into()
        }
        Some(near) => format!("did you mean `{}`?", name(&near)),
        None => "remove them from `countersign.toml`, or fix them: they are relative to `path`".into(),
    };
    let message = format!("no file matches {} of `include` and `exclude`", listed(&patterns));
    Ok(Some(Finding::new(Check::Package, "pattern-unmatched", message, hint)))
}

/// The path that a pattern was probably meant for: without `./` or backslashes, in another case, in another
/// folder, or with a typing error.
fn nearest(pattern: &str, paths: &[&str]) -> Option<String> {
    let wanted = pattern.trim_start_matches('!').replace('\\', "/").to_lowercase();
    let wanted = wanted.trim_start_matches("./").trim_matches('/');
    if wanted.is_empty() || wanted.contains(['*', '?', '[']) {
        return None;
    }
    let last = |path: &str| path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_lowercase();
    let rank = |path: &&str| {
        let lower = path.to_lowercase();
        let is_folder = lower.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('/'));
        if lower == wanted || is_folder {
            return Some((0, path[..wanted.len().min(path.len())].to_owned()));
        }
        let edits = edits(&last(path), &last(wanted));
        (edits <= last(wanted).chars().count() / 4).then(|| (1 + edits, (*path).to_owned()))
    };
    paths.iter().take(COMPARED).filter_map(rank).min().map(|(_, path)| path)
}

/// The Levenshtein distance: how many characters to insert, delete or replace.
fn edits(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (number, letter) in one.chars().enumerate() {
        let mut before = row[0];
        row[0] = number + 1;
        for (column, each) in other.chars().enumerate() {
            let replaced = before + usize::from(letter != each);
            before = row[column + 1];
            row[column + 1] = replaced.min(before + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_without_a_match_suggests_the_nearest_path() {
        let paths = ["secrets.env", "src/Readme.md", "docs/a.txt", "a"];
        for (pattern, near) in [
            ("./secrets.env", Some("secrets.env")),
            ("secret.env", Some("secrets.env")),
            ("src/README.md", Some("src/Readme.md")),
            ("src\\Readme.md", Some("src/Readme.md")),
            ("readme.md", Some("src/Readme.md")),
            ("./docs/", Some("docs")),
            ("other/", None),
            ("*.pdf", None),
            ("b", None),
        ] {
            assert_eq!(nearest(pattern, &paths).as_deref(), near, "{pattern}");
        }
    }
}
