//! Fetches objects by their ids, as git itself does in a partial clone (`promisor-remote.c`).

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Stdio;

use super::{ProgramError, Ran, ended, git_in, start};
use crate::files::words::last_words;
use crate::git::{BlobId, Repository};

/// Fetches these objects, and no others, from a remote.
pub fn fetch_objects(
    repository: &Repository,
    remote: &str,
    objects: &BTreeSet<BlobId>,
) -> Result<(), ProgramError> {
    let mut command = git_in(repository);
    command.args(["-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags"]);
    command.args(["--no-write-fetch-head", "--no-recurse-submodules", "--filter=blob:none", "--stdin"]);
    command.args(["--", remote]).stdin(Stdio::piped());
    let mut child = start(command)?;
    let ids: String = objects.iter().map(|id| format!("{id}\n")).collect();
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let words = std::thread::scope(|scope| {
        // Git reads all ids before it prints much, or ends early, and then says why.
        scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(ids.as_bytes())));
        stderr.map_or(Ok(Vec::new()), last_words)
    });
    match ended(child, words)? {
        Ran { code: Some(0), .. } => Ok(()),
        Ran { words, .. } => {
            Err(ProgramError::Promised { count: objects.len(), remote: remote.into(), words })
        }
    }
}
