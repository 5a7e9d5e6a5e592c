//! The git program: fetches refs from remote repositories, pushes to them, and answers what only git knows.
//!
//! The program is used for this instead of libgit2 so that the user's credential helpers, SSH settings and
//! proxies work. Its arguments are typed ([`RemoteUrl`], [`RefName`]); everything else that a remote
//! repository could make it do is disabled here.

mod notes;
mod promised;

use std::borrow::Cow;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

pub use self::notes::{fetch_notes, push_notes};
pub use self::promised::fetch_objects;
use super::Repository;
use super::branch::Branch;
use super::source::{RefName, RemoteUrl, SCHEMES};
use crate::files::words::{indented, last_words};
use crate::files::{FileError, program};
use crate::hint::Hint;
use crate::limits::ANSWER_BYTES_MAX;

/// The ref that keeps the fetched commit, so that the next fetch downloads only what is new.
pub const FETCHED: &str = "refs/countersign/fetched";

/// Variables that would let the surrounding repository or its hook take part: those of `git rev-parse
/// --local-env-vars`, and settings of one call.
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

/// Settings that override the user's: no hook, no submodule, no background maintenance.
const SETTINGS: [&str; 7] = [
    "core.hooksPath=/dev/null",
    "fetch.fsckObjects=true",
    "submodule.recurse=false",
    "protocol.ext.allow=never",
    "fetch.writeCommitGraph=false",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// Why a call of the git program failed.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// The program does not exist.
    #[error("no `git` program on the PATH")]
    Missing,
    /// The program cannot be started, or its output cannot be read.
    #[error("cannot run the `git` program")]
    Start(#[source] io::Error),
    /// The program failed.
    #[error("git cannot fetch `{reference}` from `{url}`{}", indented(words))]
    Failed {
        /// The repository.
        url: RemoteUrl,
        /// The ref.
        reference: RefName,
        /// The last lines of git's output, without credentials.
        words: String,
    },
    /// The program took too long.
    #[error("git did not finish within {seconds} seconds and was stopped")]
    TimedOut {
        /// The limit in seconds.
        seconds: u64,
    },
    /// The program cannot push a commit to a branch.
    #[error("git cannot push to `{branch}` of `{url}`{}", indented(words))]
    Push {
        /// The repository.
        url: RemoteUrl,
        /// The branch.
        branch: Branch,
        /// The last lines of git's output, without credentials.
        words: String,
    },
    /// A lock file in the remote repository blocks a branch.
    #[error(
        "cannot push to `{branch}`: `{lock}` exists: another git process is running there, or one was interrupted; if none is running, remove `{lock}` and run the command again"
    )]
    Locked {
        /// The branch.
        branch: Branch,
        /// The path of the lock file, as the remote git prints it.
        lock: String,
    },
    /// The program cannot fetch, push or merge notes.
    #[error("git cannot {what}{}", indented(words))]
    Notes {
        /// What it tried to do.
        what: String,
        /// The last lines of git's output.
        words: String,
    },
    /// The program cannot fetch objects that a partial clone lacks.
    #[error("git cannot fetch {} of this partial clone from `{remote}`{}", objects(*count), indented(words))]
    Promised {
        /// How many objects.
        count: usize,
        /// The remote.
        remote: String,
        /// The last lines of git's output.
        words: String,
    },
    /// The notes cannot be locked for a change.
    #[error(transparent)]
    Lock(#[from] FileError),
    /// The program failed to answer.
    #[error("`git {asked}` failed{}", indented(words))]
    NoAnswer {
        /// The arguments.
        asked: String,
        /// The last lines of git's output.
        words: String,
    },
    /// The answer is too long or not UTF-8.
    #[error("cannot parse the output of `git {0}`")]
    Unreadable(String),
}

/// A number of objects.
fn objects(count: usize) -> String {
    if count == 1 { "1 missing object".into() } else { format!("{count} missing objects") }
}

impl Hint for ProgramError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Missing => "install git, or add it to the PATH",
            Self::Start(_) | Self::Unreadable(_) | Self::Locked { .. } => return None,
            Self::NoAnswer { .. } => {
                "run the command in a git repository that you own, or pass one with `-C`"
            }
            Self::TimedOut { .. } => {
                "check that `git ls-remote` reaches the server, and run the command again"
            }
            Self::Push { words, .. } if words.contains("[remote rejected]") => {
                "set `pull_request` to a branch that the server accepts pushes to"
            }
            Self::Push { .. } => {
                "check that you can push to the branch; if another user just pushed, run the command again"
            }
            Self::Failed { .. } => {
                "check the URL and the ref, and that you can read the repository with `git fetch`"
            }
            Self::Lock(error) => return error.hint(),
            Self::Promised { .. } => {
                "check that you can read the remote with `git fetch`, or fetch all objects with `git fetch --refetch \
                 --no-filter`"
            }
            Self::Notes { words, .. } if notes::is_locked(words) => {
                "another git process is running, or one was interrupted: if none is running, remove the `.lock` file, \
                 and run the command again"
            }
            Self::Notes { words, .. } if words.contains("[rejected]") => {
                "the remote has newer notes: fetch them with `countersign manifest fetch`, and push again"
            }
            Self::Notes { .. } => "check the remote's name with `git remote -v`, and that you can access it",
        };
        Some(hint.into())
    }
}

/// The time limit of a call; `None` is no limit.
pub type Limit = Option<Duration>;

/// Fetches the commit that a ref names, without its history, into a bare repository, as [`FETCHED`].
pub fn fetch(
    repository: &Path,
    url: &RemoteUrl,
    reference: &RefName,
    limit: Limit,
) -> Result<(), ProgramError> {
    fetch_with(repository, url, reference, "--depth=1", limit)
}

fn fetch_with(
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

/// Like [`fetch`], with the history since a time, in seconds since 1970.
pub fn fetch_since(
    repository: &Path,
    url: &RemoteUrl,
    reference: &RefName,
    since: i64,
    limit: Limit,
) -> Result<(), ProgramError> {
    fetch_with(repository, url, reference, &format!("--shallow-since={since}"), limit)
}

/// Whether a fetched commit is an ancestor of another, as far as their history was fetched.
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

/// Whether a remote repository has a ref.
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
        // `--exit-code`: the remote answered that it has no such ref.
        Ran { code: Some(2), .. } => Ok(false),
        Ran { words, .. } => Err(fetch_failed(url, reference, &words)),
    }
}

/// Pushes a commit to a remote branch, or creates the branch; never forces.
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

/// A call with a time limit, which must not prompt for a password.
fn limited(mut command: Command, limit: Limit) -> Command {
    if limit.is_some() {
        command.env("GIT_TERMINAL_PROMPT", "0");
    }
    command
}

fn check(ran: Ran, failed: impl FnOnce(Ran) -> ProgramError) -> Result<(), ProgramError> {
    if ran.code == Some(0) { Ok(()) } else { Err(failed(ran)) }
}

/// Like [`git`], started in the folder to which the URLs of a repository's remotes are relative.
fn git_in(repository: &Repository) -> Command {
    let mut command = git(repository.common_dir());
    command.current_dir(repository.top());
    command
}

/// The git program for a repository, without its hooks and without the caller's environment.
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
    // Overrides every `protocol.*` setting of the user.
    command.env("GIT_ALLOW_PROTOCOL", SCHEMES.join(":"));
    // Git must ask for passwords on the terminal, not here.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Makes the program read objects by their ids: no `refs/replace/`, no `info/grafts`.
fn as_stored(command: &mut Command) {
    command.env("GIT_NO_REPLACE_OBJECTS", "1").env("GIT_GRAFT_FILE", "/dev/null");
}

/// The result of a command.
struct Ran {
    /// Its exit status; `None` if a signal ended it.
    code: Option<i32>,
    /// The last lines of its output.
    words: String,
}

fn run(command: Command) -> Result<Ran, ProgramError> {
    let mut child = start(command)?;
    let words = child.stderr.take().map_or(Ok(Vec::new()), last_words);
    ended(child, words)
}

/// Like [`run`]; a program that takes longer is stopped.
fn run_within(command: Command, limit: Limit) -> Result<Ran, ProgramError> {
    let Some(limit) = limit else { return run(command) };
    let mut child = start(command)?;
    let (send, receive) = mpsc::channel();
    if let Some(stderr) = child.stderr.take() {
        // A background process that git left can keep the stream open, so this thread is not joined.
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

/// The output of the program for the repository of a folder, or of the environment; `None` if it exits with
/// status 1, which means that there is no answer.
///
/// Only for commands that run no program of the repository: `rev-parse`, `config`, `hook list`, `--version`.
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
