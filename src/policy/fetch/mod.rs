//! Fetching: downloads a policy with git, and verifies it before anything else reads it.
//!
//! ```text
//! git fetch --> extract into a draft --> pin, roots, seal, expiry, every document, nothing older
//!           --> rename to COMMIT --> `current` names COMMIT --> remember
//! ```
//! A failure at any step leaves `current` and the remembered state as they were. A fetched policy is verified
//! again at each use, like any other: `current` only names the folder.

pub mod cache;
pub mod error;
pub mod extract;

use std::fmt;
use std::path::PathBuf;

use self::cache::Cache;
use self::error::FetchError;
use super::memory;
use super::sealed;
use super::store::{Location, Policy};
use crate::git::bare::Bare;
use crate::git::source::Source;
use crate::pin::Pin;
use crate::time::Timestamp;

/// A fetched policy that is trusted.
#[derive(Debug)]
pub struct Fetched {
    /// The policy, opened in the cache.
    pub policy: Policy,
    /// Where it is from.
    pub origin: Origin,
    /// Whether the cache changed.
    pub outcome: FetchOutcome,
}

/// Whether a fetch changed the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchOutcome {
    /// The cache has a new commit.
    Fetched,
    /// The cache already had the commit, and its copy is valid.
    UpToDate,
}

/// The source and the commit of a fetched policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The repository, ref and folder.
    pub source: Source,
    /// The commit that the ref named.
    pub commit: String,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, commit } = self;
        let colon = if source.folder().is_empty() { "" } else { ":" };
        let commit = commit.get(..8).unwrap_or(commit);
        write!(f, "{} ({}{colon}{}, commit {commit})", source.url(), source.reference(), source.folder())
    }
}

/// Fetches the source's policy into its cache, and remembers it if it is trusted.
///
/// Errors: without a pin, [`FetchError::Unpinned`] with the digest of the root that was found.
pub fn fetch(
    source: &Source,
    cache: &Cache,
    pin: Option<Pin>,
    state: Option<PathBuf>,
    now: Timestamp,
) -> Result<Fetched, FetchError> {
    let _lock = cache.lock()?;
    let bare = Bare::open_or_create(&cache.repository())?;
    let commit = bare.fetch(source.url(), source.reference())?;
    let origin = Origin { source: source.clone(), commit: commit.id.clone() };
    let top = extract::folder(&bare, &commit, source.folder())?;
    if pin.is_none() {
        let found = extract::first_root(&bare, top)?;
        return Err(FetchError::Unpinned { origin: Box::new(origin), found });
    }
    let location = |directory: PathBuf| Location { directory, pin, state: state.clone() };
    let place = location(cache.extracted(&commit.id));
    // A `current` that cannot be read is written again.
    let before = cache.current_commit().ok().flatten();
    let mut outcome = FetchOutcome::UpToDate;
    if before.as_ref() != Some(&commit.id) || sealed::open(&place, now).is_err() {
        let draft = cache.draft()?;
        extract::extract(&bare, top, draft.path())?;
        sealed::open(&location(draft.path().into()), now)
            .map_err(|error| FetchError::refused(&origin, draft.path(), error))?;
        cache.keep(draft, &commit.id)?;
        cache.clear(&[Some(&commit.id), before.as_ref()]);
        outcome = FetchOutcome::Fetched;
    }
    let policy = memory::open(&place, now)?;
    Ok(Fetched { policy, origin, outcome })
}
