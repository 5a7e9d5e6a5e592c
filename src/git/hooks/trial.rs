//! The trial: runs the file that git runs at an event with a test push, and reports why it does not deny it.
//!
//! A line in another tool's file proves nothing: the command can be skipped, its exit status lost, or its input
//! taken by a command before it. The test push deletes a ref that does not exist ([`TEST_REF`]), from a remote
//! that does not exist, so commands that run beside countersign have nothing to do. countersign denies it
//! before it reads a policy.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::place::Place;
use super::script::is_program;
use super::{Hook, HooksError};
use crate::files::program;
use crate::files::words::last_words;
use crate::git::program::ProgramError;

/// The ref that a test push deletes.
pub const TEST_REF: &str = "refs/countersign/test-push";

/// What countersign prints when it denies a test push.
pub const TEST_DENIED: &str = "this is the test push of `countersign hooks`, which is always denied";

/// Why the file that git runs does not deny an unsigned push; `None` if it does.
pub fn obstacle(place: &Place, hook: Hook) -> Result<Option<String>, HooksError> {
    let file = place.runs(hook);
    let shown = file.display();
    if !is_program(&file) {
        return Ok(Some(format!("`{shown}` is not executable, so git does not run it")));
    }
    let (is_denied, words) = run(place, hook, &file).map_err(HooksError::Program)?;
    Ok(match (words.contains(TEST_DENIED), is_denied) {
        (true, true) => None,
        (true, false) => {
            Some(format!("`{shown}` allows a push that countersign denies: the exit status is lost"))
        }
        (false, false) => Some(format!(
            "`{shown}` allows a test push: countersign does not run, or an earlier command takes its input"
        )),
        (false, true) => Some(format!("`{shown}` fails before countersign gets the pushed refs")),
    })
}

/// Runs the file as git does; returns whether it denies the push, and the end of what it prints.
fn run(place: &Place, hook: Hook, file: &Path) -> Result<(bool, String), ProgramError> {
    let zeros = "0".repeat(40);
    let line = match hook {
        Hook::PrePush => format!("(delete) {zeros} {TEST_REF} {zeros}\n"),
        Hook::PreReceive => format!("{zeros} {zeros} {TEST_REF}\n"),
    };
    let file = std::path::absolute(file).map_err(ProgramError::Start)?;
    let mut command = program::command(file);
    if hook == Hook::PrePush {
        command.args(["countersign-test", "/dev/null/countersign-test"]);
    }
    let top = if place.is_bare() { place.common() } else { place.top() };
    command.current_dir(if top.as_os_str().is_empty() { Path::new(".") } else { top });
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(ProgramError::Start)?;
    // A hook that reads nothing closes the pipe.
    let written = child.stdin.take().map(|mut input| input.write_all(line.as_bytes()));
    drop(written);
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let words = std::thread::scope(|scope| {
        let err = scope.spawn(|| err.map_or(Ok(Vec::new()), last_words));
        let out = out.map_or(Ok(Vec::new()), last_words)?;
        Ok([out, err.join().unwrap_or(Ok(Vec::new()))?].concat())
    });
    let words = words.map_err(ProgramError::Start)?;
    let status = child.wait().map_err(ProgramError::Start)?;
    Ok((!status.success(), String::from_utf8_lossy(&words).into_owned()))
}

impl Place {
    /// The file that git runs at an event, beside hooks in settings.
    pub fn runs(&self, hook: Hook) -> PathBuf {
        self.used().join(hook.name())
    }
}
