//! The sealed files: every file of a policy directory that is covered by its seal, with the sealed bytes.
//!
//! A copy of a policy consists of these. Signed revocations need no seal, and copies of other accounts have
//! their own seals: the caller adds those.

use std::path::{Path, PathBuf};

use super::documents::{self, Kind};
use super::error::PolicyError;
use super::objects::Objects;
use super::store::{Location, Policy};
use super::{root, snapshot};
use crate::digest::Sha384;
use crate::files::{self, FileError};
use crate::ledger;
use crate::limits::{LEDGER_BYTES_MAX, REVOCATIONS_BYTES_MAX, ROOT_BYTES_MAX, SNAPSHOT_BYTES_MAX};
use crate::name::JobId;
use crate::revocation::signed;
use crate::time::Timestamp;

/// Which of the objects a copy includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Only the index, for a copy that is only read.
    Index,
    /// The documents too, for a copy that will be sealed again, which compares with the sealed documents.
    All,
}

/// Visits every file by its path in the policy directory: roots, snapshot, documents, objects.
///
/// Each is compared with the seal as it is read.
pub fn visit(
    policy: &Policy,
    which: Which,
    mut visit: impl FnMut(String, Vec<u8>) -> Result<(), PolicyError>,
) -> Result<(), PolicyError> {
    let (directory, read) = (policy.directory(), files::read);
    for version in 1..=policy.root().version() {
        visit(format!("roots/{version}.json"), read(&root::path(directory, version), ROOT_BYTES_MAX)?)?;
    }
    visit("snapshot.json".into(), read(&snapshot::path(directory), SNAPSHOT_BYTES_MAX)?)?;
    let mut digests = policy.index().objects()?;
    for document in &policy.snapshot().documents {
        let is_ledger = document.path == ledger::FILE_NAME;
        let limit = Kind::of(&document.path).map_or(LEDGER_BYTES_MAX, Kind::limit);
        let mut bytes = read(&directory.join(&document.path), limit)?;
        if is_ledger {
            bytes.truncate(usize::try_from(document.size).unwrap_or(usize::MAX));
        } else if which == Which::All {
            digests.push(document.sha384);
        }
        if bytes.len() as u64 != document.size || Sha384::of(&bytes) != document.sha384 {
            let paths = vec![document.path.clone()];
            return Err(PolicyError::Unsealed { directory: directory.into(), paths });
        }
        visit(document.path.clone(), bytes)?;
    }
    let objects = Objects::of(directory);
    for digest in digests {
        let text = digest.to_string();
        let bytes = objects.need(&digest, REVOCATIONS_BYTES_MAX)?;
        visit(format!("objects/{}/{}", &text[..2], &text[2..]), bytes)?;
    }
    Ok(())
}

/// The signed revocations in a policy directory that verification reads, each with its job.
///
/// Links are not followed, since their targets are not signed by the account.
pub fn revocations(directory: &Path) -> Result<Vec<(JobId, PathBuf)>, FileError> {
    let folder = directory.join(signed::FOLDER);
    let kind = |path: &Path| path.symlink_metadata().ok().map(|metadata| metadata.file_type());
    if !kind(&folder).is_some_and(|kind| kind.is_dir()) {
        return Ok(Vec::new());
    }
    let found = |name: String| Some((signed::job_of(&name)?, folder.join(name)));
    let found = files::names_in(&folder)?.into_iter().filter_map(found);
    Ok(found.filter(|(_, path)| kind(path).is_some_and(|kind| kind.is_file())).collect())
}

/// Opens a policy whose documents and index must all be present and intact; the state is not remembered.
pub fn open(location: &Location, now: Timestamp) -> Result<Policy, PolicyError> {
    let policy = Policy::open(location, now)?;
    let changes = documents::changes(policy.directory(), policy.snapshot())?;
    if !changes.is_empty() {
        return Err(documents::unsealed(policy.directory(), changes));
    }
    policy.check_index()?;
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::policy::sample::{Sample, at};

    const NOW: &str = "2026-03-01T00:00:00Z";
    const JOB: &str = "3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10";

    /// A policy that revokes an artifact, so that it has an index.
    fn sample() -> Sample {
        let text = format!(
            "revision = 2\n[[artifact]]\nsha384 = '{}'\nrevoked_at = '2026-01-15T00:00:00Z'\n\
            reason_code = 'superseded'\nreason = 'old'\n",
            Sha384::of(b"artifact")
        );
        Sample::new(&[("revocations.toml", &text)])
    }

    fn visited(policy: &Policy, which: Which) -> Result<BTreeMap<String, Vec<u8>>, PolicyError> {
        let mut found = BTreeMap::new();
        visit(policy, which, |path, bytes| {
            found.insert(path, bytes);
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn every_file_that_counts_is_visited_as_it_is_in_the_directory() {
        let sample = sample();
        sample.write("csc/unsealed.toml", "");
        let policy = sample.open(NOW).unwrap();
        let index = visited(&policy, Which::Index).unwrap();
        let all = visited(&policy, Which::All).unwrap();
        for (path, bytes) in index.iter().chain(&all) {
            assert_eq!(&std::fs::read(sample.directory().join(path)).unwrap(), bytes, "{path}");
        }
        let documents: Vec<&str> =
            all.keys().map(String::as_str).filter(|path| !path.starts_with("objects/")).collect();
        assert_eq!(documents, ["functions.toml", "revocations.toml", "roots/1.json", "snapshot.json"]);
        // The table and its pages; and of the documents one each.
        let pages = policy.index().objects().unwrap().into_iter().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(index.len(), documents.len() + pages.len());
        assert_eq!(all.len(), index.len() + 2);
    }

    #[test]
    fn a_document_that_is_not_as_it_was_sealed_is_not_visited() {
        let sample = sample();
        let policy = sample.open(NOW).unwrap();
        for text in ["revision = 2\nprotected_refs = []\n", "revision = 1\nprotected_refs = []\n\n"] {
            sample.write("functions.toml", text);
            let error = visited(&policy, Which::Index).unwrap_err();
            assert!(matches!(&error, PolicyError::Unsealed { paths, .. } if paths == &["functions.toml"]));
        }
    }

    #[test]
    fn a_policy_is_whole_with_every_document_and_all_of_the_index() {
        let sample = sample();
        let opened = || open(&sample.location(), at(NOW));
        assert!(opened().is_ok() && !sample.state().exists());
        sample.write("csc/unsealed.toml", "");
        let error = opened().unwrap_err();
        assert!(matches!(&error, PolicyError::Unsealed { paths, .. } if paths == &["csc/unsealed.toml"]));
        std::fs::remove_file(sample.directory().join("csc/unsealed.toml")).unwrap();
        std::fs::remove_dir_all(sample.directory().join("objects")).unwrap();
        assert!(matches!(opened(), Err(PolicyError::ObjectMissing(_))));
    }

    #[test]
    #[cfg(unix)]
    fn signed_revocations_are_files_of_the_directory_and_no_links() {
        use std::os::unix::fs::symlink;
        let sample = sample();
        let directory = sample.directory();
        assert!(revocations(&directory).unwrap().is_empty());
        sample.write(&format!("revocations/{JOB}.json"), "{}");
        sample.write("revocations/note.txt", "");
        symlink("../functions.toml", directory.join(format!("revocations/{JOB}.2.json"))).unwrap();
        std::fs::create_dir(directory.join(format!("revocations/{JOB}.3.json"))).unwrap();
        let path = directory.join(format!("revocations/{JOB}.json"));
        assert_eq!(revocations(&directory).unwrap(), [(JOB.parse().unwrap(), path)]);
        std::fs::rename(directory.join("revocations"), directory.join("elsewhere")).unwrap();
        symlink("elsewhere", directory.join("revocations")).unwrap();
        assert!(revocations(&directory).unwrap().is_empty());
    }
}
