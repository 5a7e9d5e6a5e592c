//! The walk: the files of a folder that are on disk, without those that git ignores and those of other
//! repositories.
//!
//! It reads the folder that is packaged, and of the folders above only their `.gitignore`. Paths are bytes: a
//! pattern can exclude a name that is not UTF-8.
//!
//! A folder that git ignores itself, such as `build/orders` below `build/`, can still be packaged: then only rules of
//! files in it and below count.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::SelectError;
use crate::files::reading;
use crate::git::ignore::{Folder, Ignore, IgnoreError};
use crate::git::nested;

/// What is on disk in a folder.
#[derive(Debug, Default)]
pub struct Found {
    /// Everything that is not a folder, and that git does not ignore.
    pub files: Vec<OnDisk>,
    /// The files and folders that git ignores; nothing below such a folder is listed.
    pub ignored: Vec<OnDisk>,
    /// The folders of other repositories, which git does not track. Nothing below them is listed.
    pub repositories: Vec<OnDisk>,
}

/// A file or a folder on disk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OnDisk {
    /// Its path relative to the folder that was walked, `/`-separated; any bytes. A folder's ends in `/`.
    pub path: Vec<u8>,
    /// Its path on disk.
    pub on_disk: PathBuf,
    /// Whether git ignores it, or a folder that it is in.
    pub is_ignored: bool,
}

impl OnDisk {
    /// The path for people; what is not UTF-8 in it is replaced.
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.path).into_owned()
    }
}

/// All files below a folder, except `.git` and other repositories.
pub fn everything(folder: &Path) -> Result<Found, SelectError> {
    walk(folder, None, &|_| false)
}

/// The files below a folder of the work tree that git does not ignore. `has_tracked` says whether git tracks a file
/// below a folder, by its path relative to the folder that is walked, with a `/` at its end: then it is not
/// another repository.
pub fn not_ignored(
    ignore: &Ignore,
    folder: &Path,
    has_tracked: &dyn Fn(&[u8]) -> bool,
) -> Result<Found, SelectError> {
    let below = bytes_of(folder.strip_prefix(ignore.top()).unwrap_or(Path::new("")));
    let rules = ignore.folder(&below)?;
    if !rules.is_ignored() {
        return walk(folder, Some(rules), has_tracked);
    }
    let mut found = walk(folder, Some(ignore.apart(&below)?), has_tracked)?;
    found.files.iter_mut().for_each(|file| file.is_ignored = true);
    Ok(found)
}

/// A folder that is still to be read. Its rules are read with it, so that those of its neighbors need no memory.
struct Open<'i> {
    path: Vec<u8>,
    on_disk: PathBuf,
    above: Option<Folder<'i>>,
}

impl<'i> Open<'i> {
    fn rules(&self) -> Result<Option<Folder<'i>>, IgnoreError> {
        match (&self.above, self.on_disk.file_name()) {
            (Some(above), Some(name)) if !self.path.is_empty() => {
                above.open(name.as_encoded_bytes()).map(Some)
            }
            (above, _) => Ok(above.clone()),
        }
    }
}

fn walk(
    folder: &Path,
    rules: Option<Folder<'_>>,
    has_tracked: &dyn Fn(&[u8]) -> bool,
) -> Result<Found, SelectError> {
    let mut found = Found::default();
    let mut open = vec![Open { path: Vec::new(), on_disk: folder.into(), above: rules }];
    while let Some(here) = open.pop() {
        let rules = here.rules()?;
        for entry in here.on_disk.read_dir().map_err(reading(&here.on_disk))? {
            let entry = entry.map_err(reading(&here.on_disk))?;
            let (name, on_disk) = (entry.file_name(), entry.path());
            // Git skips `.git` in the case of its own files; where case counts, `.GIT` is an ordinary name, which
            // no package can have.
            if name == ".git" {
                continue;
            }
            let is_folder = entry.file_type().map_err(reading(&on_disk))?.is_dir();
            let slash: &[u8] = if is_folder { b"/" } else { b"" };
            let path = [&here.path, name.as_encoded_bytes(), slash].concat();
            let each = OnDisk { path, on_disk, is_ignored: false };
            if rules.as_ref().map_or(Ok(false), |rules| rules.ignores(name.as_encoded_bytes(), is_folder))? {
                found.ignored.push(OnDisk { is_ignored: true, ..each });
            } else if !is_folder {
                found.files.push(each);
            } else if nested::is_repository(&each.on_disk) && !has_tracked(&each.path) {
                found.repositories.push(each);
            } else {
                open.push(Open { path: each.path, on_disk: each.on_disk, above: rules.clone() });
            }
        }
    }
    found.files.sort();
    found.ignored.sort();
    found.repositories.sort();
    Ok(found)
}

/// A path's bytes, `/`-separated.
fn bytes_of(path: &Path) -> Vec<u8> {
    path.iter().map(OsStr::as_encoded_bytes).collect::<Vec<_>>().join(&b'/')
}

impl From<IgnoreError> for SelectError {
    fn from(error: IgnoreError) -> Self {
        match error {
            IgnoreError::File(error) => Self::File(error),
            IgnoreError::Git(error) => Self::Git(error),
            IgnoreError::Rules { path, message } => Self::IgnoreFile { path, message },
            IgnoreError::Work { path, source } => Self::IgnoreFile { path, message: source.to_string() },
        }
    }
}
