//! Output: results to stdout, everything said to a person to stderr, and exit statuses.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use countersign::audit::error::AuditError;
use countersign::crypto::any::AnyKeyError;
use countersign::crypto::secret::SecretKeyError;
use countersign::exchange::cloudformation::ExportError;
use countersign::exchange::iam::IamError;
use countersign::exchange::import::ImportError;
use countersign::files::download::DownloadError;
use countersign::gate::Gate;
use countersign::gate::command::CommandError;
use countersign::gate::deploy::RunError;
use countersign::gate::deployment::DeploymentError;
use countersign::git::hooks::HooksError;
use countersign::git::program::ProgramError;
use countersign::git::source::SourceError;
use countersign::hook::HookError;
use countersign::init::InitError;
use countersign::init::role::RoleError;
use countersign::monitor::MonitorError;
use countersign::package::read::ReadError;
use countersign::plan::PlanError;
use countersign::policy::edit::EditError;
use countersign::policy::error::PolicyError;
use countersign::policy::fetch::error::FetchError;
use countersign::policy::rotation::RotationError;
use countersign::policy::seal::SealError;
use countersign::report::Finding;
use countersign::report::escape::{line, lines};
use countersign::report::json;
use countersign::report::text::finding_lines;
use countersign::rollout::CentralError;
use countersign::sign::SignError;
use countersign::verify::VerifyError;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
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
    pub fn from_gates<'a>(gates: impl Iterator<Item = &'a Gate>) -> Self {
        let mut gates = gates.map(|gate| matches!(gate, Gate::Admitted(_))).peekable();
        if gates.peek().is_some() && gates.all(|open| open) { Self::Allowed } else { Self::Denied }
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

/// Writes a result to stdout; a result that nobody got is an error.
pub fn print(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).context("cannot write to standard output")
}

/// Writes a JSON result to stdout.
pub fn print_json(value: &impl serde::Serialize) -> Result<()> {
    print(&format!("{}\n", json::to_text(value)))
}

/// Says something to a person, on one line.
pub fn say(text: &str) {
    // Nobody may be listening; what matters goes through `print`.
    let _ = writeln!(anstream::stderr(), "{}", line(text));
}

/// Tells a person what was rendered, lines and all; nothing in it is escaped again.
pub fn tell(rendered: &str) {
    let _ = write!(anstream::stderr(), "{rendered}");
}

/// Says something that changes no verdict.
pub fn note(text: &str) {
    say(&format!("note: {text}"));
}

/// Says what a package step found.
pub fn warn(finding: &Finding) {
    let text = finding_lines(finding, "  ");
    let _ = write!(anstream::stderr(), "warning: {}", text.trim_start());
}

/// Whether a person sits at the terminal.
pub fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Says what went wrong, why, and what to do about it.
pub fn report(error: &anyhow::Error) {
    let mut text = format!("error: {}", lines(&error.to_string()));
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !last.contains(&cause) {
            text.push_str(&format!("\n  {}", lines(&cause)));
        }
        last = cause;
    }
    if let Some(hint) = error.chain().find_map(hint) {
        text.push_str(&format!("\nhint: {}", lines(&hint)));
    }
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Shows help, or says what is wrong with the arguments; those may hold anything.
pub fn report_usage(usage: &clap::Error) -> ExitCode {
    if !usage.use_stderr() {
        return if usage.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    let _ = write!(anstream::stderr(), "{}", lines(&usage.render().to_string()));
    ExitCode::from(2)
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

fn hint(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return Some(refusal.hint.clone());
    }
    let policy = |error: &PolicyError| error.hint();
    if let Some(error) = error.downcast_ref::<HooksError>() {
        return error.hint();
    }
    let hint = if let Some(error) = error.downcast_ref::<PolicyError>() {
        policy(error)
    } else if let Some(error) = error.downcast_ref::<SignError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<ReadError>() {
        error.hint()
    } else if let Some(VerifyError::Policy(error)) = error.downcast_ref() {
        policy(error)
    } else if let Some(error) = error.downcast_ref::<HookError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<AuditError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<ProgramError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<DeploymentError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<CommandError>() {
        Some(error.hint())
    } else if let Some(error) = error.downcast_ref::<RunError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<FetchError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<SourceError>() {
        Some(error.hint())
    } else if let Some(error) = error.downcast_ref::<SecretKeyError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<SealError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<RotationError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<CentralError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<EditError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<ExportError>() {
        Some(error.hint())
    } else if let Some(error) = error.downcast_ref::<IamError>() {
        Some(error.hint())
    } else if let Some(error) = error.downcast_ref::<ImportError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<AnyKeyError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<DownloadError>() {
        error.hint()
    } else if let Some(error) = error.downcast_ref::<MonitorError>() {
        Some(error.hint())
    } else if let Some(error) = error.downcast_ref::<RoleError>() {
        Some(error.hint())
    } else if let Some(PlanError::Unknown(_)) = error.downcast_ref() {
        Some("name a plan of `terraform show -json`, or a template")
    } else if let Some(InitError::Taken(_)) = error.downcast_ref() {
        Some("name another folder with `--policy`, or move that one away")
    } else {
        None
    };
    hint.map(str::to_owned)
}
