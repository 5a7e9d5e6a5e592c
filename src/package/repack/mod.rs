//! Repacking: the files of a ZIP of another tool, for the canonical form, if all readers of its directory find the same.
//!
//! The strict reader accepts only what needs no rewriting. Here, what is only form is dropped, and what decides the content
//! must be unambiguous. The core's own checks apply: the end records, names and collisions, kinds, limits, deflate streams,
//! CRCs, links.
//!
//! | dropped | if |
//! |---|---|
//! | the archive's comment | it has no signature of a record, and at most [`REPACK_COMMENT_BYTES_MAX`] bytes |
//! | comments of entries, times, text flags, versions, setuid and the like | always |
//! | data descriptors in any of their four forms | CRC and sizes are those of the directory, and the next record follows |
//! | a descriptor after a stored entry | also: its signature is not in the data, at which a reader of a stream could stop |
//! | ZIP64 values and end records without need | they are the values of the headers |
//! | extra fields of known kinds | a Unicode path repeats the name, and ZIP64 and that occur once |
//! | folders | always; those without files are named |
//!
//! | refused | why |
//! |---|---|
//! | bytes before, between or after records, several end records, two headers that differ | readers find other entries |
//! | two files of one name, names that differ for some readers (code pages, backslashes) | readers keep different files |
//! | encryption, methods except stored and deflated, unknown flags and extra fields | some readers cannot read it |
//! | attributes and systems that readers interpret differently | a file for some, a link or a folder for others |

mod entry;
mod extra;
mod local;
mod writer;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

pub use self::writer::{GIT_ARCHIVE, writer};
use super::read::directory::Central;
use super::read::{self, ReadError, end, malformed};
use super::select::{self, Candidate, Content};
use super::zip;
use crate::files::artifact::Artifact;
use crate::files::{self, FileError};
use crate::hint::Hint;
use crate::inventory::{FileMode, FileRecord};
use crate::limits::{REPACK_BYTES_MAX, REPACK_COMMENT_BYTES_MAX};
use crate::parallel::Threads;
use crate::report::{Check, Finding};
use crate::shown::name;

/// The files of a ZIP, checked.
#[derive(Debug)]
pub struct Repack {
    /// The files for the writer, sorted by path.
    pub candidates: Vec<Candidate>,
    /// Their records.
    pub files: Vec<FileRecord>,
    /// Folders without files, which packages do not have.
    pub empty_folders: Vec<String>,
    secrets: Secrets,
}

/// What was found while the files were read, with their paths.
type Secrets = Arc<Mutex<BTreeMap<String, &'static str>>>;

impl Repack {
    /// A warning for each file that nobody means to deploy, among those that the writer has read.
    pub fn secrets(&self) -> Vec<Finding> {
        let found = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let finding = |(path, what): (&String, &&str)| {
            let message = format!("`{}` is {what}", name(path));
            let hint = "if it is not meant to be deployed, remove it where the archive is built";
            Finding::new(Check::Package, "secret-packaged", message, hint)
        };
        found.iter().map(finding).collect()
    }
}

/// Why a ZIP cannot be repacked.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct RepackError(#[from] ReadError);

impl Hint for RepackError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match &self.0 {
            ReadError::Malformed(fault) if fault.is_form() => Some(read::UNPACK.into()),
            ReadError::Malformed(fault) => Some(fault.hint().into()),
            ReadError::File(error) => error.hint(),
        }
    }
}

impl From<FileError> for RepackError {
    fn from(error: FileError) -> Self {
        Self(error.into())
    }
}

/// Reads a ZIP into memory, where its bytes cannot change, and checks it.
pub fn open(path: &Path, threads: Threads) -> Result<Repack, RepackError> {
    let mut bytes = files::read(path, REPACK_BYTES_MAX)?;
    remove_comment(&mut bytes)?;
    Ok(unambiguous(Artifact::in_memory(path, bytes), threads)?)
}

fn unambiguous(artifact: Artifact, threads: Threads) -> Result<Repack, ReadError> {
    let end = end::find(&artifact)?;
    let mut directory = vec![0; end.size as usize];
    artifact.read_at(&mut directory, end.start)?;
    let mut entries = entry::all(&directory, end.count)?;
    entries.sort_by_key(|entry| entry.offset);
    let starts = local::place(&artifact, &entries, end.start)?;
    let mut placed: Vec<(Central<'_>, u64)> = entries.into_iter().zip(starts).collect();
    for (entry, _) in &mut placed {
        // For the core, a descriptor's signature in deflated data is a fault. Readers of the directory do not search for it.
        entry.flags &= !zip::FLAG_DESCRIPTOR;
    }
    drop_repeated_folders(&mut placed);
    let centrals: Vec<Central<'_>> = placed.iter().map(|(entry, _)| *entry).collect();
    read::check(&centrals, artifact.size())?;
    let lent: Vec<(&Central<'_>, u64)> = placed.iter().map(|(entry, start)| (entry, *start)).collect();
    let files = read::unpack(&artifact, &lent, threads)?;
    let (artifact, secrets) = (Arc::new(artifact), Secrets::default());
    let candidate = |(entry, start): &(Central<'_>, u64)| {
        let content = Packed {
            path: entry.path().to_owned(),
            secrets: secrets.clone(),
            artifact: artifact.clone(),
            start: *start,
            packed: entry.packed,
            size: entry.size,
            is_deflated: entry.method == zip::DEFLATED,
        };
        Candidate::with_content(entry.path().to_owned(), entry.mode, entry.size, Arc::new(content))
    };
    let mut candidates: Vec<Candidate> =
        placed.iter().filter(|(entry, _)| entry.mode != FileMode::Folder).map(candidate).collect();
    candidates.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    let (folders, files): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| file.mode == FileMode::Folder);
    if files.is_empty() {
        return Err(malformed("empty-archive", "the archive has no files"));
    }
    let is_empty = |folder: &FileRecord| {
        let inside = format!("{}/", folder.path);
        let at = files.partition_point(|file| file.path.as_bytes() < inside.as_bytes());
        files.get(at).is_none_or(|file| !file.path.starts_with(&inside))
    };
    let empty_folders = folders.iter().filter(|folder| is_empty(folder)).map(|folder| folder.path.clone());
    Ok(Repack { candidates, empty_folders: empty_folders.collect(), files, secrets })
}

/// One folder can have several entries: merged JARs do. Each reader creates it once.
fn drop_repeated_folders(placed: &mut Vec<(Central<'_>, u64)>) {
    let mut seen = BTreeSet::new();
    placed.retain(|(entry, _)| entry.mode != FileMode::Folder || seen.insert(entry.name));
}

/// Removes the archive's comment, so that the core's checks of the end apply to the rest.
fn remove_comment(bytes: &mut Vec<u8>) -> Result<(), ReadError> {
    let signature = zip::END.to_le_bytes();
    let tail = bytes.len().saturating_sub(zip::END_BYTES as usize + usize::from(u16::MAX));
    let ends_here = |at: usize| {
        let length = bytes.get(at + 20..at + 22).map(|two| u16::from_le_bytes([two[0], two[1]]));
        length.is_some_and(|length| at + 22 + usize::from(length) == bytes.len())
    };
    let found: Vec<usize> =
        (tail..bytes.len()).filter(|at| bytes[*at..].starts_with(&signature) && ends_here(*at)).collect();
    let [at] = found[..] else {
        return if found.is_empty() {
            Ok(())
        } else {
            Err(malformed("several-end-records", "the archive has several end records"))
        };
    };
    let comment = &bytes[at + 22..];
    if comment.is_empty() {
        return Ok(());
    }
    let signatures = [zip::LOCAL, zip::CENTRAL, zip::DESCRIPTOR, zip::END, zip::END64, zip::LOCATOR64];
    let is_signature = |four: &[u8]| signatures.iter().any(|signature| four == signature.to_le_bytes());
    if comment.len() > REPACK_COMMENT_BYTES_MAX || comment.windows(4).any(is_signature) {
        let message = "the archive has a comment that is too long, or in which readers could find a record";
        return Err(malformed("archive-comment", message));
    }
    bytes.truncate(at + 22);
    bytes[at + 20..].fill(0);
    Ok(())
}

/// The content of an entry.
#[derive(Debug)]
struct Packed {
    path: String,
    secrets: Secrets,
    artifact: Arc<Artifact>,
    start: u64,
    packed: u64,
    size: u64,
    is_deflated: bool,
}

impl Content for Packed {
    fn bytes(&self) -> Result<Vec<u8>, FileError> {
        let bytes = self.inflated()?;
        if let Some(what) = select::secret(&self.path, &bytes) {
            let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
            secrets.insert(self.path.clone(), what);
        }
        Ok(bytes)
    }
}

impl Packed {
    fn inflated(&self) -> Result<Vec<u8>, FileError> {
        let mut packed = vec![0; self.packed as usize];
        self.artifact.read_at(&mut packed, self.start)?;
        if !self.is_deflated {
            return Ok(packed);
        }
        let mut bytes = vec![0; self.size as usize];
        let inflated = libdeflater::Decompressor::new().deflate_decompress(&packed, &mut bytes);
        match inflated {
            Ok(size) if size == bytes.len() => Ok(bytes),
            // The core's reader inflated it, so another content is an error of a library.
            _ => Err(files::reading(self.artifact.path())(std::io::ErrorKind::InvalidData.into())),
        }
    }
}
