//! `countersign release`: package, sign and verify what the workspace deploys.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use countersign::crypto::secret::SecretKey;
use countersign::files::{Access, Durability, Pending};
use countersign::manifest;
use countersign::manifest::attached::Attached;
use countersign::metrics::Occasion;
use countersign::name::ArtifactName;
use countersign::package::select::Look;
use countersign::package::write::ENCODER;
use countersign::policy::error::PolicyError;
use countersign::policy::store::Policy;
use countersign::provenance::Kind;
use countersign::report::Verdict;
use countersign::revocation::subject_of_key;
use countersign::shard::Shard;
use countersign::sign::{self, Existing, ExistingNewer, Signer};
use countersign::verify::integrity::Digests;
use countersign::workspace::Item;

use super::init;
use super::layer_arg::{layers_of, locate};
use super::manifest::attach::{self, commit_of};
use super::package::{ChoiceArgs, items, make};
use super::sign::{SigningArgs, existing, layer_record, profile_for};
use super::task::{Task, verdict_of, verdicts_with_layers};
use super::workspace::part::{PartArgs, shards};
use crate::complete;
use crate::context::{Context, GlobalArgs, builder};
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

/// What came of one item.
struct Released {
    task: Task,
    verdict: Verdict,
    manifest: PathBuf,
    commit: Option<String>,
}

impl Args {
    /// Releases each item: a package and a manifest in the output folder, and a verdict.
    pub fn run(mut self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        self.report.output.shard = self.shard;
        let items = self.items(&context)?;
        if items.is_empty() {
            return self.nothing(&context);
        }
        init::local_if_needed(&context, &self.signing.trust)?;
        let policy = context.policy(&context.location(&self.signing.trust)?)?;
        let key = context.signing_key(&self.signing.key, &policy)?;
        let (mut released, mut notes) = (Vec::new(), policy.notes().to_vec());
        let look = self.choice.look(&context, &items)?;
        for item in items {
            released.push(self.release((&context, &look), &policy, &key, item, &mut notes)?);
        }
        let mut verdicts = Vec::new();
        for each in &released {
            verdicts.extend(with_layers(&context, &policy, each, &mut notes)?);
        }
        self.attach(&context, &released)?;
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

    fn release(
        &self,
        (context, look): (&Context, &Look),
        policy: &Policy,
        key: &SecretKey,
        item: &Item,
        notes: &mut Vec<String>,
    ) -> Result<Released> {
        let profile = profile_for(policy, self.signing.profile.as_ref(), Some(item))?;
        let signer = Signer::new(policy, &profile, key, context.now)?;
        let (packaged, _) = make(context, look, item, &self.choice, &context.workspace.output)?;
        packaged.findings.iter().for_each(warn);
        let commit = self.attach.then(|| commit_of(context, &packaged.path, packaged.source.as_ref()));
        let commit = commit.transpose()?;
        let existing = match existing(&signer, &packaged.path, &packaged.digests)? {
            Ok(existing) => existing,
            Err(ExistingNewer { newer, is_signed: true }) => return Err(newer.into()),
            // It is replaced, like any manifest by an unknown key.
            Err(ExistingNewer { is_signed: false, .. }) => None,
        };
        // A manifest is kept only if a new one would be the same, except for its job and its time.
        let void = |key| Ok::<_, PolicyError>(!policy.revocations_of(&[subject_of_key(key)])?.is_empty());
        let by_void_key = existing.as_ref().and_then(|each| each.key.as_ref()).map(void).transpose()?;
        let valid = existing.filter(|Existing { job, .. }| {
            by_void_key == Some(false)
                && context.now < job.signature_expires_at
                && (&job.profile, &job.name, job.kind) == (signer.profile(), &item.name, item.kind)
                && (&job.source, job.selection.as_ref()) == (&packaged.source, Some(&packaged.rules))
        });
        let manifest = manifest::path_next_to(&packaged.path);
        let shown = context.shown(&manifest);
        let task = Task {
            artifact: Some(packaged.path.clone()),
            source: None,
            manifest: None,
            asked: Some((item.kind, item.name.clone())),
            digests: Digests::Quick,
            revocations: Vec::new(),
        };
        match valid {
            Some(existing) => {
                packaged.pending.keep()?;
                note(&format!(
                    "kept {shown}: it already signs this content, with job {}",
                    existing.job.job.job()
                ));
            }
            None => {
                let signed = sign::sign(
                    &signer,
                    sign::Artifact {
                        file_name: &sign::file_name(&packaged.path),
                        kind: item.kind,
                        name: &item.name,
                        digests: &packaged.digests,
                        files: packaged.files,
                        selection: Some(packaged.rules),
                        encoder: Some(ENCODER.into()),
                        source: packaged.source,
                        builder: builder(),
                        layer: layer_record(item.kind, Some(item)),
                    },
                )?;
                // Both are written before either gets its name: what can fail leaves the last release whole.
                let pending = Pending::with(&manifest, &signed.manifest, Access::Public, Durability::Remade)?;
                packaged.pending.keep()?;
                pending.keep()?;
            }
        }
        let verdict = verdict_of(context, policy, None, &task, notes)?;
        Ok(Released { task, verdict, manifest, commit })
    }

    /// Attaches what was admitted, each commit's manifests at once.
    fn attach(&self, context: &Context, released: &[Released]) -> Result<()> {
        let mut by_commit: BTreeMap<&str, Vec<Attached>> = BTreeMap::new();
        for each in released.iter().filter(|each| each.verdict.decision.admits()) {
            let Some(commit) = &each.commit else { continue };
            by_commit.entry(commit).or_default().push(attach::read(context, &each.manifest)?);
        }
        let each = |(commit, manifests): (&str, Vec<_>)| {
            attach::attach(context.in_repository()?, commit, &manifests).map(|text| note(&text))
        };
        by_commit.into_iter().try_for_each(each)
    }
}

/// The verdicts on a function and its layers, as `verify` gives them: a function is deployed with its layers. Those of
/// this workspace are released by now; others must have been fetched.
fn with_layers(
    context: &Context,
    policy: &Policy,
    released: &Released,
    notes: &mut Vec<String>,
) -> Result<Vec<Verdict>> {
    let Some((Kind::Function, name)) = &released.task.asked else {
        return Ok(vec![released.verdict.clone()]);
    };
    let layers = layers_of(context, name, &[]);
    if layers.is_empty() {
        return Ok(vec![released.verdict.clone()]);
    }
    let located: Result<Vec<_>> = layers.into_iter().map(|layer| locate(context, policy, layer)).collect();
    let located = located
        .with_context(|| format!("`{name}` is packaged and signed, but its layers cannot be verified"))?;
    verdicts_with_layers(context, policy, None, (&released.task, name), &located, notes)
}
