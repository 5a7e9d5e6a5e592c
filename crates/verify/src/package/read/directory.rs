//! The directory: the central headers, one for each entry.

use super::fields::Fields;
use super::kind::{self, System};
use super::{ReadError, extra, malformed, name_fault, zip};
use crate::inventory::FileMode;
use crate::limits::ENTRIES_MAX;

/// A central header. Its name is the directory's own bytes.
#[derive(Debug, Clone, Copy)]
pub struct Central<'d> {
    /// The name, equal in both headers; that of a folder ends in a slash.
    pub name: &'d str,
    /// What kind of file it is.
    pub mode: FileMode,
    /// General purpose flags.
    pub flags: u16,
    /// Compression method.
    pub method: u16,
    /// MS-DOS time and date.
    pub time: (u16, u16),
    /// CRC-32 of the unpacked bytes.
    pub crc: u32,
    /// Packed size in bytes.
    pub packed: u64,
    /// Unpacked size in bytes.
    pub size: u64,
    /// The offset of the local header.
    pub offset: u64,
}

impl<'d> Central<'d> {
    /// The name without a folder's slash.
    pub fn path(&self) -> &'d str {
        if self.mode == FileMode::Folder { &self.name[..self.name.len() - 1] } else { self.name }
    }
}

/// Reads the central headers of a directory with an expected number of entries.
pub fn read(directory: &[u8], count: u64) -> Result<Vec<Central<'_>>, ReadError> {
    let most = directory.len() / zip::CENTRAL_BYTES;
    let mut entries = Vec::with_capacity(most.min(ENTRIES_MAX).min(usize::try_from(count).unwrap_or(most)));
    let mut rest = Fields(directory);
    while !rest.0.is_empty() && entries.len() <= ENTRIES_MAX {
        entries.push(central(&mut rest)?);
    }
    if rest.0.is_empty() && entries.len() as u64 != count {
        let message = format!("the end record says {count} entries, but there are {}", entries.len());
        return Err(malformed("entry-count", message));
    }
    Ok(entries)
}

/// The raw fields of a central header, as they are written.
#[derive(Debug, Clone, Copy)]
pub struct Record<'d> {
    /// Version and system that it was made by.
    pub made_by: u16,
    /// Version needed to extract.
    pub needed: u16,
    /// General purpose flags.
    pub flags: u16,
    /// Compression method.
    pub method: u16,
    /// MS-DOS time and date.
    pub time: (u16, u16),
    /// CRC-32 of the unpacked bytes.
    pub crc: u32,
    /// Packed size in bytes; all bits if a ZIP64 extra has it.
    pub packed: u32,
    /// Unpacked size in bytes; all bits if a ZIP64 extra has it.
    pub size: u32,
    /// The disk on which the entry starts.
    pub disk: u16,
    /// Internal attributes.
    pub internal: u16,
    /// External attributes.
    pub external: u32,
    /// The offset of the local header; all bits if a ZIP64 extra has it.
    pub offset: u32,
    /// The name's bytes.
    pub name: &'d [u8],
    /// The extra fields.
    pub extra: &'d [u8],
    /// The entry's comment.
    pub comment: &'d [u8],
}

impl<'d> Record<'d> {
    /// Reads the fields after the signature.
    pub fn read(rest: &mut Fields<'d>) -> Option<Self> {
        let (made_by, needed) = (rest.u16()?, rest.u16()?);
        let (flags, method) = (rest.u16()?, rest.u16()?);
        let time = (rest.u16()?, rest.u16()?);
        let (crc, packed, size) = (rest.u32()?, rest.u32()?, rest.u32()?);
        let lengths = (rest.u16()?, rest.u16()?, rest.u16()?);
        let (disk, internal) = (rest.u16()?, rest.u16()?);
        let (external, offset) = (rest.u32()?, rest.u32()?);
        let name = rest.take(lengths.0.into())?;
        let (extra, comment) = (rest.take(lengths.1.into())?, rest.take(lengths.2.into())?);
        Some(Self {
            made_by,
            needed,
            flags,
            method,
            time,
            crc,
            packed,
            size,
            disk,
            internal,
            external,
            offset,
            name,
            extra,
            comment,
        })
    }
}

/// Reads one central header.
fn central<'d>(rest: &mut Fields<'d>) -> Result<Central<'d>, ReadError> {
    let short = || malformed("truncated", "the directory is truncated");
    let before = *rest;
    if rest.u32() != Some(zip::CENTRAL) {
        let cut = before.0.len() < zip::CENTRAL_BYTES;
        return Err(if cut {
            short()
        } else {
            malformed("entry-count", "the directory contains data that is not an entry")
        });
    }
    let record = Record::read(rest).ok_or_else(short)?;
    let fault = |(code, message)| name_fault(record.name, code, message);
    if !record.comment.is_empty() {
        return Err(fault(("archive-comment", "has a comment")));
    }
    check_method(&record).map_err(fault)?;
    check_needed(record.needed).map_err(fault)?;
    let offset = offset(&record).map_err(fault)?;
    let system = System::of(record.made_by).map_err(fault)?;
    let name = name(&record, system).map_err(fault)?;
    let folder = name.len() > 1 && name.ends_with('/');
    let mode = kind::mode(system, record.external, folder).map_err(fault)?;
    if folder && record.size > 0 {
        return Err(fault(("directory-with-data", "is a folder and has data")));
    }
    if mode == FileMode::Link && record.method != zip::STORED {
        return Err(fault((
            "symlink-deflated",
            "is a symbolic link with a deflated target, which busybox refuses",
        )));
    }
    let Record { flags, method, time, crc, packed, size, .. } = record;
    Ok(Central { name, mode, flags, method, time, crc, packed: packed.into(), size: size.into(), offset })
}

/// Flags 0, 6 and 13 are encryption; only stored and deflated bytes can be read everywhere.
fn check_method(record: &Record<'_>) -> Result<(), extra::Fault> {
    if record.flags & (1 | 1 << 6 | 1 << 13) != 0 {
        return Err(("encrypted", "is encrypted"));
    }
    let known = zip::FLAG_DESCRIPTOR | zip::FLAG_UTF8 | 0b110;
    if record.flags & !known != 0 {
        return Err(("flags-unknown", "has flags on which readers disagree"));
    }
    // Only for unzip, bit 2 means that the external attributes, with kind and mode, do not count.
    if record.internal & !zip::INTERNAL_TEXT != 0 {
        return Err(("flags-unknown", "has internal attributes on which readers disagree"));
    }
    match record.method {
        zip::DEFLATED => Ok(()),
        zip::STORED if record.flags & zip::FLAG_DESCRIPTOR == 0 => Ok(()),
        zip::STORED => Err(("method-unsupported", "is stored with its size only in a data descriptor")),
        _ => Err(("method-unsupported", "is neither stored nor deflated")),
    }
}

/// Checks the version needed to extract an entry, in either header.
pub fn check_needed(needed: u16) -> Result<(), extra::Fault> {
    if needed <= zip::NEEDED_MAX {
        return Ok(());
    }
    Err(("version-needed", "requires a ZIP version over 4.5, which unzip and others refuse"))
}

/// The offset of the local header. A size never needs ZIP64, since files are smaller than 4 GiB; an offset
/// can.
fn offset(record: &Record<'_>) -> Result<u64, extra::Fault> {
    const MASK: u32 = 0xFFFF_FFFF;
    let zip64 = extra::zip64(record.name, record.extra)?;
    let sizes = [record.size, record.packed].iter().filter(|value| **value == MASK).count();
    let deferred = sizes + usize::from(record.offset == MASK);
    let data = zip64.unwrap_or_default();
    if data.len() < 8 * deferred {
        return Err(("zip64-malformed", "lacks a ZIP64 value that it refers to"));
    }
    if data.len() % 8 != 0 {
        return Err(("zip64-malformed", "has a ZIP64 extra with the wrong length"));
    }
    // With more values than fields that refer to them, readers disagree on which values to use.
    if data.len() > 8 * deferred {
        return Err(("zip64-disagrees", "has ZIP64 values in addition to classic ones"));
    }
    if sizes > 0 {
        return Err(("zip64-unneeded", "has a ZIP64 size without need, or is too large"));
    }
    if record.disk != 0 {
        return Err(("multi-disk", "starts on another disk"));
    }
    if record.method == zip::STORED && record.packed != record.size {
        return Err(("stored-size-mismatch", "is stored and has two sizes"));
    }
    match (record.offset, Fields(data).u64()) {
        (MASK, Some(wide)) if wide < MASK.into() => {
            Err(("zip64-unneeded", "has a ZIP64 offset without need"))
        }
        (MASK, Some(wide)) => Ok(wide),
        // An empty ZIP64 extra has no purpose, and some readers fail on it.
        _ if zip64.is_some() => Err(("zip64-malformed", "has a ZIP64 extra without values")),
        (offset, _) => Ok(offset.into()),
    }
}

/// The name, which must be UTF-8 for every reader.
///
/// Errors: the code and what is wrong.
pub fn name<'d>(record: &Record<'d>, system: System) -> Result<&'d str, extra::Fault> {
    let name =
        std::str::from_utf8(record.name).map_err(|_| ("name-encoding", "has a name that is not UTF-8"))?;
    if name.is_ascii() {
        return Ok(name);
    }
    if record.flags & zip::FLAG_UTF8 == 0 {
        return Err(("name-encoding", "has a UTF-8 name without the UTF-8 flag"));
    }
    if system == System::Dos {
        return Err((
            "name-encoding",
            "has a name outside ASCII from Windows, which unzip converts from a code page",
        ));
    }
    Ok(name)
}
