//! What git ignores, and `include` brings back.
//!
//! A pattern of `include` brings an ignored file or folder back if it names it: if its parts up to the first
//! wildcard name it, or it is a name without a slash. So `node_modules/**`, `/build/app.jar` and `**/vendor/*.py`
//! do, and `src/**` does not bring back `src/debug.log`. Everything in such a folder can then be included,
//! whatever git ignores in it.

use super::walk::{self, Found, OnDisk};
use super::{LeftOut, SelectError};
use crate::limits::IGNORED_COUNTED_MAX;

/// The reason for leaving out what git ignores.
pub const IGNORED: &str = "ignored by git";

/// The reason for leaving out another repository.
pub const REPOSITORY: &str = "another git repository";

/// Names of folders that have dependencies or build output.
const DEPLOYED: [&str; 12] = [
    "node_modules",
    "bower_components",
    "vendor",
    "site-packages",
    ".venv",
    "venv",
    "target",
    "build",
    "_build",
    "out",
    "dist",
    ".aws-sam",
];

/// What is in the folder, ignored or not, as far as `include` names it; the rest is in `left_out`.
pub fn bring_back(
    found: Found,
    include: &[String],
    left_out: &mut Vec<LeftOut>,
) -> Result<Vec<OnDisk>, SelectError> {
    let mut files = found.files;
    for each in found.ignored {
        if !include.iter().any(|pattern| names(pattern, &each.shown())) {
            left_out.push(LeftOut { path: each.shown(), reason: IGNORED });
        } else if each.path.ends_with(b"/") {
            let below = |file: OnDisk| OnDisk {
                path: [&each.path, file.path.as_slice()].concat(),
                is_ignored: true,
                ..file
            };
            let Found { files: inside, repositories, .. } = walk::everything(&each.on_disk)?;
            let nested = |inner: OnDisk| LeftOut { path: below(inner).shown(), reason: REPOSITORY };
            left_out.extend(repositories.into_iter().map(nested));
            files.extend(inside.into_iter().map(below));
        } else {
            files.push(each);
        }
    }
    let repository = |each: OnDisk| LeftOut { path: each.shown(), reason: REPOSITORY };
    left_out.extend(found.repositories.into_iter().map(repository));
    Ok(files)
}

/// Whether a pattern names a path that git ignores.
fn names(pattern: &str, path: &str) -> bool {
    let path: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let (anywhere, text) = match pattern.strip_prefix("**/") {
        Some(rest) => (true, rest),
        None => (!pattern.trim_end_matches('/').contains('/'), pattern.trim_start_matches('/')),
    };
    let is_literal = |part: &&str| !part.is_empty() && !part.contains(['*', '?', '[', '\\', '!']);
    let literal: Vec<&str> = text.split('/').take_while(is_literal).collect();
    let starts = |from: usize| path[from..].len() <= literal.len() && literal.starts_with(&path[from..]);
    if anywhere { (0..path.len()).any(starts) } else { starts(0) }
}

/// Whether a path that git ignores looks like what is deployed: dependencies or build output.
pub fn looks_deployed(path: &str) -> bool {
    let folder = path.strip_suffix('/');
    folder.is_some_and(|folder| DEPLOYED.contains(&folder.rsplit('/').next().unwrap_or(folder)))
}

/// How many files are in a folder; at most [`IGNORED_COUNTED_MAX`] are counted.
pub fn count(folder: &std::path::Path) -> usize {
    let files = walkdir::WalkDir::new(folder).into_iter().flatten();
    files.filter(|entry| !entry.file_type().is_dir()).take(IGNORED_COUNTED_MAX).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_brings_back_what_it_names() {
        for (pattern, path, named) in [
            ("node_modules/**", "node_modules/", true),
            ("node_modules/", "node_modules/", true),
            ("node_modules", "a/node_modules/", true),
            ("/node_modules/dep/**", "node_modules/", true),
            ("node_modules/**", "a/node_modules/", false),
            ("**/node_modules/**", "a/node_modules/", true),
            ("**/node_modules/**", "node_modules/", true),
            ("build/app.jar", "build/", true),
            ("build/app.jar", "build/app.jar", true),
            ("build/*.jar", "build/", true),
            ("build/*.jar", "build/app.jar", false),
            ("src/**", "src/debug.log", false),
            ("src/debug.log", "src/debug.log", true),
            ("*.js", "node_modules/", false),
            ("**", "node_modules/", false),
            ("**/*.js", "x.js", false),
            ("!node_modules/**", "node_modules/", false),
        ] {
            assert_eq!(names(pattern, path), named, "{pattern} {path}");
        }
    }

    #[test]
    fn dependencies_are_known_by_name() {
        assert!(looks_deployed("a/node_modules/") && looks_deployed("target/"));
        assert!(!looks_deployed("target") && !looks_deployed("a.log") && !looks_deployed("cache/"));
    }
}
