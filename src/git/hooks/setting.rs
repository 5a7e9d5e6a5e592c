//! The setting: `hook.<name>.command` and `hook.<name>.event` in the repository's own configuration.
//!
//! Git (since 2.54, `git help hook`) runs every configured command at its event, each with all arguments and
//! lines, and the file in the hooks folder last; any failure stops the push. The command is a script in the
//! git directory. Its path is resolved at each run, so the repository can be moved.

use std::path::PathBuf;

use super::place::Place;
use super::{Change, Hook, HooksError, PROGRAM_SETTING};
use crate::files::{self, Access};
use crate::git::GitError;
use crate::limits::HOOK_BYTES_MAX;

/// The setting's name below `hook.`. Each hook has its own, since a name has one command.
pub fn name(hook: Hook) -> &'static str {
    match hook {
        Hook::PrePush => "countersign",
        Hook::PreReceive => "countersign-pre-receive",
    }
}

/// The path of the script that the setting runs.
pub fn script(place: &Place, hook: Hook) -> PathBuf {
    place.common().join("countersign/hooks").join(hook.name())
}

/// The command, for a shell that starts in the repository.
fn command(hook: Hook) -> String {
    format!("\"$(git rev-parse --git-common-dir)/countersign/hooks/{hook}\"")
}

/// Whether the setting is in the repository's own configuration.
pub fn is_in(place: &Place, hook: Hook) -> Result<bool, GitError> {
    Ok(get(&open(place)?, hook, "event").is_some())
}

/// Installs the script and the setting.
pub(super) fn install(place: &Place, hook: Hook) -> Result<Change, HooksError> {
    let mut config = open(place)?;
    let before = get(&config, hook, "command");
    if let Some(other) = before.filter(|before| *before != command(hook)) {
        return Err(HooksError::SettingTaken { name: format!("hook.{}", name(hook)), command: other });
    }
    let path = script(place, hook);
    let is_in = get(&config, hook, "event").is_some();
    let is_current = files::read_if_exists(&path, HOOK_BYTES_MAX)?.as_deref()
        == Some(hook.script().as_bytes())
        && super::script::is_program(&path);
    if !is_current {
        files::write(&path, hook.script().as_bytes(), Access::Program)?;
    }
    // In this order: git fails on an event without a command.
    let set = |config: &mut git2::Config, key, value: &str| {
        config.set_str(&key_of(hook, key), value).map_err(GitError::from)
    };
    set(&mut config, "command", &command(hook))?;
    set(&mut config, "event", hook.name())?;
    Ok(match (is_in, is_current) {
        (true, true) => Change::Nothing,
        (true, false) => Change::Replaced,
        (false, _) => Change::New,
    })
}

/// Removes the setting and the script; returns whether they existed.
pub(super) fn uninstall(place: &Place, hook: Hook) -> Result<bool, HooksError> {
    let mut config = open(place)?;
    if get(&config, hook, "command").is_none_or(|there| there != command(hook)) {
        return Ok(false);
    }
    for key in ["event", "command"] {
        let key = key_of(hook, key);
        match config.remove(&key) {
            Err(error) if error.code() != git2::ErrorCode::NotFound => Err(GitError::from(error))?,
            _ => {}
        }
    }
    let path = script(place, hook);
    files::remove(&path)?;
    // Only if the section has no other setting.
    path.parent().into_iter().for_each(|folder| drop(std::fs::remove_dir(folder)));
    Ok(true)
}

/// The repository's own configuration, without the user's and the system's.
fn open(place: &Place) -> Result<git2::Config, GitError> {
    Ok(git2::Config::open(&place.common().join("config"))?)
}

fn get(config: &git2::Config, hook: Hook, key: &str) -> Option<String> {
    config.get_string(&key_of(hook, key)).ok()
}

fn key_of(hook: Hook, key: &str) -> String {
    format!("hook.{}.{key}", name(hook))
}

/// Writes the program's path to the repository's own configuration.
pub fn name_program(place: &Place, program: &str) -> Result<(), GitError> {
    Ok(open(place)?.set_str(PROGRAM_SETTING, program)?)
}

/// Removes the program's path from the repository's own configuration, if it is this one.
pub fn forget_program(place: &Place, program: &str) -> Result<(), GitError> {
    let mut config = open(place)?;
    if config.get_string(PROGRAM_SETTING).is_ok_and(|named| named == program) {
        config.remove(PROGRAM_SETTING)?;
    }
    Ok(())
}
