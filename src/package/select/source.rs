//! The source: the commit that files are from, and whether they differ from it.

use super::contents::undo_checkout_line_endings;
use super::filter::Filter;
use super::{Request, SelectError, Selection, folder_in};
use crate::files;
use crate::git::Repository;
use crate::limits::FILE_BYTES_MAX;
use crate::provenance::Source;

/// The commit that the files are from, and whether they differ from it.
pub fn source(
    repository: &Repository,
    request: &Request<'_>,
    filter: &Filter,
    selection: &Selection,
) -> Result<Option<Source>, SelectError> {
    let path = folder_in(repository, request.folder);
    let revision = request.revision.unwrap_or("HEAD");
    let Ok(commit) = repository.commit(revision) else {
        return Ok(None);
    };
    let dirty = request.revision.is_none() && is_dirty(repository, request, filter, selection, &path)?;
    Ok(Some(Source { repository: repository.origin(), commit: commit.id, tree: commit.tree, path, dirty }))
}

fn is_dirty(
    repository: &Repository,
    request: &Request<'_>,
    filter: &Filter,
    selection: &Selection,
    folder: &str,
) -> Result<bool, SelectError> {
    if selection.candidates.iter().any(|candidate| !candidate.tracked) {
        return Ok(true);
    }
    for (path, committed) in repository.changed_since("HEAD", folder)? {
        if filter.leaves_out(&path).is_some() {
            continue;
        }
        let Some(blob) = committed else {
            return Ok(true);
        };
        let blobs = repository.blobs();
        let on_disk = files::read_if_exists(&request.folder.join(&path), FILE_BYTES_MAX)?;
        let Some(on_disk) = on_disk else {
            return Ok(true);
        };
        let committed = blobs.read(blob, FILE_BYTES_MAX)?;
        if undo_checkout_line_endings(on_disk, |_| Ok(Some(committed.clone())))? != committed {
            return Ok(true);
        }
    }
    Ok(false)
}
