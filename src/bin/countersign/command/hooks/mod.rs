//! `countersign hooks`: the git hooks that ask countersign before a push.

mod install;
mod status;
mod uninstall;

use std::path::{Path, PathBuf};

use anyhow::Result;
use countersign::git::hooks::place::Place;
use countersign::git::hooks::{Hook, PROGRAM_SETTING, script};

use crate::output::Exit;

/// What can be done with hooks.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Install the hook; an existing hook is kept and runs first
    Install(install::Args),
    /// Remove the hook and restore the existing one
    Uninstall(uninstall::Args),
    /// Show how the hook is installed and whether git runs it
    Status(status::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self) -> Result<Exit> {
        match self {
            Self::Install(args) => args.run(),
            Self::Uninstall(args) => args.run(),
            Self::Status(args) => args.run(),
        }
    }
}

/// Which hook.
#[derive(Debug, Clone, Copy, clap::Args)]
struct HookArgs {
    /// Hook [default: `pre-receive` in a bare repository, else `pre-push`]
    #[arg(value_enum, ignore_case = true, value_name = "HOOK")]
    hook: Option<Named>,
}

/// A hook's name as an argument.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Named {
    PrePush,
    PreReceive,
}

impl HookArgs {
    /// The hook that is named, or the repository's usual one.
    fn in_place(self, place: &Place) -> Hook {
        match self.hook {
            Some(Named::PrePush) => Hook::PrePush,
            Some(Named::PreReceive) => Hook::PreReceive,
            None if place.is_bare() => Hook::PreReceive,
            None => Hook::PrePush,
        }
    }
}

/// The program that the hooks would run.
enum Program {
    /// Named by the setting; it may not be there.
    Setting(PathBuf),
    /// The first on the `PATH`.
    Path(PathBuf),
    /// None.
    Missing,
}

impl Program {
    /// Looks where the hooks look.
    fn find(place: &Place) -> Result<Self> {
        if let Some(named) = place.path_setting(PROGRAM_SETTING)? {
            return Ok(Self::Setting(named.into()));
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let name = format!("countersign{}", std::env::consts::EXE_SUFFIX);
        let mut places = std::env::split_paths(&path).map(|folder| folder.join(&name));
        let found = places.find(|path| script::is_program(path));
        Ok(found.filter(|path| path.is_absolute()).map_or(Self::Missing, Self::Path))
    }

    /// The file that would run.
    fn file(&self) -> Option<&Path> {
        match self {
            Self::Setting(path) | Self::Path(path) => {
                (path.is_absolute() && script::is_program(path)).then_some(path)
            }
            Self::Missing => None,
        }
    }
}
