//! Selection: which files a package contains, where they are from, and what was left out and why.
//!
//! From a work tree: tracked files, and untracked files that no `.gitignore` excludes. From a commit: its
//! tree. Outside git: the whole folder. Then `include` and `exclude`, patterns in the form of `.gitignore`.
//! The user's global git settings have no effect.

mod contents;
mod filter;
mod source;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub use self::contents::{Contents, Known};
use self::filter::{Filter, IN_OUTPUT};
use super::name::{NameFault, check_path, first_collision};
use crate::files::{FileError, reading};
use crate::git::{BlobId, Commit, GitError, GitFile, Repository};
use crate::inventory::{FileMode, FileRecord};
use crate::limits::{ENTRIES_MAX, FILE_BYTES_MAX, PACK_WINDOW_BYTES, TOTAL_BYTES_MAX};
use crate::parallel::{Threads, in_order};
use crate::provenance::{SelectionRecord, Source};
use crate::shown::{self, name};

/// What to package.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The folder to package.
    pub folder: &'a Path,
    /// Include and exclude patterns, and whether untracked files count.
    pub rules: &'a SelectionRecord,
    /// The folders for packages; never packaged themselves.
    pub outputs: &'a [PathBuf],
    /// The commit to package instead of the work tree.
    pub revision: Option<&'a str>,
}

/// The files of a package, sorted by path, and where they are from.
pub struct Selection {
    /// The files.
    pub candidates: Vec<Candidate>,
    /// How to read them.
    pub contents: Contents,
    /// What was left out, sorted by path.
    pub left_out: Vec<LeftOut>,
    /// The commit they come from, inside git.
    pub source: Option<Source>,
}

/// A file that goes into a package.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its path in the package.
    pub path: String,
    /// Its mode.
    pub mode: FileMode,
    /// Its size in bytes, for a link that of its target. A file in the work tree can still change.
    pub size: u64,
    /// Whether git tracks it.
    pub tracked: bool,
    origin: Origin,
}

#[derive(Debug, Clone)]
enum Origin {
    /// A file of the work tree, and the blob that git tracks it as.
    File(PathBuf, Option<BlobId>),
    /// A blob of a commit.
    Blob(BlobId),
}

/// A file that was left out of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Its path in the folder.
    pub path: String,
    /// Why.
    pub reason: &'static str,
}

/// Why a folder cannot be packaged.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// A path or link does not mean the same on every system.
    #[error("`{}` {}", name(path), fault.message)]
    Name {
        /// The path.
        path: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// Two paths would be the same.
    #[error("`{}` {}: `{}`", name(path), fault.message, name(other))]
    Collision {
        /// The path.
        path: String,
        /// What is wrong with it.
        fault: NameFault,
        /// The other path.
        other: String,
    },
    /// The folder's path leads through a link.
    #[error(
        "cannot package `{}`: the link `{}` leads to `{}`; set `path` to a folder of the repository without links",
        shown::path(folder),
        shown::path(link),
        shown::path(to)
    )]
    Link {
        /// The folder.
        folder: PathBuf,
        /// The link in its path.
        link: PathBuf,
        /// Where the link leads.
        to: PathBuf,
    },
    /// A submodule: its files are not in this repository.
    #[error("`{}` is a submodule; exclude it, or package it in its own repository", name(.0))]
    Submodule(String),
    /// A pipe, device or socket.
    #[error("`{}` is not a file, a folder or a symbolic link; exclude or remove it", name(.0))]
    Special(String),
    /// A Git LFS pointer in place of the file.
    #[error("`{}` is a Git LFS pointer, not the file; run `git lfs pull` and package the work tree", name(.0))]
    LfsPointer(String),
    /// A file that is too large.
    #[error("`{}` has {size} bytes, over the limit of {FILE_BYTES_MAX} for one file", name(path))]
    FileTooLarge {
        /// The file.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// Too many files, or too many bytes.
    #[error("{0}")]
    TooMuch(String),
    /// No file is left to package.
    #[error("no files to package in `{}`", shown::path(.0))]
    Nothing(PathBuf),
    /// A pattern is malformed.
    #[error("the pattern `{pattern}` is malformed: {message}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        message: String,
    },
    /// Git's data cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A `.gitignore` cannot be used.
    #[error("cannot use `{}`: {message}", shown::path(path))]
    IgnoreFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The patterns together are too complex.
    #[error("cannot use the patterns: {0}")]
    Patterns(String),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A folder cannot be read.
    #[error("cannot read the folder: {0}")]
    Walk(String),
}

/// Selects the files of a package.
pub fn select(repository: Option<&Repository>, request: &Request<'_>) -> Result<Selection, SelectError> {
    let filter = Filter::new(request)?;
    if let Some(repository) = repository.filter(|_| request.revision.is_none()) {
        check_links(repository.top(), request.folder)?;
    }
    let mut selection = match (repository, request.revision) {
        (Some(repository), Some(revision)) => {
            let chosen =
                from_commit(repository, &repository.commit(revision)?, (request, &filter), &Known::default());
            checked(Some(repository), request, &filter, chosen?)
        }
        (Some(repository), None) => {
            checked(Some(repository), request, &filter, from_work_tree(repository, request, &filter)?)
        }
        (None, _) => checked(None, request, &filter, from_folder(request, &filter)?),
    }?;
    if let Some(repository) = repository {
        selection.source = source::source(repository, request, &filter, &selection)?;
    }
    Ok(selection)
}

/// Selects the files of a package of a commit, ignoring the request's revision. Data in `known` is not read
/// again.
pub fn select_of(
    repository: &Repository,
    commit: &Commit,
    request: &Request<'_>,
    known: &Known,
) -> Result<Selection, SelectError> {
    let filter = Filter::new(request)?;
    let chosen = from_commit(repository, commit, (request, &filter), known)?;
    checked(Some(repository), request, &filter, chosen)
}

/// The files in order, if all of them can be packaged.
fn checked(
    repository: Option<&Repository>,
    request: &Request<'_>,
    filter: &Filter,
    (candidates, left_out): Chosen,
) -> Result<Selection, SelectError> {
    let mut selection = Selection { contents: Contents::new(repository), candidates, left_out, source: None };
    selection.candidates.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    for left in &mut selection.left_out {
        if let Some(output) = filter.output_of(&left.path).filter(|_| left.reason == IN_OUTPUT) {
            left.path = format!("{output}/");
        }
    }
    selection.left_out.sort();
    selection.left_out.dedup();
    check(&selection.candidates, request.folder)?;
    Ok(selection)
}

/// The inventory of the package that the selection would give, without writing it.
pub fn inventory(
    selection: &Selection,
    known: &Known,
    threads: Threads,
) -> Result<Vec<FileRecord>, SelectError> {
    let mut files = Vec::with_capacity(selection.candidates.len());
    let record = |candidate: &Candidate| selection.contents.record(candidate, known);
    in_order(
        threads,
        PACK_WINDOW_BYTES,
        &selection.candidates,
        |candidate| candidate.size,
        record,
        |file| {
            files.push(file);
            Ok::<(), SelectError>(())
        },
    )?;
    Ok(files)
}

type Chosen = (Vec<Candidate>, Vec<LeftOut>);

fn from_commit(
    repository: &Repository,
    commit: &Commit,
    (request, filter): (&Request<'_>, &Filter),
    known: &Known,
) -> Result<Chosen, SelectError> {
    let blobs = repository.blobs();
    let mut chosen = Chosen::default();
    let folder = folder_in(repository, request.folder);
    let each = |file: GitFile| {
        if let Some(reason) = filter.leaves_out(&file.path) {
            chosen.1.push(LeftOut { path: file.path, reason });
            return Ok(());
        }
        let mode = file.mode.ok_or_else(|| SelectError::Submodule(file.path.clone()))?;
        let size = known.size(file.blob).map_or_else(|| blobs.size(file.blob), Ok)?;
        let (path, origin) = (file.path, Origin::Blob(file.blob));
        chosen.0.push(Candidate { path, mode, size, tracked: true, origin });
        if chosen.0.len() > ENTRIES_MAX {
            return Err(too_many(chosen.0.len()));
        }
        Ok(())
    };
    repository.committed_in(known.folders(), commit, &folder, |_| Ok(()), each)?;
    Ok(chosen)
}

fn from_work_tree(
    repository: &Repository,
    request: &Request<'_>,
    filter: &Filter,
) -> Result<Chosen, SelectError> {
    let folder = folder_in(repository, request.folder);
    let tracked: BTreeMap<String, GitFile> =
        repository.tracked(&folder)?.into_iter().map(|file| (file.path.clone(), file)).collect();
    let mut chosen = Chosen::default();
    for file in tracked.values() {
        if let Some(reason) = filter.leaves_out(&file.path) {
            chosen.1.push(LeftOut { path: file.path.clone(), reason });
            continue;
        }
        match tracked_candidate(request.folder, file)? {
            Some(candidate) => chosen.0.push(candidate),
            None => chosen.1.push(LeftOut { path: file.path.clone(), reason: "deleted in the work tree" }),
        }
    }
    for (path, on_disk) in walk::not_ignored(repository.top(), repository.common_dir(), request.folder)? {
        if tracked.contains_key(&path) {
            continue;
        }
        let reason =
            if request.rules.untracked { filter.leaves_out(&path) } else { Some("not tracked by git") };
        match reason {
            Some(reason) => chosen.1.push(LeftOut { path, reason }),
            None => chosen.0.push(loose_candidate(path, on_disk)?),
        }
    }
    Ok(chosen)
}

fn from_folder(request: &Request<'_>, filter: &Filter) -> Result<Chosen, SelectError> {
    let mut chosen = Chosen::default();
    for (path, on_disk) in walk::everything(request.folder)? {
        match filter.leaves_out(&path) {
            Some(reason) => chosen.1.push(LeftOut { path, reason }),
            None => chosen.0.push(loose_candidate(path, on_disk)?),
        }
    }
    Ok(chosen)
}

/// What `.gitignore` leaves out, for people: one line per folder.
pub fn ignored(request: &Request<'_>, selection: &Selection) -> Result<Vec<LeftOut>, SelectError> {
    let filter = Filter::new(request)?;
    let chosen = selection.candidates.iter().map(|candidate| candidate.path.as_str());
    let known: BTreeSet<&str> =
        chosen.chain(selection.left_out.iter().map(|left| left.path.as_str())).collect();
    let holds_known = |path: &str| {
        let below = format!("{path}/");
        known.range(below.as_str()..).next().is_some_and(|next| next.starts_with(&below))
    };
    let mut ignored: Vec<LeftOut> = Vec::new();
    for (path, _) in sorted(walk::everything(request.folder)?) {
        if known.contains(path.as_str()) || filter.output_of(&path).is_some() {
            continue;
        }
        let outermost =
            path.match_indices('/').map(|(end, _)| &path[..end]).find(|parent| !holds_known(parent));
        let line = outermost.map_or(path.clone(), |parent| format!("{parent}/"));
        if ignored.last().is_none_or(|last| last.path != line) {
            ignored.push(LeftOut { path: line, reason: "ignored by git" });
        }
    }
    Ok(ignored)
}

fn sorted(mut found: walk::Found) -> walk::Found {
    found.sort();
    found
}

fn tracked_candidate(folder: &Path, file: &GitFile) -> Result<Option<Candidate>, SelectError> {
    let mode = file.mode.ok_or_else(|| SelectError::Submodule(file.path.clone()))?;
    let path = folder.join(&file.path);
    let on_disk = match path.symlink_metadata() {
        Ok(on_disk) => on_disk,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(reading(&path)(error).into()),
    };
    let kind = on_disk.file_type();
    if kind.is_dir() {
        return Ok(None);
    }
    if !kind.is_file() && !kind.is_symlink() {
        return Err(SelectError::Special(file.path.clone()));
    }
    // Where links are not supported, git checks one out as a file with its target.
    let mode = match (mode, kind.is_symlink()) {
        (_, true) | (FileMode::Link, false) => FileMode::Link,
        (mode, false) => mode,
    };
    let origin = Origin::File(path, Some(file.blob));
    Ok(Some(Candidate { path: file.path.clone(), mode, size: on_disk.len(), tracked: true, origin }))
}

fn loose_candidate(path: String, on_disk: PathBuf) -> Result<Candidate, SelectError> {
    let metadata = on_disk.symlink_metadata().map_err(reading(&on_disk))?;
    let mode = if metadata.is_symlink() {
        FileMode::Link
    } else if !metadata.is_file() {
        return Err(SelectError::Special(path));
    } else if is_executable(&metadata) {
        FileMode::Executable
    } else {
        FileMode::Regular
    };
    Ok(Candidate { path, mode, size: metadata.len(), tracked: false, origin: Origin::File(on_disk, None) })
}

/// Checks names, links and limits, before anything is written.
fn check(candidates: &[Candidate], folder: &Path) -> Result<(), SelectError> {
    if candidates.is_empty() {
        return Err(SelectError::Nothing(folder.into()));
    }
    if candidates.len() > ENTRIES_MAX {
        return Err(too_many(candidates.len()));
    }
    let mut total = 0;
    for candidate in candidates {
        let Candidate { path, size, .. } = candidate;
        check_path(path).map_err(|fault| name_error(path, fault))?;
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
fn check_links(top: &Path, folder: &Path) -> Result<(), SelectError> {
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

fn too_many(files: usize) -> SelectError {
    SelectError::TooMuch(format!("{files} files, over the limit of {ENTRIES_MAX}"))
}

fn name_error(path: &str, fault: NameFault) -> SelectError {
    SelectError::Name { path: path.into(), fault }
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    false
}

/// A folder's path relative to the repository's top; empty for the top itself.
pub fn folder_in(repository: &Repository, folder: &Path) -> String {
    let relative = folder.strip_prefix(repository.top()).unwrap_or(Path::new(""));
    relative.to_string_lossy().replace('\\', "/")
}
