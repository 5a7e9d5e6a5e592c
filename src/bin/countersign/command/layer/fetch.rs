//! `layer fetch`: a version's artifact and manifest from where its record says, as far as they are what was published.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use countersign::arn::{LayerArn, Owner};
use countersign::digest::{ArtifactDigests, ArtifactHasher};
use countersign::files::{self, Access, Durability, FileError, Pending, artifact::Artifact, download};
use countersign::git::source::Source;
use countersign::layer::location::LayerLocation;
use countersign::layer::{LayerVersion, path_in};
use countersign::limits::MANIFEST_BYTES_MAX;
use countersign::manifest;
use countersign::manifest::attached::{AttachError, Attached};
use countersign::policy::store::Policy;
use serde::Serialize;

use super::permit::no_version;
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, Format, note, print_done, print_json, refuse};
use crate::progress::Progress;

/// Arguments of `layer fetch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Writes `NAME-N.zip` only if its size and digests match the published version. This identifies the \
    artifact but does not verify it: run `countersign verify`.\n\n\
    `curl` downloads `https://` locations without credentials, and the AWS CLI downloads `s3://` locations \
    with yours. A path is relative to the policy directory of the record, and cannot leave it.\n\n\
    Example:\n  \
    countersign layer fetch arn:countersign:lambda::vendor:layer:base:3")]
pub struct Args {
    /// ARN of the layer version
    arn: LayerArn,
    /// Folder to write it to [default: the workspace's output folder]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    arn: String,
    artifact: String,
    manifest: Option<String>,
    fetched: bool,
    sha256: String,
    sha384: String,
}

impl Args {
    /// Writes both files, or neither.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let policy = context.policy(&context.location(&self.trust)?)?;
        let publisher = publisher(policy, &self.arn)?;
        let version = published(&publisher.policy, &self.arn)?;
        let path = path_in(self.output.as_ref().unwrap_or(&context.workspace.output), &self.arn);
        context.check_output_file(&path)?;
        let beside = manifest::path_next_to(&path);
        let (fetched, manifest) = match self.there(context, &path, &version)? {
            There::Whole(manifest) => {
                note(&format!("`{}` already is this layer version", context.shown(&path)));
                (false, manifest)
            }
            There::Nothing => {
                let location = version.location.as_ref().ok_or_else(|| {
                    refuse(
                        format!("`{}` was published without a location", self.arn),
                        format!("ask its publisher for the file, and store it as `{}`", context.shown(&path)),
                    )
                })?;
                let progress = Progress::start(&format!("fetching {location}"), 0);
                let fetched = fetch(&publisher, &self.arn, &version, location, &path)?;
                drop(progress);
                let manifest = fetched.manifest.is_some();
                fetched.keep()?;
                (true, manifest)
            }
        };
        if !manifest {
            note(
                "it was published unsigned: after a review, endorse it with `countersign sign --layer NAME \
                 --endorse`",
            );
        }
        match self.format {
            Format::Json => print_json(&Document {
                schema_version: 1,
                arn: self.arn.to_string(),
                artifact: context.shown(&path),
                manifest: manifest.then(|| context.shown(&beside)),
                fetched,
                sha256: version.sha256.to_string(),
                sha384: version.sha384.to_string(),
            })?,
            Format::Text if fetched => print_done(&format!("fetched: {}\n", context.shown(&path)))?,
            Format::Text => {}
        }
        Ok(Exit::Done)
    }

    /// Which of its files already exist. A file of that name that is something else stays as it is, whatever it is.
    fn there(&self, context: &Context, path: &Path, version: &LayerVersion) -> Result<There> {
        let artifact = match Artifact::open(path) {
            Ok(artifact) => artifact,
            Err(error) if FileError::is_absent(&error) => return Ok(There::Nothing),
            Err(error) => return Err(error.into()),
        };
        let digests = artifact.digests(context.threads)?;
        if (digests.size, digests.sha256, digests.sha384) != (version.size, version.sha256, version.sha384) {
            return Err(refuse(
                format!("`{}` already exists, and is not `{}`", context.shown(path), self.arn),
                "move the file, or name another folder with `--output`",
            ));
        }
        let beside = manifest::path_next_to(path);
        let bytes = files::read_if_exists(&beside, MANIFEST_BYTES_MAX)?;
        let about = bytes.map_or(Ok(false), |bytes| is_about(&beside, &bytes, &digests))?;
        Ok(if about || !version.signed { There::Whole(about) } else { There::Nothing })
    }
}

/// What of a layer version exists in the output folder.
enum There {
    /// All of it; whether there is a manifest.
    Whole(bool),
    /// Not the artifact, or not its manifest.
    Nothing,
}

/// Whose record it is, and where paths in it count from.
struct Publisher {
    policy: Arc<Policy>,
    folder: Option<PathBuf>,
}

/// The account that the ARN names: this one, or one that its policy knows.
fn publisher(policy: Policy, arn: &LayerArn) -> Result<Publisher> {
    let account = arn.owner().account();
    if *arn.owner() != Owner::countersign(account.clone()) {
        return Err(refuse(
            format!("`{arn}` is a layer version in AWS"),
            "download it with `aws lambda get-layer-version-by-arn`, and endorse it with `countersign \
                 sign --layer`",
        ));
    }
    if account == policy.account() {
        let folder = Some(policy.directory().into());
        return Ok(Publisher { policy: Arc::new(policy), folder });
    }
    let (Some(known), Some(theirs)) = (policy.known_account(account)?, policy.of_account(account)?) else {
        return Err(refuse(
            format!("account `{}` does not trust account `{account}`", policy.account()),
            format!(
                "run `countersign account trust {account} --root PIN --from URL`, then `countersign policy seal`"
            ),
        ));
    };
    // Only the documents of an account are fetched; its other files are at its origin.
    let is_folder = known.from().parse::<Source>().is_err();
    let folder = is_folder.then(|| policy.directory().join(known.from()));
    Ok(Publisher { policy: theirs, folder })
}

fn published(policy: &Policy, arn: &LayerArn) -> Result<LayerVersion> {
    let layer = policy.layer(arn.layer())?.ok_or_else(|| {
        let (account, name) = (policy.account(), arn.layer());
        refuse(
            format!("account `{account}` has no layer `{name}` in its last known seal"),
            format!("list its layers with `countersign layer list --account {account}`"),
        )
    })?;
    let version = layer.published(arn.number()).cloned();
    version.ok_or_else(|| no_version(&layer, arn.number()))
}

/// The fetched files, complete, before they get their names.
struct Fetched {
    artifact: Pending,
    manifest: Option<Pending>,
}

impl Fetched {
    fn keep(self) -> Result<()> {
        // The manifest first: an artifact that is there without one would be taken for an unsigned one.
        self.manifest.map_or(Ok(()), Pending::keep)?;
        Ok(self.artifact.keep()?)
    }
}

fn fetch(
    publisher: &Publisher,
    arn: &LayerArn,
    version: &LayerVersion,
    location: &LayerLocation,
    path: &Path,
) -> Result<Fetched> {
    let mut artifact = Hashed::new(Pending::new(path, Access::Public, Durability::Remade)?);
    copy(publisher, location, version.size, &mut artifact)?;
    let (artifact, digests) = artifact.finish();
    check(arn, version, location, &digests)?;
    if !version.signed {
        return Ok(Fetched { artifact, manifest: None });
    }
    let beside = manifest::path_next_to(path);
    if let Some(mine) = files::read_if_exists(&beside, MANIFEST_BYTES_MAX)?
        && !is_about(&beside, &mine, &digests)?
    {
        return Err(refuse(
            format!("`{}` already exists, and is not a manifest of `{arn}`", beside.display()),
            "move the file, or name another folder with `--output`",
        ));
    }
    let (place, mut bytes) = (location.of_manifest(), Vec::new());
    copy(publisher, &place, MANIFEST_BYTES_MAX, &mut bytes)?;
    let about = Attached::parse(&bytes).map(|manifest| manifest.is_about(&digests));
    if let Err(AttachError::FormatNewer(newer)) = about {
        return Err(newer.at(Path::new(&place.to_string())).into());
    }
    if !matches!(about, Ok(true)) {
        let why = about.map_or_else(|error| error.to_string(), |_| "it is for other content".into());
        return Err(refuse(
            format!("`{place}` is not the manifest of `{arn}`: {why}"),
            "ask its publisher to restore the manifest that it was published with",
        ));
    }
    let manifest = Pending::with(&beside, &bytes, Access::Public, Durability::Remade)?;
    Ok(Fetched { artifact, manifest: Some(manifest) })
}

/// Whether a file's bytes are a manifest of an artifact. One that is newer than this program may be.
fn is_about(path: &Path, bytes: &[u8], digests: &ArtifactDigests) -> Result<bool> {
    match Attached::parse(bytes) {
        Err(AttachError::FormatNewer(newer)) => Err(newer.at(path).into()),
        parsed => Ok(parsed.is_ok_and(|manifest| manifest.is_about(digests))),
    }
}

/// Refuses what is not what was published.
fn check(
    arn: &LayerArn,
    version: &LayerVersion,
    location: &LayerLocation,
    found: &ArtifactDigests,
) -> Result<()> {
    if (found.size, found.sha256, found.sha384) == (version.size, version.sha256, version.sha384) {
        return Ok(());
    }
    Err(refuse(
        format!(
            "`{location}` is not `{arn}`: it has {} bytes with SHA-384 {}, but {} bytes with SHA-384 {} \
                 were published",
            found.size, found.sha384, version.size, version.sha384
        ),
        "nothing was written; contact its publisher: the file or the record was changed",
    ))
}

fn copy(publisher: &Publisher, location: &LayerLocation, limit: u64, to: &mut impl Write) -> Result<()> {
    match location {
        LayerLocation::Https(url) => Ok(download::https(url, limit, to)?),
        LayerLocation::S3(object) => Ok(download::s3(object, limit, to)?),
        LayerLocation::File(_) => {
            let file = inside(publisher, location)?;
            let (mut source, size) = files::open(&file)?;
            if size > limit {
                return Err(download::DownloadError::TooLarge { from: location.to_string(), limit }.into());
            }
            let copied = io::copy(&mut io::Read::take(&mut source, limit), to);
            copied.map(|_| ()).map_err(|error| files::reading(&file)(error).into())
        }
    }
}

/// The file of a path in the publisher's policy directory, links and all.
fn inside(publisher: &Publisher, location: &LayerLocation) -> Result<PathBuf> {
    let folder = publisher.folder.as_ref();
    let found = folder.and_then(|folder| Some((folder, location.path_in(folder)?)));
    let Some((folder, path)) = found else {
        return Err(refuse(
            format!(
                "`{location}` is a path in the policy of `{}`, which was fetched from a repository",
                publisher.policy.account()
            ),
            "ask its publisher for an `https://…` or `s3://…` location",
        ));
    };
    let real = |path: &Path| path.canonicalize().map_err(files::reading(path));
    let file = match real(&path) {
        Err(error) if error.is_absent() => {
            return Err(refuse(
                format!("`{location}` does not exist in the policy directory `{}`", folder.display()),
                "ask its publisher to add the file, or for another location",
            ));
        }
        other => other?,
    };
    if file.starts_with(real(folder)?) {
        return Ok(file);
    }
    Err(refuse(
        format!("`{location}` leads out of the policy directory `{}`", folder.display()),
        "ask its publisher to replace the link with the artifact",
    ))
}

/// A file that is being written, and the digests of what went in.
struct Hashed {
    file: Pending,
    hasher: ArtifactHasher,
}

impl Hashed {
    fn new(file: Pending) -> Self {
        Self { file, hasher: ArtifactHasher::default() }
    }

    fn finish(self) -> (Pending, ArtifactDigests) {
        (self.file, self.hasher.finish())
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
