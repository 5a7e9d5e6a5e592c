//! `countersign hooks status`: how a hook is in, whether git would run it, and what runs before it.

use anyhow::Result;
use countersign::git::hooks::place::Place;
use countersign::git::hooks::{Hook, Way, rewrite, status, trial};
use countersign::report::escape::line;
use serde::Serialize;

use super::{HookArgs, Program};
use crate::output::{Exit, Format, print, print_json};

/// Arguments of `hooks status`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Without HOOK, shows each hook that is installed; the exit status is for the default one. If a line in another \
    tool's file calls the hook, runs that file with a test push, which must be denied; nothing is pushed.\n\n\
    Exit status: 0 installed and git runs it, 1 not installed or git does not run it, 2 could not \
    decide.\n\n\
    Example:\n  \
    countersign hooks status --format json")]
pub struct Args {
    #[command(flatten)]
    hook: HookArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    git: String,
    program: Option<String>,
    /// Whether git copies the manifests of amended and rebased commits.
    keeps_manifests: bool,
    hooks: Vec<HookStatus>,
}

#[derive(Serialize)]
struct HookStatus {
    name: &'static str,
    /// `script`, `setting`, or `line` in another tool's file.
    installed: Option<&'static str>,
    /// The file, or the setting's name.
    place: Option<String>,
    version: Option<String>,
    current: bool,
    /// Whether git runs it, and it can deny a push.
    runs: bool,
    obstacles: Vec<String>,
    before: Vec<String>,
}

impl Args {
    /// Prints the status.
    pub fn run(self) -> Result<Exit> {
        let place = Place::here()?;
        let usual = self.hook.in_place(&place);
        let program = Program::find(&place)?.file().map(|path| path.display().to_string());
        let asked = |hook: &Hook| self.hook.hook.is_none() || *hook == usual;
        let hooks: Result<Vec<_>> = Hook::ALL
            .into_iter()
            .filter(asked)
            .map(|hook| Ok((hook, of(&place, hook, program.is_some())?)))
            .filter(|found| {
                let other =
                    |(hook, status): &(Hook, HookStatus)| *hook != usual && status.installed.is_none();
                !found.as_ref().is_ok_and(other)
            })
            .collect();
        let hooks = hooks?;
        let runs = hooks.iter().any(|(hook, status)| *hook == usual && status.runs);
        let hooks = hooks.into_iter().map(|(_, status)| status).collect();
        let keeps_manifests = rewrite::copies_manifests()?;
        let git = place.version();
        let document = Document { schema_version: 1, git, program, keeps_manifests, hooks };
        match self.format {
            Format::Json => print_json(&document)?,
            Format::Text => print(&text(&document))?,
        }
        Ok(if runs { Exit::Done } else { Exit::Denied })
    }
}

fn of(place: &Place, hook: Hook, has_program: bool) -> Result<HookStatus> {
    let status = status::of(place, hook)?;
    let mut obstacles = status.obstacles;
    if status.way.is_some() && !has_program {
        obstacles.push("the program `countersign` is missing".into());
    }
    // What another tool's file does shows only when it runs.
    if matches!(status.way, Some(Way::Line(_))) && obstacles.is_empty() {
        obstacles.extend(trial::obstacle(place, hook)?);
    }
    let runs = status.way.is_some() && obstacles.is_empty();
    Ok(HookStatus {
        name: hook.name(),
        installed: status.way.as_ref().map(Way::word),
        place: status.way.as_ref().map(Way::place),
        current: status.version.as_deref() == Some(env!("CARGO_PKG_VERSION")),
        version: status.version,
        runs,
        obstacles,
        before: status.before,
    })
}

fn text(document: &Document) -> String {
    let mut text = String::new();
    for hook in &document.hooks {
        let Some(place) = &hook.place else {
            text.push_str(&format!("{}: not installed\n", hook.name));
            continue;
        };
        let version = hook.version.as_ref().map(|version| format!(", version {version}")).unwrap_or_default();
        let word = hook.installed.unwrap_or_default();
        text.push_str(&line(&format!("{}: installed as {word} {place}{version}", hook.name)));
        text.push('\n');
        let mut add = |label: &str, what: &str| text.push_str(&format!("  {label:<8} {}\n", line(what)));
        hook.before.iter().for_each(|before| add("before", before));
        match hook.runs {
            true => add("runs", document.program.as_deref().unwrap_or_default()),
            false => hook.obstacles.iter().for_each(|obstacle| add("does not", obstacle)),
        }
        if hook.version.is_some() && !hook.current {
            add("note", "another version: replace it with `countersign hooks install`");
        }
        if hook.name == Hook::PrePush.name() {
            match document.keeps_manifests {
                true => add("amend", "git keeps the manifests of amended and rebased commits"),
                false => {
                    add("amend", &format!("git drops manifests; to keep them: `{}`", rewrite::command()))
                }
            }
        }
    }
    text
}
