//! The directory: the end records, and the central headers they lead to.

use super::fields::{Fields, zip64_extra};
use super::{ReadError, entry_fault, malformed, zip};
use crate::files::artifact::Artifact;
use crate::inventory::FileMode;
use crate::limits::ENTRIES_MAX;

/// A central header, with its ZIP64 values in place.
#[derive(Debug, Clone)]
pub struct Central {
    /// The name's bytes, as both headers must have them.
    pub raw_name: Vec<u8>,
    /// The name without a folder's slash.
    pub path: String,
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
    /// Where the local header starts.
    pub offset: u64,
}

impl Central {
    /// The name for a message.
    pub fn shown_name(&self) -> String {
        String::from_utf8_lossy(&self.raw_name).chars().take(200).collect()
    }
}

/// Where the directory lies and how many headers it has.
struct End {
    count: u64,
    size: u64,
    start: u64,
    /// Where the records after the directory start.
    directory_end: u64,
}

/// Largest tail that can hold the end record: the record and a comment of 65,535 bytes.
const TAIL_BYTES: u64 = zip::END_BYTES + 65_535;

/// Reads every central header, and tells where the directory starts.
pub fn read(artifact: &Artifact) -> Result<(Vec<Central>, u64), ReadError> {
    let end = find_end(artifact)?;
    check_directory_place(artifact, &end)?;
    if end.count == 0 && end.size == 0 {
        return Ok((Vec::new(), end.start));
    }
    // A header has at least 46 bytes, and names and extras at most 64 KiB each.
    let most = (ENTRIES_MAX as u64 + 1) * (zip::CENTRAL_BYTES as u64 + 4096);
    if end.size > most {
        return Err(malformed("too-many-entries", "the directory is larger than that of any honest archive"));
    }
    let mut bytes = vec![0; end.size as usize];
    artifact.read_at(&mut bytes, end.start)?;
    let mut rest = Fields(&bytes);
    let mut entries = Vec::new();
    while !rest.0.is_empty() && entries.len() <= ENTRIES_MAX {
        entries.push(central(&mut rest)?);
    }
    if rest.0.is_empty() && entries.len() as u64 != end.count {
        let message =
            format!("the end record counts {} entries where there are {}", end.count, entries.len());
        return Err(malformed("entry-count", message));
    }
    Ok((entries, end.start))
}

fn find_end(artifact: &Artifact) -> Result<End, ReadError> {
    let size = artifact.size();
    let mut tail = vec![0; size.min(TAIL_BYTES) as usize];
    let tail_start = size - tail.len() as u64;
    artifact.read_at(&mut tail, tail_start)?;
    let at = end_record(&tail)?;
    let record = tail_start + at as u64;
    let mut fields = Fields(&tail[at + 4..]);
    let read = (|| {
        let disks = (fields.u16()?, fields.u16()?);
        let counts = (fields.u16()?, fields.u16()?);
        Some((disks, counts, fields.u32()?, fields.u32()?))
    })();
    let (disks, counts, directory, start) =
        read.ok_or_else(|| malformed("truncated", "the end record is cut short"))?;
    if disks != (0, 0) {
        return Err(malformed("multi-disk", "the archive is split over several disks"));
    }
    if counts.0 != counts.1 {
        return Err(malformed("entry-count", "the end record counts two numbers of entries"));
    }
    let classic =
        End { count: counts.1.into(), size: directory.into(), start: start.into(), directory_end: record };
    zip64_end(artifact, classic, record)
}

/// The place of the one end record, which must be the last bytes, in the archive's tail.
fn end_record(tail: &[u8]) -> Result<usize, ReadError> {
    let signature = zip::END.to_le_bytes();
    let found: Vec<usize> =
        (0..tail.len().saturating_sub(21)).filter(|at| tail[*at..].starts_with(&signature)).collect();
    let end_of = |at: usize| at + 22 + usize::from(u16::from_le_bytes([tail[at + 20], tail[at + 21]]));
    let Some(&last) = found.last() else {
        return Err(malformed("not-a-zip", "the file is not a ZIP: it has no end record"));
    };
    if end_of(last) == tail.len() && last + 22 == tail.len() {
        let in_comment = found.iter().any(|at| *at < last && end_of(*at) == tail.len());
        return if in_comment { Err(several_ends()) } else { Ok(last) };
    }
    if found.iter().any(|at| *at < last && end_of(*at) == tail.len()) {
        return Err(several_ends());
    }
    match end_of(last).cmp(&tail.len()) {
        std::cmp::Ordering::Less => {
            Err(malformed("bytes-after", "there are bytes after the end of the archive"))
        }
        std::cmp::Ordering::Equal => Err(malformed("archive-comment", "the archive has a comment")),
        std::cmp::Ordering::Greater => Err(malformed("truncated", "the archive's comment is cut short")),
    }
}

fn several_ends() -> ReadError {
    malformed("several-end-records", "the archive has several end records")
}

/// The end with its ZIP64 values, if it has a ZIP64 locator right before the end record.
fn zip64_end(artifact: &Artifact, classic: End, record: u64) -> Result<End, ReadError> {
    let deferred = classic.count == 0xFFFF || classic.size == 0xFFFF_FFFF || classic.start == 0xFFFF_FFFF;
    let mut bytes = [0; zip::LOCATOR64_BYTES as usize];
    let locator = record.checked_sub(zip::LOCATOR64_BYTES);
    if let Some(locator) = locator {
        artifact.read_at(&mut bytes, locator)?;
    }
    let mut fields = Fields(&bytes);
    let (Some(locator), true) = (locator, fields.u32() == Some(zip::LOCATOR64)) else {
        let absent =
            || malformed("zip64-malformed", "the end record defers to a ZIP64 one that is not there");
        return if deferred { Err(absent()) } else { Ok(classic) };
    };
    let read = (|| Some((fields.u32()?, fields.u64()?, fields.u32()?)))();
    let Some((0, place, 1)) = read else {
        return Err(malformed("multi-disk", "the ZIP64 locator names several disks"));
    };
    let end = zip64_record(artifact, place, locator)?;
    let agrees = |classic: u64, mask: u64, wide: u64| classic == mask || classic == wide;
    let all = agrees(classic.count, 0xFFFF, end.count)
        && agrees(classic.size, 0xFFFF_FFFF, end.size)
        && agrees(classic.start, 0xFFFF_FFFF, end.start);
    if all {
        Ok(end)
    } else {
        Err(malformed("zip64-disagrees", "the ZIP64 end record and the classic one differ"))
    }
}

/// The ZIP64 end record: 56 bytes, right before its locator.
fn zip64_record(artifact: &Artifact, place: u64, locator: u64) -> Result<End, ReadError> {
    let elsewhere =
        || malformed("zip64-disagrees", "the ZIP64 locator does not point at the record before it");
    let shape = || malformed("zip64-malformed", "the ZIP64 end record has a wrong shape");
    if place.checked_add(zip::END64_BYTES).is_none_or(|end| end > locator) {
        return Err(elsewhere());
    }
    let adjacent = place + zip::END64_BYTES == locator;
    let mut bytes = [0; zip::END64_BYTES as usize];
    artifact.read_at(&mut bytes, place)?;
    let mut fields = Fields(&bytes);
    let read = (|| {
        let signature = fields.u32()?;
        let length = fields.u64()?;
        fields.take(4)?;
        let disks = (fields.u32()?, fields.u32()?);
        let counts = (fields.u64()?, fields.u64()?);
        Some((signature, length, disks, counts, fields.u64()?, fields.u64()?))
    })();
    let (signature, length, disks, counts, size, start) = read.ok_or_else(shape)?;
    if signature != zip::END64 {
        return Err(if adjacent { shape() } else { elsewhere() });
    }
    if length != zip::END64_BYTES - 12 {
        let extended = length.checked_add(place + 12) == Some(locator);
        return Err(if adjacent || extended { shape() } else { elsewhere() });
    }
    if !adjacent {
        return Err(elsewhere());
    }
    if disks != (0, 0) {
        return Err(malformed("multi-disk", "the archive is split over several disks"));
    }
    if counts.0 != counts.1 {
        return Err(malformed("entry-count", "the ZIP64 end record counts two numbers of entries"));
    }
    Ok(End { count: counts.1, size, start, directory_end: place })
}

/// The directory ends where the end records start; what lies between belongs to nobody.
fn check_directory_place(artifact: &Artifact, end: &End) -> Result<(), ReadError> {
    let stated = end.start.checked_add(end.size).filter(|stated| *stated <= end.directory_end);
    let Some(stated) = stated else {
        return Err(malformed("truncated", "the directory runs past the end records"));
    };
    if stated == end.directory_end {
        return Ok(());
    }
    let missing = end.directory_end - stated;
    let begins = |at: u64| -> Result<bool, ReadError> {
        let mut bytes = [0; 4];
        artifact.read_at(&mut bytes, at)?;
        Ok(u32::from_le_bytes(bytes) == zip::CENTRAL)
    };
    if end.size >= 4 && !begins(end.start)? && begins(end.directory_end - end.size)? {
        return Err(gap(artifact, 0, missing, "bytes-before", "there are bytes before the first entry")?);
    }
    Err(gap(
        artifact,
        stated,
        end.directory_end,
        "bytes-between",
        "there are bytes between the directory and the end record",
    )?)
}

/// The fault of a run of bytes that belongs to no record: another end record in it weighs more.
pub fn gap(
    artifact: &Artifact,
    from: u64,
    to: u64,
    code: &'static str,
    message: &str,
) -> Result<ReadError, ReadError> {
    const STEP: u64 = 1 << 20;
    let signature = zip::END.to_le_bytes();
    let mut at = from;
    while at < to {
        let mut bytes = vec![0; (to - at).min(STEP + 3) as usize];
        artifact.read_at(&mut bytes, at)?;
        if bytes.windows(4).any(|window| window == signature) {
            return Ok(several_ends());
        }
        at += STEP;
    }
    Ok(malformed(code, message))
}

/// Reads one central header.
fn central(rest: &mut Fields<'_>) -> Result<Central, ReadError> {
    let short = || malformed("truncated", "the directory is cut short");
    let before = *rest;
    if rest.u32() != Some(zip::CENTRAL) {
        let cut = before.0.len() < zip::CENTRAL_BYTES;
        return Err(if cut {
            short()
        } else {
            malformed("entry-count", "the directory holds something that is no entry")
        });
    }
    let read = (|| {
        let made_by = rest.u16()?;
        let _needed = rest.u16()?;
        let (flags, method) = (rest.u16()?, rest.u16()?);
        let time = (rest.u16()?, rest.u16()?);
        let (crc, packed, size) = (rest.u32()?, rest.u32()?, rest.u32()?);
        let lengths = (rest.u16()?, rest.u16()?, rest.u16()?);
        let (disk, _internal) = (rest.u16()?, rest.u16()?);
        let (external, offset) = (rest.u32()?, rest.u32()?);
        let raw_name = rest.take(lengths.0.into())?.to_vec();
        let (extra, comment) = (rest.take(lengths.1.into())?, rest.take(lengths.2.into())?);
        let entry = Central {
            raw_name,
            path: String::new(),
            mode: FileMode::Regular,
            flags,
            method,
            time,
            crc,
            packed: packed.into(),
            size: size.into(),
            offset: offset.into(),
        };
        Some((entry, made_by, external, disk, extra, comment))
    })();
    let (mut entry, made_by, external, disk, extra, comment) = read.ok_or_else(short)?;
    if !comment.is_empty() {
        return Err(entry_fault(&entry, "archive-comment", "has a comment"));
    }
    check_method(&entry)?;
    apply_extra(&mut entry, extra, disk)?;
    apply_name_and_mode(&mut entry, made_by, external)?;
    Ok(entry)
}

/// Flags 0, 6 and 13 are encryption; only stored and deflated bytes can be read everywhere.
fn check_method(entry: &Central) -> Result<(), ReadError> {
    if entry.flags & (1 | 1 << 6 | 1 << 13) != 0 {
        return Err(entry_fault(entry, "encrypted", "is encrypted"));
    }
    let known = zip::FLAG_DESCRIPTOR | zip::FLAG_UTF8 | 0b110;
    if entry.flags & !known != 0 {
        return Err(entry_fault(entry, "flags-unknown", "has flags that no reader agrees on"));
    }
    match entry.method {
        zip::DEFLATED => Ok(()),
        zip::STORED if entry.flags & zip::FLAG_DESCRIPTOR == 0 => Ok(()),
        zip::STORED => Err(entry_fault(entry, "method-unsupported", "is stored without its length up front")),
        _ => Err(entry_fault(entry, "method-unsupported", "is neither stored nor deflated")),
    }
}

/// Takes the ZIP64 values of the fields that defer to them: all of those, in order, and no more.
fn apply_extra(entry: &mut Central, extra: &[u8], disk: u16) -> Result<(), ReadError> {
    let zip64 = zip64_extra(extra).map_err(|(code, message)| entry_fault(entry, code, message))?;
    let shown = entry.clone();
    let wrong = |message| entry_fault(&shown, "zip64-malformed", message);
    let mut values = Fields(zip64.unwrap_or_default());
    let deferred =
        [entry.size, entry.packed, entry.offset].iter().filter(|value| **value == 0xFFFF_FFFF).count();
    if let Some(data) = zip64 {
        // More numbers than fields that defer: some reader takes a number that another does not.
        if data.len() % 8 == 0 && data.len() > 8 * deferred {
            return Err(entry_fault(entry, "zip64-disagrees", "has ZIP64 values beside values of its own"));
        }
    }
    for field in [&mut entry.size, &mut entry.packed, &mut entry.offset] {
        if *field == 0xFFFF_FFFF {
            *field = values.u64().ok_or_else(|| wrong("lacks a ZIP64 value that it defers to"))?;
        }
    }
    if !values.0.is_empty() {
        return Err(wrong("has a ZIP64 extra of a wrong length"));
    }
    if disk != 0 {
        return Err(entry_fault(entry, "multi-disk", "starts on another disk"));
    }
    if entry.method == zip::STORED && entry.packed != entry.size {
        return Err(entry_fault(entry, "stored-size-mismatch", "is stored and has two sizes"));
    }
    Ok(())
}

fn apply_name_and_mode(entry: &mut Central, made_by: u16, external: u32) -> Result<(), ReadError> {
    let encoding = |message| entry_fault(entry, "name-encoding", message);
    let name = std::str::from_utf8(&entry.raw_name).map_err(|_| encoding("has a name that is not UTF-8"))?;
    if !name.is_ascii() && entry.flags & zip::FLAG_UTF8 == 0 {
        return Err(encoding("has a name that is UTF-8 without saying so"));
    }
    let folder = name.len() > 1 && name.ends_with('/');
    let path = if folder { &name[..name.len() - 1] } else { name }.to_owned();
    let mode =
        mode(made_by, external, folder).map_err(|(code, message)| entry_fault(entry, code, message))?;
    if folder && entry.size > 0 {
        return Err(entry_fault(entry, "directory-with-data", "is a folder and has data"));
    }
    (entry.path, entry.mode) = (path, mode);
    Ok(())
}

/// The kind of file, which name, Unix mode and MS-DOS attributes must agree on.
fn mode(made_by: u16, external: u32, folder: bool) -> Result<FileMode, (&'static str, &'static str)> {
    const UNIX: u16 = 3;
    const DARWIN: u16 = 19;
    const DOS_FOLDER: u32 = 0x10;
    let special = Err(("special-file", "is neither a file, a folder nor a symbolic link to every reader"));
    let unix = matches!(made_by >> 8, UNIX | DARWIN);
    let mode = external >> 16;
    if mode & 0o7000 != 0 {
        return Err(("special-mode", "has the setuid, setgid or sticky bit"));
    }
    if external & DOS_FOLDER != 0 && !folder {
        return special;
    }
    match (mode & 0o170_000, folder) {
        (0 | 0o040_000, true) => Ok(FileMode::Folder),
        (0o120_000, false) if unix => Ok(FileMode::Link),
        (0 | 0o100_000, false) if unix && mode & 0o100 != 0 => Ok(FileMode::Executable),
        (0 | 0o100_000, false) => Ok(FileMode::Regular),
        _ => special,
    }
}
