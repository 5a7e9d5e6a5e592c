//! `layer publish`: an artifact becomes the next version of a layer.

use std::path::{Path, PathBuf};

use anyhow::Result;
use countersign::digest::ArtifactDigests;
use countersign::files::{self, FileError, copy};
use countersign::layer::location::LayerLocation;
use countersign::layer::{Layer, LayerVersion};
use countersign::limits::{LAYER_TEXT_BYTES_MAX, MANIFEST_BYTES_MAX, RUNTIMES_MAX};
use countersign::manifest;
use countersign::manifest::attached::{AttachError, Attached};
use countersign::name::ArtifactName;
use countersign::package::{layer as layout, read, size};
use countersign::provenance::Kind;
use countersign::workspace::Item;
use serde::Serialize;

use super::super::edit::{EditArgs, show_with};
use super::list::{VersionRecord, version};
use crate::command::package::from_zip;
use crate::context::Context;
use crate::output::{Exit, Format, note, print_json, refuse, say, warn};

/// Arguments of `layer publish`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    The version is valid after the next seal, and cannot be changed. Publishing records digests; it does not \
    make the layer trusted. `verify` and `gate` check the layer against the CSC of each function that uses \
    it. The last line of standard output is the ARN of the version.\n\n\
    Examples:\n  \
    countersign layer publish base\n  \
    countersign layer publish base --artifact base.zip \\\n    \
    --compatible-runtimes python3.13,python3.12 \\\n    \
    --license MIT --location s3://acme-layers/base-1.zip")]
pub struct Args {
    /// Name of the layer
    name: ArtifactName,
    /// ZIP file [default: the workspace's package of the layer]
    #[arg(long, value_name = "FILE")]
    artifact: Option<PathBuf>,
    /// Manifest of the artifact [default: ARTIFACT.sigstore.json, if it exists]
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Runtimes that it supports [default: those in countersign.toml, else any]
    #[arg(long, value_name = "RUNTIME", value_delimiter = ',', value_parser = runtime)]
    compatible_runtimes: Vec<String>,
    /// Description of the version
    #[arg(long, value_name = "TEXT", value_parser = short)]
    description: Option<String>,
    /// License, as an SPDX expression
    #[arg(long, value_name = "SPDX", value_parser = short)]
    license: Option<String>,
    /// Location to fetch it from: a path in the policy directory, `https://…` or `s3://BUCKET/KEY`
    #[arg(long, value_name = "PLACE")]
    location: Option<LayerLocation>,
    #[command(flatten)]
    edit: EditArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    layer: String,
    published: VersionRecord,
    changes: Vec<String>,
}

impl Args {
    /// Writes the new version.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let item = context.workspace.item(&self.name).filter(|item| item.kind == Kind::Layer);
        let path = self.artifact(context, item)?;
        let artifact = copy::copy(&path)?;
        let files = read::read(&artifact, context.threads)
            .map_err(|error| from_zip::refused(context, "publish", error, &artifact, &path))?;
        let digests = artifact.digests(context.threads)?;
        let signed = self.is_signed(context, &path, &digests)?;
        let compatible_runtimes = self.runtimes(item)?;
        layout::check(&compatible_runtimes, &files).iter().for_each(warn);
        size::check(digests.size, &files).iter().for_each(warn);
        if !signed {
            warn(&layout::not_signed(&self.name));
        }

        let (editor, before) = self.edit.layer(context, &self.name)?;
        let same = before.iter().flat_map(Layer::versions).find(|each| each.sha384 == digests.sha384);
        if let Some(same) = same {
            note(&format!(
                "version {} has the same content; publishing it again as a new version",
                same.version
            ));
        }
        let new = LayerVersion {
            version: 0,
            created: context.now,
            description: self.description,
            license: self.license,
            compatible_runtimes,
            location: self.location,
            size: digests.size,
            unpacked_size: files.iter().map(|file| file.size).sum(),
            sha256: digests.sha256,
            sha384: digests.sha384,
            signed,
        };
        let layer = Layer::publishing(before, self.name, new);
        let differences = editor.save_layer(&layer)?;
        let account = editor.root().account();
        let published = layer.versions().last().map(|new| version(account, &layer, new));
        let Some(published) = published else { return Ok(Exit::Done) };
        if self.format == Format::Text {
            return show_with(&differences, &format!("{}\n", published.arn));
        }
        let changes = differences.into_iter().map(|each| each.text).collect();
        print_json(&Document { schema_version: 1, layer: layer.name().to_string(), published, changes })?;
        say("not sealed yet: review it with `countersign policy diff`, then run `countersign policy seal`");
        Ok(Exit::Done)
    }

    fn artifact(&self, context: &Context, item: Option<&Item>) -> Result<PathBuf> {
        let made = item.map(|item| item.artifact(&context.workspace.output));
        self.artifact.clone().or(made).ok_or_else(|| {
            refuse(
                format!("the workspace has no layer `{}`", self.name),
                "name the artifact with `--artifact`",
            )
        })
    }

    fn runtimes(&self, item: Option<&Item>) -> Result<Vec<String>> {
        let mut all = match (self.compatible_runtimes.as_slice(), item) {
            ([], Some(item)) => item.compatible_runtimes.clone(),
            (given, _) => given.to_vec(),
        };
        all.sort();
        all.dedup();
        if all.len() <= RUNTIMES_MAX {
            return Ok(all);
        }
        let message = format!("{} runtimes are over the limit of {RUNTIMES_MAX}", all.len());
        Err(refuse(message, "name fewer runtimes, or publish another layer for the others"))
    }

    /// Whether a manifest is for this content. Who signed it and whether it is valid is for a verdict.
    fn is_signed(&self, context: &Context, artifact: &Path, digests: &ArtifactDigests) -> Result<bool> {
        let path = self.manifest.clone().unwrap_or_else(|| manifest::path_next_to(artifact));
        let shown = context.shown(&path);
        let bytes = match files::read(&path, MANIFEST_BYTES_MAX) {
            Err(error) if self.manifest.is_none() && FileError::is_absent(&error) => return Ok(false),
            other => other?,
        };
        let about = Attached::parse(&bytes).map(|manifest| (manifest.is_about(digests), manifest));
        let about = about.map(|(about, manifest)| {
            let (kind, name) = manifest.claimed_name();
            if about && (kind, name) != (Kind::Layer, &self.name) {
                note(&format!(
                    "`{shown}` signs it as {} `{name}`, so verification as layer `{}` fails: sign it with \
                 `countersign sign --layer {} --again`",
                    kind.name(),
                    self.name,
                    self.name
                ));
            }
            about
        });
        match about {
            Ok(true) => Ok(true),
            Ok(false) if self.manifest.is_none() => {
                note(&format!("`{shown}` is for other content, and is ignored"));
                Ok(false)
            }
            Ok(false) => Err(refuse(
                format!("`{shown}` is for other content than `{}`", context.shown(artifact)),
                "name the manifest of this artifact, or sign the artifact again",
            )),
            Err(AttachError::FormatNewer(newer)) => Err(newer.at(&path).into()),
            Err(error) => {
                Err(refuse(format!("`{shown}`: {error}"), "sign the artifact again, or move that file"))
            }
        }
    }
}

/// A runtime's identifier, such as `python3.13` or `provided.al2023`.
fn runtime(text: &str) -> Result<String, String> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    if (1..=64).contains(&text.len()) && text.bytes().all(inner) && !text.starts_with(['-', '.']) {
        return Ok(text.into());
    }
    Err("a runtime is 1 to 64 of `a-z`, `0-9`, `.` and `-`, such as `python3.13`".into())
}

fn short(text: &str) -> Result<String, String> {
    if (1..=LAYER_TEXT_BYTES_MAX).contains(&text.len()) {
        return Ok(text.into());
    }
    Err(format!("it has {} bytes, expected 1 to {LAYER_TEXT_BYTES_MAX}", text.len()))
}
