//! `countersign release`: package, sign and verify what the workspace deploys.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use countersign::arn::JobArn;
use countersign::crypto::secret::SecretKey;
use countersign::files::{Access, Durability, Pending};
use countersign::manifest;
use countersign::manifest::attached::Attached;
use countersign::metrics::Occasion;
use countersign::name::{ArtifactName, ProfileName};
use countersign::package::select::{Inventory, Selection};
use countersign::package::write::ENCODER;
use countersign::policy::error::PolicyError;
use countersign::policy::store::Policy;
use countersign::provenance::{Builder, Kind, SelectionRecord};
use countersign::report::{Finding, Verdict};
use countersign::revocation::subject_of_key;
use countersign::shard::Shard;
use countersign::sign::standing::{self, Wanted};
use countersign::sign::{self, Existing, ExistingNewer, Signer};
use countersign::time::Timestamp;
use countersign::verify::integrity::Digests;
use countersign::workspace::Item;

use super::init;
use super::layer_arg::{Command, Located, layers_of, locate_for};
use super::manifest::attach::{self, commit_of};
use super::package::{ChoiceArgs, items};
use super::packaging::{Packaged, Packaging};
use super::sign::{SigningArgs, existing, layer_record, profile_for};
use super::task::{Judge, Task};
use super::workspace::part::{PartArgs, shards};
use crate::complete;
use crate::context::{Context, GlobalArgs, builder, shown};
use crate::output::{Exit, note, refuse, warn};
use crate::verdicts::ReportArgs;

/// Arguments of `release`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    If no account exists, `release` creates a local account: the policy in the git directory, the keys in \
    your configuration folder. Only this machine trusts its signatures.\n\n\
    Exit status: 0 allowed or warned, 1 denied, 2 no verdict.\n\n\
    Examples:\n  \
    countersign release\n  \
    countersign release orders --format json")]
pub struct Args {
    /// Functions and layers to release [default: all of them]
    #[arg(value_name = "NAME", add = complete::packages())]
    names: Vec<ArtifactName>,
    #[command(flatten)]
    part: PartArgs,
    /// Only shard I of N of them: the split of `countersign workspace list --shards N`
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Succeed if nothing changed or the shard has nothing; the report then has no results
    #[arg(long)]
    allow_empty: bool,
    #[command(flatten)]
    choice: ChoiceArgs,
    #[command(flatten)]
    signing: SigningArgs,
    /// Attach each manifest to the commit of its package, as a git note
    #[arg(long)]
    attach: bool,
    #[command(flatten)]
    report: ReportArgs,
}

/// An item whose package and manifest are made, and not yet under their names.
struct Made {
    packaged: Option<Pending>,
    manifest: Option<Pending>,
    findings: Vec<Finding>,
    released: Released,
}

/// A released item.
struct Released {
    task: Task,
    manifest: PathBuf,
    /// The commit to attach the manifest to.
    commit: Option<String>,
    /// The job of the manifest that was kept.
    kept: Option<JobArn>,
    /// Whether the package was kept too, as far as the manifest says: only a verdict confirms it.
    is_claimed: bool,
}

/// Whether a package and a manifest from an earlier run can be kept as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Earlier {
    Kept,
    Replaced,
}

/// What all items are released with.
struct Releasing<'a> {
    context: &'a Context,
    policy: &'a Policy,
    key: &'a SecretKey,
}

impl Args {
    /// Releases each item: a package and a manifest in the output folder, and a verdict.
    pub fn run(mut self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        self.report.output.part = self.shard.map(|shard| self.part.named(&context, shard)).transpose()?;
        let items = self.items(&context)?;
        if items.is_empty() {
            return self.nothing(&context);
        }
        init::local_if_needed(&context, &self.signing.trust)?;
        let policy = context.policy(&context.location(&self.signing.trust)?)?;
        let key = context.signing_key(&self.signing.key, &policy)?;
        let with = Releasing { context: &context, policy: &policy, key: &key };
        let mut notes = policy.notes().to_vec();
        let mut done = self.release(&with, &items, Earlier::Kept, &mut notes)?;
        let unconfirmed: Vec<usize> = (0..done.len()).filter(|at| done[*at].1.is_none()).collect();
        let again: Vec<&Item> = unconfirmed.iter().map(|at| items[*at]).collect();
        if !again.is_empty() {
            let replaced = self.release(&with, &again, Earlier::Replaced, &mut notes)?;
            unconfirmed.into_iter().zip(replaced).for_each(|(at, each)| done[at] = each);
        }
        self.attach(&context, &done)?;
        let verdicts: Vec<Verdict> =
            done.into_iter().filter_map(|(_, verdicts)| verdicts).flatten().collect();
        self.report.show(&context, Occasion::Release, &verdicts, &notes)
    }

    /// What to release: of the named items, those that changed, and of these those of the shard.
    fn items<'a>(&self, context: &'a Context) -> Result<Vec<&'a Item>> {
        let named = items(context, &self.names)?;
        if self.shard.is_none() && self.part.is_all() {
            return Ok(named);
        }
        let meant = self.part.of(context, named)?;
        let Some(shard) = self.shard else { return Ok(meant.into_iter().map(|each| each.item).collect()) };
        let placed = shards(&meant, shard.count());
        let mine = meant.iter().zip(placed).filter(|(_, place)| *place == shard);
        Ok(mine.map(|(each, _)| each.item).collect())
    }

    /// The result of an empty part: no verdict, unless that is expected.
    fn nothing(&self, context: &Context) -> Result<Exit> {
        let what = match self.shard {
            Some(shard) => format!("shard {shard} has nothing to release"),
            None => "nothing changed, so there is nothing to release".into(),
        };
        if !self.allow_empty {
            return Err(refuse(what, "if that is expected, pass `--allow-empty`"));
        }
        note(&what);
        self.report.output.write_empty(context)?;
        Ok(Exit::Done)
    }

    /// Releases each item, and verifies it; without a verdict if an earlier release of it claims to be right and is not.
    fn release(
        &self,
        with: &Releasing<'_>,
        items: &[&Item],
        earlier: Earlier,
        notes: &mut Vec<String>,
    ) -> Result<Vec<(Released, Option<Vec<Verdict>>)>> {
        let released = self.make_all(with, items, earlier)?;
        let located = |each: &Released| Ok((each.task.clone(), located(with, &each.task)?));
        let tasks = released.iter().map(located).collect::<Result<Vec<(Task, Vec<Located>)>>>()?;
        let (mut done, mut released) = (Vec::with_capacity(tasks.len()), released.into_iter());
        let judge = Judge::new(with.policy, None, tasks.len(), with.context.threads)?;
        judge.each(&tasks, |judged| {
            let each = released.next().context("there is a verdict for each item")?;
            let verdict =
                if each.is_claimed && !judged.is_allowed() { None } else { Some(judged.tell(notes)) };
            done.push((each, verdict));
            Ok(())
        })?;
        let is_kept = |done: &&(Released, Option<Vec<Verdict>>)| done.1.is_some() && done.0.kept.is_some();
        tell_kept(&done.iter().filter(is_kept).map(|(each, _)| each).collect::<Vec<_>>());
        Ok(done)
    }

    /// Writes the package and the manifest of each item, in the order of the items.
    fn make_all(&self, with: &Releasing<'_>, items: &[&Item], earlier: Earlier) -> Result<Vec<Released>> {
        let Releasing { context, policy, key } = *with;
        let output = context.workspace.output.clone();
        context.check_output(&output)?;
        let signers = Signers::new(policy, key, self.signing.profile.as_ref(), items, context.now)?;
        let packaging = Packaging::new(context, &self.choice, items, output)?;
        let builder = builder();
        let mut released = Vec::with_capacity(items.len());
        let make = |item: &Item| {
            let (signer, files) = (signers.of(item)?, packaging.selection(item)?);
            if earlier == Earlier::Kept
                && let Some(made) = self.claimed(&packaging, signer, item, &files)?
            {
                return Ok(made);
            }
            let entries = |threads| standing::earlier(policy, signer, &packaging.left_behind(item)?, threads);
            let (packaged, _) = packaging.make(item, files, entries)?;
            self.sign(policy, signer, item, (packaged, builder.clone()))
        };
        packaging.each(items, make, |made: Made| {
            made.findings.iter().for_each(warn);
            // Both are written before either gets its name: what can fail leaves the last release whole.
            made.packaged.map_or(Ok(()), Pending::keep)?;
            made.manifest.map_or(Ok(()), Pending::keep)?;
            released.push(made.released);
            Ok(())
        })?;
        Ok(released)
    }

    /// The release of an earlier run, if its manifest says that it is what would be released now.
    fn claimed(
        &self,
        packaging: &Packaging<'_>,
        signer: &Signer<'_>,
        item: &Item,
        (selection, rules): &(Selection, SelectionRecord),
    ) -> Result<Option<Made>> {
        let Some(artifact) = packaging.left_behind(item) else { return Ok(None) };
        if !manifest::path_next_to(artifact.path()).exists() {
            return Ok(None);
        }
        let Inventory { files, is_committed } = packaging.inventory(item, selection)?;
        let source = selection.source(is_committed);
        let wanted = Wanted {
            file_name: &sign::file_name(artifact.path()),
            kind: item.kind,
            name: &item.name,
            files: &files,
            selection: rules,
            source: &source,
            layer: &layer_record(item.kind, Some(item)),
            time: packaging.time(),
        };
        let Some(job) = standing::claimed(signer, &wanted, &artifact) else { return Ok(None) };
        let commit = self.attach.then(|| commit_of(artifact.path(), source.as_ref())).transpose()?;
        let findings = packaging.findings(item, selection, artifact.size(), &files);
        let released =
            Released { kept: Some(job.job), is_claimed: true, commit, ..released(item, artifact.path()) };
        Ok(Some(Made { packaged: None, manifest: None, findings, released }))
    }

    /// Signs a package, unless an existing manifest says the same.
    fn sign(
        &self,
        policy: &Policy,
        signer: &Signer<'_>,
        item: &Item,
        (packaged, builder): (Packaged, Option<Builder>),
    ) -> Result<Made> {
        let commit = self.attach.then(|| commit_of(&packaged.path, packaged.source.as_ref())).transpose()?;
        let released = Released { commit, ..released(item, &packaged.path) };
        if let Some(existing) = valid(policy, signer, item, &packaged)? {
            let Packaged { pending, findings, .. } = packaged;
            let released = Released { kept: Some(existing.job.job), ..released };
            return Ok(Made { packaged: Some(pending), manifest: None, findings, released });
        }
        let signed = sign::sign(
            signer,
            sign::Artifact {
                file_name: &sign::file_name(&packaged.path),
                kind: item.kind,
                name: &item.name,
                digests: &packaged.digests,
                files: packaged.files,
                selection: Some(packaged.rules),
                encoder: Some(ENCODER.into()),
                source: packaged.source,
                builder,
                layer: layer_record(item.kind, Some(item)),
            },
        )?;
        let manifest =
            Pending::with(&released.manifest, &signed.manifest, Access::Public, Durability::Remade)?;
        let Packaged { pending, findings, .. } = packaged;
        Ok(Made { packaged: Some(pending), manifest: Some(manifest), findings, released })
    }

    /// Attaches what was admitted, each commit's manifests at once.
    fn attach(&self, context: &Context, done: &[(Released, Option<Vec<Verdict>>)]) -> Result<()> {
        let mut by_commit: BTreeMap<&str, Vec<Attached>> = BTreeMap::new();
        // The first verdict is on the artifact itself, the others are on its layers.
        let own =
            |verdicts: &Option<Vec<Verdict>>| verdicts.as_ref()?.first().map(|first| first.decision.admits());
        for (released, _) in done.iter().filter(|(_, verdicts)| own(verdicts) == Some(true)) {
            let Some(commit) = &released.commit else { continue };
            by_commit.entry(commit).or_default().push(attach::read(context, &released.manifest)?);
        }
        if by_commit.is_empty() {
            return Ok(());
        }
        let repository = context.in_repository()?;
        for (commit, manifests) in by_commit {
            note(&attach::attach(repository, commit, &manifests)?);
        }
        attach::note_push(repository)
    }
}

/// The layers that a function is verified with: it is deployed with them. Those of this workspace are released by now;
/// others must have been fetched.
fn located(with: &Releasing<'_>, task: &Task) -> Result<Vec<Located>> {
    let Some((Kind::Function, name)) = &task.asked else { return Ok(Vec::new()) };
    let layers = layers_of(with.context, name, &[]).into_iter();
    let locate = |layer| locate_for(with.context, with.policy, layer, Command::FindsLayers);
    let located: Result<Vec<_>> = layers.map(locate).collect();
    located.with_context(|| format!("`{name}` is packaged and signed, but its layers cannot be verified"))
}

/// Names the manifest that was kept; of several, how many.
fn tell_kept(kept: &[&Released]) {
    match kept {
        [] => {}
        [Released { manifest, kept: Some(job), .. }] => {
            note(&format!("kept {}: it already signs this content, with job {}", shown(manifest), job.job()))
        }
        several => note(&format!("kept {} manifests: each already signs its package", several.len())),
    }
}

/// A released item of which nothing was kept.
fn released(item: &Item, artifact: &Path) -> Released {
    let task = Task {
        artifact: Some(artifact.to_path_buf()),
        source: None,
        manifest: None,
        asked: Some((item.kind, item.name.clone())),
        digests: Digests::Quick,
        revocations: Vec::new(),
    };
    let manifest = manifest::path_next_to(artifact);
    Released { task, manifest, commit: None, kept: None, is_claimed: false }
}

/// The existing manifest of a package, if a new one would be the same, except for its job and its time.
fn valid(policy: &Policy, signer: &Signer<'_>, item: &Item, packaged: &Packaged) -> Result<Option<Existing>> {
    let existing = match existing(signer, &packaged.path, &packaged.digests)? {
        Ok(existing) => existing,
        Err(ExistingNewer { newer, is_signed: true }) => return Err(newer.into()),
        // It is replaced, like any manifest by an unknown key.
        Err(ExistingNewer { is_signed: false, .. }) => None,
    };
    let void = |key| Ok::<_, PolicyError>(!policy.revocations_of(&[subject_of_key(key)])?.is_empty());
    let by_void_key = existing.as_ref().and_then(|each| each.key.as_ref()).map(void).transpose()?;
    Ok(existing.filter(|Existing { job, .. }| {
        by_void_key == Some(false)
            && signer.now() < job.signature_expires_at
            && (&job.profile, &job.name, job.kind) == (signer.profile(), &item.name, item.kind)
            && (&job.source, job.selection.as_ref()) == (&packaged.source, Some(&packaged.rules))
    }))
}

/// The signer of each profile, which is read once.
struct Signers<'a> {
    policy: &'a Policy,
    named: Option<&'a ProfileName>,
    by_profile: BTreeMap<ProfileName, Signer<'a>>,
}

impl<'a> Signers<'a> {
    /// Checks that the key can sign with the profile of each item.
    fn new(
        policy: &'a Policy,
        key: &'a SecretKey,
        named: Option<&'a ProfileName>,
        items: &[&Item],
        now: Timestamp,
    ) -> Result<Self> {
        let mut by_profile = BTreeMap::new();
        for item in items {
            let profile = profile_for(policy, named, Some(item))?;
            if let Entry::Vacant(place) = by_profile.entry(profile) {
                let signer = Signer::new(policy, place.key(), key, now)?;
                place.insert(signer);
            }
        }
        Ok(Self { policy, named, by_profile })
    }

    fn of(&self, item: &Item) -> Result<&Signer<'a>> {
        let profile = profile_for(self.policy, self.named, Some(item))?;
        self.by_profile.get(&profile).context("the profile of an item is read before")
    }
}
