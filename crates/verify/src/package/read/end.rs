//! The end: the records after the directory, and the location of the directory.

use super::fields::Fields;
use super::{ReadError, malformed, zip};
use crate::files::artifact::Artifact;
use crate::limits::DIRECTORY_BYTES_MAX;

/// The location of the directory, and its number of entries.
pub struct End {
    /// How many central headers there are.
    pub count: u64,
    /// The directory's size in bytes.
    pub size: u64,
    /// The offset of the directory.
    pub start: u64,
    /// Whether the values are from a ZIP64 end record.
    wide: bool,
    /// The offset of the records after the directory.
    directory_end: u64,
}

/// Largest tail that can contain the end record: the record and a comment of 65,535 bytes.
const TAIL_BYTES: u64 = zip::END_BYTES + 65_535;
impl End {
    /// Checks that there is a ZIP64 end record only if a value needs it.
    pub fn check_need(&self) -> Result<(), ReadError> {
        if !self.wide || self.count >= 0xFFFF || self.size >= 0xFFFF_FFFF || self.start >= 0xFFFF_FFFF {
            return Ok(());
        }
        Err(malformed("zip64-unneeded", "the archive has a ZIP64 end record without need"))
    }
}

/// How far from the end npm's `unzipper` searches forwards for the end record.
const SEARCHED_BYTES: u64 = 80;

/// Finds the directory, which must end where the end records start.
pub fn find(artifact: &Artifact) -> Result<End, ReadError> {
    let end = read(artifact)?;
    check_directory_place(artifact, &end)?;
    if end.size > DIRECTORY_BYTES_MAX {
        let message = format!("the directory is larger than {DIRECTORY_BYTES_MAX} bytes");
        return Err(malformed("too-many-entries", message));
    }
    let size = artifact.size();
    let searched = end.start.min(size.saturating_sub(SEARCHED_BYTES));
    if has_end_signature(artifact, searched, size - zip::END_BYTES)? {
        return Err(several_ends());
    }
    Ok(end)
}

fn read(artifact: &Artifact) -> Result<End, ReadError> {
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
        read.ok_or_else(|| malformed("truncated", "the end record is truncated"))?;
    if disks != (0, 0) {
        return Err(malformed("multi-disk", "the archive is split over several disks"));
    }
    if counts.0 != counts.1 {
        return Err(malformed("entry-count", "the end record has two different numbers of entries"));
    }
    let classic = End {
        count: counts.1.into(),
        size: directory.into(),
        start: start.into(),
        wide: false,
        directory_end: record,
    };
    zip64_end(artifact, classic, record)
}

/// The offset of the end record in the tail; it must be the only one, and end the archive.
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
        std::cmp::Ordering::Less => Err(malformed("bytes-after", "the archive has bytes after its end")),
        std::cmp::Ordering::Equal => Err(malformed("archive-comment", "the archive has a comment")),
        std::cmp::Ordering::Greater => Err(malformed("truncated", "the archive's comment is truncated")),
    }
}

fn several_ends() -> ReadError {
    malformed("several-end-records", "the archive has several end records")
}

/// The end with its ZIP64 values, if a ZIP64 locator is right before the end record.
fn zip64_end(artifact: &Artifact, classic: End, record: u64) -> Result<End, ReadError> {
    let deferred = classic.count == 0xFFFF || classic.size == 0xFFFF_FFFF || classic.start == 0xFFFF_FFFF;
    let mut bytes = [0; zip::LOCATOR64_BYTES as usize];
    let locator = record.checked_sub(zip::LOCATOR64_BYTES);
    if let Some(locator) = locator {
        artifact.read_at(&mut bytes, locator)?;
    }
    let mut fields = Fields(&bytes);
    let (Some(locator), true) = (locator, fields.u32() == Some(zip::LOCATOR64)) else {
        let absent = || malformed("zip64-malformed", "the end record refers to a missing ZIP64 end record");
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
    if !all {
        return Err(malformed("zip64-disagrees", "the ZIP64 end record and the classic one differ"));
    }
    Ok(end)
}

/// The ZIP64 end record: 56 bytes, right before its locator.
fn zip64_record(artifact: &Artifact, place: u64, locator: u64) -> Result<End, ReadError> {
    let elsewhere =
        || malformed("zip64-disagrees", "the ZIP64 locator does not point to the record before it");
    let shape = || malformed("zip64-malformed", "the ZIP64 end record is malformed");
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
        return Err(malformed("entry-count", "the ZIP64 end record has two different numbers of entries"));
    }
    Ok(End { count: counts.1, size, start, wide: true, directory_end: place })
}

/// Checks that the directory ends where the end records start, without bytes between.
fn check_directory_place(artifact: &Artifact, end: &End) -> Result<(), ReadError> {
    let stated = end.start.checked_add(end.size).filter(|stated| *stated <= end.directory_end);
    let Some(stated) = stated else {
        return Err(malformed("truncated", "the directory extends past the end records"));
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

/// The error for bytes that belong to no record; another end record in them takes precedence.
pub fn gap(
    artifact: &Artifact,
    from: u64,
    to: u64,
    code: &'static str,
    message: &str,
) -> Result<ReadError, ReadError> {
    Ok(if has_end_signature(artifact, from, to)? { several_ends() } else { malformed(code, message) })
}

/// Whether an end record's signature starts in this run of bytes.
fn has_end_signature(artifact: &Artifact, from: u64, to: u64) -> Result<bool, ReadError> {
    const STEP: u64 = 1 << 20;
    let signature = zip::END.to_le_bytes();
    let mut at = from;
    while at < to {
        let mut bytes = vec![0; (to - at).min(STEP + 3) as usize];
        artifact.read_at(&mut bytes, at)?;
        if bytes.windows(4).any(|window| window == signature) {
            return Ok(true);
        }
        at += STEP;
    }
    Ok(false)
}
