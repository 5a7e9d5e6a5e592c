//! Selection: which files a package contains, where they are from, and what was left out and why.
//!
//! From a work tree: tracked files, and untracked files that no `.gitignore` excludes. From a commit: its
//! tree. Outside git: the whole folder. Then `include` and `exclude`, patterns in the form of `.gitignore`.
//! The user's global git settings have no effect.
//!
//! [`Look`] reads once what all items of a command need; [`select`] can be called from several threads.

mod check;
mod commit;
mod contents;
mod error;
mod filter;
mod ignored;
mod look;
mod notices;
mod outputs;
mod secrets;
mod walk;
mod work_tree;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::contents::{Contents, Known, Read};
pub use self::error::SelectError;
use self::filter::Filter;
pub use self::look::Look;
use self::look::Place;
use self::notices::CLUTTER;
pub use self::outputs::Outputs;
use self::outputs::{IN_OUTPUT, Seen};
use crate::files::FileError;
use crate::git::{BlobId, Commit, Folders, Repository};
use crate::inventory::{FileMode, FileRecord};
use crate::limits::PACK_WINDOW_BYTES;
use crate::parallel::{Threads, in_order};
use crate::provenance::{SelectionRecord, Source};
use crate::report::Finding;

/// What to package.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The folder to package.
    pub folder: &'a Path,
    /// Include and exclude patterns, and whether untracked files count.
    pub rules: &'a SelectionRecord,
    /// The workspace's own packages, which are not packaged.
    pub outputs: &'a Outputs,
    /// Paths in the folder that can be secrets.
    pub allow_secrets: &'a BTreeSet<String>,
}

/// The files of a package, sorted by path, and where they are from.
pub struct Selection {
    /// The files.
    pub candidates: Vec<Candidate>,
    /// How to read them.
    pub contents: Contents,
    /// What was left out, sorted by path.
    pub left_out: Vec<LeftOut>,
    /// What git ignores, and other repositories, sorted by path. Nothing below such a folder is listed.
    pub ignored: Vec<LeftOut>,
    /// Warnings about what is and is not in the package.
    pub findings: Vec<Finding>,
    /// The commit they come from, inside git; dirty if other files or modes than the commit's are selected. Ignored
    /// files that the commit lacks do not count.
    source: Option<Source>,
}

impl Selection {
    /// Whether git ignores some of the files, and the commit lacks them.
    pub fn has_ignored(&self) -> bool {
        self.candidates.iter().any(|each| each.in_commit() == Some(InCommit::Ignored))
    }

    /// The commit that the files come from, inside git. `is_committed` is whether every file that was read is
    /// the commit's ([`Read::is_committed`]).
    pub fn source(&self, is_committed: bool) -> Option<Source> {
        let source = self.source.clone()?;
        Some(Source { dirty: source.dirty || !is_committed, ..source })
    }
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
    /// Whether `allow_secrets` names it.
    is_allowed_secret: bool,
    origin: Origin,
}

impl Candidate {
    /// Whether git tracks it.
    fn is_tracked(&self) -> bool {
        match &self.origin {
            Origin::File { indexed, .. } => indexed.is_some(),
            Origin::Blob(_) => true,
            Origin::Other(_) => false,
        }
    }

    /// The blob of a commit that it is, if it is from a commit.
    pub fn blob(&self) -> Option<BlobId> {
        match self.origin {
            Origin::Blob(blob) => Some(blob),
            Origin::File { .. } | Origin::Other(_) => None,
        }
    }

    /// What the commit has for it, if it is from a work tree.
    fn in_commit(&self) -> Option<InCommit> {
        match self.origin {
            Origin::File { in_commit, .. } => Some(in_commit),
            Origin::Blob(_) | Origin::Other(_) => None,
        }
    }
}

#[derive(Debug, Clone)]
enum Origin {
    /// A file of the work tree.
    File {
        path: PathBuf,
        /// The blob that the index has for it.
        indexed: Option<BlobId>,
        /// What the commit has for it.
        in_commit: InCommit,
    },
    /// A blob of a commit.
    Blob(BlobId),
    /// Bytes from elsewhere.
    Other(Arc<dyn Content>),
}

/// What a commit has for a file of the work tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InCommit {
    /// This blob, with the same mode.
    Blob(BlobId),
    /// Nothing, or another mode.
    Differs,
    /// Nothing, and git ignores the file.
    Ignored,
}

/// Bytes that are neither in a work tree nor in git.
pub trait Content: fmt::Debug + Send + Sync {
    /// All bytes; of a link, its target.
    fn bytes(&self) -> Result<Vec<u8>, FileError>;
}

impl Candidate {
    /// A file whose bytes are from elsewhere. What another tool packaged is not refused for [`secret`]: no
    /// `countersign.toml` could allow it.
    pub fn with_content(path: String, mode: FileMode, size: u64, content: Arc<dyn Content>) -> Self {
        Self { path, mode, size, is_allowed_secret: true, origin: Origin::Other(content) }
    }
}

/// What a file is, if nobody means to sign and deploy it: a private key, a file with a token.
pub fn secret(path: &str, bytes: &[u8]) -> Option<&'static str> {
    secrets::of_name(path).or_else(|| secrets::of_content(path, bytes))
}

/// A file that was left out of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Its path in the folder.
    pub path: String,
    /// Why.
    pub reason: &'static str,
}

/// What one of the ways to select found.
#[derive(Default)]
struct Chosen {
    candidates: Vec<Candidate>,
    left_out: Vec<LeftOut>,
    /// What git ignores, and other repositories.
    ignored: Vec<LeftOut>,
    /// Whether the candidates have other paths or modes than the commit.
    differs: bool,
}

/// The rules for the paths of one request.
struct Rules<'r> {
    filter: Filter,
    outputs: Seen<'r>,
}

impl<'r> Rules<'r> {
    fn of(request: &Request<'r>) -> Result<Self, SelectError> {
        Ok(Self { filter: Filter::new(request)?, outputs: request.outputs.seen_from(request.folder) })
    }

    /// Why a tracked path is left out, if it is. Its path can be any bytes.
    fn leaves_out(&self, path: impl AsRef<[u8]>) -> Result<Option<&'static str>, SelectError> {
        let path = path.as_ref();
        match self.outputs.leaves_out(&String::from_utf8_lossy(path), true) {
            Some(reason) => Ok(Some(reason)),
            None => self.filter.leaves_out(path),
        }
    }

    /// What is left out for an untracked path, if it is, and why.
    fn leaves_out_untracked(&self, path: impl AsRef<[u8]>) -> Result<Option<LeftOut>, SelectError> {
        let bytes = path.as_ref();
        let path = String::from_utf8_lossy(bytes);
        if let Some(reason) = self.outputs.leaves_out(&path, false) {
            let folder = self.outputs.folder_of(&path).filter(|_| reason == IN_OUTPUT);
            return Ok(Some(LeftOut { path: folder.unwrap_or(&path).into(), reason }));
        }
        if let Some(reason) = self.filter.leaves_out(bytes)? {
            return Ok(Some(LeftOut { path: path.into(), reason }));
        }
        let clutter = secrets::clutter_of(&path);
        let shown = |clutter: &str| if clutter == path { clutter.into() } else { format!("{clutter}/") };
        Ok(clutter.map(|clutter| LeftOut { path: shown(clutter), reason: CLUTTER }))
    }
}

/// Selects the files of a package.
pub fn select(look: &Look, request: &Request<'_>) -> Result<Selection, SelectError> {
    let rules = Rules::of(request)?;
    let mut selection = match &look.0 {
        Place::Outside => checked(Contents::outside(), request, work_tree::choose_outside(request, &rules)?)?,
        Place::WorkTree(git, tree) => {
            check::check_links(&git.top, request.folder)?;
            let folder = folder_below(&git.top, request.folder);
            let chosen = work_tree::choose((git, tree), &folder, request, &rules)?;
            let source = tree.head.as_ref().map(|head| git.source(head, folder, chosen.differs));
            let contents = Contents::of(git.blobs.clone());
            Selection { source, ..checked(contents, request, chosen)? }
        }
        Place::Commit(git, commit) => {
            let folder = folder_below(&git.top, request.folder);
            let known = (&git.folders, &Known::default());
            let chosen = commit::choose(&git.blobs, (commit, &folder), &rules, known)?;
            let source = Some(git.source(commit, folder, false));
            Selection { source, ..checked(Contents::of(git.blobs.clone()), request, chosen)? }
        }
    };
    selection.findings = notices::findings(request, &rules, &selection)?;
    Ok(selection)
}

/// Selects the files of a package of a commit. Data in `known` is not read again.
pub fn select_of(
    repository: &Repository,
    commit: &Commit,
    request: &Request<'_>,
    known: &Known,
) -> Result<Selection, SelectError> {
    known.count_steps(0)?;
    let rules = Rules::of(request)?;
    let (blobs, folder) = (repository.blobs(), folder_in(repository, request.folder));
    let folders: &Folders = known.folders();
    let chosen = commit::choose(&blobs, (commit, &folder), &rules, (folders, known));
    known.count_steps(rules.filter.steps())?;
    let chosen = chosen?;
    checked(Contents::of(blobs.into()), request, chosen)
}

/// The files in order, if all of them can be packaged.
fn checked(
    contents: Contents,
    request: &Request<'_>,
    Chosen { mut candidates, mut left_out, mut ignored, .. }: Chosen,
) -> Result<Selection, SelectError> {
    candidates.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    if !request.allow_secrets.is_empty() {
        for each in &mut candidates {
            each.is_allowed_secret = request.allow_secrets.contains(&each.path);
        }
    }
    left_out.sort();
    left_out.dedup();
    ignored.sort();
    // Other repositories are listed there too.
    let count = ignored.iter().filter(|left| left.reason == ignored::IGNORED).count();
    check::check(&candidates, (request.folder, count))?;
    Ok(Selection { candidates, contents, left_out, ignored, findings: Vec::new(), source: None })
}

/// The files of a package that is not written.
#[derive(Debug, Default)]
pub struct Inventory {
    /// The files, sorted by path.
    pub files: Vec<FileRecord>,
    /// Whether every file is the commit's ([`Read::is_committed`]).
    pub is_committed: bool,
}

/// The inventory of the package that the selection would give, without writing it.
pub fn inventory(selection: &Selection, known: &Known, threads: Threads) -> Result<Inventory, SelectError> {
    let files = Vec::with_capacity(selection.candidates.len());
    let mut inventory = Inventory { files, is_committed: true };
    let record = |candidate: &Candidate| selection.contents.record(candidate, known);
    in_order(
        threads,
        PACK_WINDOW_BYTES,
        &selection.candidates,
        |candidate| candidate.size,
        record,
        |(file, is_committed)| {
            inventory.files.push(file);
            inventory.is_committed &= is_committed;
            Ok::<(), SelectError>(())
        },
    )?;
    Ok(inventory)
}

/// A folder's path relative to the repository's top; empty for the top itself.
pub fn folder_in(repository: &Repository, folder: &Path) -> String {
    folder_below(repository.top(), folder)
}

fn folder_below(top: &Path, folder: &Path) -> String {
    folder.strip_prefix(top).unwrap_or(Path::new("")).to_string_lossy().replace('\\', "/")
}
