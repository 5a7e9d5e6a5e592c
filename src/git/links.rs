//! Links: refs that are one file under two names.
//!
//! With `core.preferSymlinkRefs` git writes a symbolic ref as a symbolic link, and libgit2 reads it as the
//! ref that the link leads to: a push to one changes the other unnoticed.

use std::path::{Component, Path, PathBuf};

use super::{GitError, Repository};
use crate::limits::REF_FILES_MAX;

impl Repository {
    /// Refuses a repository with a symbolic link below `refs/`.
    pub fn check_ref_links(&self) -> Result<(), GitError> {
        let top = self.common_dir();
        let (mut folders, mut seen) = (vec![top.join("refs")], 0);
        while let Some(folder) = folders.pop() {
            let failed =
                |error: std::io::Error| GitError::Refs { path: folder.clone(), message: error.to_string() };
            let entries = match folder.read_dir() {
                Ok(entries) => entries,
                // Another process can remove an empty folder at any time.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
            };
            for entry in entries {
                let entry = entry.map_err(failed)?;
                seen += 1;
                if seen > REF_FILES_MAX {
                    return Err(GitError::TooManyRefFiles);
                }
                let kind = match entry.file_type() {
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                    kind => kind.map_err(failed)?,
                };
                if kind.is_symlink() {
                    return Err(linked(top, &entry.path()));
                }
                if kind.is_dir() {
                    folders.push(entry.path());
                }
            }
        }
        Ok(())
    }
}

fn linked(top: &Path, place: &Path) -> GitError {
    let reference = name(place.strip_prefix(top).unwrap_or(place));
    let target = std::fs::read_link(place).unwrap_or_default();
    let to = match target.starts_with("refs") {
        true => lexical(&target),
        false => lexical(&place.parent().unwrap_or(top).join(&target))
            .strip_prefix(top)
            .map_or(target, Path::to_path_buf),
    };
    let target = name(&to);
    let way = if target.starts_with("refs/") && !place.is_dir() {
        format!(
            "replace the link with a symbolic ref: rm {reference} && git -c core.preferSymlinkRefs=false symbolic-ref \
            {reference} {target}"
        )
    } else {
        "replace the link with the files that it leads to".to_owned()
    };
    GitError::LinkedRef { reference, target, way }
}

/// The path without `.` and `..`.
fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(clean.pop()),
            part => clean.push(part),
        }
    }
    clean
}

fn name(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
