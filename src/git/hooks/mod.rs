//! Hooks: countersign's own in a repository, put in, taken out and looked at.
//!
//! There are two ways in. [`script`] puts a file into the repository's own hooks folder, and keeps an
//! earlier hook beside it. [`setting`] writes `hook.<name>.command` and `.event`, which git knows since
//! 2.54 and which leaves other hooks as they are. What serves here is asked of the `git` program
//! ([`place`]); files of other tools that manage hooks are left alone ([`manager`]).

pub mod manager;
pub mod place;
pub mod script;
pub mod setting;
pub mod status;

use std::fmt;
use std::path::{Path, PathBuf};

use self::manager::Advice;
use self::place::Place;
use super::GitError;
use super::program::{self, ProgramError};
use crate::files::FileError;

/// The setting that names the program, an absolute path; without it, it is looked for on the `PATH`.
pub const PROGRAM_SETTING: &str = "countersign.program";

/// An event of git's that countersign has a hook for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hook {
    /// Before a push leaves a clone.
    PrePush,
    /// Before a server takes a push.
    PreReceive,
}

impl Hook {
    /// Both.
    pub const ALL: [Self; 2] = [Self::PrePush, Self::PreReceive];

    /// Git's name of the event, and of the hook's file.
    pub fn name(self) -> &'static str {
        match self {
            Self::PrePush => "pre-push",
            Self::PreReceive => "pre-receive",
        }
    }

    /// The hook's text, as this version of countersign has it.
    pub fn script(self) -> &'static str {
        match self {
            Self::PrePush => include_str!("../../../hooks/pre-push"),
            Self::PreReceive => include_str!("../../../hooks/pre-receive"),
        }
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

/// A way in which git comes to run the hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// A file of ours.
    Script(PathBuf),
    /// The setting of this name below `hook.`.
    Setting(&'static str),
    /// A line that somebody wrote into a file of another tool's.
    Line(PathBuf),
}

impl Way {
    /// One word for it.
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

/// Which way in is wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The setting where git knows it, else the script.
    Best,
    /// The script, for a repository that an older git pushes from too.
    Script,
}

/// What became of a file or setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was as it should be.
    Nothing,
    /// It is new.
    New,
    /// It took the place of one that another version had put in.
    Replaced,
}

/// A hook that is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The way in.
    pub way: Way,
    /// Whether something was written.
    pub change: Change,
    /// The earlier hook that the script runs first.
    pub earlier: Option<PathBuf>,
}

/// Puts a hook in. If it had been in the other way, that is taken out, after this.
pub fn install(place: &Place, hook: Hook, wish: Wish) -> Result<Installed, HooksError> {
    if wish == Wish::Best && place.knows_settings() {
        let change = setting::install(place, hook)?;
        script::uninstall(place, hook)?;
        return Ok(Installed { way: Way::Setting(setting::name(hook)), change, earlier: None });
    }
    let installed = match manager::advice(place, hook)? {
        None => script::install(place, hook)?,
        Some(Advice { line: (file, _), followed: true, .. }) => {
            Installed { way: Way::Line(file), change: Change::Nothing, earlier: None }
        }
        Some(advice) => return Err(HooksError::Managed(hook, Box::new(advice))),
    };
    setting::uninstall(place, hook)?;
    Ok(installed)
}

/// What was taken out, and what was put back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uninstalled {
    /// The ways in that it had.
    pub ways: Vec<Way>,
    /// Where the earlier hook is again.
    pub restored: Option<PathBuf>,
}

/// Takes a hook out, whichever way it is in; a line in another tool's file stays.
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

/// The object that a revision names in the repository that a folder is in, tags as they are.
pub fn resolve(folder: &Path, revision: &str) -> Result<Option<String>, ProgramError> {
    program::ask(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", revision])
}

/// Why a hook is not put in, taken out or looked at.
#[derive(Debug, thiserror::Error)]
pub enum HooksError {
    /// The git program gave no answer.
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
    /// There are an earlier hook and the place where it would be kept.
    #[error("`{}` is there already, and is not countersign's", .0.display())]
    EarlierTaken(PathBuf),
    /// Our hook stands where an earlier one would be kept.
    #[error("`{}` is countersign's, and would run twice", .0.display())]
    Twice(PathBuf),
    /// The file is ours, but somebody changed it, or it is a link to ours.
    #[error("`{}` is countersign's, but somebody changed it or made it a link", .0.display())]
    Changed(PathBuf),
    /// The setting is there with another command.
    #[error("git config {name}.command is `{command}`, which is not countersign's")]
    SettingTaken {
        /// The setting's name, with `hook.`.
        name: String,
        /// Its command.
        command: String,
    },
}

impl HooksError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Program(error) => error.hint()?.into(),
            Self::Git(_) | Self::File(_) => return None,
            Self::Managed(_, advice) => advice.hint(),
            Self::EarlierTaken(_) => {
                "an earlier hook is kept under that name: move it away, or call it from the hook itself"
                    .into()
            }
            Self::Twice(path) => format!("take it away: rm '{}'", path.display()),
            Self::Changed(path) => format!("keep what you need of it, then: rm '{}'", path.display()),
            Self::SettingTaken { name, .. } => {
                format!("look at it, then: git config --local --remove-section {name}")
            }
        })
    }
}
