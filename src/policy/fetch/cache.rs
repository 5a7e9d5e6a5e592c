//! The cache: the fetched policy of one source, in a folder of the user.
//!
//! ```text
//! ROOT/DIGEST/            the source, by a digest of its text
//!   repo.git/             the fetched repository
//!   COMMIT/               the policy directory of a commit that was trusted
//!   current               names that commit; written last, with one rename
//!   lock                  one fetch at a time
//!   .draft-…/             a policy that is being checked; one left by a killed process is ignored
//! ```

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::digest::Sha256;
use crate::document::DocumentError;
use crate::files::{self, Access, FileError, Lock, reading, writing};
use crate::git::source::Source;
use crate::policy::error::PolicyError;

/// Longest `current` read, in bytes: a commit id and a line feed, with room for longer ids.
const CURRENT_BYTES_MAX: u64 = 100;

const DRAFT: &str = ".draft-";

/// The folder for one source's policy.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache of a source, in the folder of all caches. Creates nothing yet.
    pub fn of(root: &Path, source: &Source) -> Self {
        let digest = Sha256::of(source.to_string().as_bytes()).to_string();
        Self { folder: root.join(&digest[..32]) }
    }

    /// Its folder, which does not change with fetches.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The policy directory that was fetched last, if there is one.
    pub fn current(&self) -> Result<Option<PathBuf>, PolicyError> {
        Ok(self.current_commit()?.map(|commit| self.extracted(&commit)))
    }

    pub(super) fn current_commit(&self) -> Result<Option<String>, PolicyError> {
        let path = self.folder.join("current");
        let Some(bytes) = files::read_if_exists(&path, CURRENT_BYTES_MAX)? else { return Ok(None) };
        let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        if !is_commit(&text) {
            return Err(DocumentError::new(&path, "it does not contain a commit id").into());
        }
        Ok(Some(text))
    }

    pub(super) fn repository(&self) -> PathBuf {
        self.folder.join("repo.git")
    }

    pub(super) fn extracted(&self, commit: &str) -> PathBuf {
        self.folder.join(commit)
    }

    /// Creates the folder, without a policy.
    pub fn make(&self) -> Result<(), FileError> {
        fs::create_dir_all(&self.folder).map_err(writing(&self.folder))
    }

    /// Takes the lock; waits while another process fetches into the folder.
    pub(super) fn lock(&self) -> Result<Lock, FileError> {
        self.make()?;
        let path = self.folder.join("lock");
        OpenOptions::new().append(true).create(true).open(&path).map_err(writing(&path))?;
        Lock::take(&path)
    }

    /// An empty folder that is removed when it is dropped.
    pub(super) fn draft(&self) -> Result<TempDir, FileError> {
        tempfile::Builder::new().prefix(DRAFT).tempdir_in(&self.folder).map_err(writing(&self.folder))
    }

    /// Makes a checked draft the current policy.
    pub(super) fn keep(&self, draft: TempDir, commit: &str) -> Result<(), FileError> {
        let place = self.extracted(commit);
        // A folder with its name is damaged, or left from an earlier run.
        let _aside = match place.symlink_metadata() {
            Ok(_) => {
                let aside = self.draft()?;
                fs::rename(&place, aside.path().join(commit)).map_err(writing(&place))?;
                Some(aside)
            }
            Err(_) => None,
        };
        fs::rename(draft.path(), &place).map_err(writing(&place))?;
        files::write(&self.folder.join("current"), format!("{commit}\n").as_bytes(), Access::Public)
    }

    /// Removes what earlier fetches left, except these commits, if possible.
    ///
    /// The previous commit stays: a running command may still read it.
    pub(super) fn clear(&self, kept: &[Option<&String>]) {
        let entries = fs::read_dir(&self.folder).map_err(reading(&self.folder));
        for entry in entries.into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let old = is_commit(&name) && !kept.contains(&Some(&name));
            if old || name.starts_with(DRAFT) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Whether a text is a full commit id, and so the name of a single folder.
fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
