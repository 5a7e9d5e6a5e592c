//! Local headers: each says what the directory says, and together they fill the archive.

use super::directory::{Central, gap};
use super::fields::{Fields, zip64_extra};
use super::{ReadError, entry_fault, zip};
use crate::files::artifact::Artifact;

/// Checks every local header and that entries lie side by side from the first byte to the directory.
///
/// Takes the entries in the order they lie in; returns each with the place of its data.
pub fn place<'a>(
    artifact: &Artifact,
    entries: &'a [Central],
    directory: u64,
) -> Result<Vec<(&'a Central, u64)>, ReadError> {
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

fn overlap(entry: &Central) -> ReadError {
    entry_fault(entry, "overlap", "shares bytes with another entry")
}

fn disagree(entry: &Central, what: &str) -> ReadError {
    entry_fault(
        entry,
        "headers-disagree",
        &format!("has another {what} in its own header than in the directory"),
    )
}

/// A local header that agrees with its central one.
struct Local {
    /// Where the data starts.
    data: u64,
    /// Whether sizes after the data have 64 bits.
    wide: bool,
    /// CRC and sizes, where the header gives them.
    deferred: bool,
}

impl Local {
    fn read(artifact: &Artifact, entry: &Central, directory: u64) -> Result<Self, ReadError> {
        let cut = || entry_fault(entry, "truncated", "runs past the end of the entries");
        let fits = |end: u64| {
            if end <= directory { Ok(end) } else { Err(cut()) }
        };
        let names = fits(entry.offset.checked_add(zip::LOCAL_BYTES).ok_or_else(cut)?)?;
        let mut header = [0; zip::LOCAL_BYTES as usize];
        artifact.read_at(&mut header, entry.offset)?;
        let mut fields = Fields(&header);
        if fields.u32() != Some(zip::LOCAL) {
            return Err(entry_fault(entry, "headers-disagree", "does not begin with a local header"));
        }
        let read = (|| {
            fields.u16()?;
            let (flags, method, time) = (fields.u16()?, fields.u16()?, (fields.u16()?, fields.u16()?));
            let (crc, packed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
            Some((flags, method, time, crc, packed, size, fields.u16()?, fields.u16()?))
        })();
        let (flags, method, time, crc, packed, size, name_length, extra_length) = read.ok_or_else(cut)?;
        for (same, what) in [
            (flags == entry.flags, "set of flags"),
            (method == entry.method, "method"),
            (time == entry.time, "time"),
            (usize::from(name_length) == entry.raw_name.len(), "name"),
        ] {
            if !same {
                return Err(disagree(entry, what));
            }
        }
        let data = fits(names + u64::from(name_length) + u64::from(extra_length))?;
        let mut variable = vec![0; usize::from(name_length) + usize::from(extra_length)];
        artifact.read_at(&mut variable, names)?;
        let (name, extra) = variable.split_at(name_length.into());
        if name != entry.raw_name {
            return Err(disagree(entry, "name"));
        }
        let zip64 = zip64_extra(extra).map_err(|(code, message)| entry_fault(entry, code, message))?;
        let sizes = local_sizes(entry, packed, size, zip64)?;
        let deferred = flags & zip::FLAG_DESCRIPTOR != 0;
        // With a descriptor the header may leave each value zero; without one it must have all.
        for (found, expected, what) in [
            (u64::from(crc), u64::from(entry.crc), "CRC"),
            (sizes.0, entry.packed, "packed size"),
            (sizes.1, entry.size, "size"),
        ] {
            if found != expected && !(deferred && found == 0) {
                return Err(disagree(entry, what));
            }
        }
        Ok(Self { data, wide: zip64.is_some(), deferred })
    }

    /// Where the entry ends, with its data descriptor.
    fn end(
        &self,
        artifact: &Artifact,
        entry: &Central,
        limit: u64,
        directory: u64,
        last: bool,
    ) -> Result<u64, ReadError> {
        let cut = || entry_fault(entry, "truncated", "runs past the end of the entries");
        let end = self.data.checked_add(entry.packed).filter(|end| *end <= directory).ok_or_else(cut)?;
        if end > limit {
            return Err(if last { cut() } else { overlap(entry) });
        }
        if !self.deferred {
            return Ok(end);
        }
        let mut bytes = vec![0; (limit - end).min(24) as usize];
        artifact.read_at(&mut bytes, end)?;
        let length =
            descriptor_length(entry, &bytes, self.wide).ok_or_else(|| disagree(entry, "data descriptor"))?;
        Ok(end + length)
    }
}

/// The sizes that a local header gives, from its ZIP64 extra where it defers to that.
fn local_sizes(
    entry: &Central,
    packed: u32,
    size: u32,
    zip64: Option<&[u8]>,
) -> Result<(u64, u64), ReadError> {
    let wrong =
        || entry_fault(entry, "zip64-malformed", "has a ZIP64 extra of a wrong shape in its own header");
    let Some(data) = zip64 else {
        return Ok((packed.into(), size.into()));
    };
    let mut values = Fields(data);
    let (wide_size, wide_packed) = values.u64().zip(values.u64()).ok_or_else(wrong)?;
    if !values.0.is_empty() {
        return Err(wrong());
    }
    let agrees = |narrow: u32, wide: u64| narrow == u32::MAX || u64::from(narrow) == wide;
    if !agrees(size, wide_size) || !agrees(packed, wide_packed) {
        return Err(disagree(entry, "size"));
    }
    Ok((wide_packed, wide_size))
}

/// The length of the data descriptor at the start of `bytes`, if it says what the directory says.
fn descriptor_length(entry: &Central, bytes: &[u8], wide: bool) -> Option<u64> {
    let holds = |mut fields: Fields<'_>| -> Option<bool> {
        let crc = fields.u32()?;
        let (packed, size) =
            if wide { (fields.u64()?, fields.u64()?) } else { (fields.u32()?.into(), fields.u32()?.into()) };
        Some(crc == entry.crc && packed == entry.packed && size == entry.size)
    };
    let body = if wide { 20 } else { 12 };
    let mut signed = Fields(bytes);
    if signed.u32() == Some(zip::DESCRIPTOR) && holds(signed) == Some(true) {
        return Some(body + 4);
    }
    (holds(Fields(bytes)) == Some(true)).then_some(body)
}
