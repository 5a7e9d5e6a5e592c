//! Hooks: installs, removes and inspects countersign's git hooks.
//!
//! There are two ways to install a hook. [`script`] writes a file to the repository's own hooks folder, and
//! keeps an earlier hook next to it. [`setting`] writes `hook.<name>.command` and `.event`, which git
//! supports since 2.54 and which does not affect other hooks. The `git` program reports which way works
//! ([`place`]). Files of other tools that manage hooks are not changed ([`manager`]).

pub mod manager;
pub mod place;
pub mod rewrite;
pub mod script;
pub mod setting;
pub mod status;
pub mod trial;

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use self::manager::Advice;
use self::place::Place;
use super::GitError;
use super::program::{self, ProgramError};
use crate::files::FileError;
use crate::hint::Hint;

/// The setting with the absolute path of the program; without it, the program is found on the `PATH`.
pub const PROGRAM_SETTING: &str = "countersign.program";

/// A git event that countersign has a hook for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hook {
    /// Before a push leaves a clone.
    PrePush,
    /// Before a server accepts a push.
    PreReceive,
}

impl Hook {
    /// Both events.
    pub const ALL: [Self; 2] = [Self::PrePush, Self::PreReceive];

    /// Git's name for the event, and the file name of the hook.
    pub fn name(self) -> &'static str {
        match self {
            Self::PrePush => "pre-push",
            Self::PreReceive => "pre-receive",
        }
    }

    /// The text of the hook in this version of countersign.
    pub fn script(self) -> &'static str {
        match self {
            Self::PrePush => include_str!("../../../hooks/pre-push"),
            Self::PreReceive => include_str!("../../../hooks/pre-receive"),
        }
    }

    /// The countersign version that a script of ours names.
    fn version_in(self, script: &str) -> Option<&str> {
        let mark = script.lines().nth(1)?.strip_prefix("# countersign-hook: ")?;
        mark.strip_prefix(self.name())?.strip_prefix(' ').map(str::trim)
    }

    /// The command that decides, without its arguments.
    pub fn command(self) -> String {
        format!("countersign hook {self}")
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How git runs the hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// Our script.
    Script(PathBuf),
    /// The setting with this name below `hook.`.
    Setting(&'static str),
    /// A line that the user added to a file of another tool.
    Line(PathBuf),
}

impl Way {
    /// One word for it, for output.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Script(_) => "script",
            Self::Setting(_) => "setting",
            Self::Line(_) => "line",
        }
    }

    /// The file, or the setting's name.
    pub fn place(&self) -> String {
        match self {
            Self::Script(path) | Self::Line(path) => path.display().to_string(),
            Self::Setting(name) => format!("hook.{name}"),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Script(_) => write!(f, "`{}`", self.place()),
            Self::Setting(_) => write!(f, "git config {}", self.place()),
            Self::Line(_) => write!(f, "a line in `{}`", self.place()),
        }
    }
}

/// Which way of installing is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The setting if git supports it, else the script.
    Best,
    /// The script, for a repository that an older git also pushes from.
    Script,
}

/// What happened to a file or setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was already correct.
    Nothing,
    /// It was created.
    New,
    /// It replaced one by another version.
    Replaced,
}

/// An installed hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// How git runs it.
    pub way: Way,
    /// What was written.
    pub change: Change,
    /// The earlier hook that the script runs first.
    pub earlier: Option<PathBuf>,
}

/// Installs a hook. If it was installed the other way, removes that one afterwards.
pub fn install(place: &Place, hook: Hook, wish: Wish) -> Result<Installed, HooksError> {
    if wish == Wish::Best && place.knows_settings() {
        let change = setting::install(place, hook)?;
        script::uninstall(place, hook)?;
        return Ok(Installed { way: Way::Setting(setting::name(hook)), change, earlier: None });
    }
    let installed = match manager::advice(place, hook)? {
        None => script::install(place, hook)?,
        Some(advice) if advice.followed => match trial::obstacle(place, hook)? {
            Some(why) => return Err(HooksError::Managed(hook, Box::new(Advice { why, ..advice }))),
            None => Installed { way: Way::Line(advice.line.0), change: Change::Nothing, earlier: None },
        },
        Some(advice) => return Err(HooksError::Managed(hook, Box::new(advice))),
    };
    setting::uninstall(place, hook)?;
    Ok(installed)
}

/// What was removed, and what was restored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uninstalled {
    /// How git ran it.
    pub ways: Vec<Way>,
    /// The path of the restored earlier hook.
    pub restored: Option<PathBuf>,
}

/// Removes a hook, however it was installed; a line in another tool's file stays.
pub fn uninstall(place: &Place, hook: Hook) -> Result<Uninstalled, HooksError> {
    let mut done = Uninstalled::default();
    if let Some(removed) = script::uninstall(place, hook)? {
        done.ways.push(Way::Script(removed.script.clone()));
        done.restored = removed.restored.then_some(removed.script);
    }
    if setting::uninstall(place, hook)? {
        done.ways.push(Way::Setting(setting::name(hook)));
    }
    Ok(done)
}

/// The object that a revision names in the repository of a folder; tags are not followed.
pub fn resolve(folder: &Path, revision: &str) -> Result<Option<String>, ProgramError> {
    program::ask(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", revision])
}

/// Why a hook cannot be installed, removed or inspected.
#[derive(Debug, thiserror::Error)]
pub enum HooksError {
    /// The git program failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Git's settings cannot be read or written.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another tool manages the hooks.
    #[error("`{0}` was not installed: {why}", why = .1.why)]
    Managed(Hook, Box<Advice>),
    /// There is an earlier hook, and a file where it would be kept.
    #[error("`{}` already exists and was not written by countersign", .0.display())]
    EarlierTaken(PathBuf),
    /// Our hook is where an earlier one would be kept.
    #[error("`{}` is countersign's hook too, so the hook would run twice", .0.display())]
    Twice(PathBuf),
    /// The file is our hook, but it was changed or is a link to it.
    #[error("`{}` is countersign's hook, but it was changed or is a link", .0.display())]
    Changed(PathBuf),
    /// The setting exists with another command.
    #[error("`git config {name}.command` is `{command}`, not countersign's command")]
    SettingTaken {
        /// The setting's name, with `hook.`.
        name: String,
        /// Its command.
        command: String,
    },
}

impl Hint for HooksError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Program(error) => return error.hint(),
            Self::Git(error) => return error.hint(),
            Self::File(error) => return error.hint(),
            Self::Managed(_, advice) => advice.hint(),
            Self::EarlierTaken(_) => {
                "move the file away, or call it from the hook itself: an earlier hook is kept under that name"
                    .into()
            }
            Self::Twice(path) => format!("remove it: rm '{}'", path.display()),
            Self::Changed(path) => format!("copy what you need from it, then: rm '{}'", path.display()),
            Self::SettingTaken { name, .. } => {
                format!("review it, then: git config --local --remove-section {name}")
            }
        };
        Some(hint.into())
    }
}
