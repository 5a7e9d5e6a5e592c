//! Completion in shells: commands, options, and the names in the workspace and in its policy.
//!
//! The scripts that `countersign completions` prints run `COUNTERSIGN_COMPLETE=SHELL countersign -- WORDS`. Only
//! arguments that begin with `--` complete, so the variable never replaces the verdict of another command.
//! Completion reads files of this machine within their limits: it prompts for nothing, starts no program, writes
//! nothing, and prints nothing where a name cannot be known. bash inserts what it is offered into the line without
//! quotes, so a name that any shell or terminal interprets is never offered.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::panic::catch_unwind;
use std::path::PathBuf;

use anyhow::Result;
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::Shells;
use countersign::policy::store::{Location, Policy};
use countersign::provenance::Kind;
use countersign::report::text::Detail;

use crate::color;
use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::help;

/// Names the shell that asks.
const VARIABLE: &str = "COUNTERSIGN_COMPLETE";

/// Most names that are offered for one value.
const CANDIDATES_MAX: usize = 1000;

/// Returns the script for a shell; nothing if the shell is not known.
pub fn script(shell: Shell) -> Result<Option<String>> {
    let mut script = Vec::new();
    // The scripts for these shells that would ask this program evaluate the line that is being typed (PowerShell), or
    // the words that the program prints.
    if matches!(shell, Shell::PowerShell | Shell::Elvish) {
        clap_complete::generate(shell, &mut help::command(), "countersign", &mut script);
        return Ok(Some(String::from_utf8(script)?));
    }
    let shells = Shells::builtins();
    let Some(shell) = shells.completer(&shell.to_string()) else { return Ok(None) };
    shell.write_registration(VARIABLE, "countersign", "countersign", "countersign", &mut script)?;
    Ok(Some(String::from_utf8(script)?))
}

/// Answers a shell, if one asks; whether one did.
pub fn answer(arguments: impl Iterator<Item = OsString>) -> bool {
    let mut arguments = arguments.skip(1);
    if arguments.next().is_none_or(|first| first != "--") {
        return false;
    }
    let Some(shell) = std::env::var_os(VARIABLE) else { return false };
    let words: Vec<OsString> = arguments.collect();
    // A shell shows what a program prints, in the middle of a line: a fault is silence.
    std::panic::set_hook(Box::new(|_| {}));
    color::set_detail(Detail::Quiet);
    let completed = catch_unwind(|| complete(&shell.to_string_lossy(), words));
    if let Ok(Some(candidates)) = completed {
        let _ = std::io::stdout().write_all(candidates.as_bytes());
    }
    true
}

fn complete(shell: &str, mut words: Vec<OsString>) -> Option<String> {
    let index = match shell {
        "bash" | "zsh" => std::env::var("_CLAP_COMPLETE_INDEX").ok()?.parse().ok()?,
        "fish" => words.len().checked_sub(1)?,
        _ => return None,
    };
    // zsh leaves out an empty last word.
    if words.len() == index {
        words.push(OsString::new());
    }
    let word = words.get(index)?.to_string_lossy().into_owned();
    if let Some(folder) = value(&words, &["-C", "--directory"]) {
        std::env::set_current_dir(folder).ok()?;
    }
    let here = std::env::current_dir().ok();
    let found = clap_complete::engine::complete(&mut help::command(), words, index, here.as_deref()).ok()?;
    let found = found.iter().filter(|each| is_harmless(each, &word));
    Some(protocol(shell, found))
}

/// Returns whether a shell that inserts a candidate without quotes inserts one plain word, and not an option that a
/// file is named like.
fn is_harmless(candidate: &CompletionCandidate, word: &str) -> bool {
    let Some(text) = candidate.get_value().to_str() else { return false };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,~-".contains(c);
    let is_option = candidate.get_id().is_some();
    let is_value_of_option = match word.strip_prefix("--") {
        Some(long) => long.contains('='),
        None => word.starts_with('-') && word.len() > 1,
    };
    text.chars().all(is_plain)
        && (!text.starts_with('-') || is_option || is_value_of_option)
        && (!text.starts_with('~') || word.starts_with('~'))
}

/// The candidates as the script for a shell reads them.
fn protocol<'a>(shell: &str, candidates: impl Iterator<Item = &'a CompletionCandidate>) -> String {
    let mut text = String::new();
    let separator = std::env::var("_CLAP_IFS").unwrap_or_else(|_| "\n".to_owned());
    for candidate in candidates {
        let value = candidate.get_value().to_string_lossy();
        let about = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        let about = about.lines().next().filter(|about| !about.is_empty());
        let _ = match (shell, about) {
            ("fish", Some(about)) => writeln!(text, "{value}\t{about}"),
            ("fish", None) => writeln!(text, "{value}"),
            ("zsh", about) => {
                let about = about.map(|about| format!(":{}", about.replace('\\', "\\\\")));
                write!(text, "{}{}{separator}", value.replace(':', "\\:"), about.unwrap_or_default())
            }
            _ => write!(text, "{value}{separator}"),
        };
    }
    if shell != "fish" {
        text.truncate(text.len().saturating_sub(separator.len()));
    }
    text
}

/// The last value of an option among words that may not be complete.
fn value(words: &[OsString], names: &[&str]) -> Option<PathBuf> {
    let mut words = words.iter();
    let mut found = None;
    while let Some(word) = words.next() {
        let word = word.to_string_lossy();
        if word == "--" {
            break;
        }
        if names.contains(&&*word) {
            found = words.next().map(PathBuf::from);
        } else if let Some((name, value)) = word.split_once('=')
            && names.contains(&name)
        {
            found = Some(value.into());
        }
    }
    found
}

/// Completes the name of a function.
pub fn functions() -> ArgValueCandidates {
    ArgValueCandidates::new(|| offered(items(Some(Kind::Function)).into_iter().chain(governed())))
}

/// Completes the name of a function or a layer of the workspace.
pub fn packages() -> ArgValueCandidates {
    ArgValueCandidates::new(|| offered(items(None)))
}

/// Completes the id of a sealed CSC.
pub fn cscs() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let policy = policy();
        let ids = policy.iter().flat_map(Policy::csc_ids);
        let candidate = |id| {
            let csc = policy.as_ref().and_then(|policy| policy.csc(&id).ok()?);
            let about = csc.map(|csc| format!("{} {}", csc.untrusted().name(), csc.description()));
            let about = about.map(|about| countersign::report::escape::line(about.trim()));
            CompletionCandidate::new(id.to_string()).help(about.map(Into::into))
        };
        ids.take(CANDIDATES_MAX).map(candidate).collect()
    })
}

/// Completes the name of a sealed signing profile.
pub fn profiles() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        names(|policy| policy.profile_names().iter().map(ToString::to_string).collect())
    })
}

/// Completes the name of a sealed layer.
pub fn layers() -> ArgValueCandidates {
    ArgValueCandidates::new(|| names(|policy| policy.layer_names().iter().map(ToString::to_string).collect()))
}

/// Completes the name of an account that the sealed policy trusts.
pub fn accounts() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        names(|policy| policy.account_names().iter().map(ToString::to_string).collect())
    })
}

fn names(of: impl FnOnce(&Policy) -> Vec<String>) -> Vec<CompletionCandidate> {
    offered(policy().as_ref().map(of).unwrap_or_default())
}

fn offered(names: impl IntoIterator<Item = String>) -> Vec<CompletionCandidate> {
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort();
    names.dedup();
    names.into_iter().take(CANDIDATES_MAX).map(CompletionCandidate::new).collect()
}

/// The names in `countersign.toml`.
fn items(kind: Option<Kind>) -> Vec<String> {
    let Ok(context) = Context::read(&GlobalArgs::default()) else { return Vec::new() };
    let items = context.workspace.items.iter().filter(|item| kind.is_none_or(|kind| kind == item.kind));
    items.map(|item| item.name.to_string()).collect()
}

/// The names in the rules of the sealed policy, without patterns.
fn governed() -> Vec<String> {
    let functions = policy().and_then(|policy| policy.functions().ok());
    let patterns = functions.iter().flat_map(|functions| functions.rules());
    patterns.map(|rule| rule.pattern().to_string()).filter(|text| !text.contains(['*', '?'])).collect()
}

/// The policy in force, if it is pinned and valid; what was seen of it is not remembered.
fn policy() -> Option<Policy> {
    let words: Vec<OsString> = std::env::args_os().skip(2).collect();
    let named =
        value(&words, &["--policy"]).or_else(|| std::env::var_os("COUNTERSIGN_POLICY").map(PathBuf::from));
    let root = std::env::var("COUNTERSIGN_ROOT").ok().and_then(|text| text.parse().ok());
    let context = Context::read(&GlobalArgs::default()).ok()?;
    let location = context.location(&TrustArgs { policy: named, root }).ok()?;
    Policy::open(&Location { state: None, ..location }, context.now).ok()
}
