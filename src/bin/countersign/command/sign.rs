//! `countersign sign`: detached manifests for artifacts, from this workspace or elsewhere.

use std::path::{Path, PathBuf};

use anyhow::Result;
use countersign::digest::ArtifactDigests;
use countersign::files::{Access, Durability, Loaded, Pending, copy};
use countersign::inventory::FileRecord;
use countersign::limits::MANIFEST_BYTES_MAX;
use countersign::manifest;
use countersign::manifest::attached::Attached;
use countersign::name::{ArtifactName, ProfileName};
use countersign::package::{read, select};
use countersign::policy::store::Policy;
use countersign::provenance::{Endorsement, Kind, LayerRecord, SelectionRecord, Source};
use countersign::report::escape::line;
use countersign::sign::{self, Existing, ExistingNewer, Signed, Signer};
use countersign::time::Timestamp;
use countersign::workspace::Item;
use serde::Serialize;

use super::manifest::attach::{self, commit_of};
use super::package::{ChoiceArgs, from_zip};
use super::packaging::Packaging;
use crate::complete;
use crate::context::{Context, GlobalArgs, TrustArgs, builder};
use crate::keys::KeyArgs;
use crate::output::{Exit, Format, note, print_done, print_json, refuse};
use crate::progress::Progress;

/// Arguments of `sign`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Examples:\n  \
    countersign sign dist/orders.zip\n  \
    countersign sign vendor.zip --layer vendor-base --profile release --endorse\n  \
    COUNTERSIGN_KEY=env:SIGNING_KEY countersign sign dist/*.zip")]
pub struct Args {
    /// Artifacts to sign
    #[arg(required = true, value_name = "ARTIFACT")]
    artifacts: Vec<PathBuf>,
    /// Sign for this function [default: the function or layer that the file is named after]
    #[arg(long, value_name = "NAME", conflicts_with = "layer", add = complete::functions())]
    function: Option<ArtifactName>,
    /// Sign for this layer
    #[arg(long, value_name = "NAME", add = complete::packages())]
    layer: Option<ArtifactName>,
    #[command(flatten)]
    choice: ChoiceArgs,
    #[command(flatten)]
    pub signing: SigningArgs,
    /// Endorse an artifact that another party packaged; always set if the artifact is not the workspace's
    /// current package
    #[arg(long)]
    endorse: bool,
    /// Replace an existing manifest for the same content
    #[arg(long)]
    again: bool,
    /// Attach each manifest to the commit of its artifact, as a git note
    #[arg(long)]
    attach: bool,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

/// With which profile and key, under which policy.
#[derive(Debug, clap::Args)]
pub struct SigningArgs {
    /// Signing profile [default: the one in countersign.toml, or the account's only one]
    #[arg(long, value_name = "NAME", add = complete::profiles())]
    pub profile: Option<ProfileName>,
    #[command(flatten)]
    pub key: KeyArgs,
    #[command(flatten)]
    pub trust: TrustArgs,
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    signed: Vec<Record>,
}

#[derive(Serialize)]
struct Record {
    artifact: String,
    manifest: String,
    job: String,
    profile: String,
    expires_at: Timestamp,
    endorsement: Endorsement,
}

/// What is signed, and as what.
struct SignedAs<'a> {
    kind: Kind,
    name: ArtifactName,
    item: Option<&'a Item>,
}

impl Args {
    /// Signs each artifact, and writes each manifest only when it is whole.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        if self.artifacts.len() > 1 && (self.function.is_some() || self.layer.is_some()) {
            return Err(refuse(
                "several artifacts cannot have the same name",
                "sign each artifact separately",
            ));
        }
        let context = Context::read(global)?;
        let location = context.location(&self.signing.trust)?;
        let policy = context.policy(&location)?;
        let key = context.signing_key(&self.signing.key, &policy)?;
        let mut records = Vec::new();
        for path in &self.artifacts {
            let subject = self.subject(&context, path)?;
            let profile = profile_for(&policy, self.signing.profile.as_ref(), subject.item)?;
            let signer = Signer::new(&policy, &profile, &key, context.now)?;
            let signed = self.sign_one(&context, &signer, path, &subject)?;
            let record = Record {
                artifact: context.shown(path),
                manifest: context.shown(&manifest::path_next_to(path)),
                job: signed.job.job().to_string(),
                profile: signer.profile().to_string(),
                expires_at: signed.expires,
                endorsement: signed.endorsement,
            };
            if self.format == Format::Text {
                let what = if signed.endorsement == Endorsement::Yes { "endorsed" } else { "signed" };
                print_done(&format!("{what}: {} (job {})\n", line(&record.manifest), record.job))?;
            }
            records.push(record);
        }
        if self.attach {
            attach::note_push(context.in_repository()?)?;
        }
        if self.format == Format::Json {
            print_json(&Document { schema_version: 1, signed: records })?;
        }
        Ok(Exit::Done)
    }

    /// The name from the options, else from the workspace's item, else from the file.
    fn subject<'a>(&self, context: &'a Context, path: &Path) -> Result<SignedAs<'a>> {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let by_file = || stem.parse::<ArtifactName>();
        let (kind, name) = match (&self.function, &self.layer) {
            (Some(name), _) => (Some(Kind::Function), name.clone()),
            (None, Some(name)) => (Some(Kind::Layer), name.clone()),
            (None, None) => (
                None,
                by_file().map_err(|error| {
                    refuse(error.to_string(), "name the function or layer with `--function` or `--layer`")
                })?,
            ),
        };
        let item = context.workspace.item(&name).filter(|item| kind.is_none_or(|kind| kind == item.kind));
        let kind = kind.or(item.map(|item| item.kind)).unwrap_or(Kind::Function);
        Ok(SignedAs { kind, name, item })
    }

    fn sign_one(
        &self,
        context: &Context,
        signer: &Signer<'_>,
        path: &Path,
        subject: &SignedAs<'_>,
    ) -> Result<Signed> {
        context.check_output_file(path)?;
        let progress = Progress::start(&format!("signing {}", context.shown(path)), 0);
        let artifact = copy::copy(path)?;
        let files = read::read(&artifact, context.threads)
            .map_err(|error| from_zip::refused(context, "sign", error, &artifact, path))?;
        let digests = artifact.digests(context.threads)?;
        if !self.again
            && let Some(existing) = existing(signer, path, &digests)?.map_err(or_again)?
        {
            let (job, profile) = (existing.job.job.job(), existing.job.profile.profile());
            return Err(refuse(
                format!(
                    "`{}` already has a manifest for this content, with profile `{profile}` and job {job}",
                    context.shown(path)
                ),
                format!("to replace the manifest, run `countersign sign {} --again`", context.shown(path)),
            ));
        }
        let (rules, source) = self.provenance(context, subject.item, &files).unzip();
        let source = source.flatten();
        let commit = self.attach.then(|| commit_of(path, source.as_ref())).transpose()?;
        let signed = sign::sign(
            signer,
            sign::Artifact {
                file_name: &sign::file_name(path),
                kind: subject.kind,
                name: &subject.name,
                digests: &digests,
                files,
                selection: rules,
                encoder: None,
                source,
                builder: builder(),
                layer: layer_record(subject.kind, subject.item),
            },
        )?;
        drop(progress);
        let manifest = manifest::path_next_to(path);
        Pending::with(&manifest, &signed.manifest, Access::Public, Durability::Remade)?.keep()?;
        if let Some(commit) = commit {
            let attached = Attached::parse(&signed.manifest)?;
            note(&attach::attach(context.in_repository()?, &commit, &[attached])?);
        }
        Ok(signed)
    }

    /// What was chosen and where it came from, only if the artifact's inventory is the workspace's own.
    fn provenance(
        &self,
        context: &Context,
        item: Option<&Item>,
        files: &[FileRecord],
    ) -> Option<(SelectionRecord, Option<Source>)> {
        if self.endorse {
            return None;
        }
        // A workspace that cannot be packaged now is no reason not to sign; it is just not the source.
        let output = context.workspace.output.clone();
        let packaging = Packaging::new(context, &self.choice, &[item?], output).ok()?;
        let (chosen, rules) = packaging.selection(item?).ok()?;
        let inventory = select::inventory(&chosen, &select::Known::default(), context.threads).ok()?;
        (inventory.files == files).then(|| (rules, chosen.source(inventory.is_committed)))
    }
}

/// The profile from the options, else the item's, else the account's only one.
pub fn profile_for(policy: &Policy, named: Option<&ProfileName>, item: Option<&Item>) -> Result<ProfileName> {
    if let Some(profile) = named.or(item.and_then(|item| item.profile.as_ref())) {
        return Ok(profile.clone());
    }
    match policy.profile_names().as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(refuse(
            format!("account `{}` has no signing profile", policy.account()),
            "ask the policy owner to create one",
        )),
        several => {
            let names: Vec<&str> = several.iter().map(ProfileName::as_str).collect();
            Err(refuse(
                "the account has several signing profiles",
                format!("choose one with `--profile`: {}", names.join(", ")),
            ))
        }
    }
}

/// The manifest that the artifact has already, if it describes these very bytes; or one that is newer than this program.
pub fn existing(
    signer: &Signer<'_>,
    artifact: &Path,
    digests: &ArtifactDigests,
) -> Result<Result<Option<Existing>, ExistingNewer>> {
    let manifest = Loaded::read_if_exists(&manifest::path_next_to(artifact), MANIFEST_BYTES_MAX)?;
    let existing = manifest.map(|manifest| sign::existing(signer, &manifest, digests));
    Ok(existing.transpose().map(Option::flatten))
}

fn or_again(existing: ExistingNewer) -> anyhow::Error {
    let hint =
        "update countersign to a version that reads this format, or replace the manifest with `--again`";
    refuse(existing.newer.to_string(), hint)
}

/// What only a layer has.
pub fn layer_record(kind: Kind, item: Option<&Item>) -> Option<LayerRecord> {
    let runtimes = item.map(|item| item.compatible_runtimes.clone()).unwrap_or_default();
    (kind == Kind::Layer).then_some(LayerRecord { compatible_runtimes: runtimes })
}
