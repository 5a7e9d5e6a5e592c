//! The script: a file in the repository's own hooks folder, with an earlier hook kept next to it.
//!
//! The earlier hook is renamed to `NAME.legacy`, and back when ours is removed, so its bytes, mode and times
//! stay. At every moment one of the two has the name that git runs. If the hook is pre-commit's, ours is
//! `NAME.legacy`, which pre-commit runs first.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use super::place::Place;
use super::{Change, Hook, HooksError, Installed, Way, manager};
use crate::files::{self, Access, Durability, FileError, Pending, writing};
use crate::limits::HOOK_BYTES_MAX;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// Our script, by this version of countersign.
    Ours(String),
    /// Our script, but changed or a link.
    Changed,
    /// Something else.
    Other,
}

/// What is at a path that could be our script.
pub fn look(path: &Path, hook: Hook) -> Result<Found, FileError> {
    let Some(kind) = kind(path)? else { return Ok(Found::Nothing) };
    let bytes = match files::read_if_exists(path, HOOK_BYTES_MAX) {
        Ok(Some(bytes)) => bytes,
        // A broken link, a folder or a large program.
        Ok(None) | Err(FileError::NotAFile { .. } | FileError::TooLarge { .. }) => return Ok(Found::Other),
        Err(error) => return Err(error),
    };
    let text = String::from_utf8_lossy(&bytes);
    Ok(match hook.version_in(&text) {
        None => Found::Other,
        Some(_) if kind.is_symlink() => Found::Changed,
        Some(current) if current == env!("CARGO_PKG_VERSION") && text != hook.script() => Found::Changed,
        Some(version) => Found::Ours(version.into()),
    })
}

/// The path for our script: what git runs, or what pre-commit runs before its own.
pub fn place_for(place: &Place, hook: Hook) -> Result<PathBuf, FileError> {
    let path = place.own().join(hook.name());
    Ok(if manager::is_pre_commit(&path)? { earlier(&path) } else { path })
}

/// The path where an earlier hook is kept.
pub fn earlier(script: &Path) -> PathBuf {
    let mut name = script.as_os_str().to_owned();
    name.push(".legacy");
    name.into()
}

/// Whether the system can execute a file.
pub fn is_program(path: &Path) -> bool {
    let Ok(kind) = fs::metadata(path) else { return false };
    #[cfg(unix)]
    let may_run = std::os::unix::fs::PermissionsExt::mode(&kind.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may_run = true;
    kind.is_file() && may_run
}

/// Installs the script.
pub(super) fn install(place: &Place, hook: Hook) -> Result<Installed, HooksError> {
    let script = place_for(place, hook)?;
    let kept = earlier(&script);
    let change = match (look(&script, hook)?, look(&kept, hook)?) {
        (Found::Changed, _) => return Err(HooksError::Changed(script)),
        (_, Found::Ours(_) | Found::Changed) => return Err(HooksError::Twice(kept)),
        (Found::Ours(version), _) if version == env!("CARGO_PKG_VERSION") && is_program(&script) => {
            Change::Nothing
        }
        (Found::Ours(_), _) => {
            write(&script, hook)?.keep()?;
            Change::Replaced
        }
        (Found::Nothing, Found::Nothing) => {
            write(&script, hook)?.keep()?;
            Change::New
        }
        (Found::Other, Found::Nothing) => {
            write_beside(&script, &kept, hook)?;
            Change::New
        }
        // An install that was interrupted between its two steps.
        (Found::Other, Found::Other) if is_same(&script, &kept)? => {
            write(&script, hook)?.keep()?;
            Change::New
        }
        (Found::Nothing | Found::Other, Found::Other) => return Err(HooksError::EarlierTaken(kept)),
    };
    let earlier = kind(&kept)?.map(|_| kept);
    Ok(Installed { way: Way::Script(script), change, earlier })
}

fn write(script: &Path, hook: Hook) -> Result<Pending, FileError> {
    Pending::with(script, hook.script().as_bytes(), Access::Program, Durability::Lasting)
}

/// Links the existing hook to a second name, then renames ours to the first.
fn write_beside(script: &Path, kept: &Path, hook: Hook) -> Result<(), FileError> {
    let pending = write(script, hook)?;
    if fs::hard_link(script, kept).is_ok() {
        // After the rename, the second name is the only one of the earlier hook.
        let undo = || is_same(script, kept).is_ok_and(|is_same| is_same).then(|| fs::remove_file(kept));
        return pending.keep().inspect_err(|_| drop(undo()));
    }
    // Some file systems have no hard links, and some files cannot be linked.
    fs::rename(script, kept).map_err(writing(kept))?;
    pending.keep().inspect_err(|_| drop(fs::rename(kept, script)))
}

/// A script that was removed.
pub(super) struct Removed {
    /// Where it was.
    pub script: PathBuf,
    /// Whether the earlier hook was restored.
    pub restored: bool,
}

/// Removes the script, if installed, and restores the earlier hook.
pub(super) fn uninstall(place: &Place, hook: Hook) -> Result<Option<Removed>, HooksError> {
    let script = place_for(place, hook)?;
    match look(&script, hook)? {
        Found::Nothing | Found::Other => return Ok(None),
        Found::Changed => return Err(HooksError::Changed(script)),
        Found::Ours(_) => {}
    }
    let kept = earlier(&script);
    let restored = kind(&kept)?.is_some();
    if restored {
        files::rename(&kept, &script)?
    } else {
        files::remove(&script)?
    }
    Ok(Some(Removed { script, restored }))
}

/// The metadata at a path; links are not followed.
fn kind(path: &Path) -> Result<Option<Metadata>, FileError> {
    match fs::symlink_metadata(path) {
        Ok(kind) => Ok(Some(kind)),
        Err(source) => {
            let error = FileError::Read { path: path.into(), source };
            if error.is_absent() { Ok(None) } else { Err(error) }
        }
    }
}

/// Whether two names are of the same file.
fn is_same(one: &Path, other: &Path) -> Result<bool, FileError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let id = |kind: Metadata| (kind.dev(), kind.ino());
        Ok(kind(one)?.map(id) == kind(other)?.map(id))
    }
    #[cfg(not(unix))]
    {
        let _ = (one, other);
        Ok(false)
    }
}
