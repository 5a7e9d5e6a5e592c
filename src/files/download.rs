//! Downloads: what lies behind a URL or in S3, by the programs that people have for it.
//!
//! `curl` and `aws` are asked, so that people's proxies, certificates and AWS credentials work, and so that
//! nothing here opens a socket. They write to a pipe, and no more is read of it than was asked for. `curl`
//! reads no settings and no `.netrc`, and follows nothing but `https`: what it brings, it brings as anybody.

use std::io::{self, Read, Write};
use std::process::{Command, Stdio};

use super::program;
use super::words::{indented, last_words};

/// How long a server may take to answer, in seconds.
const ANSWER_SECONDS: &str = "30";
/// How long it may send less than [`SLOWEST`], in seconds.
const SLOW_SECONDS: &str = "60";
/// Slowest download that is waited for, in bytes a second.
const SLOWEST: &str = "1024";
/// The exit status by which curl says that there is more than it may bring (`CURLE_FILESIZE_EXCEEDED`).
const CURL_TOO_LARGE: i32 = 63;
/// Most redirects that are followed, as a browser of one page: a release page needs two.
const REDIRECTS_MAX: &str = "5";

/// Why something was not downloaded.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// There is no such program.
    #[error("there is no `{0}` program on the PATH")]
    Missing(&'static str),
    /// The program could not be started or listened to, or what it sent not be written.
    #[error("cannot run the `{0}` program")]
    Start(&'static str, #[source] io::Error),
    /// What was sent could not be written.
    #[error("cannot write what came from `{0}`")]
    Write(String, #[source] io::Error),
    /// The program failed.
    #[error("`{program}` could not bring `{from}`{}", indented(words))]
    Failed {
        /// The program.
        program: &'static str,
        /// What it was to bring.
        from: String,
        /// Its last words.
        words: String,
    },
    /// There is more than was asked for.
    #[error("`{from}` has more than {limit} bytes")]
    TooLarge {
        /// What was brought.
        from: String,
        /// The most that was read of it, in bytes.
        limit: u64,
    },
}

impl DownloadError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Missing("curl") => "install curl, or put it on the PATH",
            Self::Missing(_) => "install the AWS CLI, or put it on the PATH",
            Self::Start(..) | Self::Write(..) => return None,
            Self::Failed { program: "aws", .. } => {
                "check that the object is there, and that your AWS credentials may read it"
            }
            Self::Failed { .. } => "check that the URL can be reached from here, without a password",
            Self::TooLarge { .. } => "ask its publisher: that is not what was published",
        })
    }
}

/// Brings what an `https` URL leads to, of at most so many bytes.
pub fn https(url: &str, limit: u64, to: &mut impl Write) -> Result<(), DownloadError> {
    let mut command = program::command("curl");
    // First of all, or the settings of the user are read: they may name a `.netrc`, or anything.
    command.arg("--disable");
    command.args(["--proto", "=https", "--proto-redir", "=https", "--globoff"]);
    command.args(["--fail", "--silent", "--show-error", "--location", "--max-redirs", REDIRECTS_MAX]);
    command.args([
        "--connect-timeout",
        ANSWER_SECONDS,
        "--speed-time",
        SLOW_SECONDS,
        "--speed-limit",
        SLOWEST,
    ]);
    // Told beforehand, curl stops before the first byte where the server says how many come.
    command.args(["--max-filesize", &limit.to_string(), "--", url]);
    run(command, "curl", url, limit, to)
}

/// Brings an object of S3, `s3://BUCKET/KEY`, of at most so many bytes.
pub fn s3(object: &str, limit: u64, to: &mut impl Write) -> Result<(), DownloadError> {
    let mut command = program::command("aws");
    // With its scheme before it, no object is an option; `-` is standard output.
    command.args(["s3", "cp", "--only-show-errors", object, "-"]);
    run(command, "aws", object, limit, to)
}

fn run(
    mut command: Command,
    program: &'static str,
    from: &str,
    limit: u64,
    to: &mut impl Write,
) -> Result<(), DownloadError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => DownloadError::Missing(program),
        _ => DownloadError::Start(program, error),
    })?;
    // A thread of its own, since whoever holds standard error open may outlive the program.
    let words = child.stderr.take().map(|err| std::thread::spawn(|| last_words(err)));
    let copied = child.stdout.take().map_or(Ok(0), |out| copy(out, limit, to));
    let written = |error| DownloadError::Write(from.into(), error);
    let too_large = || DownloadError::TooLarge { from: from.into(), limit };
    if !matches!(copied, Ok(count) if count <= limit) {
        let _ = child.kill();
        let _ = child.wait();
        return Err(copied.map_or_else(written, |_| too_large()));
    }
    let status = child.wait().map_err(|error| DownloadError::Start(program, error))?;
    match status.code() {
        Some(0) => return Ok(()),
        Some(CURL_TOO_LARGE) if program == "curl" => return Err(too_large()),
        _ => {}
    }
    let words = words.and_then(|thread| thread.join().ok()?.ok()).unwrap_or_default();
    let words = String::from_utf8_lossy(&words).trim().to_owned();
    Err(DownloadError::Failed { program, from: from.into(), words })
}

/// Copies at most one byte more than the limit, which says that there is more; how many there were.
fn copy(from: impl Read, limit: u64, to: &mut impl Write) -> io::Result<u64> {
    io::copy(&mut from.take(limit.saturating_add(1)), to)
}
