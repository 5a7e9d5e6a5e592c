//! Selection from a commit: the files of its tree.

use super::check::too_many;
use super::{Candidate, Chosen, Known, LeftOut, Origin, Rules, SelectError};
use crate::git::{Blobs, Commit, Folders, GitError, GitFile};
use crate::limits::ENTRIES_MAX;

/// The files in a folder of a commit. The sizes of blobs in `known` are not read again.
pub fn choose(
    blobs: &Blobs,
    (commit, folder): (&Commit, &str),
    rules: &Rules<'_>,
    (folders, known): (&Folders, &Known),
) -> Result<Chosen, SelectError> {
    let (mut chosen, mut named) = (Chosen::default(), Vec::new());
    let each = |file: GitFile| {
        if let Some(reason) = rules.leaves_out(&file.path)? {
            chosen.left_out.push(LeftOut { path: file.path, reason });
            return Ok(());
        }
        let GitFile { path, blob, .. } = file;
        if !file.is_utf8 {
            return Err(GitError::NotUtf8(path).into());
        }
        let Some(mode) = file.mode else { return Err(SelectError::Submodule(path)) };
        // Its size follows when all blobs of the folder are here.
        let (size, origin) = (0, Origin::Blob(blob));
        chosen.candidates.push(Candidate { path, mode, size, is_allowed_secret: false, origin });
        named.push(blob);
        if chosen.candidates.len() > ENTRIES_MAX {
            return Err(too_many(chosen.candidates.len()));
        }
        Ok(())
    };
    blobs.handles().with(|repository| repository.committed_in(folders, commit, folder, |_| Ok(()), each))?;
    blobs.handles().with(|repository| {
        let unknown = named.iter().copied().filter(|blob| known.size(*blob).is_none());
        repository.obtain(unknown)
    })?;
    for (candidate, blob) in chosen.candidates.iter_mut().zip(named) {
        let size = known.size(blob).map_or_else(|| blobs.size(blob), Ok);
        candidate.size = size.map_err(|error| error.at(&candidate.path))?;
    }
    Ok(chosen)
}
