//! Checks of a selection, before anything is written.

use std::path::Path;

use super::{Candidate, SelectError, secrets};
use crate::limits::{ENTRIES_MAX, FILE_BYTES_MAX, TOTAL_BYTES_MAX};
use crate::package::name::{NameFault, check_path, first_collision};

/// Checks names and limits. `ignored` is how many files and folders git ignores.
pub fn check(candidates: &[Candidate], (folder, ignored): (&Path, usize)) -> Result<(), SelectError> {
    if candidates.is_empty() {
        return Err(SelectError::Nothing { folder: folder.into(), ignored });
    }
    if candidates.len() > ENTRIES_MAX {
        return Err(too_many(candidates.len()));
    }
    let mut total = 0;
    for candidate in candidates {
        let Candidate { path, size, .. } = candidate;
        check_path(path).map_err(|fault| name_error(path, fault))?;
        if let Some(what) = secrets::of_name(path).filter(|_| !candidate.is_allowed_secret) {
            return Err(SelectError::Secret { path: path.clone(), what });
        }
        if *size > FILE_BYTES_MAX {
            return Err(SelectError::FileTooLarge { path: path.clone(), size: *size });
        }
        total += size;
    }
    if total > TOTAL_BYTES_MAX {
        return Err(SelectError::TooMuch(format!(
            "{total} bytes, over the limit of {TOTAL_BYTES_MAX} for one package"
        )));
    }
    let Some(collision) = first_collision(candidates, |candidate| (&candidate.path, candidate.mode)) else {
        return Ok(());
    };
    let path = |place: usize| candidates[place].path.clone();
    let (path, other) = (path(collision.later), path(collision.earlier));
    Err(SelectError::Collision { path, fault: collision.fault, other })
}

/// Refuses a folder below the top that is reached through a link: git has no files there.
pub fn check_links(top: &Path, folder: &Path) -> Result<(), SelectError> {
    let below = folder.strip_prefix(top).unwrap_or(Path::new(""));
    let mut here = top.to_path_buf();
    for part in below {
        here.push(part);
        if let Ok(to) = here.read_link() {
            let shown = |path: &Path| path.strip_prefix(top).unwrap_or(path).to_path_buf();
            return Err(SelectError::Link { folder: shown(folder), link: shown(&here), to });
        }
    }
    Ok(())
}

/// The error of a package with too many files.
pub fn too_many(files: usize) -> SelectError {
    SelectError::TooMuch(format!("{files} files, over the limit of {ENTRIES_MAX}"))
}

/// The error of a path.
pub fn name_error(path: &str, fault: NameFault) -> SelectError {
    SelectError::Name { path: path.into(), fault }
}
