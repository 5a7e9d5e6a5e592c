//! The strict reader: an archive is read only if every program reads it alike.
//!
//! | attack | answer |
//! |---|---|
//! | bytes before, between or after entries (Janus) | every byte belongs to one record |
//! | two end records, ZIP64 values beside classic ones | one end record; all its values agree |
//! | local headers that say something else | both headers agree, field by field |
//! | equal names, or equal to some file systems | refused ([`super::name`]) |
//! | a name outside, a link outside, a file through a link | refused ([`super::name`]) |
//! | Unicode path extras, unknown extras, ragged extras | only extras that change nothing for a reader |
//! | deflate streams with bytes after them, lying sizes | the stream ends where the entry ends |
//! | bombs | limits on files, total, entries and ratio, before memory is taken |
//!
//! Where one fault brings others, the first of these is named: end records, ZIP64, the directory's
//! own fields, names, local headers, where entries lie, data.

mod directory;
mod fields;
mod local;

use libdeflater::{DecompressionError, Decompressor, crc32};

use self::directory::Central;
use super::name::{Collisions, check_link, check_path};
use super::zip;
use crate::digest::Sha384;
use crate::files::FileError;
use crate::files::artifact::Artifact;
use crate::inventory::{FileMode, FileRecord};
use crate::limits::{
    ARCHIVE_BYTES_MAX, ENTRIES_MAX, FILE_BYTES_MAX, LINK_BYTES_MAX, PACK_WINDOW_BYTES, TOTAL_BYTES_MAX,
};
use crate::parallel::{Threads, in_order};

/// Deflate's greatest expansion: 258 bytes from 2 bits.
const DEFLATE_EXPANSION: u64 = 1032;

/// Why an archive is not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Two programs could read it differently, or none could read it.
    #[error("{0}")]
    Malformed(Malformed),
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// What is wrong with an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// A stable kebab-case name for programs.
    pub code: &'static str,
    /// What is wrong, naming the entry if it is about one.
    pub message: String,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

fn malformed(code: &'static str, message: impl Into<String>) -> ReadError {
    ReadError::Malformed(Malformed { code, message: message.into() })
}

fn entry_fault(entry: &Central, code: &'static str, message: &str) -> ReadError {
    malformed(code, format!("entry {:?} {message}", entry.shown_name()))
}

/// Reads an archive's inventory, with every byte accounted for and every file unpacked once.
pub fn read(artifact: &Artifact, threads: Threads) -> Result<Vec<FileRecord>, ReadError> {
    if artifact.size() > ARCHIVE_BYTES_MAX {
        return Err(malformed("too-large", format!("the archive is larger than {ARCHIVE_BYTES_MAX} bytes")));
    }
    let (mut entries, directory_start) = directory::read(artifact)?;
    check_limits(&entries, artifact.size())?;
    check_names(&entries)?;
    entries.sort_by_key(|entry| entry.offset);
    let placed = local::place(artifact, &entries, directory_start)?;
    let mut files = Vec::with_capacity(placed.len());
    let weight = |(entry, _): &(&Central, u64)| entry.packed + entry.size;
    let unpack = |(entry, start): &(&Central, u64)| unpack(artifact, entry, *start);
    in_order(threads, PACK_WINDOW_BYTES, &placed, weight, unpack, |file| {
        files.push(file);
        Ok::<(), ReadError>(())
    })?;
    files.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    Ok(files)
}

/// Limits on entries, sizes and ratio, from what the headers claim; the claims are checked when unpacking.
fn check_limits(entries: &[Central], archive: u64) -> Result<(), ReadError> {
    if entries.is_empty() {
        return Err(malformed("empty-archive", "the archive has no entries"));
    }
    if entries.len() > ENTRIES_MAX {
        return Err(malformed(
            "too-many-entries",
            format!("the archive has more than {ENTRIES_MAX} entries"),
        ));
    }
    let mut total: u64 = 0;
    for entry in entries {
        if entry.packed > archive {
            return Err(entry_fault(entry, "truncated", "is longer than the archive"));
        }
        if entry.size > FILE_BYTES_MAX {
            return Err(entry_fault(
                entry,
                "too-large",
                &format!("unpacks to more than {FILE_BYTES_MAX} bytes"),
            ));
        }
        total += entry.size;
    }
    if total > TOTAL_BYTES_MAX {
        return Err(malformed(
            "too-large",
            format!("the archive unpacks to more than {TOTAL_BYTES_MAX} bytes"),
        ));
    }
    match super::size::over_ratio(total, archive) {
        Some(message) => Err(malformed("ratio", message)),
        None => Ok(()),
    }
}

/// Names are what [`super::name`] allows, each once; duplicates come before collisions.
fn check_names(entries: &[Central]) -> Result<(), ReadError> {
    for entry in entries {
        check_path(&entry.path).map_err(|fault| entry_fault(entry, fault.code, fault.message))?;
    }
    let mut names = Collisions::default();
    for entry in entries {
        names.add(&entry.path, entry.mode).map_err(|(fault, other)| {
            entry_fault(entry, fault.code, &format!("{}: {other:?}", fault.message))
        })?;
    }
    Ok(())
}

/// Unpacks one entry and checks its size, CRC and, for a link, its target.
fn unpack(artifact: &Artifact, entry: &Central, start: u64) -> Result<FileRecord, ReadError> {
    let mut packed = vec![0; entry.packed as usize];
    artifact.read_at(&mut packed, start)?;
    let bytes = if entry.method == zip::STORED { packed } else { inflate(entry, &packed)? };
    if crc32(&bytes) != entry.crc {
        return Err(entry_fault(entry, "crc-mismatch", "does not have the CRC that its header says"));
    }
    if entry.mode == FileMode::Link {
        check_target(entry, &bytes)?;
    }
    let path = entry.path.clone();
    Ok(FileRecord { path, mode: entry.mode, size: bytes.len() as u64, sha384: Sha384::of(&bytes) })
}

fn check_target(entry: &Central, bytes: &[u8]) -> Result<(), ReadError> {
    let escapes = |message| entry_fault(entry, "symlink-escapes", message);
    let target = std::str::from_utf8(bytes).ok().filter(|_| entry.size <= LINK_BYTES_MAX);
    let target = target.ok_or_else(|| escapes("is a symbolic link to no UTF-8 path"))?;
    check_link(&entry.path, target).map_err(|fault| escapes(fault.message))
}

fn inflate(entry: &Central, packed: &[u8]) -> Result<Vec<u8>, ReadError> {
    let mismatch = || entry_fault(entry, "size-mismatch", "unpacks to another size than its header says");
    if entry.size > DEFLATE_EXPANSION * (entry.packed + 1) {
        return Err(mismatch());
    }
    let mut bytes = vec![0; entry.size as usize];
    let mut decompressor = Decompressor::new();
    match decompressor.deflate_decompress(packed, &mut bytes) {
        Ok(size) if size as u64 == entry.size => {}
        Ok(_) | Err(DecompressionError::InsufficientSpace) => return Err(mismatch()),
        Err(DecompressionError::BadData) => {
            return Err(entry_fault(
                entry,
                "deflate-malformed",
                "has a deflate stream that is malformed or ends early",
            ));
        }
    }
    // A stream that ends in its last byte cannot be unpacked without it.
    let shorter = &packed[..packed.len().saturating_sub(1)];
    if decompressor.deflate_decompress(shorter, &mut bytes.clone()).is_ok() {
        return Err(entry_fault(entry, "deflate-trailing", "has bytes after the end of its deflate stream"));
    }
    Ok(bytes)
}
