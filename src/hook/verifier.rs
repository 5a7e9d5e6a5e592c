//! Decides on each function and layer of a commit.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::candidates::{Candidate, Candidates, Named, Search, Selected, Wanted};
use super::finding::{self, labels, unattached, unpackable};
use super::item::{Packaged, PackagedItem};
use super::{CommitVerdicts, Hook, HookError};
use crate::crypto::key::Library;
use crate::files::Loaded;
use crate::function::{Build, Functions};
use crate::gate::{self, Labels};
use crate::git::notes::NOTES_REF;
use crate::git::{Commit, Handles, Repository};
use crate::inventory;
use crate::limits::{COMMIT_NAMES_MAX, HELD_FILES_MAX, JUDGED_WINDOW_BYTES, PUSHED_NAMES_MAX};
use crate::package::select::{self, Known, SelectError};
use crate::parallel::{Threads, in_order};
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::report::{Decision, Verdict};
use crate::source;
use crate::verify::governance::Governance;
use crate::verify::integrity::{self, Digests, Opening};
use crate::verify::{self, CommitFiles, Elsewhere, OfCommit, Publishers, Question, Reported, revocation};
use crate::workspace::{Item, Workspace};

/// Decides on commits under one policy, whose documents are read once. All threads share it.
pub struct CommitVerifier<'a> {
    policy: &'a Policy,
    governance: Governance<'a>,
    handles: Handles,
    threads: Threads,
    known: Known,
    /// How many names of folders were read in all commits.
    names: AtomicU64,
}

/// A function or a layer, and about how many bytes its files need in memory.
struct Job<'a> {
    item: &'a Item,
    weight: u64,
}

/// A commit, and what it packages.
struct Judged<'a> {
    commit: &'a Commit,
    workspace: &'a Workspace,
}

/// A verdict that another manifest can still change.
struct Pending {
    verdict: Verdict,
    /// How many manifests of exactly the item's files were asked.
    asked: usize,
}

impl Pending {
    fn only(verdict: Verdict) -> Self {
        Self { verdict, asked: 0 }
    }

    fn is_allowed(&self) -> bool {
        self.verdict.decision == Decision::Allowed
    }
}

/// What one file of a package needs in memory besides its path, in bytes: its records and its entry in the
/// list of names.
const FILE_WEIGHT: u64 = 400;

impl<'a> CommitVerifier<'a> {
    /// Reads every CSC that governs a function or a layer, and its publishers.
    pub fn new(hook: &Hook<'a>, functions: Functions) -> Result<Self, PolicyError> {
        let Hook { policy, repository, threads, .. } = *hook;
        let governance = Governance::read(policy, functions)?;
        Ok(Self {
            policy,
            governance,
            handles: repository.handles(),
            threads,
            known: Known::default(),
            names: AtomicU64::new(0),
        })
    }

    /// Decides on everything that a commit packages. The commit is one of `pushed`.
    pub fn commit(
        &self,
        hook: &Hook<'_>,
        search: &mut Search<'_>,
        pushed: &BTreeMap<Commit, Vec<String>>,
        commit: &Commit,
    ) -> Result<CommitVerdicts, HookError> {
        let workspace = source::workspace(hook.repository, commit)?;
        self.known.trim();
        let subjects = self.subjects(hook.repository, commit, &workspace)?;
        let mut candidates = Candidates::of(search, commit)?;
        let uncovered = subjects.iter().filter_map(|subject| self.wanted(subject));
        // A build of the commit may cover an item, so that no ancestor has to be read.
        let may_be_covered = |(named, selected): &(Named, Selected)| {
            let is_build = self.governance.build_of(&named.1, &commit.id).is_some();
            candidates.has(named, selected) || is_build && !candidates.named(named).is_empty()
        };
        let uncovered = uncovered.filter(|wanted| !may_be_covered(wanted)).collect();
        candidates.search(search, &uncovered)?;
        if let [first, ..] = hook.repository.replacements()?.as_slice() {
            candidates.notes.push(format!(
                "`{first}` makes git read other objects than countersign: list \
                such refs with `git replace`, and delete them with `git replace -d`"
            ));
        }
        let of = Judged { commit, workspace: &workspace };
        let verdicts = self.verdicts(&of, &subjects, search, &mut candidates)?;
        let references = pushed.get(commit).cloned().unwrap_or_default();
        Ok(CommitVerdicts { commit: commit.clone(), references, verdicts, notes: candidates.notes })
    }

    /// The item and what a manifest must describe, if one can allow it.
    fn wanted(&self, subject: &PackagedItem<'_>) -> Option<(Named, Selected)> {
        self.governance.of(&subject.item.name)?;
        Some((subject.named.clone(), subject.selected()?))
    }

    /// The verdict about each item: where the nearest manifests of its files do not allow it, by those further
    /// back.
    fn verdicts(
        &self,
        of: &Judged<'_>,
        subjects: &[PackagedItem<'_>],
        search: &mut Search<'_>,
        candidates: &mut Candidates,
    ) -> Result<Vec<Verdict>, HookError> {
        let mut pending = Vec::with_capacity(subjects.len());
        let first = |subject: &PackagedItem<'_>| self.verdict(of, subject, candidates, None);
        self.each(subjects, |_| 0, first, |verdict| pending.push(verdict))?;
        loop {
            let open = || subjects.iter().zip(&pending).filter(|(_, pending)| !pending.is_allowed());
            let wanted: Wanted = open().filter_map(|(subject, _)| self.wanted(subject)).collect();
            let found = candidates.search(search, &wanted)?;
            if found.is_empty() {
                break;
            }
            let again: Vec<usize> =
                (0..subjects.len()).filter(|at| found.contains(&subjects[*at].named)).collect();
            let next = |at: &usize| self.verdict(of, &subjects[*at], candidates, Some(&pending[*at]));
            let mut better = Vec::with_capacity(again.len());
            self.each(&again, |_| 0, next, |verdict| better.push(verdict))?;
            again.into_iter().zip(better).for_each(|(at, verdict)| pending[at] = verdict);
        }
        let denied: Vec<_> =
            subjects.iter().zip(&pending).filter(|(_, pending)| !pending.is_allowed()).collect();
        let check = |(subject, _): &(&PackagedItem<'_>, &Pending)| match self
            .governance
            .of(&subject.item.name)
        {
            Some(publishers) if subject.package.is_ok() || self.build_of(subject, of.commit).is_some() => {
                check_newer(of.commit, candidates, publishers)
            }
            _ => Ok(()),
        };
        self.each(&denied, |_| 0, check, drop)?;
        Ok(pending.into_iter().map(|pending| pending.verdict).collect())
    }

    fn subjects<'w>(
        &self,
        repository: &Repository,
        commit: &Commit,
        workspace: &'w Workspace,
    ) -> Result<Vec<PackagedItem<'w>>, HookError> {
        let held = AtomicUsize::new(0);
        let package = |job: &Job<'w>| {
            let item = job.item;
            let package = match self.package(commit, workspace, item)? {
                Err(SelectError::Git(error)) => return Err(error.into()),
                Err(error) => Err(error),
                Ok(package) => {
                    let inventory = inventory::digest(&package.files);
                    let count = package.files.len();
                    let holds = held.fetch_add(count, Ordering::Relaxed) + count <= HELD_FILES_MAX;
                    Ok(Packaged { inventory, held: holds.then_some(package) })
                }
            };
            Ok((item, package))
        };
        let jobs = self.jobs(repository, commit, workspace)?;
        let mut subjects = Vec::with_capacity(jobs.len());
        let subject = |(item, package): (&'w Item, _)| PackagedItem {
            named: (item.kind, item.name.clone()),
            item,
            folder: select::folder_in(repository, &item.folder),
            package,
        };
        self.each(&jobs, |job| job.weight, package, |packaged| subjects.push(subject(packaged)))?;
        Ok(subjects)
    }

    /// What there is to package. Counts the names of every folder before keeping any.
    fn jobs<'w>(
        &self,
        repository: &Repository,
        commit: &Commit,
        workspace: &'w Workspace,
    ) -> Result<Vec<Job<'w>>, HookError> {
        let names = AtomicU64::new(0);
        let read = |more| self.read(commit, &names, more);
        let folders = self.known.folders();
        let paths: Vec<String> =
            workspace.items.iter().map(|item| select::folder_in(repository, &item.folder)).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        repository.find_folders::<HookError>(folders, commit, &paths, read)?;
        let count = |item: &&'w Item| {
            let mut weight = 0;
            self.handles.with::<_, HookError>(|repository| {
                let folder = select::folder_in(repository, &item.folder);
                repository.committed_in(folders, commit, &folder, read, |file| {
                    weight += FILE_WEIGHT + 4 * file.path.len() as u64;
                    Ok(())
                })
            })?;
            Ok(Job { item, weight })
        };
        let items: Vec<&Item> = workspace.items.iter().collect();
        let mut jobs = Vec::with_capacity(items.len());
        self.each(&items, |_| 0, count, |job| jobs.push(job))?;
        Ok(jobs)
    }

    /// Counts names that were read in a commit's folders, for the commit and for the push.
    fn read(&self, commit: &Commit, names: &AtomicU64, more: u64) -> Result<(), HookError> {
        let of_push = self.names.fetch_add(more, Ordering::Relaxed) + more;
        if names.fetch_add(more, Ordering::Relaxed) + more > COMMIT_NAMES_MAX {
            return Err(HookError::TooManyNames { commit: commit.short() });
        }
        match of_push > PUSHED_NAMES_MAX {
            true => Err(HookError::TooManyPushedNames),
            false => Ok(()),
        }
    }

    /// The package of an item, or why it cannot be built.
    fn package(
        &self,
        commit: &Commit,
        workspace: &Workspace,
        item: &Item,
    ) -> Result<Result<CommitFiles, SelectError>, HookError> {
        let (known, one) = (&self.known, Threads::one());
        self.handles.with(|repository| Ok(source::files(repository, commit, workspace, item, known, one)))
    }

    /// Runs the work for each job on all threads, with a limit on the memory of all jobs in bytes.
    fn each<J: Sync, T: Send>(
        &self,
        jobs: &[J],
        weight: impl Fn(&J) -> u64 + Sync,
        work: impl Fn(&J) -> Result<T, HookError> + Sync,
        mut take: impl FnMut(T),
    ) -> Result<(), HookError> {
        let take = |result| {
            take(result);
            Ok(())
        };
        in_order(self.threads, JUDGED_WINDOW_BYTES, jobs, weight, work, take)
    }

    /// The verdict by the candidates that were not asked for the verdict `before`.
    fn verdict(
        &self,
        of: &Judged<'_>,
        subject: &PackagedItem<'_>,
        candidates: &Candidates,
        before: Option<&Pending>,
    ) -> Result<Pending, HookError> {
        let Judged { commit, .. } = *of;
        let Some(publishers) = self.governance.of(&subject.item.name) else {
            let labels = labels(commit, subject.item, None);
            return Ok(Pending::only(gate::stop_ungoverned(self.policy.account(), labels).into()));
        };
        let only = |finding| {
            let reported = Reported::only(publishers, subject.named.clone(), finding);
            Ok(Pending::only(gate::report(&reported, labels(commit, subject.item, None))))
        };
        let build = self.build_of(subject, commit);
        let named = candidates.named(&subject.named);
        let mut asked = subject.fitting(named, build);
        let fits = asked.len();
        if asked.is_empty() {
            if let (Err(error), None) = (&subject.package, build) {
                return only(unpackable(commit, subject.item, error, named));
            }
            asked.extend(subject.nearest(named).map(|nearest| (nearest, None)));
        }
        if asked.is_empty() {
            return only(unattached(subject.sought(candidates)));
        }
        let files = match self.files_of(of, subject)? {
            Ok(files) => files,
            Err(error) => return only(unpackable(commit, subject.item, &error, named)),
        };
        let new = asked.into_iter().skip(before.map_or(0, |before| before.asked));
        let new = new.filter_map(|(candidate, build)| {
            let source = build.map(OfCommit::Build).or(files.as_deref().map(OfCommit::Files))?;
            Some(self.ask(commit, subject, (source, candidate), publishers))
        });
        let before = before.filter(|before| before.asked > 0).map(|before| Ok(before.verdict.clone()));
        match gate::best(before.into_iter().chain(new))? {
            Some(verdict) => Ok(Pending { verdict, asked: fits }),
            None => only(unattached(subject.sought(candidates))),
        }
    }

    /// The commit, if the policy accepts builds of it for an item.
    fn build_of<'c>(&self, subject: &PackagedItem<'_>, commit: &'c Commit) -> Option<Build<'c>> {
        self.governance.build_of(&subject.item.name, &commit.id)
    }

    /// The files of an item's package, read again if they are not held; `None` if the commit does not give one.
    fn files_of<'s>(
        &self,
        of: &Judged<'_>,
        subject: &'s PackagedItem<'_>,
    ) -> Result<Result<Option<Cow<'s, CommitFiles>>, SelectError>, HookError> {
        Ok(match &subject.package {
            Err(_) => Ok(None),
            Ok(Packaged { held: Some(files), .. }) => Ok(Some(Cow::Borrowed(files))),
            Ok(Packaged { held: None, .. }) => {
                self.package(of.commit, of.workspace, subject.item)?.map(|files| Some(Cow::Owned(files)))
            }
        })
    }

    fn ask(
        &self,
        commit: &Commit,
        subject: &PackagedItem<'_>,
        (source, candidate): (OfCommit<'_>, &Candidate),
        publishers: &Publishers<'_>,
    ) -> Result<Verdict, HookError> {
        let path = path_of(&candidate.commit);
        let manifest = Loaded { path, bytes: candidate.manifest.line().as_bytes().to_vec() };
        let question = Question {
            subject: Elsewhere::Commit(source),
            manifest: Some(&manifest),
            asked: Some(subject.named.clone()),
            revocations: &[],
            digests: Digests::Quick,
            threads: Threads::one(),
        };
        let reported = verify::report(&Library, publishers, &question)?;
        let labels = labels(commit, subject.item, Some(candidate));
        Ok(match source {
            OfCommit::Files(_) => gate::report(&reported, labels),
            OfCommit::Build(_) => {
                gate::report(&reported, Labels { artifact: finding::build_of(&commit.short()), ..labels })
            }
        })
    }
}

/// The name of the note on a commit.
fn path_of(commit: &str) -> PathBuf {
    format!("{NOTES_REF}:{commit}").into()
}

/// Returns an error if an allowed publisher signed a manifest that is newer than this program: it may be the missing one.
///
/// Beyond the limit nothing is known about the signers, so that is an error too.
fn check_newer(
    commit: &Commit,
    candidates: &Candidates,
    publishers: &Publishers<'_>,
) -> Result<(), HookError> {
    for (newer, commit) in &candidates.newer {
        let manifest = Loaded { path: path_of(commit), bytes: newer.line.as_bytes().to_vec() };
        if let Opening::FormatNewer(signed) = integrity::open(Some(&manifest), publishers.keys())
            && revocation::of_newer(publishers, &signed)?.is_empty()
        {
            return Err(HookError::FormatNewer(signed.newer));
        }
    }
    match candidates.has_more_newer {
        true => Err(HookError::TooManyNewer { commit: commit.short() }),
        false => Ok(()),
    }
}
