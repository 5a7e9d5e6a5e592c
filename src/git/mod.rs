//! Git: tracked files, the content of commits, and git's settings.
//!
//! Most of it uses libgit2, which runs no hook, filter, pager or other program of the repository; only remote
//! repositories are read with the `git` program ([`program`]). Trees, commits and tags are untrusted: libgit2
//! only returns their bytes, and `tree` and `object` parse them.

pub mod bare;
mod blob;
pub mod branch;
pub mod commit;
mod commits;
mod dotgit;
mod format;
mod handles;
mod history;
pub mod hooks;
pub mod ignore;
mod index;
mod links;
pub mod nested;
pub mod notes;
mod object;
pub mod program;
mod promised;
mod setting;
pub mod source;
mod tracked;
mod tree;
mod walk;

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use git2::{ErrorClass, ErrorCode, Oid};

pub use self::commits::Commit;
pub use self::handles::{Blobs, Handles};
pub use self::history::{Ancestors, History};
use self::program::ProgramError;
pub use self::tracked::{Index, Tracked};
pub use self::walk::Folders;
use crate::files::FileError;
use crate::hint::Hint;
use crate::inventory::FileMode;
use crate::limits::{
    HISTORY_COMMITS_MAX, PUSHED_STEPS_MAX, REF_FILES_MAX, SEARCHED_NOTES_BYTES_MAX, SYMBOLIC_REFS_MAX,
};
use crate::shown;

/// Why git's data cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The repository belongs to another user.
    #[error("the repository at `{}` belongs to another user", .0.display())]
    Owner(PathBuf),
    /// The repository uses a storage format that is not supported.
    #[error("cannot read the repository at `{}`: {fault}", shown::path(path))]
    Unsupported {
        /// The path of the repository.
        path: PathBuf,
        /// What is not supported.
        fault: String,
        /// How to get a repository, or a folder, that is.
        way: Option<String>,
    },
    /// The index cannot be read.
    #[error("cannot read `{}`: {fault}", shown::path(path))]
    Index {
        /// The index.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// An object is not in the clone.
    #[error("{}object {id} is not in this clone", path.as_ref().map(|path| format!("`{}`: ", shown::name(path))).unwrap_or_default())]
    Missing {
        /// The object.
        id: String,
        /// The file that it is, if that is known.
        path: Option<String>,
    },
    /// An object of a partial clone cannot be fetched.
    #[error(transparent)]
    Promised(Box<ProgramError>),
    /// The configuration cannot be written.
    #[error(transparent)]
    Settings(#[from] FileError),
    /// A revision does not name a commit.
    #[error("`{0}` is not a commit of this repository")]
    Revision(String),
    /// The index has a merge that is not resolved.
    #[error("`{0}` has an unresolved merge conflict")]
    Conflict(String),
    /// An object is not as git writes it, so two readers could see different files.
    #[error(transparent)]
    Object(#[from] ObjectFault),
    /// The trees of a commit contain one another so often that they name more files than they store.
    #[error(
        "the commit's folders contain one another and expand to more than {names} names, of which {stored} are stored"
    )]
    Unfolds {
        /// How many names were counted.
        names: u64,
        /// How many of them are stored.
        stored: u64,
    },
    /// A path is longer than any system allows.
    #[error("the commit has a path that is too long: {0:?}")]
    PathTooLong(String),
    /// A shallow clone lacks the data.
    #[error("{0}")]
    Shallow(String),
    /// A file of the repository changes which commits are parents.
    #[error("`{}` changes which commits are parents, so `{revision}` is ambiguous", path.display())]
    Grafts {
        /// The file.
        path: PathBuf,
        /// The revision.
        revision: String,
    },
    /// A path is not UTF-8.
    #[error("the path {0:?} is not UTF-8")]
    NotUtf8(String),
    /// A blob is larger than the largest file that can be packaged.
    #[error("the blob {oid} has {size} bytes, over the limit of {limit}")]
    BlobTooLarge {
        /// The blob.
        oid: String,
        /// Its size in bytes.
        size: u64,
        /// The most bytes read.
        limit: u64,
    },
    /// The note of a commit is too large.
    #[error("the note of commit {commit} has {size} bytes, over the limit of {limit}")]
    NoteTooLarge {
        /// The commit.
        commit: String,
        /// The size in bytes.
        size: u64,
        /// The most bytes kept or read.
        limit: u64,
    },
    /// Too many commits have a note.
    #[error("more than {0} commits have a note")]
    TooManyNotes(usize),
    /// The notes ref names something else.
    #[error("`refs/notes/countersign` leads to {0}, which is not a commit of notes")]
    NoNotes(String),
    /// The notes cannot be locked for a change.
    #[error("cannot change the notes of the repository: {0}")]
    Notes(String),
    /// A ref is a symbolic link in the file system.
    #[error(
        "`{reference}` is a symbolic link to `{target}` in the file system, so a push to one ref can \
        change the other unverified; {way}"
    )]
    LinkedRef {
        /// The ref, or a folder of refs.
        reference: String,
        /// The target of the link.
        target: String,
        /// How to replace the link.
        way: String,
    },
    /// There are too many files below `refs/`.
    #[error("the repository has more than {REF_FILES_MAX} files and folders below `refs/`")]
    TooManyRefFiles,
    /// The refs folder cannot be read.
    #[error("cannot list the refs in `{}`: {message}", path.display())]
    Refs {
        /// The folder.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The commits of a push have too much history.
    #[error(
        "finding manifests for the commits of the push takes more than {HISTORY_COMMITS_MAX} commits, \
        {PUSHED_STEPS_MAX} steps through their history, or {SEARCHED_NOTES_BYTES_MAX} bytes of manifests"
    )]
    TooMuchToSearch,
    /// A lock file of git exists.
    #[error(
        "`{0}` exists: another git process is running, or one was interrupted; if none is running, remove `{0}` and run the command again"
    )]
    Locked(String),
    /// A file that anyone with commit access can change could set a value that decides whom to trust.
    #[error(
        "cannot use `git config {name}`: git's configuration includes `{}`, which is in the work tree",
        shown::path(file)
    )]
    Included {
        /// The setting.
        name: String,
        /// The file in the work tree.
        file: PathBuf,
    },
    /// Any other error of libgit2.
    #[error("git: {}", .0.message())]
    Other(#[source] git2::Error),
}

impl From<git2::Error> for GitError {
    fn from(error: git2::Error) -> Self {
        if let Some(id) = missing_of(&error) {
            return Self::Missing { id, path: None };
        }
        lock_of(&error).map_or(Self::Other(error), Self::Locked)
    }
}

impl GitError {
    /// Names the file that a missing object is.
    pub fn at(self, path: &str) -> Self {
        match self {
            Self::Missing { id, path: None } => Self::Missing { id, path: Some(path.into()) },
            other => other,
        }
    }
}

/// The id in `object not found - no match for id (ID)`, and in `… - cannot read header for (ID)`.
fn missing_of(error: &git2::Error) -> Option<String> {
    let is_missing = error.code() == ErrorCode::NotFound && error.class() == ErrorClass::Odb;
    let (_, id) = error.message().rsplit_once('(').filter(|_| is_missing)?;
    Some(id.trim_end_matches(')').to_owned())
}

/// The path in `failed to lock file 'PATH' for writing`.
fn lock_of(error: &git2::Error) -> Option<String> {
    let is_locked = error.code() == git2::ErrorCode::Locked;
    let (_, path) = error.message().split_once("file '").filter(|_| is_locked)?;
    Some(path.rsplit_once("' for writing")?.0.to_owned())
}

impl Hint for GitError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Owner(_) => {
                "if you trust its content, run `git config --global --add safe.directory <path>`"
            }
            Self::Revision(_) => {
                "fetch it, such as with `git fetch origin <branch>`, or list what exists with `git log --oneline --all`"
            }
            Self::Settings(error) => return error.hint(),
            Self::Promised(error) => return error.hint(),
            Self::Unsupported { way, .. } => return way.clone().map(Cow::Owned),
            Self::Index { .. } => {
                "list the cause with `git status`; to write the index again: `rm .git/index` and `git reset`"
            }
            Self::Missing { .. } => {
                "a partial clone fetches objects when git needs them: fetch those of a commit with `git archive COMMIT \
                 >/dev/null`, or all of them with `git fetch --refetch --no-filter`"
            }
            Self::NoNotes(_) => "ask a user who has the notes to push them again",
            Self::Object(_) => {
                "list such objects with `git fsck --strict`, and commit the files again with git"
            }
            Self::Unfolds { .. } | Self::PathTooLong(_) => {
                "remove the folders that the commit contains many times, and commit again"
            }
            Self::Shallow(_) => {
                "fetch the history with `git fetch --unshallow --tags`, or part of it with `git fetch --deepen=100`"
            }
            Self::Included { .. } => {
                "remove the include (`git config --show-origin --get-all include.path`), and set the value with `git config` in the repository"
            }
            Self::TooManyRefFiles => "pack the refs: git pack-refs --all",
            Self::LinkedRef { .. } => "ask the owner of the server to replace the link",
            Self::TooMuchToSearch => "push fewer refs at a time",
            Self::Grafts { .. } => "pass the id of the commit, or remove the file",
            _ => return None,
        };
        Some(hint.into())
    }
}

/// What is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {id} {fault}")]
pub struct ObjectFault {
    kind: &'static str,
    id: String,
    fault: String,
}

/// A repository with a work tree, found from a folder inside it, or the one that a hook runs in.
pub struct Repository {
    inner: git2::Repository,
    top: PathBuf,
    /// The folder where the search started, which can be below the top.
    place: PathBuf,
    way: Way,
    /// The remote from which blobs that are missing are fetched, if they are.
    promised_at: Option<String>,
}

/// How a repository was opened, to open it again for another thread.
#[derive(Debug, Clone)]
enum Way {
    /// By its git directory.
    Directory(PathBuf),
    /// From git's environment variables.
    Variables,
}

impl Way {
    fn open(&self) -> Result<git2::Repository, git2::Error> {
        // libgit2's default; set here because this code depends on it: an object's bytes must have the hash
        // in its id.
        git2::opts::strict_hash_verification(true);
        match self {
            Self::Directory(path) => git2::Repository::open(path),
            Self::Variables => git2::Repository::open_from_env(),
        }
    }
}

/// A file of a commit.
#[derive(Debug, Clone)]
pub struct GitFile {
    /// Its path relative to the folder asked about, `/`-separated. What is not UTF-8 in it is replaced.
    pub path: String,
    /// Whether the path is UTF-8.
    pub is_utf8: bool,
    /// Its mode; `None` for a submodule.
    pub mode: Option<FileMode>,
    /// The blob.
    pub blob: BlobId,
}

/// The id of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlobId(Oid);

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Repository {
    /// The repository that a folder belongs to, if any.
    ///
    /// Only a `.git` in the folder or above it counts. In an untrusted tree, a git directory can be planted
    /// as plain files under any other name, with settings that choose the root.
    pub fn find(folder: &Path) -> Result<Option<Self>, GitError> {
        let has_git = |folder: &&Path| folder.join(".git").symlink_metadata().is_ok();
        let Some(place) = folder.ancestors().find(has_git) else { return Ok(None) };
        let inner = match Way::Directory(place.into()).open() {
            Ok(inner) => inner,
            Err(error) => return Err(Self::unreadable(place, &error)),
        };
        let Some(top) = inner.workdir().map(Path::to_path_buf) else { return Ok(None) };
        let top = top.canonicalize().unwrap_or(top);
        let way = Way::Directory(inner.path().into());
        let place = place.canonicalize().unwrap_or_else(|_| place.to_path_buf());
        Ok(Some(Self { inner, top, place, way, promised_at: None }))
    }

    /// The repository in git's environment variables, as git sets them for a hook. The objects of the push
    /// are readable, although they are in quarantine until the hook succeeds.
    pub fn from_variables() -> Result<Self, GitError> {
        let inner = Way::Variables.open().map_err(|error| Self::unreadable(Path::new("."), &error))?;
        let top = inner.workdir().unwrap_or(inner.path()).to_path_buf();
        let top = top.canonicalize().unwrap_or(top);
        let place = Path::new(".").canonicalize().unwrap_or_else(|_| top.clone());
        Ok(Self { inner, top, place, way: Way::Variables, promised_at: None })
    }

    fn unreadable(folder: &Path, error: &git2::Error) -> GitError {
        match error.code() {
            ErrorCode::Owner => GitError::Owner(folder.into()),
            _ => format::unsupported(folder, error.message()),
        }
    }

    /// The top folder of the work tree; without one, the git directory, which stands for the top of every
    /// commit.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The git directory that all work trees of the repository share.
    pub fn common_dir(&self) -> &Path {
        self.inner.commondir()
    }

    /// The URL of the remote `origin`, without user name and password.
    pub fn origin(&self) -> Option<String> {
        let remote = self.inner.find_remote("origin").ok()?;
        remote.url().ok().map(without_credentials)
    }

    /// The symbolic refs of the repository, each with the refs that it leads to: a push to one changes them
    /// all.
    pub fn aliases(&self) -> Result<Vec<Vec<String>>, GitError> {
        let mut aliases = Vec::new();
        for reference in self.inner.references()? {
            let mut reference = reference?;
            let mut names = vec![String::from_utf8_lossy(reference.name_bytes()).into_owned()];
            // A push creates the target of a dangling ref, so its name counts too.
            while let Some(target) = reference.symbolic_target_bytes() {
                let target = String::from_utf8_lossy(target).into_owned();
                if names.len() > SYMBOLIC_REFS_MAX {
                    break;
                }
                let next = self.inner.find_reference(&target);
                names.push(target);
                let Ok(next) = next else { break };
                reference = next;
            }
            if names.len() > 1 {
                aliases.push(names);
            }
        }
        Ok(aliases)
    }

    /// The same repository for several threads.
    pub fn handles(&self) -> Handles {
        Handles::new(self.way.clone(), self.top.clone(), self.promised_at.clone())
    }

    /// A reader of blobs for several threads.
    pub fn blobs(&self) -> Blobs {
        Blobs::new(self.handles())
    }

    /// A blob's size in bytes.
    fn blob_size(&self, blob: BlobId) -> Result<u64, GitError> {
        self.obtain([blob])?;
        let (size, kind) = self.inner.odb()?.read_header(blob.0)?;
        if kind != git2::ObjectType::Blob {
            let fault = format!("is a {kind}, expected a file");
            return Err(ObjectFault { kind: "object", id: blob.0.to_string(), fault }.into());
        }
        Ok(size as u64)
    }

    /// A blob's bytes, at most `limit`.
    fn blob(&self, blob: BlobId, limit: u64) -> Result<Vec<u8>, GitError> {
        self.lend(blob, limit, <[u8]>::to_vec)
    }

    /// Passes a blob's bytes, at most `limit`, to `to` without a copy.
    fn lend<T>(&self, blob: BlobId, limit: u64, to: impl FnOnce(&[u8]) -> T) -> Result<T, GitError> {
        let size = self.blob_size(blob)?;
        if size > limit {
            return Err(GitError::BlobTooLarge { oid: blob.0.to_string(), size, limit });
        }
        Ok(to(self.inner.find_blob(blob.0)?.content()))
    }
}

/// A URL without the part before `@` in its authority, which can be a password.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.into();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_url_holds_no_password() {
        for (url, clean) in [
            ("https://ci:token@example.com/a.git", "https://example.com/a.git"),
            ("https://example.com/a@b.git", "https://example.com/a@b.git"),
            ("git@example.com:a.git", "git@example.com:a.git"),
        ] {
            assert_eq!(without_credentials(url), clean);
        }
    }
}
