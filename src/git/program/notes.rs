//! Notes on their way from and to a remote, while other processes fetch, push and attach.
//!
//! - One process of ours at a time fetches and merges in a clone: the fetched notes have one ref. While it merges, no
//!   other attaches, because `git notes merge` sets the ref to what it made, whatever was added since it read it.
//! - Git waits for a ref that another process has locked ([`NOTES_LOCK_MILLIS`]), here and in a server in the
//!   file system.
//! - A push that is refused because of newer notes, or of a lock, is repeated ([`NOTES_PUSHES_MAX`]).

use std::process::Command;
use std::time::Duration;

use super::{ProgramError, Ran, check, git_in, run};
use crate::files::Lock;
use crate::git::Repository;
use crate::git::notes::NOTES_REF;
use crate::limits::{NOTES_LOCK_MILLIS, NOTES_PUSH_PAUSE_MILLIS, NOTES_PUSHES_MAX};

/// The ref for a remote's notes before they are merged with the local ones.
const FETCHED_NOTES: &str = "refs/countersign/notes";

/// Fetches a remote's notes and merges them with the local ones, line by line; false if it has none.
pub fn fetch_notes(repository: &Repository, remote: &str) -> Result<bool, ProgramError> {
    let _fetching = Lock::next_to(&repository.common_dir().join("countersign").join("notes-fetched"))?;
    let failed = |ran: Ran| notes_failed(format!("fetch `{NOTES_REF}` from `{remote}`"), ran);
    let mut command = patient(repository);
    command.args(["ls-remote", "--quiet", "--exit-code", "--", remote, NOTES_REF]);
    match run(command)? {
        Ran { code: Some(0), .. } => {}
        // `--exit-code`: the remote answered that it has no such ref.
        Ran { code: Some(2), .. } => return Ok(false),
        ran => return Err(failed(ran)),
    }
    let mut command = patient(repository);
    command.args(["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"]);
    // In a partial clone too: whoever fetches manifests reads them.
    command.args(["--no-filter", "--", remote, &format!("+{NOTES_REF}:{FETCHED_NOTES}")]);
    check(run(command)?, failed)?;
    let _changing = repository.lock_notes()?;
    let mut command = patient(repository);
    let (name, email) = repository.who();
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), &name).env(format!("GIT_{role}_EMAIL"), &email);
    }
    command.args([
        "notes",
        "--ref",
        NOTES_REF,
        "merge",
        "--quiet",
        "--strategy=cat_sort_uniq",
        FETCHED_NOTES,
    ]);
    check(run(command)?, |ran| notes_failed(format!("merge `{NOTES_REF}` of `{remote}`"), ran))?;
    Ok(true)
}

/// Pushes the local notes to a remote, which accepts them only if nothing there would be lost. If it has newer ones,
/// as of another push at the same time, merges them and pushes again.
pub fn push_notes(repository: &Repository, remote: &str) -> Result<(), ProgramError> {
    let local = || repository.inner.refname_to_id(NOTES_REF).ok();
    for round in 1..NOTES_PUSHES_MAX {
        let before = local();
        let Err(refused) = push_once(repository, remote) else { return Ok(()) };
        let merged = matches!(fetch_notes(repository, remote), Ok(true)) && local() != before;
        match &refused {
            _ if merged => {}
            ProgramError::Notes { words, .. } if is_locked(words) => {
                std::thread::sleep(Duration::from_millis(NOTES_PUSH_PAUSE_MILLIS * round as u64));
            }
            _ => return Err(refused),
        }
    }
    push_once(repository, remote)
}

fn push_once(repository: &Repository, remote: &str) -> Result<(), ProgramError> {
    let mut command = patient(repository);
    command.args(["push", "--quiet", "--no-recurse-submodules", "--", remote, NOTES_REF]);
    check(run(command)?, |ran| notes_failed(format!("push `{NOTES_REF}` to `{remote}`"), ran))
}

/// Git, waiting for the locks of refs: by itself it gives up after a tenth of a second.
fn patient(repository: &Repository) -> Command {
    let mut command = git_in(repository);
    for name in ["core.filesRefLockTimeout", "core.packedRefsTimeout"] {
        command.args(["-c", &format!("{name}={NOTES_LOCK_MILLIS}")]);
    }
    command
}

/// Whether git failed because another process has a ref locked, here or at the remote, or just changed it.
pub(super) fn is_locked(words: &str) -> bool {
    ["cannot lock ref", ".lock': File exists", "failed to update ref"].iter().any(|said| words.contains(said))
}

fn notes_failed(what: String, ran: Ran) -> ProgramError {
    ProgramError::Notes { what, words: ran.words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_told_from_other_refusals() {
        // As git 2.47 prints them.
        for words in [
            "error: cannot lock ref 'refs/countersign/notes': is at 6f0c but expected 9a1b",
            "fatal: Unable to create '/x/.git/refs/notes/countersign.lock': File exists.",
            " ! [remote rejected] refs/notes/countersign -> refs/notes/countersign (failed to update ref)",
        ] {
            assert!(is_locked(words), "{words}");
        }
        for words in [
            " ! [rejected] refs/notes/countersign -> refs/notes/countersign (fetch first)",
            "fatal: 'nowhere' does not appear to be a git repository",
        ] {
            assert!(!is_locked(words), "{words}");
        }
    }
}
