//! The git program: refs of a repository elsewhere, brought here or sent there; and what only it knows.
//!
//! The program is asked, and not libgit2, so that people's credential helpers, SSH settings and
//! proxies work. What it is given is typed ([`RemoteUrl`], [`RefName`]); what a repository elsewhere
//! could make it do besides is switched off here.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::Repository;
use super::branch::Branch;
use super::notes::NOTES_REF;
use super::source::{RefName, RemoteUrl, SCHEMES};
use crate::files::program;
use crate::files::words::{indented, last_words};
use crate::limits::ANSWER_BYTES_MAX;

/// The ref that keeps what was fetched, so that the next time only what is new comes.
pub const FETCHED: &str = "refs/countersign/fetched";

/// The ref that a remote's notes are brought to, before they are united with those here.
const FETCHED_NOTES: &str = "refs/countersign/notes";

/// Variables by which the repository that this runs in, or its hook, would take part: what
/// `git rev-parse --local-env-vars` lists, and settings of one call.
const NOT_INHERITED: [&str; 17] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Settings that hold whatever the user's say: no hook, no submodule, no upkeep in the background.
const SETTINGS: [&str; 7] = [
    "core.hooksPath=/dev/null",
    "fetch.fsckObjects=true",
    "submodule.recurse=false",
    "protocol.ext.allow=never",
    "fetch.writeCommitGraph=false",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// Why the git program brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// There is no such program.
    #[error("there is no `git` program on the PATH")]
    Missing,
    /// The program could not be started or listened to.
    #[error("cannot run the `git` program")]
    Start(#[source] io::Error),
    /// The program failed.
    #[error("git could not fetch `{reference}` from `{url}`{}", indented(words))]
    Failed {
        /// The repository.
        url: RemoteUrl,
        /// The ref.
        reference: RefName,
        /// The last lines that git said, without credentials.
        words: String,
    },
    /// The program was still at it when its time was over.
    #[error("git did not end within {seconds} seconds, and was ended")]
    TimedOut {
        /// The limit in seconds.
        seconds: u64,
    },
    /// The program could not send a commit to a branch.
    #[error("git could not push to `{branch}` of `{url}`{}", indented(words))]
    Push {
        /// The repository.
        url: RemoteUrl,
        /// The branch.
        branch: Branch,
        /// The last lines that git said, without credentials.
        words: String,
    },
    /// A lock file in the other repository keeps a branch as it is.
    #[error(
        "cannot push to `{branch}`: `{lock}` exists: another git process is running there, or one was interrupted; if none is running, remove `{lock}` and run the command again"
    )]
    Locked {
        /// The branch.
        branch: Branch,
        /// The path of the lock file, as the other repository's git names it.
        lock: String,
    },
    /// The program could not bring, send or unite notes.
    #[error("git could not {what} `{NOTES_REF}`{}", indented(words))]
    Notes {
        /// What it was to do.
        what: String,
        /// The last lines that git said.
        words: String,
    },
    /// The program answered a question with a failure.
    #[error("`git {asked}` failed{}", indented(words))]
    NoAnswer {
        /// The arguments.
        asked: String,
        /// The last lines that git said.
        words: String,
    },
    /// The answer is longer than any honest one, or not UTF-8.
    #[error("`git {0}` answered with what cannot be read")]
    Unreadable(String),
}

impl ProgramError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Missing => "install git, or put it on the PATH",
            Self::Start(_) | Self::Unreadable(_) | Self::Locked { .. } => return None,
            Self::NoAnswer { .. } => "start it inside a git repository of your own, or name one with `-C`",
            Self::TimedOut { .. } => "try again, and look whether the server answers `git ls-remote`",
            Self::Push { words, .. } if words.contains("[remote rejected]") => {
                "the server takes no such push: let `pull_request` name a branch that it takes"
            }
            Self::Push { .. } => {
                "check that you may push to the branch; run it again if somebody else just did"
            }
            Self::Failed { .. } => "check the URL, the ref, and that `git fetch` may read the repository",
            Self::Notes { words, .. } if words.contains("[rejected]") => {
                "another user attached more: fetch that with `countersign manifest fetch`, and push again"
            }
            Self::Notes { .. } => "check the remote's name with `git remote -v`, and that you may reach it",
        })
    }
}

/// How long a call of the program may take; nothing is for ever.
pub type Limit = Option<Duration>;

/// Brings the commit that a ref names now, without its history, into a bare repository, as [`FETCHED`].
pub fn fetch(
    repository: &Path,
    url: &RemoteUrl,
    reference: &RefName,
    limit: Limit,
) -> Result<(), ProgramError> {
    bring(repository, url, reference, "--depth=1", limit)
}

fn bring(
    repository: &Path,
    url: &RemoteUrl,
    reference: &RefName,
    history: &str,
    limit: Limit,
) -> Result<(), ProgramError> {
    let mut command = limited(git(repository), limit);
    command.args(["fetch", "--quiet", history, "--no-tags", "--no-recurse-submodules", "--"]);
    command.arg(url.with_credentials()).arg(format!("+{reference}:{FETCHED}"));
    match run_within(command, limit)? {
        Ran { code: Some(0), .. } => Ok(()),
        Ran { words, .. } => Err(fetch_failed(url, reference, &words)),
    }
}

fn fetch_failed(url: &RemoteUrl, reference: &RefName, words: &str) -> ProgramError {
    ProgramError::Failed { url: url.clone(), reference: reference.clone(), words: url.redact(words) }
}

/// As [`fetch`], with the history since an instant, in seconds since 1970.
pub fn fetch_since(
    repository: &Path,
    url: &RemoteUrl,
    reference: &RefName,
    since: i64,
    limit: Limit,
) -> Result<(), ProgramError> {
    bring(repository, url, reference, &format!("--shallow-since={since}"), limit)
}

/// Whether a commit that is here is another's ancestor, as far as their history is here.
pub fn is_ancestor(
    repository: &Path,
    ancestor: &str,
    commit: &str,
    limit: Limit,
) -> Result<bool, ProgramError> {
    let arguments = ["merge-base", "--is-ancestor", ancestor, commit];
    let mut command = limited(git(repository), limit);
    command.args(arguments);
    match run_within(command, limit)? {
        Ran { code: Some(0), .. } => Ok(true),
        Ran { code: Some(1), .. } => Ok(false),
        Ran { words, .. } => Err(ProgramError::NoAnswer { asked: arguments.join(" "), words }),
    }
}

/// Whether a repository elsewhere has this ref.
pub fn has(
    repository: &Path,
    url: &RemoteUrl,
    reference: &RefName,
    limit: Limit,
) -> Result<bool, ProgramError> {
    let mut command = limited(git(repository), limit);
    command.args(["ls-remote", "--quiet", "--exit-code", "--", url.with_credentials(), reference.as_str()]);
    match run_within(command, limit)? {
        Ran { code: Some(0), .. } => Ok(true),
        // `--exit-code`: the remote answered, and has no such ref.
        Ran { code: Some(2), .. } => Ok(false),
        Ran { words, .. } => Err(fetch_failed(url, reference, &words)),
    }
}

/// Moves a branch elsewhere to a commit that is built on it, or makes the branch; nothing is ever forced.
pub fn push(
    repository: &Path,
    url: &RemoteUrl,
    commit: &str,
    branch: &Branch,
    limit: Limit,
) -> Result<(), ProgramError> {
    let mut command = limited(git(repository), limit);
    command.args(["-c", "push.followTags=false", "-c", "push.gpgSign=false"]);
    command.args(["push", "--quiet", "--no-verify", "--no-recurse-submodules", "--"]);
    command.arg(url.with_credentials()).arg(format!("{commit}:{}", branch.full()));
    match run_within(command, limit)? {
        Ran { code: Some(0), .. } => Ok(()),
        Ran { words, .. } => match lock_in(&words) {
            Some(lock) => Err(ProgramError::Locked { branch: branch.clone(), lock: lock.into() }),
            None => Err(ProgramError::Push {
                url: url.clone(),
                branch: branch.clone(),
                words: url.redact(&words),
            }),
        },
    }
}

/// The path in git's `Unable to create 'PATH.lock': File exists`.
fn lock_in(words: &str) -> Option<&str> {
    let (before, _) = words.split_once("': File exists")?;
    let (_, path) = before.rsplit_once("Unable to create '")?;
    path.ends_with(".lock").then_some(path)
}

/// A call that is one of many and has its time: nobody is asked for a password.
fn limited(mut command: Command, limit: Limit) -> Command {
    if limit.is_some() {
        command.env("GIT_TERMINAL_PROMPT", "0");
    }
    command
}

/// Brings a remote's notes and unites them with those here, line by line; false if it has none.
pub fn fetch_notes(repository: &Repository, remote: &str) -> Result<bool, ProgramError> {
    let failed = |ran: Ran| notes_failed(format!("fetch from `{remote}`"), ran);
    let mut command = git_in(repository);
    command.args(["ls-remote", "--quiet", "--exit-code", "--", remote, NOTES_REF]);
    match run(command)? {
        Ran { code: Some(0), .. } => {}
        // `--exit-code`: the remote answered, and has no such ref.
        Ran { code: Some(2), .. } => return Ok(false),
        ran => return Err(failed(ran)),
    }
    let mut command = git_in(repository);
    command.args(["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"]);
    command.args(["--", remote, &format!("+{NOTES_REF}:{FETCHED_NOTES}")]);
    check(run(command)?, failed)?;
    let mut command = git_in(repository);
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
    check(run(command)?, |ran| notes_failed(format!("unite what `{remote}` has with"), ran))?;
    Ok(true)
}

/// Sends the notes here to a remote, which takes them only if nothing there would be lost.
pub fn push_notes(repository: &Repository, remote: &str) -> Result<(), ProgramError> {
    let mut command = git_in(repository);
    command.args(["push", "--quiet", "--no-recurse-submodules", "--", remote, NOTES_REF]);
    check(run(command)?, |ran| notes_failed(format!("push to `{remote}`"), ran))
}

fn notes_failed(what: String, ran: Ran) -> ProgramError {
    ProgramError::Notes { what, words: ran.words }
}

fn check(ran: Ran, failed: impl FnOnce(Ran) -> ProgramError) -> Result<(), ProgramError> {
    if ran.code == Some(0) { Ok(()) } else { Err(failed(ran)) }
}

/// As [`git`], started where the URLs of a repository's remotes are relative to.
fn git_in(repository: &Repository) -> Command {
    let mut command = git(repository.common_dir());
    command.current_dir(repository.top());
    command
}

/// The git program for a repository, with no hook of it and nothing of the surroundings.
fn git(repository: &Path) -> Command {
    let mut command = program::command("git");
    command.current_dir(repository).arg("--git-dir").arg(repository);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    for name in NOT_INHERITED {
        command.env_remove(name);
    }
    as_stored(&mut command);
    // Stronger than any `protocol.*` setting of the user's.
    command.env("GIT_ALLOW_PROTOCOL", SCHEMES.join(":"));
    // People are asked for passwords on the terminal, not here.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Lets the program read objects as their ids say: no `refs/replace/`, no `info/grafts`.
fn as_stored(command: &mut Command) {
    command.env("GIT_NO_REPLACE_OBJECTS", "1").env("GIT_GRAFT_FILE", "/dev/null");
}

/// How a command ended.
struct Ran {
    /// Its exit status; nothing if a signal ended it.
    code: Option<i32>,
    /// Its last words.
    words: String,
}

fn run(command: Command) -> Result<Ran, ProgramError> {
    let mut child = start(command)?;
    let words = child.stderr.take().map_or(Ok(Vec::new()), last_words);
    ended(child, words)
}

/// As [`run`]; a program that takes longer is ended.
fn run_within(command: Command, limit: Limit) -> Result<Ran, ProgramError> {
    let Some(limit) = limit else { return run(command) };
    let mut child = start(command)?;
    let (send, receive) = mpsc::channel();
    if let Some(stderr) = child.stderr.take() {
        // A helper that git left may hold the stream open: nobody waits for this thread.
        std::thread::spawn(move || send.send(last_words(stderr)));
    }
    match receive.recv_timeout(limit) {
        Ok(words) => ended(child, words),
        Err(_) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(ProgramError::TimedOut { seconds: limit.as_secs() })
        }
    }
}

fn start(mut command: Command) -> Result<Child, ProgramError> {
    command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ProgramError::Missing,
        _ => ProgramError::Start(error),
    })
}

fn ended(mut child: Child, words: io::Result<Vec<u8>>) -> Result<Ran, ProgramError> {
    let status = child.wait().map_err(ProgramError::Start)?;
    let words = String::from_utf8_lossy(&words.map_err(ProgramError::Start)?).trim().to_owned();
    Ok(Ran { code: status.code(), words })
}

/// What the program answers to a question about the repository that a folder is in, or that the
/// environment names; nothing where it exits with status 1, which says that there is no answer.
///
/// Only for what runs no program of the repository's: `rev-parse`, `config`, `hook list`, `--version`.
pub fn ask(folder: &Path, arguments: &[&str]) -> Result<Option<String>, ProgramError> {
    let asked = || arguments.join(" ");
    let mut command = program::command("git");
    command.current_dir(folder).args(arguments);
    as_stored(&mut command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ProgramError::Missing,
        _ => ProgramError::Start(error),
    })?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (answer, words) = std::thread::scope(|scope| {
        let words = scope.spawn(|| err.map_or(Ok(Vec::new()), last_words));
        let mut answer = Vec::new();
        let read = out.map_or(Ok(0), |out| out.take(ANSWER_BYTES_MAX + 1).read_to_end(&mut answer));
        (read.map(|_| answer), words.join().unwrap_or(Ok(Vec::new())))
    });
    let status = child.wait().map_err(ProgramError::Start)?;
    let answer = answer.map_err(ProgramError::Start)?;
    match status.code() {
        Some(1) if answer.is_empty() => return Ok(None),
        _ if answer.len() as u64 > ANSWER_BYTES_MAX => return Err(ProgramError::Unreadable(asked())),
        Some(0) => {}
        _ => {
            let words = String::from_utf8_lossy(&words.map_err(ProgramError::Start)?).trim().to_owned();
            return Err(ProgramError::NoAnswer { asked: asked(), words });
        }
    }
    let mut answer = String::from_utf8(answer).map_err(|_| ProgramError::Unreadable(asked()))?;
    if answer.ends_with('\n') {
        answer.pop();
    }
    Ok(Some(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_program_that_takes_too_long_is_ended() {
        let told = |program: &str, limit| {
            let mut command = Command::new("sh");
            command.args(["-c", program]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
            run_within(command, Some(limit))
        };
        let ended = told("exec sleep 600", Duration::from_millis(10));
        assert!(matches!(ended, Err(ProgramError::TimedOut { .. })));
        let ran = told("echo done >&2; exit 3", Duration::from_secs(600)).unwrap();
        assert_eq!((ran.code, ran.words.as_str()), (Some(3), "done"));
    }
}
