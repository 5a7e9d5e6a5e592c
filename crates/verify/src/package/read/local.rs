//! Local headers: they agree with the directory, and fill the archive without gaps.

use super::directory::{Central, check_needed};
use super::end::gap;
use super::fields::Fields;
use super::{ReadError, entry_fault, extra, zip};
use crate::files::artifact::Artifact;

/// Checks every local header, and that entries are adjacent from the first byte to the directory.
///
/// Expects the entries in the order of their offsets; returns each with the offset of its data.
pub fn place<'a>(
    artifact: &Artifact,
    entries: &'a [Central<'a>],
    directory: u64,
) -> Result<Vec<(&'a Central<'a>, u64)>, ReadError> {
    if let Some(pair) = entries.windows(2).find(|pair| pair[0].offset == pair[1].offset) {
        return Err(overlap(&pair[1]));
    }
    let mut placed = Vec::with_capacity(entries.len());
    let mut expected = 0;
    for (index, entry) in entries.iter().enumerate() {
        let limit = entries.get(index + 1).map_or(directory, |next| next.offset);
        let local = Local::read(artifact, entry, directory)?;
        let end = local.end(artifact, entry, limit, directory, index + 1 == entries.len())?;
        if entry.offset != expected {
            let (code, message) = match expected {
                0 => ("bytes-before", "there are bytes before the first entry"),
                _ => ("bytes-between", "there are bytes between two entries"),
            };
            return Err(gap(artifact, expected, entry.offset, code, message)?);
        }
        placed.push((entry, local.data));
        expected = end;
    }
    if expected != directory {
        let message = "there are bytes between the last entry and the directory";
        return Err(gap(artifact, expected, directory, "bytes-between", message)?);
    }
    Ok(placed)
}

fn overlap(entry: &Central<'_>) -> ReadError {
    entry_fault(entry, "overlap", "shares bytes with another entry")
}

fn disagree(entry: &Central<'_>, what: &str) -> ReadError {
    entry_fault(
        entry,
        "headers-disagree",
        &format!("has a different {what} in its own header than in the directory"),
    )
}

/// A local header that agrees with the directory.
struct Local {
    /// The offset of the data.
    data: u64,
}

impl Local {
    fn read(artifact: &Artifact, entry: &Central<'_>, directory: u64) -> Result<Self, ReadError> {
        let cut = || entry_fault(entry, "truncated", "extends past the end of the entries");
        let fits = |end: u64| {
            if end <= directory { Ok(end) } else { Err(cut()) }
        };
        let names = fits(entry.offset.checked_add(zip::LOCAL_BYTES).ok_or_else(cut)?)?;
        let mut header = [0; zip::LOCAL_BYTES as usize];
        artifact.read_at(&mut header, entry.offset)?;
        let mut fields = Fields(&header);
        if fields.u32() != Some(zip::LOCAL) {
            return Err(entry_fault(entry, "headers-disagree", "does not start with a local header"));
        }
        let read = (|| {
            let needed = fields.u16()?;
            let (flags, method, time) = (fields.u16()?, fields.u16()?, (fields.u16()?, fields.u16()?));
            let (crc, packed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
            Some((needed, flags, method, time, (crc, packed, size), fields.u16()?, fields.u16()?))
        })();
        let (needed, flags, method, time, told, name_length, extra_length) = read.ok_or_else(cut)?;
        for (same, what) in [
            (flags == entry.flags, "set of flags"),
            (method == entry.method, "method"),
            (time == entry.time, "time"),
            (usize::from(name_length) == entry.name.len(), "name"),
        ] {
            if !same {
                return Err(disagree(entry, what));
            }
        }
        let data = fits(names + u64::from(name_length) + u64::from(extra_length))?;
        let mut variable = vec![0; usize::from(name_length) + usize::from(extra_length)];
        artifact.read_at(&mut variable, names)?;
        let (name, extra) = variable.split_at(name_length.into());
        if name != entry.name.as_bytes() {
            return Err(disagree(entry, "name"));
        }
        let fault = |(code, message)| entry_fault(entry, code, message);
        check_needed(needed).map_err(fault)?;
        if extra::zip64(name, extra).map_err(fault)?.is_some() {
            let message = "has ZIP64 sizes in its own header without need";
            return Err(entry_fault(entry, "zip64-unneeded", message));
        }
        // Before a descriptor, some readers trust a packed size that is already in the header.
        let deferred = flags & zip::FLAG_DESCRIPTOR != 0;
        let (crc, packed) = if deferred { (0, 0) } else { (entry.crc, entry.packed) };
        let size_deferred = deferred && told.2 == 0;
        for (same, what) in [
            (told.0 == crc, "CRC"),
            (u64::from(told.1) == packed, "packed size"),
            (u64::from(told.2) == entry.size || size_deferred, "size"),
        ] {
            if !same {
                return Err(disagree(entry, what));
            }
        }
        Ok(Self { data })
    }

    /// The offset of the end of the entry, with its data descriptor.
    fn end(
        &self,
        artifact: &Artifact,
        entry: &Central<'_>,
        limit: u64,
        directory: u64,
        last: bool,
    ) -> Result<u64, ReadError> {
        let cut = || entry_fault(entry, "truncated", "extends past the end of the entries");
        let end = self.data.checked_add(entry.packed).filter(|end| *end <= directory).ok_or_else(cut)?;
        if end > limit {
            return Err(if last { cut() } else { overlap(entry) });
        }
        if entry.flags & zip::FLAG_DESCRIPTOR == 0 {
            return Ok(end);
        }
        let mut bytes = [0; DESCRIPTOR_BYTES as usize];
        let there = (limit - end).min(DESCRIPTOR_BYTES) as usize;
        artifact.read_at(&mut bytes[..there], end)?;
        check_descriptor(entry, &bytes[..there])?;
        Ok(end + DESCRIPTOR_BYTES)
    }
}

/// Bytes of a data descriptor: signature, CRC and two sizes.
const DESCRIPTOR_BYTES: u64 = 16;

/// Checks that the data descriptor agrees with the directory.
///
/// Readers that search for a descriptor do not find one without a signature, and one with 64-bit sizes is
/// truncated by readers that expect those only for large files.
fn check_descriptor(entry: &Central<'_>, bytes: &[u8]) -> Result<(), ReadError> {
    let (packed, size) = (entry.packed.to_le_bytes(), entry.size.to_le_bytes());
    let crc = entry.crc.to_le_bytes();
    let signature = zip::DESCRIPTOR.to_le_bytes();
    let wide = [&signature[..], &crc, &packed].concat();
    let narrow = [&signature[..], &crc, &packed[..4], &size[..4]].concat();
    let bare = &narrow[4..];
    if bytes == narrow {
        return Ok(());
    }
    if bytes == wide || bytes.starts_with(bare) || bytes.starts_with(&wide[4..]) {
        let message = "is followed by a data descriptor that not every reader supports";
        return Err(entry_fault(entry, "descriptor-form", message));
    }
    Err(disagree(entry, "data descriptor"))
}
