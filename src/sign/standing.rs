//! Standing releases: an artifact and its manifest, from an earlier run, that are still right.
//!
//! - If nothing changed, both are what a release would write, and nothing is compressed or signed. The manifest is
//!   compared with the files before its signature is verified, so the claim counts only if a verification of the
//!   artifact with the manifest then allows it.
//! - If some files changed, the deflated entries of the others are reused ([`Earlier`]), only from an artifact with
//!   every digest in a manifest that is valid now, by a key of the profile that signs, and with the same encoder.

use super::{Signer, tool};
use crate::files::artifact::Artifact;
use crate::files::{Loaded, copy};
use crate::inventory::FileRecord;
use crate::limits::MANIFEST_BYTES_MAX;
use crate::manifest::{self, Job, Statement};
use crate::name::ArtifactName;
use crate::package::earlier::Earlier;
use crate::package::write::{ENCODER, EntryTime};
use crate::parallel::Threads;
use crate::policy::store::Policy;
use crate::provenance::{Endorsement, Kind, LayerRecord, SelectionRecord, Source};
use crate::revocation::subject_of_key;
use crate::verify::integrity::{self, Digests, Opening};

/// What is to be released.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The artifact's file name.
    pub file_name: &'a str,
    /// Whether it is a function or a layer.
    pub kind: Kind,
    /// The function's or layer's name.
    pub name: &'a ArtifactName,
    /// Its files, sorted by path.
    pub files: &'a [FileRecord],
    /// The selection of files.
    pub selection: &'a SelectionRecord,
    /// The source of its files, if known.
    pub source: &'a Option<Source>,
    /// The fields that only a layer has.
    pub layer: &'a Option<LayerRecord>,
    /// The modification time of its entries.
    pub time: EntryTime,
}

/// The job of the manifest next to an artifact, if it claims that the artifact is what is wanted, and would not be
/// written in another way now. Nothing of it is verified.
pub fn claimed(signer: &Signer<'_>, wanted: &Wanted<'_>, artifact: &Artifact) -> Option<Job> {
    let manifest = manifest::manifest_of(artifact).ok()??;
    let statement = super::claimed(&manifest)?.ok()?;
    let job = statement.job();
    let is_current = job.profile == signer.arn
        && signer.now < job.signature_expires_at
        && job.format == manifest::format_of(job.selection.as_ref())
        && is_by_this_program(job);
    let is_same = statement.subject().name == wanted.file_name
        && (job.kind, &job.name) == (wanted.kind, wanted.name)
        && job.files == wanted.files
        && job.selection.as_ref() == Some(wanted.selection)
        && (&job.source, &job.layer) == (wanted.source, wanted.layer)
        && job.size == artifact.size()
        && EntryTime::of(artifact) == Some(wanted.time);
    (is_current && is_same).then(|| job.clone())
}

/// The entries of an artifact from an earlier run, if its manifest is valid now and describes all of its bytes.
pub fn earlier(
    policy: &Policy,
    signer: &Signer<'_>,
    artifact: &Artifact,
    threads: Threads,
) -> Option<Earlier> {
    let manifest = manifest::manifest_of(artifact).ok()??;
    // Other processes can change the artifact, and not the copy.
    let copied = copy::copy(artifact.path()).ok()?;
    let statement = described(policy, signer, &manifest, &copied, threads)?;
    Earlier::new(copied, &statement.job().files)
}

fn described(
    policy: &Policy,
    signer: &Signer<'_>,
    manifest: &Loaded,
    artifact: &Artifact,
    threads: Threads,
) -> Option<Statement> {
    let Opening::Opened(opened) = integrity::open(Some(manifest), &signer.keys()) else { return None };
    let (job, key) = (opened.job(), opened.signer());
    let is_valid = job.profile == signer.arn
        && signer.now < job.signature_expires_at
        && policy.revocations_of(&[subject_of_key(key)]).ok()?.is_empty();
    if !is_valid || !is_by_this_program(job) || manifest.bytes.len() as u64 > MANIFEST_BYTES_MAX {
        return None;
    }
    let intact = integrity::check(*opened, artifact, Digests::Quick, threads).ok()?.ok()?;
    Some(intact.into_opened().statement().clone())
}

/// Whether this version packaged the artifact: then the same content is compressed to the same bytes.
fn is_by_this_program(job: &Job) -> bool {
    job.encoder.as_deref() == Some(ENCODER) && job.tool == tool() && job.endorsement == Endorsement::No
}
