//! The walk: the files of a folder that are on disk, without those of other repositories.

use std::path::{Path, PathBuf};

use super::SelectError;
use crate::git::GitError;

/// Files and links as paths relative to the folder, `/`-separated, with their place on disk.
pub type Found = Vec<(String, PathBuf)>;

/// Every file below a folder, but for `.git` and other repositories.
pub fn everything(folder: &Path) -> Result<Found, SelectError> {
    let walk = walkdir::WalkDir::new(folder).follow_links(false).into_iter();
    let walk = walk.filter_entry(|entry| {
        entry.depth() == 0 || is_wanted(entry.path(), entry.file_name(), entry.file_type().is_dir())
    });
    let mut found = Found::new();
    for entry in walk {
        let entry = entry.map_err(|error| SelectError::Walk(error.to_string()))?;
        if !entry.file_type().is_dir() {
            found.push((relative(entry.path(), folder)?, entry.into_path()));
        }
    }
    Ok(found)
}

/// The files below a folder that no `.gitignore` from the repository's top on, and no `info/exclude`, leaves out.
pub fn not_ignored(top: &Path, folder: &Path) -> Result<Found, SelectError> {
    let (start, inside) = (top.to_path_buf(), folder.to_path_buf());
    let walk = ignore::WalkBuilder::new(top)
        .standard_filters(false)
        .git_ignore(true)
        .git_exclude(true)
        .require_git(false)
        .follow_links(false)
        .filter_entry(move |entry| {
            let path = entry.path();
            let on_the_way = path.starts_with(&inside) || inside.starts_with(path);
            let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
            path == start || on_the_way && is_wanted(path, entry.file_name(), is_dir)
        })
        .build();
    let mut found = Found::new();
    for entry in walk {
        let entry = entry.map_err(|error| SelectError::Walk(error.to_string()))?;
        let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
        if !is_dir && entry.path().starts_with(folder) {
            found.push((relative(entry.path(), folder)?, entry.into_path()));
        }
    }
    Ok(found)
}

/// Neither git's own data nor another repository: what that holds is for it to package.
fn is_wanted(path: &Path, name: &std::ffi::OsStr, is_dir: bool) -> bool {
    name != ".git" && !(is_dir && path.join(".git").symlink_metadata().is_ok())
}

fn relative(path: &Path, folder: &Path) -> Result<String, SelectError> {
    let relative = path.strip_prefix(folder).unwrap_or(path);
    let text = relative.to_str().ok_or_else(|| GitError::NotUtf8(relative.to_string_lossy().into()))?;
    let separator = std::path::MAIN_SEPARATOR;
    Ok(if separator == '/' { text.into() } else { text.replace(separator, "/") })
}
