//! Output: results to stdout, messages for people to stderr, and exit statuses.
//!
//! Everything that reaches a terminal passes through here, and nothing is left of it that a terminal obeys: no
//! control character but the line feed, no bidirectional or invisible one. A line of an error begins with `error:`
//! or `hint:` only if this file wrote it; other lines of an error are indented.

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use countersign::audit::error::AuditError;
use countersign::crypto::any::AnyKeyError;
use countersign::crypto::secret::SecretKeyError;
use countersign::document::DocumentError;
use countersign::document::format::FormatNewer;
use countersign::exchange::cloudformation::ExportError;
use countersign::exchange::iam::IamError;
use countersign::exchange::import::ImportError;
use countersign::files::FileError;
use countersign::files::download::DownloadError;
use countersign::files::inside::LeadsOut;
use countersign::gate::command::CommandError;
use countersign::gate::deploy::RunError;
use countersign::gate::deployment::DeploymentError;
use countersign::git::GitError;
use countersign::git::hooks::HooksError;
use countersign::git::program::ProgramError;
use countersign::git::source::SourceError;
use countersign::hint::Hint;
use countersign::hook::HookError;
use countersign::init::InitError;
use countersign::init::role::RoleError;
use countersign::ledger::LedgerError;
use countersign::limits::{ERROR_LINE_CHARS_MAX, ERROR_LINES_MAX, NAMED_CHARS_MAX};
use countersign::manifest::StatementError;
use countersign::manifest::attached::AttachError;
use countersign::monitor::MonitorError;
use countersign::package::read::ReadError;
use countersign::package::repack::RepackError;
use countersign::package::select::SelectError;
use countersign::package::write::WriteError;
use countersign::plan::PlanError;
use countersign::policy::edit::EditError;
use countersign::policy::error::PolicyError;
use countersign::policy::fetch::error::FetchError;
use countersign::policy::rotation::RotationError;
use countersign::policy::seal::SealError;
use countersign::report::escape::line;
use countersign::report::json;
use countersign::report::read::CombineError;
use countersign::report::text::{Detail, finding_lines};
use countersign::report::{Finding, Verdict};
use countersign::rollout::{CentralError, TargetError};
use countersign::shown;
use countersign::sign::SignError;
use countersign::source::WorkspaceError;
use countersign::verify::VerifyError;

use crate::color;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Text,
    Json,
}

/// How a command ended, when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for was done; no verdict was asked for.
    Done,
    /// Every artifact was admitted.
    Allowed,
    /// Some artifact was stopped, or there was none.
    Denied,
    /// Every artifact was admitted, and the command that ran on them ended with this status.
    Command(u8),
}

impl Exit {
    /// Allowed only by at least one gate, and all of them open.
    pub fn from_verdicts<'a>(verdicts: impl Iterator<Item = &'a Verdict>) -> Self {
        let mut admits = verdicts.map(|verdict| verdict.decision.admits()).peekable();
        if admits.peek().is_some() && admits.all(|admits| admits) { Self::Allowed } else { Self::Denied }
    }

    /// The process's exit status.
    pub fn code(self) -> ExitCode {
        match self {
            Self::Done | Self::Allowed => ExitCode::SUCCESS,
            Self::Denied => ExitCode::from(1),
            Self::Command(status) => ExitCode::from(status),
        }
    }
}

/// Writes a result to stdout; a closed stdout is an error.
pub fn print(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(shown::rendered(text).as_bytes())
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}

/// Writes verdicts for people to stdout, in color on a terminal.
pub fn print_verdicts(text: &str) -> Result<()> {
    let mut stdout = anstream::stdout().lock();
    stdout
        .write_all(color::verdicts(&shown::rendered(text)).as_bytes())
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}

/// Writes a line about what was done to stdout, unless only denials and errors are wanted.
pub fn print_done(text: &str) -> Result<()> {
    if color::detail() == Detail::Quiet { Ok(()) } else { print(text) }
}

/// Writes a JSON result to stdout.
pub fn print_json(value: &impl serde::Serialize) -> Result<()> {
    print(&format!("{}\n", json::to_text(value)))
}

/// Prints one line for people, unless only denials and errors are wanted.
pub fn say(text: &str) {
    if color::detail() != Detail::Quiet {
        to_stderr(&format!("{}\n", line(&shown::without_keys(text))));
    }
}

/// Prints rendered verdicts for people, with their line feeds; nothing in them is escaped again.
pub fn tell(rendered: &str) {
    let _ = anstream::stderr().write_all(color::verdicts(&shown::rendered(rendered)).as_bytes());
}

/// Prints text that a terminal can show as it is. A closed stderr is not an error: results go through `print`.
fn to_stderr(text: &str) {
    let _ = anstream::stderr().write_all(color::labels(text).as_bytes());
}

/// Prints a note: it changes no verdict.
pub fn note(text: &str) {
    say(&format!("note: {text}"));
}

/// Prints a note that weakens every later verdict, even if only denials and errors are wanted.
pub fn note_always(text: &str) {
    to_stderr(&format!("note: {}\n", line(&shown::without_keys(text))));
}

/// Prints a finding of a package step.
pub fn warn(finding: &Finding) {
    if color::detail() != Detail::Quiet {
        to_stderr(&format!("warning: {}", finding_lines(finding, "  ").trim_start()));
    }
}

/// Whether a person sits at the terminal.
pub fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Reports what failed, why, and what to do about it.
pub fn report(error: &anyhow::Error) {
    let mut text = format!("error: {}", below(&error.to_string()));
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !last.contains(&cause) {
            text.push_str(&format!("\n  {}", below(&cause)));
        }
        last = cause;
    }
    if let Some(hint) = error.chain().find_map(hint) {
        text.push_str(&format!("\nhint: {}", below(&hint)));
    }
    to_stderr(&format!("{text}\n"));
}

/// The lines of a message, harmless and bounded, each after the first indented: a line feed in a name begins no
/// line that looks like one of ours.
fn below(text: &str) -> String {
    let mut out = String::new();
    let text = &*shown::without_keys(text);
    for (number, each) in text.split('\n').enumerate() {
        if number == ERROR_LINES_MAX {
            out.push_str(&format!("\n  … ({} lines)", text.split('\n').count()));
            break;
        }
        if number > 0 {
            out.push_str(if each.starts_with("  ") || each.is_empty() { "\n" } else { "\n  " });
        }
        out.push_str(&line(&shown::within(each, ERROR_LINE_CHARS_MAX)));
    }
    out
}

/// Reports a bug, without control characters: the message of a panic may contain any name.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let text = format!("error: this is a bug in countersign: {}", below(&panic.to_string()));
        let hint = "please report it, with the command and this message";
        to_stderr(&format!("{text}\nhint: {hint}\n"));
    }));
}

/// Shows help, or reports wrong arguments, which may contain anything.
pub fn report_usage(usage: clap::Error) -> ExitCode {
    if !usage.use_stderr() {
        return if usage.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    let text = harmless(usage).render().to_string();
    to_stderr(&usage_lines(&shown::without_keys(&text)));
    ExitCode::from(2)
}

/// The lines of a usage error, harmless and bounded; what a value's own error quotes begins no line that looks like one
/// of ours.
fn usage_lines(text: &str) -> String {
    let begins =
        |line: &str| ["error:", "hint:", "note:", "warning:"].iter().any(|word| line.starts_with(word));
    let each = |(number, text): (usize, &str)| {
        let indent = if number > 0 && begins(text) { "  " } else { "" };
        format!("{indent}{}", line(&shown::within(text, NAMED_CHARS_MAX * 10)))
    };
    text.split('\n').enumerate().map(each).collect::<Vec<_>>().join("\n")
}

/// A usage error whose arguments are on one line each, and short.
fn harmless(mut usage: clap::Error) -> clap::Error {
    use clap::error::ContextValue;
    let shown: Vec<_> = usage
        .context()
        .filter_map(|(kind, value)| {
            let value = match value {
                ContextValue::String(text) => ContextValue::String(shown::name(text)),
                ContextValue::Strings(texts) => {
                    ContextValue::Strings(texts.iter().map(|text| shown::name(text)).collect())
                }
                _ => return None,
            };
            Some((kind, value))
        })
        .collect();
    for (kind, value) in shown {
        usage.insert(kind, value);
    }
    usage
}

/// An error of the command line itself, with its way out.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Refusal {
    message: String,
    hint: String,
}

/// Makes an error with its way out.
pub fn refuse(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Refusal { message: message.into(), hint: hint.into() }.into()
}

impl Hint for Refusal {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(self.hint.clone().into())
    }
}

/// The hint of an error of any type of ours.
fn hint(error: &(dyn std::error::Error + 'static)) -> Option<Cow<'static, str>> {
    fn of<T: Hint + std::error::Error + 'static>(
        error: &(dyn std::error::Error + 'static),
    ) -> Option<Cow<'static, str>> {
        error.downcast_ref::<T>()?.hint()
    }
    macro_rules! types {
        ($($error:ty),* $(,)?) => { [$(of::<$error>),*] };
    }
    let each = types![
        Refusal,
        AnyKeyError,
        AttachError,
        AuditError,
        CentralError,
        CombineError,
        CommandError,
        DeploymentError,
        DocumentError,
        DownloadError,
        EditError,
        ExportError,
        FetchError,
        FileError,
        FormatNewer,
        GitError,
        HookError,
        HooksError,
        IamError,
        ImportError,
        InitError,
        LeadsOut,
        LedgerError,
        MonitorError,
        PlanError,
        PolicyError,
        ProgramError,
        ReadError,
        RepackError,
        RoleError,
        RotationError,
        RunError,
        SealError,
        SecretKeyError,
        SelectError,
        SignError,
        SourceError,
        StatementError,
        TargetError,
        VerifyError,
        WorkspaceError,
        WriteError,
    ];
    each.iter().find_map(|hint| hint(error))
}
