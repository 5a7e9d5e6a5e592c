//! A part of the workspace: what changed since a commit, and one of several even shards.

use anyhow::Result;
use countersign::changed::{Content, State};
use countersign::git::GitError;
use countersign::shard::{Part, Shard};
use countersign::workspace::Item;

use crate::context::Context;
use crate::output::refuse;

/// Which part of the workspace is meant.
#[derive(Debug, Default, clap::Args)]
pub struct PartArgs {
    /// Only functions and layers whose files or settings in the checked-out commit differ from this commit, and
    /// those that are built from ignored files
    #[arg(long, value_name = "REV")]
    changed_since: Option<String>,
}

/// A function or layer, and its size in the checked-out commit.
pub struct Sized<'a> {
    /// The function or layer.
    pub item: &'a Item,
    /// Its content, if the commit alone gives a package.
    pub content: Option<Content>,
}

/// What a function or layer weighs besides its bytes: packaging, signing and verifying a small one takes as long as
/// compressing so many bytes.
const ITEM_BYTES: u64 = 256 << 10;

impl Sized<'_> {
    /// What it weighs in a split, in bytes.
    fn weight(&self) -> u64 {
        ITEM_BYTES + self.content.map_or(0, |content| content.bytes)
    }
}

impl PartArgs {
    /// Whether all of the workspace is meant.
    pub fn is_all(&self) -> bool {
        self.changed_since.is_none()
    }

    /// What a shard is of, for its report.
    pub fn named(&self, context: &Context, shard: Shard) -> Result<Part> {
        let Some(repository) = &context.repository else {
            return Ok(Part { shard, commit: None, changed_since: None });
        };
        let id = |revision: &str| Ok::<_, GitError>(repository.commit(revision)?.id);
        let changed_since = self.changed_since.as_deref().map(id).transpose()?;
        Ok(Part { shard, commit: id("HEAD").ok(), changed_since })
    }

    /// The items that are meant, with their sizes.
    pub fn of<'a>(&self, context: &Context, items: Vec<&'a Item>) -> Result<Vec<Sized<'a>>> {
        let Some(repository) = &context.repository else {
            if self.changed_since.is_some() {
                let message = "`--changed-since` requires a git repository";
                return Err(refuse(message, "remove it, or run in the repository"));
            }
            return Ok(items.into_iter().map(|item| Sized { item, content: None }).collect());
        };
        let state = |revision: &str| State::of(repository, revision, &items);
        let before = self.changed_since.as_deref().map(state).transpose()?;
        // Before the first commit there are no sizes. Another error must not change the split on one machine.
        let now = repository.commit("HEAD").is_ok().then(|| state("HEAD")).transpose()?;
        let outputs = context.workspace.outputs();
        let mut meant = Vec::with_capacity(items.len());
        for item in items {
            let content = now.as_ref().map(|now| now.content(item, &outputs)).transpose()?.flatten();
            let same = before.as_ref().map(|before| before.has(&context.workspace, item, content.as_ref()));
            if !same.transpose()?.unwrap_or(false) {
                meant.push(Sized { item, content });
            }
        }
        Ok(meant)
    }
}

/// The shard of each item.
pub fn shards(items: &[Sized<'_>], count: usize) -> Vec<Shard> {
    Shard::of_each(&items.iter().map(Sized::weight).collect::<Vec<_>>(), count)
}
