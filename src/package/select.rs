//! Selection: which files go into a package, from where, and what was left out and why.
//!
//! From a work tree: what git tracks, plus what it does not track and no `.gitignore` excludes.
//! From a commit: its tree. Outside git: the whole folder. Then `include` and `exclude`, patterns
//! in the form of `.gitignore`. The user's global git settings play no part.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::name::{Collisions, NameFault, check_link, check_path};
use crate::digest::Sha384;
use crate::files::{self, FileError, reading};
use crate::git::{BlobId, Blobs, GitError, GitFile, Repository};
use crate::inventory::{FileMode, FileRecord};
use crate::limits::{ENTRIES_MAX, FILE_BYTES_MAX, LINK_BYTES_MAX, TOTAL_BYTES_MAX};
use crate::parallel::{Threads, in_order};
use crate::provenance::{SelectionRecord, Source};

/// What to package.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The folder whose content is packaged.
    pub folder: &'a Path,
    /// Include and exclude patterns, and whether untracked files count.
    pub rules: &'a SelectionRecord,
    /// The folder that packages are written to; never packaged itself.
    pub output: &'a Path,
    /// The commit to package instead of the work tree.
    pub revision: Option<&'a str>,
}

/// The files that go into a package, sorted by path, and where they come from.
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
    /// Its size in bytes; its target's for a link. A work-tree file may yet change.
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

/// Something that was left out of a package.
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
    /// A path or link is not the same thing on every system.
    #[error("`{path}` {}", fault.message)]
    Name {
        /// The path.
        path: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// Two paths would be one.
    #[error("`{path}` {}: `{other}`", fault.message)]
    Collision {
        /// The path.
        path: String,
        /// What is wrong with it.
        fault: NameFault,
        /// The other path.
        other: String,
    },
    /// A submodule: its files are not in this repository.
    #[error("`{0}` is a submodule; exclude it, or package it in its own repository")]
    Submodule(String),
    /// A pipe, device or socket.
    #[error("`{0}` is not a file, a folder or a symbolic link; exclude or remove it")]
    Special(String),
    /// A Git LFS pointer where the file should be.
    #[error("`{0}` is a Git LFS pointer, not the file; run `git lfs pull` and package the work tree")]
    LfsPointer(String),
    /// A file that is too large.
    #[error("`{path}` has {size} bytes, over the limit of {FILE_BYTES_MAX} for one file")]
    FileTooLarge {
        /// The file.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// Too many files, or too many bytes.
    #[error("{0}")]
    TooMuch(String),
    /// Nothing is left to package.
    #[error("there is nothing to package in `{}`", .0.display())]
    Nothing(PathBuf),
    /// A pattern is malformed.
    #[error("the pattern `{pattern}` is malformed: {message}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        message: String,
    },
    /// Git's data could not be had.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A folder could not be walked.
    #[error("cannot read the folder: {0}")]
    Walk(String),
}

/// Reads candidates' bytes, for several threads.
pub struct Contents {
    blobs: Option<Blobs>,
}

impl Contents {
    /// A candidate's bytes: what git would commit, or the commit's own.
    ///
    /// Where a tracked file differs from its blob only in line endings that a checkout wrote as
    /// CR LF, the blob is what counts, so that `core.autocrlf` changes no package.
    pub fn read(&self, candidate: &Candidate) -> Result<Vec<u8>, SelectError> {
        let bytes = match (&candidate.origin, &self.blobs) {
            (Origin::File(path, _), _) if candidate.mode == FileMode::Link => link_target(path)?,
            (Origin::File(path, None), _) | (Origin::File(path, Some(_)), None) => {
                files::read(path, FILE_BYTES_MAX)?
            }
            (Origin::File(path, Some(blob)), Some(blobs)) => {
                let bytes = files::read(path, FILE_BYTES_MAX)?;
                undo_checkout_line_endings(bytes, |size| {
                    if blobs.size(*blob)? >= size {
                        return Ok(None);
                    }
                    blobs.read(*blob, FILE_BYTES_MAX).map(Some)
                })?
            }
            (Origin::Blob(blob), Some(blobs)) => blobs.read(*blob, FILE_BYTES_MAX)?,
            (Origin::Blob(_), None) => Vec::new(),
        };
        if candidate.mode == FileMode::Link {
            let target = String::from_utf8_lossy(&bytes);
            check_link(&candidate.path, &target).map_err(|fault| name_error(&candidate.path, fault))?;
        } else if is_lfs_pointer(&bytes) {
            return Err(SelectError::LfsPointer(candidate.path.clone()));
        }
        Ok(bytes)
    }
}

/// Chooses the files of a package.
pub fn select(repository: Option<&Repository>, request: &Request<'_>) -> Result<Selection, SelectError> {
    let filter = Filter::new(request)?;
    let (candidates, left_out) = match (repository, request.revision) {
        (Some(repository), Some(revision)) => from_commit(repository, revision, request, &filter)?,
        (Some(repository), None) => from_work_tree(repository, request, &filter)?,
        (None, _) => from_folder(request, &filter)?,
    };
    let mut selection = Selection {
        contents: Contents { blobs: repository.map(Repository::blobs) },
        candidates,
        left_out,
        source: None,
    };
    selection.candidates.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    selection.left_out.sort();
    check(&selection.candidates, request.folder)?;
    if let Some(repository) = repository {
        selection.source = source(repository, request, &selection)?;
    }
    Ok(selection)
}

/// The inventory that a package of the selection would have, without making one.
pub fn inventory(selection: &Selection, threads: Threads) -> Result<Vec<FileRecord>, SelectError> {
    let mut files = Vec::with_capacity(selection.candidates.len());
    let record = |candidate: &Candidate| {
        let bytes = selection.contents.read(candidate)?;
        let (path, mode) = (candidate.path.clone(), candidate.mode);
        Ok(FileRecord { path, mode, size: bytes.len() as u64, sha384: Sha384::of(&bytes) })
    };
    in_order(
        threads,
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
    revision: &str,
    request: &Request<'_>,
    filter: &Filter,
) -> Result<Chosen, SelectError> {
    let blobs = repository.blobs();
    let mut chosen = Chosen::default();
    for file in repository.committed(revision, &folder_in(repository, request.folder))? {
        if let Some(reason) = filter.leaves_out(&file.path) {
            chosen.1.push(LeftOut { path: file.path, reason });
            continue;
        }
        let mode = file.mode.ok_or_else(|| SelectError::Submodule(file.path.clone()))?;
        let size = blobs.size(file.blob)?;
        chosen.0.push(Candidate {
            path: file.path,
            mode,
            size,
            tracked: true,
            origin: Origin::Blob(file.blob),
        });
    }
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
    let walk = Walk { top: repository.top(), folder: request.folder, ignore: Ignore::ByGit };
    for found in walk.files()? {
        let (path, on_disk) = found;
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
    let walk = Walk { top: request.folder, folder: request.folder, ignore: Ignore::Nothing };
    for (path, on_disk) in walk.files()? {
        match filter.leaves_out(&path) {
            Some(reason) => chosen.1.push(LeftOut { path, reason }),
            None => chosen.0.push(loose_candidate(path, on_disk)?),
        }
    }
    Ok(chosen)
}

/// What `.gitignore` leaves out, for people: folders as one line each.
pub fn ignored(folder: &Path, selection: &Selection) -> Result<Vec<LeftOut>, SelectError> {
    let known: BTreeSet<&str> = selection
        .candidates
        .iter()
        .map(|candidate| candidate.path.as_str())
        .chain(selection.left_out.iter().map(|left| left.path.as_str()))
        .collect();
    let holds_known = |path: &str| {
        let below = format!("{path}/");
        known.range(below.as_str()..).next().is_some_and(|next| next.starts_with(&below))
    };
    let mut ignored: Vec<LeftOut> = Vec::new();
    let walk = Walk { top: folder, folder, ignore: Ignore::Nothing };
    for (path, _) in walk.files()? {
        if known.contains(path.as_str()) {
            continue;
        }
        let outermost =
            path.match_indices('/').map(|(end, _)| &path[..end]).find(|parent| !holds_known(parent));
        let line = outermost.map_or(path.clone(), |parent| format!("{parent}/"));
        if ignored.last().is_none_or(|last| last.path != line) {
            ignored.push(LeftOut { path: line, reason: "ignored by .gitignore" });
        }
    }
    Ok(ignored)
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
    // Where links cannot be made, git checks one out as a file that holds the target.
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

/// Names, links and limits, before anything is written.
fn check(candidates: &[Candidate], folder: &Path) -> Result<(), SelectError> {
    if candidates.is_empty() {
        return Err(SelectError::Nothing(folder.into()));
    }
    if candidates.len() > ENTRIES_MAX {
        return Err(SelectError::TooMuch(format!(
            "{} files, over the limit of {ENTRIES_MAX}",
            candidates.len()
        )));
    }
    let mut names = Collisions::default();
    let mut total = 0;
    for candidate in candidates {
        let Candidate { path, size, .. } = candidate;
        check_path(path).map_err(|fault| name_error(path, fault))?;
        names.add(path, candidate.mode).map_err(|(fault, other)| SelectError::Collision {
            path: path.clone(),
            fault,
            other,
        })?;
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
    Ok(())
}

fn name_error(path: &str, fault: NameFault) -> SelectError {
    SelectError::Name { path: path.into(), fault }
}

/// Where the files come from: the commit, and whether they differ from it.
fn source(
    repository: &Repository,
    request: &Request<'_>,
    selection: &Selection,
) -> Result<Option<Source>, SelectError> {
    let path = folder_in(repository, request.folder);
    let revision = request.revision.unwrap_or("HEAD");
    let Ok(commit) = repository.commit(revision) else {
        return Ok(None);
    };
    let dirty = request.revision.is_none() && is_dirty(repository, request, selection, &path)?;
    Ok(Some(Source { repository: repository.origin(), commit: commit.id, tree: commit.tree, path, dirty }))
}

fn is_dirty(
    repository: &Repository,
    request: &Request<'_>,
    selection: &Selection,
    folder: &str,
) -> Result<bool, SelectError> {
    if selection.candidates.iter().any(|candidate| !candidate.tracked) {
        return Ok(true);
    }
    let left_out: BTreeSet<&str> = selection
        .left_out
        .iter()
        .filter(|left| !left.reason.starts_with("deleted"))
        .map(|left| left.path.as_str())
        .collect();
    for (path, committed) in repository.changed_since("HEAD", folder)? {
        if left_out.contains(path.as_str()) {
            continue;
        }
        let Some(blob) = committed else {
            return Ok(true);
        };
        let blobs = repository.blobs();
        let on_disk = files::read_if_there(&request.folder.join(&path), FILE_BYTES_MAX)?;
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

/// The blob, where the file is the blob with CR LF for LF; the file as it is, everywhere else.
fn undo_checkout_line_endings(
    bytes: Vec<u8>,
    blob: impl FnOnce(u64) -> Result<Option<Vec<u8>>, GitError>,
) -> Result<Vec<u8>, SelectError> {
    if !bytes.windows(2).any(|pair| pair == b"\r\n") {
        return Ok(bytes);
    }
    let Some(blob) = blob(bytes.len() as u64)? else {
        return Ok(bytes);
    };
    let mut rest = bytes.as_slice();
    let same = blob.iter().all(|byte| {
        let skip = usize::from(*byte == b'\n' && rest.starts_with(b"\r\n"));
        let matches = rest.get(skip) == Some(byte);
        rest = rest.get(skip + 1..).unwrap_or_default();
        matches
    });
    Ok(if same && rest.is_empty() { blob } else { bytes })
}

/// Whether the bytes are a Git LFS pointer (Git LFS specification, "The Pointer").
fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.len() < 1024
        && bytes.starts_with(b"version https://git-lfs.github.com/spec/")
        && bytes.windows(11).any(|part| part == b"\noid sha256")
}

fn link_target(path: &Path) -> Result<Vec<u8>, SelectError> {
    let metadata = path.symlink_metadata().map_err(reading(path))?;
    if metadata.is_file() {
        return Ok(files::read(path, LINK_BYTES_MAX)?);
    }
    let target = std::fs::read_link(path).map_err(reading(path))?;
    Ok(target.to_string_lossy().into_owned().into_bytes())
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
fn folder_in(repository: &Repository, folder: &Path) -> String {
    let relative = folder.strip_prefix(repository.top()).unwrap_or(Path::new(""));
    relative.to_string_lossy().replace('\\', "/")
}

/// Include and exclude patterns, and the output folder.
struct Filter {
    include: Option<Gitignore>,
    exclude: Gitignore,
    output: Option<String>,
}

impl Filter {
    fn new(request: &Request<'_>) -> Result<Self, SelectError> {
        let output = request.output.strip_prefix(request.folder).ok();
        let output = output.map(|path| path.to_string_lossy().into_owned()).filter(|path| !path.is_empty());
        Ok(Self {
            include: if request.rules.include.is_empty() {
                None
            } else {
                Some(patterns(&request.rules.include)?)
            },
            exclude: patterns(&request.rules.exclude)?,
            output,
        })
    }

    /// Why a path stays out, if it does.
    fn leaves_out(&self, path: &str) -> Option<&'static str> {
        let below = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        if self.output.as_deref().is_some_and(below) {
            return Some("in the output folder");
        }
        let matched = |patterns: &Gitignore| patterns.matched_path_or_any_parents(path, false).is_ignore();
        if matched(&self.exclude) {
            return Some("excluded by `exclude`");
        }
        if self.include.as_ref().is_some_and(|include| !matched(include)) {
            return Some("not named by `include`");
        }
        None
    }
}

fn patterns(lines: &[String]) -> Result<Gitignore, SelectError> {
    let mut builder = GitignoreBuilder::new("");
    let fail = |pattern: &str, error: ignore::Error| SelectError::Pattern {
        pattern: pattern.into(),
        message: error.to_string(),
    };
    for line in lines {
        builder.add_line(None, line).map_err(|error| fail(line, error))?;
    }
    builder.build().map_err(|error| fail("", error))
}

enum Ignore {
    /// What git ignores by `.gitignore` files and `info/exclude`.
    ByGit,
    /// Only `.git` itself and other repositories.
    Nothing,
}

/// A walk over the files below a folder; rules of `.gitignore` count from the top.
struct Walk<'a> {
    top: &'a Path,
    folder: &'a Path,
    ignore: Ignore,
}

impl Walk<'_> {
    /// Files and links as paths relative to the folder, sorted, with their place on disk.
    fn files(&self) -> Result<Vec<(String, PathBuf)>, SelectError> {
        let by_git = matches!(self.ignore, Ignore::ByGit);
        let (top, folder) = (self.top.to_path_buf(), self.folder.to_path_buf());
        let walk = ignore::WalkBuilder::new(&top)
            .standard_filters(false)
            .git_ignore(by_git)
            .git_exclude(by_git)
            .require_git(false)
            .parents(false)
            .follow_links(false)
            .sort_by_file_name(std::ffi::OsStr::cmp)
            .filter_entry(move |entry| {
                let path = entry.path();
                let on_the_way = path.starts_with(&folder) || folder.starts_with(path);
                on_the_way && entry.file_name() != ".git" && (path == top || !is_repository(path))
            })
            .build();
        let mut files = Vec::new();
        for entry in walk {
            let entry = entry.map_err(|error| SelectError::Walk(error.to_string()))?;
            let Ok(relative) = entry.path().strip_prefix(self.folder) else {
                continue;
            };
            if entry.file_type().is_some_and(|kind| kind.is_dir()) || relative.as_os_str().is_empty() {
                continue;
            }
            let path =
                relative.to_str().ok_or_else(|| GitError::NotUtf8(relative.to_string_lossy().into()))?;
            files.push((slashes(path), entry.path().to_path_buf()));
        }
        Ok(files)
    }
}

fn is_repository(path: &Path) -> bool {
    path.join(".git").symlink_metadata().is_ok()
}

/// A path with `/` between its components, on systems that write something else.
fn slashes(path: &str) -> String {
    if std::path::MAIN_SEPARATOR == '/' { path.into() } else { path.replace(std::path::MAIN_SEPARATOR, "/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_checkout_did_to_line_endings_is_undone() {
        let undo = |bytes: &[u8], blob: &[u8]| {
            undo_checkout_line_endings(bytes.to_vec(), |_| Ok(Some(blob.to_vec()))).unwrap()
        };
        assert_eq!(undo(b"a\r\nb\r\n", b"a\nb\n"), b"a\nb\n");
        assert_eq!(undo(b"a\r\nb\r\n", b"a\r\nb\n"), b"a\r\nb\n");
        assert_eq!(undo(b"a\r\nc\r\n", b"a\nb\n"), b"a\r\nc\r\n");
        assert_eq!(undo(b"a\r\nb\r\nc", b"a\nb\n"), b"a\r\nb\r\nc");
        assert_eq!(undo(b"a\r\n", b"a\nb\n"), b"a\r\n");
    }

    #[test]
    fn a_pointer_is_told_from_a_file_about_pointers() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n";
        assert!(is_lfs_pointer(pointer));
        assert!(!is_lfs_pointer(b"version https://git-lfs.github.com/spec/v1 is the first line"));
    }
}
