//! Packaging: makes the packages of many items, on all threads and in bounded memory.
//!
//! Most items are small, so each thread makes a package by itself. An item with many bytes or a large file gets
//! all threads and all the memory instead, while no other is made. Results come in the order of the items, and
//! the first error in that order ends the work.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use countersign::digest::ArtifactDigests;
use countersign::files::artifact::Artifact;
use countersign::files::{Access, Durability, Pending};
use countersign::inventory::FileRecord;
use countersign::limits::{ALONE_BYTES, PACK_WINDOW_BYTES, PACKAGES_AHEAD, REUSED_FROM_BYTES};
use countersign::package::earlier::Earlier;
use countersign::package::select::{self, Inventory, LeftOut, Look, Outputs, Request, Selection};
use countersign::package::write::{self, EntryTime};
use countersign::package::{layer, size};
use countersign::parallel::{Threads, in_order};
use countersign::provenance::{SelectionRecord, Source};
use countersign::report::Finding;
use countersign::workspace::Item;

use super::package::ChoiceArgs;
use crate::budget::{Budget, Taken};
use crate::context::{Context, entry_time, shown};
use crate::output::refuse;
use crate::progress::Progress;
use crate::suggest::similar_folder;

/// What making packages takes, read once and shared by all threads.
pub struct Packaging<'a> {
    choice: &'a ChoiceArgs,
    /// The folder that is written into.
    output: PathBuf,
    outputs: Outputs,
    look: Look,
    in_git: bool,
    time: EntryTime,
    threads: Threads,
    memory: Budget,
    /// Whether there is only one item.
    is_alone: bool,
    progress: Progress,
}

fn bytes_of(selection: &Selection) -> u64 {
    selection.candidates.iter().map(|candidate| candidate.size).sum()
}

/// What the packaging of one item can use.
struct Share<'a> {
    threads: Threads,
    _memory: Taken<'a>,
}

/// A package that was made and is not yet under its name.
pub struct Packaged {
    /// Where it goes.
    pub path: PathBuf,
    /// Its bytes, not yet kept.
    pub pending: Pending,
    /// Its digests.
    pub digests: ArtifactDigests,
    /// Its files.
    pub files: Vec<FileRecord>,
    /// What was chosen to go in.
    pub rules: SelectionRecord,
    /// Where its files came from.
    pub source: Option<Source>,
    /// What the package step found.
    pub findings: Vec<Finding>,
    /// What was left out.
    pub left_out: Vec<LeftOut>,
}

impl<'a> Packaging<'a> {
    /// Reads once what the packages of all these items take.
    pub fn new(context: &Context, choice: &'a ChoiceArgs, items: &[&Item], output: PathBuf) -> Result<Self> {
        Ok(Self {
            choice,
            look: choice.look(context, items)?,
            outputs: context.workspace.outputs().and(&output),
            output,
            in_git: context.repository.is_some(),
            time: entry_time()?,
            threads: context.threads,
            memory: Budget::new(PACK_WINDOW_BYTES),
            is_alone: items.len() == 1,
            progress: match items {
                [item] => Progress::start(&format!("packaging {}", item.name), 0),
                _ => Progress::of_items("packaging", items.len() as u64),
            },
        })
    }

    /// Calls `work` for each item, on all threads, and passes the results to `take` in the order of the items.
    pub fn each<T: Send>(
        &self,
        items: &[&Item],
        work: impl Fn(&Item) -> Result<T> + Sync,
        mut take: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let take = |result| {
            self.progress.count_item();
            take(result)
        };
        in_order(self.threads, PACKAGES_AHEAD, items, |_| 1, |item: &&Item| work(item), take)
    }

    /// The files of an item, as the options choose them.
    pub fn selection(&self, item: &Item) -> Result<(Selection, SelectionRecord)> {
        if self.choice.from.is_none() && !item.folder.is_dir() {
            let folder = shown(&item.folder);
            let message = format!("{} `{}`: folder `{folder}` does not exist", item.kind.name(), item.name);
            let hint = "build it first, or fix its `path` in `countersign.toml`";
            return Err(match similar_folder(&item.folder) {
                Some(similar) => refuse(message, format!("{hint}: did you mean `{}`?", shown(&similar))),
                None => refuse(message, hint),
            });
        }
        let rules = SelectionRecord { untracked: self.has_untracked(), ..item.rules.clone() };
        let selection = select::select(&self.look, &self.request(item, &rules))
            .with_context(|| format!("cannot package {} `{}`", item.kind.name(), item.name))?;
        let rules = SelectionRecord { ignored: selection.has_ignored(), ..rules };
        Ok((selection, rules))
    }

    /// Whether untracked files are packaged.
    fn has_untracked(&self) -> bool {
        !self.in_git || !self.choice.tracked && self.choice.from.is_none()
    }

    fn request<'r>(&'r self, item: &'r Item, rules: &'r SelectionRecord) -> Request<'r> {
        Request { folder: &item.folder, rules, outputs: &self.outputs, allow_secrets: &item.allow_secrets }
    }

    /// The files of an item's package, without making it.
    pub fn inventory(&self, item: &Item, selection: &Selection) -> Result<Inventory> {
        let share = self.share(bytes_of(selection));
        write::inventory(&selection.candidates, &selection.contents, share.threads)
            .with_context(|| format!("cannot package {} `{}`", item.kind.name(), item.name))
    }

    /// The artifact of an item that an earlier run left, if there is one.
    pub fn left_behind(&self, item: &Item) -> Option<Artifact> {
        Artifact::open(&item.artifact(&self.output)).ok()
    }

    /// The findings about a package of so many bytes with these files.
    pub fn findings(
        &self,
        item: &Item,
        selection: &Selection,
        size: u64,
        files: &[FileRecord],
    ) -> Vec<Finding> {
        let mut findings = selection.findings.clone();
        findings.extend(size::check(size, files));
        findings.extend(layer::check(&item.compatible_runtimes, files));
        findings
    }

    /// The modification time of entries.
    pub fn time(&self) -> EntryTime {
        self.time
    }

    /// Makes an item's package; a large one with the entries of `earlier`.
    pub fn make(
        &self,
        item: &Item,
        (selection, rules): (Selection, SelectionRecord),
        earlier: impl FnOnce(Threads) -> Option<Earlier>,
    ) -> Result<(Packaged, Selection)> {
        let path = item.artifact(&self.output);
        let mut pending = Pending::new(&path, Access::Public, Durability::Remade)?;
        let total = bytes_of(&selection);
        self.progress.expect_bytes(total);
        let share = self.share(total);
        let earlier = if total < REUSED_FROM_BYTES { None } else { earlier(share.threads) };
        let written = write::write(
            &mut pending,
            &selection.candidates,
            &selection.contents,
            earlier.as_ref(),
            self.time,
            share.threads,
            &|bytes| self.progress.add(bytes),
        )
        .with_context(|| format!("cannot package {} `{}`", item.kind.name(), item.name))?;
        drop(share);
        let findings = self.findings(item, &selection, written.digests.size, &written.files);
        let packaged = Packaged {
            path,
            pending,
            digests: written.digests,
            files: written.files,
            rules,
            source: selection.source(written.is_committed),
            findings,
            left_out: selection.left_out.clone(),
        };
        Ok((packaged, selection))
    }

    /// The threads and the memory for an item of so many bytes: a batch of files, and their deflated form.
    fn share(&self, total: u64) -> Share<'_> {
        if self.is_alone || total > ALONE_BYTES {
            return Share { threads: self.threads, _memory: self.memory.take(PACK_WINDOW_BYTES) };
        }
        Share { threads: Threads::one(), _memory: self.memory.take(2 * total) }
    }
}
