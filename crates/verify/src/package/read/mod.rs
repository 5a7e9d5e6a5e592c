//! The strict reader: accepts only archives that every program reads the same way.
//!
//! "Every program" is a list of fourteen readers, which `tests/peers/zips.rs` compares on archives that this
//! one accepts.
//!
//! | attack | answer |
//! |---|---|
//! | bytes before, between or after entries (Janus) | every byte belongs to one record |
//! | two end records, ZIP64 values in addition to classic ones | one end record; ZIP64 only where needed |
//! | local headers that differ from the directory | both headers agree, field by field |
//! | equal names, or equal for some reader or file system | refused ([`super::name`]) |
//! | a name outside, a link outside, a file through a link | refused ([`super::name`]) |
//! | attributes, systems and code pages that change a name or kind | refused (`kind`) |
//! | Unicode path extras, unknown extras, malformed extras | only extras that change nothing for a reader (`extra`) |
//! | deflate streams with bytes after them, wrong sizes | the stream ends where the entry ends |
//! | bombs, deep names | limits before memory is allocated; content is read in pieces (`unpack`) |
//!
//! If one fault causes others, the first of these is reported: end records, ZIP64, the directory's own
//! fields, names, local headers, offsets of entries, data.

pub mod directory;
pub mod end;
pub mod extra;
pub mod fields;
pub mod kind;
mod local;
mod unpack;

use std::borrow::Cow;

use self::directory::Central;
use self::unpack::Unpacker;
use super::name::{check_path, first_collision};
use super::zip;
use crate::files::FileError;
use crate::files::artifact::Artifact;
use crate::hint::Hint;
use crate::inventory::FileRecord;
use crate::limits::{ARCHIVE_BYTES_MAX, ENTRIES_MAX, FILE_BYTES_MAX, PACK_WINDOW_BYTES, TOTAL_BYTES_MAX};
use crate::parallel::{Threads, in_order};

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Two programs could read it differently, or none could read it.
    #[error("{0}")]
    Malformed(Malformed),
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Hint for ReadError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Malformed(fault) => Some(fault.hint().into()),
            Self::File(error) => error.hint(),
        }
    }
}

/// What is wrong with an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// A stable kebab-case name for programs.
    pub code: &'static str,
    /// What is wrong, with the name of the entry if it is about one.
    pub message: String,
}

impl Malformed {
    /// What to do about it: repack, rename or reduce the files.
    pub fn hint(&self) -> &'static str {
        match self.code {
            "not-a-zip" => "pass a ZIP file; `countersign package` creates one",
            "truncated" | "crc-mismatch" | "size-mismatch" | "deflate-malformed" => {
                "download the archive again: this copy is incomplete"
            }
            "empty-archive" => "pack at least one file",
            "too-large" | "too-many-entries" | "ratio" => "pack fewer or smaller files",
            "name-encoding" => {
                "pack the files again with `countersign package`, or on Linux or macOS with `zip -X -r`"
            }
            "symlink-escapes" | "symlink-target" | "write-through-symlink" => {
                "replace the symbolic link with the file that it leads to, and pack the files again"
            }
            "name-backslash" => {
                "Windows PowerShell 5 writes backslashes: pack the files with PowerShell 7, `tar -a -cf` or `countersign package`"
            }
            code if code.starts_with("name") => "rename the file, and pack the files again",
            _ if self.is_form() => "repack it: `countersign package --from-zip FILE`",
            _ => UNPACK,
        }
    }

    /// Whether it can be a fault of form alone, for which `package --from-zip` can find the files that every reader finds.
    pub fn is_form(&self) -> bool {
        FORMS.contains(&self.code)
    }
}

/// What to do if readers could find different files.
pub const UNPACK: &str =
    "unpack the archive, review the files, and pack them again with `countersign package` or `zip -X -r`";

/// Codes of faults that can be of form alone.
const FORMS: [&str; 11] = [
    "archive-comment",
    "descriptor-form",
    "descriptor-in-data",
    "extra-duplicate",
    "extra-malformed",
    "method-unsupported",
    "special-mode",
    "symlink-deflated",
    "version-needed",
    "zip64-disagrees",
    "zip64-unneeded",
];

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

/// An error about the whole archive.
pub fn malformed(code: &'static str, message: impl Into<String>) -> ReadError {
    ReadError::Malformed(Malformed { code, message: message.into() })
}

/// An error about the entry with this name, of which the message shows the start.
pub fn name_fault(name: &[u8], code: &'static str, message: &str) -> ReadError {
    let shown: String = String::from_utf8_lossy(name).chars().take(200).collect();
    malformed(code, format!("entry {shown:?} {message}"))
}

fn entry_fault(entry: &Central<'_>, code: &'static str, message: &str) -> ReadError {
    name_fault(entry.name.as_bytes(), code, message)
}

/// Reads an archive's inventory, sorted by path. Every byte must belong to a record; every file is unpacked once.
pub fn read(artifact: &Artifact, threads: Threads) -> Result<Vec<FileRecord>, ReadError> {
    if artifact.size() > ARCHIVE_BYTES_MAX {
        return Err(malformed("too-large", format!("the archive is larger than {ARCHIVE_BYTES_MAX} bytes")));
    }
    let end = end::find(artifact)?;
    let mut bytes = vec![0; end.size as usize];
    artifact.read_at(&mut bytes, end.start)?;
    let mut entries = directory::read(&bytes, end.count)?;
    end.check_need()?;
    check(&entries, artifact.size())?;
    entries.sort_by_key(|entry| entry.offset);
    let placed = local::place(artifact, &entries, end.start)?;
    unpack(artifact, &placed, threads)
}

/// Checks what the headers claim: limits, and the names of all entries together.
pub fn check(entries: &[Central<'_>], archive: u64) -> Result<(), ReadError> {
    check_limits(entries, archive)?;
    check_names(entries)
}

/// Unpacks entries, each with the offset of its data, and returns their inventory, sorted by path.
///
/// Checks sizes, CRCs, the ends of deflate streams and the targets of links.
pub fn unpack(
    artifact: &Artifact,
    placed: &[(&Central<'_>, u64)],
    threads: Threads,
) -> Result<Vec<FileRecord>, ReadError> {
    let mut files = Vec::with_capacity(placed.len());
    let unpacker = Unpacker::new(artifact);
    let weight = |(entry, _): &(&Central<'_>, u64)| unpack::weight(entry);
    let unpack = |(entry, start): &(&Central<'_>, u64)| unpacker.unpack(entry, *start);
    in_order(threads, PACK_WINDOW_BYTES, placed, weight, unpack, |file| {
        files.push(file);
        Ok::<(), ReadError>(())
    })?;
    files.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    Ok(files)
}

/// Checks entries, sizes and ratio against the limits, by the headers; unpacking checks the headers.
fn check_limits(entries: &[Central<'_>], archive: u64) -> Result<(), ReadError> {
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

/// Checks names with [`super::name`]; duplicates are reported before collisions.
fn check_names(entries: &[Central<'_>]) -> Result<(), ReadError> {
    for entry in entries {
        check_path(entry.path()).map_err(|fault| entry_fault(entry, fault.code, fault.message))?;
    }
    let Some(collision) = first_collision(entries, |entry| (entry.path(), entry.mode)) else {
        return Ok(());
    };
    let other: String = entries[collision.earlier].path().chars().take(200).collect();
    let message = format!("{}: {other:?}", collision.fault.message);
    Err(entry_fault(&entries[collision.later], collision.fault.code, &message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::FileMode;

    fn entry(packed: u64, size: u64) -> Central<'static> {
        Central {
            name: "a",
            mode: FileMode::Regular,
            flags: 0,
            method: zip::DEFLATED,
            time: (0, 0),
            crc: 0,
            packed,
            size,
            offset: 0,
        }
    }

    #[test]
    fn claimed_sizes_have_limits() {
        let large = TOTAL_BYTES_MAX;
        let files = (TOTAL_BYTES_MAX / FILE_BYTES_MAX) as usize;
        for (entries, archive, code) in [
            (vec![], 100, Some("empty-archive")),
            (vec![entry(100, 100)], 100, None),
            (vec![entry(101, 101)], 100, Some("truncated")),
            (vec![entry(1, FILE_BYTES_MAX)], large, None),
            (vec![entry(1, FILE_BYTES_MAX + 1)], large, Some("too-large")),
            (vec![entry(1, FILE_BYTES_MAX); files], large, None),
            (vec![entry(1, FILE_BYTES_MAX); files + 1], large, Some("too-large")),
            (vec![entry(1, FILE_BYTES_MAX)], FILE_BYTES_MAX / 200, Some("ratio")),
            (vec![entry(1, 1); ENTRIES_MAX], large, None),
            (vec![entry(1, 1); ENTRIES_MAX + 1], large, Some("too-many-entries")),
        ] {
            let found = check_limits(&entries, archive).err();
            let found = found.map(|error| match error {
                ReadError::Malformed(fault) => fault.code,
                ReadError::File(_) => "file",
            });
            assert_eq!(found, code, "{} entries of {archive} bytes", entries.len());
        }
    }
}
