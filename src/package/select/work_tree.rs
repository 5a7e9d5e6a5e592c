//! Selection from a work tree: tracked files, and untracked files that git does not ignore; and from a folder
//! outside git: all files.
//!
//! A file's mode is the one that git sees (`ce_mode_from_stat`): where `core.fileMode` is off, the index has
//! it. Whether the files are those of the commit is decided on the bytes that are packaged, not on what the
//! index says about them ([`super::Selection::source`]).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::Path;

use super::look::{Git, Modes, WorkTree};
use super::notices::DELETED;
use super::walk::OnDisk;
use super::{Candidate, Chosen, InCommit, LeftOut, Origin, Request, Rules, SelectError, ignored, walk};
use crate::files::reading;
use crate::git::{BlobId, GitError, GitFile, Tracked};
use crate::inventory::FileMode;
use crate::package::name::fold;

/// The files of a folder of a work tree.
pub fn choose(
    (git, tree): (&Git, &WorkTree),
    folder: &str,
    request: &Request<'_>,
    rules: &Rules<'_>,
) -> Result<Chosen, SelectError> {
    let committed = Committed::read((git, tree), folder, rules)?;
    let mut chosen = Chosen::default();
    let (mut tracked, mut sparse) = (BTreeSet::new(), Vec::new());
    for (bytes, entry) in tree.index.below(folder) {
        let path = String::from_utf8_lossy(bytes).into_owned();
        if let Some(reason) = rules.leaves_out(bytes)? {
            chosen.left_out.push(LeftOut { path: path.clone(), reason });
        } else if std::str::from_utf8(bytes).is_err() {
            return Err(GitError::NotUtf8(path).into());
        } else if entry.is_conflict {
            return Err(GitError::Conflict(path).into());
        } else {
            match tracked_candidate(request.folder, &path, entry, (tree.modes, &committed))? {
                Some(candidate) => chosen.candidates.push(candidate),
                None if entry.is_sparse => sparse.push(path.clone()),
                None => chosen.left_out.push(LeftOut { path: path.clone(), reason: DELETED }),
            }
        }
        tracked.insert(bytes);
    }
    if !sparse.is_empty() {
        return Err(SelectError::Sparse { folder: folder.into(), paths: sparse });
    }
    let has_tracked =
        |below: &[u8]| tracked.range(below..).next().is_some_and(|path| path.starts_with(below));
    let found = walk::not_ignored(&tree.ignore, request.folder, &has_tracked)?;
    let same = same_names(tree.modes, &chosen.candidates);
    for file in ignored::bring_back(found, &request.rules.include, &mut chosen.ignored)? {
        if tracked.contains(file.path.as_slice()) || same.contains(&fold(&file.shown())) {
            continue;
        }
        let left = match request.rules.untracked {
            true => rules.leaves_out_untracked(&file.path)?,
            false => Some(LeftOut { path: file.shown(), reason: "not tracked by git" }),
        };
        match left {
            Some(left) => chosen.left_out.push(left),
            None => chosen.candidates.push(loose_candidate(file, (tree.modes, &committed))?),
        }
    }
    chosen.differs = committed.differs_from(&chosen.candidates);
    Ok(chosen)
}

/// All files of a folder outside git.
pub fn choose_outside(request: &Request<'_>, rules: &Rules<'_>) -> Result<Chosen, SelectError> {
    let modes = Modes { has_executables: true, has_links: true, folds_names: false };
    let mut chosen = Chosen::default();
    let found = walk::everything(request.folder)?;
    for file in ignored::bring_back(found, &[], &mut chosen.ignored)? {
        match rules.leaves_out_untracked(&file.path)? {
            Some(left) => chosen.left_out.push(left),
            None => chosen.candidates.push(loose_candidate(file, (modes, &Committed(None)))?),
        }
    }
    Ok(chosen)
}

/// The folded names of tracked files, on a file system that shows a file under more than one name.
fn same_names(modes: Modes, tracked: &[Candidate]) -> BTreeSet<String> {
    match modes.folds_names {
        true => tracked.iter().map(|each| fold(&each.path)).collect(),
        false => BTreeSet::new(),
    }
}

/// The files that a package of the commit would have; `None` if the commit cannot be read.
struct Committed(Option<BTreeMap<String, (BlobId, Option<FileMode>)>>);

impl Committed {
    fn read((git, tree): (&Git, &WorkTree), folder: &str, rules: &Rules<'_>) -> Result<Self, SelectError> {
        let files = tree.head.as_ref().and_then(|head| {
            let read = git.blobs.handles();
            read.with(|repository| repository.committed_files(&git.folders, head, folder)).ok()
        });
        let Some(files) = files else { return Ok(Self(None)) };
        let mut wanted = BTreeMap::new();
        for GitFile { path, blob, mode, .. } in files {
            if rules.leaves_out(&path)?.is_none() {
                wanted.insert(path, (blob, mode));
            }
        }
        Ok(Self(Some(wanted)))
    }

    /// What the commit has for a file with this mode.
    fn has(&self, path: &str, mode: FileMode, is_ignored: bool) -> InCommit {
        match self.0.as_ref().and_then(|files| files.get(path)) {
            Some((blob, committed)) if *committed == Some(mode) => InCommit::Blob(*blob),
            None if is_ignored => InCommit::Ignored,
            Some(_) | None => InCommit::Differs,
        }
    }

    /// Whether the candidates have other paths or modes than the commit, apart from ignored ones that it lacks.
    fn differs_from(&self, candidates: &[Candidate]) -> bool {
        let mut same = 0;
        for each in candidates {
            match each.in_commit() {
                Some(InCommit::Blob(_)) => same += 1,
                Some(InCommit::Ignored) => {}
                Some(InCommit::Differs) | None => return true,
            }
        }
        self.0.as_ref().map(BTreeMap::len) != Some(same)
    }
}

fn tracked_candidate(
    folder: &Path,
    path: &str,
    entry: &Tracked,
    (modes, committed): (Modes, &Committed),
) -> Result<Option<Candidate>, SelectError> {
    let indexed = entry.mode.ok_or_else(|| SelectError::Submodule(path.into()))?;
    let on_disk = folder.join(path);
    let metadata = match on_disk.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(reading(&on_disk)(error).into()),
    };
    if metadata.is_dir() {
        return Ok(None);
    }
    let mode = mode(&metadata, modes, Some(indexed)).ok_or_else(|| SelectError::Special(path.into()))?;
    let in_commit = committed.has(path, mode, false);
    let origin = Origin::File { path: on_disk, indexed: Some(entry.blob), in_commit };
    Ok(Some(Candidate { path: path.into(), mode, size: metadata.len(), is_allowed_secret: false, origin }))
}

fn loose_candidate(
    OnDisk { path, on_disk, is_ignored }: OnDisk,
    (modes, committed): (Modes, &Committed),
) -> Result<Candidate, SelectError> {
    let path = String::from_utf8(path);
    let path = path.map_err(|path| GitError::NotUtf8(String::from_utf8_lossy(path.as_bytes()).into()))?;
    let metadata = on_disk.symlink_metadata().map_err(reading(&on_disk))?;
    let Some(mode) = mode(&metadata, modes, None) else { return Err(SelectError::Special(path)) };
    let in_commit = committed.has(&path, mode, is_ignored);
    let origin = Origin::File { path: on_disk, indexed: None, in_commit };
    Ok(Candidate { path, mode, size: metadata.len(), is_allowed_secret: false, origin })
}

/// The mode that git sees; `None` for what is neither a file nor a link.
fn mode(metadata: &Metadata, modes: Modes, indexed: Option<FileMode>) -> Option<FileMode> {
    match (metadata.is_symlink(), metadata.is_file(), indexed) {
        (true, ..) => Some(FileMode::Link),
        (_, false, _) => None,
        // Where links are not supported, git checks one out as a file with its target.
        (_, _, Some(FileMode::Link)) if !modes.has_links => Some(FileMode::Link),
        (_, _, Some(FileMode::Executable)) if !modes.has_executables => Some(FileMode::Executable),
        _ if modes.has_executables && is_executable(metadata) => Some(FileMode::Executable),
        _ => Some(FileMode::Regular),
    }
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}
