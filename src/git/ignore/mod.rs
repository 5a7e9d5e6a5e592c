//! Ignored files: what git leaves out of a work tree, judged in this process.
//!
//! The answer is that of
//! `git ls-files -co --exclude-per-directory=.gitignore --exclude-from=<git directory>/info/exclude`, and the tests
//! compare it with git's:
//!
//! - For a path, the `.gitignore` of its folder decides before those of the folders above, and the `info/exclude`
//!   that all work trees share comes last. In a file, the last rule that matches decides.
//! - Everything below an ignored folder is ignored.
//! - Case counts, unless the repository's own configuration sets `core.ignorecase`.
//! - A `.gitignore` that is a symbolic link or a folder has no rules. One that a sparse checkout left out is read
//!   from the index.
//! - The user's and the system's configuration and excludes have no effect: a package must not depend on them.
//!
//! Limits bound the bytes and the patterns of each file, those of a folder with the folders above, and the steps of
//! the matcher.

mod class;
mod glob;
mod rule;
mod rules;
mod sparse;
mod work;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use git2::ConfigLevel;

pub use self::rule::{Place, Rule};
use self::rules::Rules;
pub use self::rules::pattern;
use self::sparse::Sparse;
pub use self::work::{Steps, TooMuchWork, Work};
use super::{GitError, Index, Repository};
use crate::files::{self, FileError};
use crate::limits::{
    IGNORE_BYTES_MAX, IGNORE_CACHED_BYTES_MAX, IGNORE_FILE_BYTES_MAX, IGNORE_STEPS_EACH, IGNORE_STEPS_FREE,
};
use crate::shown;

/// The name of a file with rules.
const FILE_NAME: &str = ".gitignore";

/// Whether capital and small letters of ASCII are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// They differ.
    Exact,
    /// They are the same, as with `core.ignorecase`.
    Folded,
}

/// A byte, in lower case if case is ignored.
fn lower(byte: u8, case: Case) -> u8 {
    if case == Case::Folded { byte.to_ascii_lowercase() } else { byte }
}

/// Why it is not known what git ignores.
#[derive(Debug, thiserror::Error)]
pub enum IgnoreError {
    /// A file with rules cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file with rules is over a limit.
    #[error("cannot use `{}`: {message}", shown::path(path))]
    Rules {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The matcher takes too many steps.
    #[error("cannot use the `.gitignore` files for `{}`: {source}", shown::path(path))]
    Work {
        /// The path that was judged.
        path: PathBuf,
        /// Why.
        source: TooMuchWork,
    },
    /// Git's data cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// What git ignores in a work tree, for several threads.
pub struct Ignore {
    top: PathBuf,
    case: Case,
    exclude: Rules,
    sparse: Sparse,
    /// The rules of folders that were asked about, and of those above, by path.
    known: Mutex<BTreeMap<Vec<u8>, Arc<Level>>>,
    work: Work,
}

/// A folder of the work tree, with the rules of its files.
#[derive(Clone)]
pub struct Folder<'i> {
    ignore: &'i Ignore,
    level: Arc<Level>,
}

struct Level {
    above: Option<Arc<Level>>,
    /// The folder's path with a `/` at its end; empty for the top.
    path: Vec<u8>,
    rules: Rules,
    is_ignored: bool,
    /// The bytes of rules here and above.
    bytes: u64,
}

impl Ignore {
    /// The rules of a repository with this index.
    pub fn of(repository: &Repository, index: &Index) -> Result<Self, IgnoreError> {
        let case = case_of(repository)?;
        let path = repository.common_dir().join("info").join("exclude");
        let exclude = files::read_if_exists(&path, IGNORE_FILE_BYTES_MAX)?.unwrap_or_default();
        let exclude = read(&exclude, case, &path)?;
        Ok(Self {
            top: repository.top().into(),
            case,
            exclude,
            sparse: Sparse::of(repository, index),
            known: Mutex::default(),
            work: Work::new(IGNORE_STEPS_FREE, IGNORE_STEPS_EACH),
        })
    }

    /// The top of the work tree.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// A folder, by its path relative to the top, `/`-separated; empty for the top.
    pub fn folder(&self, path: &[u8]) -> Result<Folder<'_>, IgnoreError> {
        let known =
            |path: &[u8]| self.known.lock().unwrap_or_else(PoisonError::into_inner).get(path).map(Arc::clone);
        if let Some(level) = known(path) {
            return Ok(Folder { ignore: self, level });
        }
        let folder = match path.iter().rposition(|byte| *byte == b'/') {
            _ if path.is_empty() => {
                Folder { ignore: self, level: Arc::new(self.level(None, Vec::new(), false)?) }
            }
            None => self.folder(b"")?.find(path)?,
            Some(slash) => self.folder(&path[..slash])?.find(&path[slash + 1..])?,
        };
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if all.values().map(|level| level.own_bytes()).sum::<u64>() > IGNORE_CACHED_BYTES_MAX {
            all.clear();
        }
        all.insert(path.into(), Arc::clone(&folder.level));
        Ok(folder)
    }

    /// A folder as if it were the top of the work tree: only files in it and below have rules.
    pub fn apart(&self, path: &[u8]) -> Result<Folder<'_>, IgnoreError> {
        let path = if path.is_empty() { Vec::new() } else { [path, b"/"].concat() };
        Ok(Folder { ignore: self, level: Arc::new(self.level(None, path, false)?) })
    }

    fn level(
        &self,
        above: Option<Arc<Level>>,
        path: Vec<u8>,
        is_ignored: bool,
    ) -> Result<Level, IgnoreError> {
        let so_far = above.as_ref().map_or(0, |above| above.bytes);
        if is_ignored {
            return Ok(Level { above, path, rules: Rules::default(), is_ignored, bytes: so_far });
        }
        let file = on_disk(&self.top, &path).join(FILE_NAME);
        let own = match read_rules(&file)? {
            Some(own) => own,
            None => self.sparse.read(&path)?.unwrap_or_default(),
        };
        let bytes = so_far + own.len() as u64;
        if bytes > IGNORE_BYTES_MAX {
            let message =
                format!("with those of the folders above, it has more than {IGNORE_BYTES_MAX} bytes");
            return Err(IgnoreError::Rules { path: file, message });
        }
        let rules = read(&own, self.case, &file)?;
        Ok(Level { above, path, rules, is_ignored, bytes })
    }
}

impl Level {
    fn own_bytes(&self) -> u64 {
        self.bytes - self.above.as_ref().map_or(0, |above| above.bytes)
    }
}

impl<'i> Folder<'i> {
    /// Whether git ignores the folder itself.
    pub fn is_ignored(&self) -> bool {
        self.level.is_ignored
    }

    /// Whether git ignores a name in the folder.
    pub fn ignores(&self, name: &[u8], is_folder: bool) -> Result<bool, IgnoreError> {
        if self.level.is_ignored {
            return Ok(true);
        }
        let (ignore, path) = (self.ignore, [&self.level.path, name].concat());
        let decided = ignore.work.on_a_path(|steps| {
            let mut level = Some(&self.level);
            let mut top = 0;
            while let Some(here) = level {
                let place = Place { path: &path[here.path.len()..], is_folder };
                if let Some(decided) = here.rules.decide(place, ignore.case, steps)? {
                    return Ok(decided);
                }
                (level, top) = (here.above.as_ref(), here.path.len());
            }
            // `info/exclude` is relative to the top, and has no say in a folder that stands apart.
            if top > 0 {
                return Ok(false);
            }
            let place = Place { path: &path, is_folder };
            Ok(ignore.exclude.decide(place, ignore.case, steps)?.unwrap_or(false))
        });
        decided.map_err(|source| IgnoreError::Work { path: on_disk(&ignore.top, &path), source })
    }

    /// A folder in the folder that git does not ignore.
    pub fn open(&self, name: &[u8]) -> Result<Self, IgnoreError> {
        self.enter(name, false)
    }

    fn find(&self, name: &[u8]) -> Result<Self, IgnoreError> {
        self.enter(name, self.ignores(name, true)?)
    }

    fn enter(&self, name: &[u8], is_ignored: bool) -> Result<Self, IgnoreError> {
        let path = [&self.level.path, name, b"/"].concat();
        let level = self.ignore.level(Some(Arc::clone(&self.level)), path, is_ignored)?;
        Ok(Self { ignore: self.ignore, level: Arc::new(level) })
    }
}

/// Reads a file of rules; `None` if it does not exist, or is a folder or a symbolic link.
fn read_rules(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() || found.is_dir() => Ok(None),
        _ => files::read_if_exists(path, IGNORE_FILE_BYTES_MAX),
    }
}

fn read(bytes: &[u8], case: Case, path: &Path) -> Result<Rules, IgnoreError> {
    Rules::read(bytes, case).map_err(|message| IgnoreError::Rules { path: path.into(), message })
}

/// `core.ignorecase` of the repository's own configuration.
fn case_of(repository: &Repository) -> Result<Case, GitError> {
    let config = repository.inner.config()?;
    let own = [ConfigLevel::Worktree, ConfigLevel::Local].into_iter();
    let set = own.filter_map(|level| config.open_level(level).ok()?.get_bool("core.ignorecase").ok()).next();
    Ok(if set == Some(true) { Case::Folded } else { Case::Exact })
}

/// A path of the work tree on disk.
#[cfg(unix)]
fn on_disk(top: &Path, path: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    top.join(std::ffi::OsStr::from_bytes(path))
}

/// A path of the work tree on disk.
#[cfg(not(unix))]
fn on_disk(top: &Path, path: &[u8]) -> PathBuf {
    top.join(String::from_utf8_lossy(path).as_ref())
}
