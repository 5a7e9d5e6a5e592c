//! Downloads from URLs and S3, with the user's programs.
//!
//! `curl` and `aws` are used so that the user's proxies, certificates and AWS credentials work, and so that
//! countersign opens no socket. They write to a pipe, of which no more than the limit is read. `curl` reads
//! no settings and no `.netrc`, and follows only `https`: it downloads without credentials.

use std::borrow::Cow;

use crate::hint::Hint;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};

use super::program;
use super::words::{indented, last_words};

/// How long to wait for an answer, in seconds.
const ANSWER_SECONDS: &str = "30";
/// How long a server can send less than [`SLOWEST`], in seconds.
const SLOW_SECONDS: &str = "60";
/// Slowest accepted download, in bytes per second.
const SLOWEST: &str = "1024";
/// The exit status of curl for a file over the limit (`CURLE_FILESIZE_EXCEEDED`).
const CURL_TOO_LARGE: i32 = 63;
/// Most redirects that are followed; a release page needs two.
const REDIRECTS_MAX: &str = "5";

/// Why a download failed.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The program does not exist.
    #[error("no `{0}` program on the PATH")]
    Missing(&'static str),
    /// The program cannot be started, or its output cannot be read.
    #[error("cannot run the `{0}` program")]
    Start(&'static str, #[source] io::Error),
    /// The download cannot be written.
    #[error("cannot write the download of `{0}`")]
    Write(String, #[source] io::Error),
    /// The program failed.
    #[error("`{program}` cannot download `{from}`{}", indented(words))]
    Failed {
        /// The program.
        program: &'static str,
        /// What it tried to download.
        from: String,
        /// The last lines of its output.
        words: String,
    },
    /// The download is over the limit.
    #[error("`{from}` has more than {limit} bytes")]
    TooLarge {
        /// What was downloaded.
        from: String,
        /// The limit in bytes.
        limit: u64,
    },
}

impl Hint for DownloadError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Missing("curl") => "install curl, or add it to the PATH",
            Self::Missing(_) => "install the AWS CLI, or add it to the PATH",
            Self::Start(..) | Self::Write(..) => return None,
            Self::Failed { program: "aws", .. } => {
                "check that the object exists, and that your AWS credentials can read it"
            }
            Self::Failed { .. } => "check that the URL is reachable without a password",
            Self::TooLarge { .. } => "ask the publisher: this is not the published file",
        };
        Some(hint.into())
    }
}

/// Downloads an `https` URL, up to a limit in bytes.
pub fn https(url: &str, limit: u64, to: &mut impl Write) -> Result<(), DownloadError> {
    let mut command = program::command("curl");
    // This option must be first; otherwise the user's settings are read, which could name a `.netrc`.
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
    // With the limit, curl stops before the first byte if the server announces a larger size.
    command.args(["--max-filesize", &limit.to_string(), "--", url]);
    run(command, "curl", url, limit, to)
}

/// Downloads an S3 object, `s3://BUCKET/KEY`, up to a limit in bytes.
pub fn s3(object: &str, limit: u64, to: &mut impl Write) -> Result<(), DownloadError> {
    let mut command = program::command("aws");
    // With its scheme, an object cannot be an option; `-` is standard output.
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
    // In a separate thread, since another process that has standard error open can outlive the program.
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

/// Copies at most one byte more than the limit, which shows that there is more; returns the number of bytes.
fn copy(from: impl Read, limit: u64, to: &mut impl Write) -> io::Result<u64> {
    io::copy(&mut from.take(limit.saturating_add(1)), to)
}
