//! Promised objects: those that a partial clone leaves at a remote, and git fetches when it needs them.
//!
//! Only `hook pre-push` fetches them: git already runs there, with the settings of the repository. A repository that is
//! only verified must run nothing, and its settings name programs, so `verify` and `package` name the missing object, and
//! so does a server's hook. What is fetched has the hash in its id, as every
//! object.

use std::collections::BTreeSet;

use git2::OdbLookupFlags;

use super::{BlobId, GitError, Repository, program};

impl Repository {
    /// From now on, blobs that a partial clone lacks are fetched from the remote that promised them.
    pub fn fetch_promised(&mut self) {
        let names = self.remotes().unwrap_or_default();
        let promises = |name: &String| {
            let setting = format!("remote.{name}.promisor");
            self.inner.config().and_then(|config| config.get_bool(&setting)).unwrap_or(false)
        };
        self.promised_at = names.into_iter().find(promises);
    }

    /// Fetches those of the blobs that are not here, at once, if that was asked for.
    pub fn obtain(&self, blobs: impl IntoIterator<Item = BlobId>) -> Result<(), GitError> {
        let Some(remote) = &self.promised_at else { return Ok(()) };
        let odb = self.inner.odb()?;
        let is_here = |blob: &BlobId| odb.exists_ext(blob.0, OdbLookupFlags::NO_REFRESH);
        let mut missing: BTreeSet<BlobId> = blobs.into_iter().filter(|blob| !is_here(blob)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        // Another thread or process may just have fetched some.
        odb.refresh()?;
        missing.retain(|blob| !is_here(blob));
        if missing.is_empty() {
            return Ok(());
        }
        program::fetch_objects(self, remote, &missing)
            .map_err(|error| GitError::Promised(Box::new(error)))?;
        Ok(odb.refresh()?)
    }
}
