//! Rewritten commits: whether git copies their manifests.
//!
//! `git commit --amend` and `git rebase` copy the notes below each ref that a `notes.rewriteRef` names, from the
//! old commit to the new one (`git help config`). Git has no such ref by itself. A copied manifest covers the
//! new commit only if it describes exactly the package of it, so a copy can allow nothing that was not signed.

use std::path::Path;

use crate::git::notes::NOTES_REF;
use crate::git::program::{ProgramError, ask};

/// The setting with the refs whose notes git copies.
pub const REWRITE_SETTING: &str = "notes.rewriteRef";

/// The command that makes git copy manifests.
pub fn command() -> String {
    format!("git config --add {REWRITE_SETTING} {NOTES_REF}")
}

/// Whether git copies the manifests of commits that are amended or rebased in the current repository.
pub fn copies_manifests() -> Result<bool, ProgramError> {
    let values = ask(Path::new("."), &["config", "--get-all", REWRITE_SETTING])?.unwrap_or_default();
    Ok(values.lines().any(matches))
}

/// Makes git copy them, in the repository's own configuration; returns whether that changed it.
pub fn copy_manifests() -> Result<bool, ProgramError> {
    if copies_manifests()? {
        return Ok(false);
    }
    ask(Path::new("."), &["config", "--local", "--add", REWRITE_SETTING, NOTES_REF])?;
    Ok(true)
}

/// Whether a value names our notes: the ref, or a pattern that ends in `*`.
fn matches(value: &str) -> bool {
    let value = value.trim();
    value == NOTES_REF || value.strip_suffix('*').is_some_and(|start| NOTES_REF.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ref_and_a_pattern_name_our_notes() {
        for (value, expected) in [
            ("refs/notes/countersign", true),
            ("refs/notes/*", true),
            ("refs/notes/c*", true),
            ("refs/notes/commits", false),
            ("refs/notes/", false),
            ("refs/heads/*", false),
            ("", false),
        ] {
            assert_eq!(matches(value), expected, "{value:?}");
        }
    }
}
