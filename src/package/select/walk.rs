//! The walk: the files of a folder that are on disk, without those of other repositories.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::SelectError;
use super::filter::{self, Weight};
use crate::files;
use crate::git::GitError;
use crate::limits::{IGNORE_FILE_BYTES_MAX, IGNORE_PATTERNS_MAX, IGNORE_WEIGHT_MAX};
use crate::shown;

/// Files and links as `/`-separated paths relative to the folder, with their paths on disk.
pub type Found = Vec<(String, PathBuf)>;

/// All files below a folder, except `.git` and other repositories.
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

/// The files below a folder that no `.gitignore` from the repository's top down, and no `info/exclude`,
/// excludes.
pub fn not_ignored(top: &Path, git: &Path, folder: &Path) -> Result<Found, SelectError> {
    let (start, inside) = (top.to_path_buf(), folder.to_path_buf());
    // The walk reads a folder's `.gitignore` after the filter has accepted the folder, except at the top.
    let mut weight = Weight::new(IGNORE_WEIGHT_MAX);
    check_ignore_file(git.join("info").join("exclude"), &mut weight)?;
    check_ignore_file(top.join(".gitignore"), &mut weight)?;
    let checked = Checked { open: vec![(top.to_path_buf(), weight.sum())], weight, refused: None };
    let checked = Arc::new(Mutex::new(checked));
    let in_filter = Arc::clone(&checked);
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
            let wanted = path == start || on_the_way && is_wanted(path, entry.file_name(), is_dir);
            if !wanted || !is_dir {
                return wanted;
            }
            path == start || in_filter.lock().unwrap_or_else(PoisonError::into_inner).enter(path)
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
    let refused = checked.lock().unwrap_or_else(PoisonError::into_inner).refused.take();
    refused.map_or(Ok(found), Err)
}

/// The ignore files that the matcher has loaded: those of a folder and of its parents.
struct Checked {
    /// Each folder from the top down, and the total weight of patterns including its own.
    open: Vec<(PathBuf, usize)>,
    weight: Weight,
    /// The first error.
    refused: Option<SelectError>,
}

impl Checked {
    /// Checks the `.gitignore` of a folder; returns whether the walk can enter it.
    fn enter(&mut self, folder: &Path) -> bool {
        while self.open.last().is_some_and(|(above, _)| !folder.starts_with(above)) {
            self.open.pop();
        }
        self.weight.back_to(self.open.last().map_or(0, |(_, sum)| *sum));
        match check_ignore_file(folder.join(".gitignore"), &mut self.weight) {
            Ok(()) => self.open.push((folder.to_path_buf(), self.weight.sum())),
            Err(error) => {
                self.refused.get_or_insert(error);
                return false;
            }
        }
        true
    }
}

/// Refuses an ignore file that the matcher cannot handle: not a file, or patterns without bounds.
fn check_ignore_file(path: PathBuf, weight: &mut Weight) -> Result<(), SelectError> {
    if path.is_dir() {
        return Ok(());
    }
    let Some(bytes) = files::read_if_exists(&path, IGNORE_FILE_BYTES_MAX)? else { return Ok(()) };
    let text = String::from_utf8_lossy(&bytes);
    let fail = |message: String| SelectError::IgnoreFile { path: path.clone(), message };
    let patterns = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    for (count, (line, pattern)) in patterns.enumerate() {
        if count == IGNORE_PATTERNS_MAX {
            return Err(fail(format!("it has more than {IGNORE_PATTERNS_MAX} patterns")));
        }
        let refuse = |why| fail(format!("line {}, the pattern `{}`: {why}", line + 1, shown::name(pattern)));
        filter::check(pattern).map_err(refuse)?;
        weight.add(pattern).map_err(refuse)?;
    }
    Ok(())
}

/// Whether a path is not git's own data or another repository, which is packaged separately.
fn is_wanted(path: &Path, name: &std::ffi::OsStr, is_dir: bool) -> bool {
    name != ".git" && !(is_dir && path.join(".git").symlink_metadata().is_ok())
}

fn relative(path: &Path, folder: &Path) -> Result<String, SelectError> {
    let relative = path.strip_prefix(folder).unwrap_or(path);
    let text = relative.to_str().ok_or_else(|| GitError::NotUtf8(relative.to_string_lossy().into()))?;
    let separator = std::path::MAIN_SEPARATOR;
    Ok(if separator == '/' { text.into() } else { text.replace(separator, "/") })
}
