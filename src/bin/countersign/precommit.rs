//! pre-commit: which push it announces, since it keeps git's lines from the hooks that it runs.
//!
//! Of a push pre-commit looks at the first ref alone, and passes over deletions and refs whose commits
//! the remote has. What it sets (its `commands/hook_impl.py` and `commands/run.py`, 4.7):
//!
//! | variable | is |
//! |---|---|
//! | `PRE_COMMIT_LOCAL_BRANCH`, `PRE_COMMIT_REMOTE_BRANCH` | first and third word of git's line |
//! | `PRE_COMMIT_TO_REF` | its second word; not set if the push includes the root commit |
//! | `PRE_COMMIT_FROM_REF` | the last commit that the remote has, which may not be what its ref names |

use std::path::Path;

use anyhow::{Context, Result};
use countersign::git::hooks::resolve;

use crate::output::refuse;

/// The line that git would have written, from pre-commit's variables; nothing without a push.
///
/// The remote's object is always zeros, as for a new ref: pre-commit does not pass it, and a guess
/// could make a commit look as if it had been looked at before.
pub fn update_from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Option<String>> {
    update(get, |revision| Ok(resolve(Path::new("."), revision)?))
}

fn update(
    get: impl Fn(&str) -> Option<String>,
    resolve: impl Fn(&str) -> Result<Option<String>>,
) -> Result<Option<String>> {
    let get = |name| get(name).filter(|value| !value.is_empty());
    let Some(remote_ref) = get("PRE_COMMIT_REMOTE_BRANCH") else {
        return Ok(None);
    };
    let local_ref = get("PRE_COMMIT_LOCAL_BRANCH").context("PRE_COMMIT_LOCAL_BRANCH is not set")?;
    for text in [&remote_ref, &local_ref] {
        if text.contains('\n') || (text == &remote_ref && text.contains(' ')) {
            return Err(refuse(
                format!("pre-commit names the ref {text:?}, which is not a valid ref"),
                "push again, or install the hook of countersign with `countersign hooks install`",
            ));
        }
    }
    let revision = get("PRE_COMMIT_TO_REF").unwrap_or_else(|| local_ref.clone());
    let Some(local_oid) = resolve(&revision)? else {
        return Err(refuse(
            format!("pre-commit pushes `{revision}`, which is not in this repository"),
            "push again, or install the hook of countersign with `countersign hooks install`",
        ));
    };
    let zeros = "0".repeat(local_oid.len());
    Ok(Some(format!("{local_ref} {local_oid} {remote_ref} {zeros}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const ZEROS: &str = "0000000000000000000000000000000000000000";

    /// What is made of variables, in a repository where `HEAD`, `refs/heads/main` and `ONE` are `ONE`.
    fn made(variables: &[(&str, &str)]) -> Result<Option<String>> {
        let get = |asked: &str| {
            let found = variables.iter().find(|(name, _)| asked == format!("PRE_COMMIT_{name}"));
            found.map(|(_, value)| (*value).to_owned())
        };
        update(get, |revision| Ok(["HEAD", "refs/heads/main", ONE].contains(&revision).then(|| ONE.into())))
    }

    #[test]
    fn a_push_of_new_commits_has_their_last() {
        let line = made(&[
            ("FROM_REF", ZEROS),
            ("TO_REF", ONE),
            ("LOCAL_BRANCH", "refs/heads/main"),
            ("REMOTE_BRANCH", "refs/heads/prod"),
        ]);
        assert_eq!(line.unwrap().unwrap(), format!("refs/heads/main {ONE} refs/heads/prod {ZEROS}"));
    }

    #[test]
    fn a_push_with_the_root_commit_has_what_the_local_ref_names() {
        let line = made(&[("LOCAL_BRANCH", "HEAD"), ("REMOTE_BRANCH", "refs/heads/main")]);
        assert_eq!(line.unwrap().unwrap(), format!("HEAD {ONE} refs/heads/main {ZEROS}"));
    }

    #[test]
    fn no_push_is_announced_by_hand() {
        assert_eq!(made(&[]).unwrap(), None);
        assert_eq!(made(&[("REMOTE_BRANCH", ""), ("TO_REF", ONE)]).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for variables in [
            &[("REMOTE_BRANCH", "refs/heads/main")][..],
            &[("REMOTE_BRANCH", "refs/heads/main"), ("LOCAL_BRANCH", "gone")],
            &[("REMOTE_BRANCH", "refs/heads/main"), ("LOCAL_BRANCH", "HEAD"), ("TO_REF", "gone")],
            &[("REMOTE_BRANCH", "refs/heads/a b"), ("LOCAL_BRANCH", "HEAD")],
            &[("REMOTE_BRANCH", "refs/heads/a\nb"), ("LOCAL_BRANCH", "HEAD")],
            &[("REMOTE_BRANCH", "refs/heads/a"), ("LOCAL_BRANCH", "HEAD\n"), ("TO_REF", ONE)],
        ] {
            assert!(made(variables).is_err(), "{variables:?}");
        }
    }
}
