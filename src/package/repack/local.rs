//! Local headers: they say what the directory says, and every byte before the directory belongs to one entry.

use super::entry::plain_flags;
use super::extra;
use crate::files::artifact::Artifact;
use crate::package::read::directory::Central;
use crate::package::read::end::gap;
use crate::package::read::fields::Fields;
use crate::package::read::{ReadError, name_fault};
use crate::package::zip;

/// The offsets of the entries' data; expects the entries in the order of their offsets.
pub fn place(artifact: &Artifact, entries: &[Central<'_>], directory: u64) -> Result<Vec<u64>, ReadError> {
    let (mut starts, mut expected) = (Vec::with_capacity(entries.len()), 0);
    for (index, entry) in entries.iter().enumerate() {
        if entry.offset < expected {
            return Err(fault(entry, "overlap", "shares bytes with another entry"));
        }
        if entry.offset > expected {
            let code = if expected == 0 { "bytes-before" } else { "bytes-between" };
            return Err(gap(
                artifact,
                expected,
                entry.offset.min(directory),
                code,
                "there are bytes before an entry",
            )?);
        }
        let limit = entries.get(index + 1).map_or(directory, |next| next.offset).min(directory);
        let start = local(artifact, entry, limit)?;
        let end = start + entry.packed;
        if end > limit {
            return Err(fault(entry, "truncated", "extends past the end of its bytes"));
        }
        expected = if entry.flags & zip::FLAG_DESCRIPTOR == 0 {
            end
        } else {
            check_descriptor(artifact, entry, start, limit)?;
            limit
        };
        starts.push(start);
    }
    if expected != directory {
        let message = "there are bytes between the last entry and the directory";
        return Err(gap(artifact, expected, directory, "bytes-between", message)?);
    }
    Ok(starts)
}

fn fault(entry: &Central<'_>, code: &'static str, message: &str) -> ReadError {
    name_fault(entry.name.as_bytes(), code, message)
}

fn disagree(entry: &Central<'_>, what: &str) -> ReadError {
    let message = format!("has a different {what} in its own header than in the directory");
    fault(entry, "headers-disagree", &message)
}

/// Checks the local header, and returns the offset of the data.
fn local(artifact: &Artifact, entry: &Central<'_>, limit: u64) -> Result<u64, ReadError> {
    let cut = || fault(entry, "truncated", "extends past the end of its bytes");
    let names = entry.offset.checked_add(zip::LOCAL_BYTES).filter(|end| *end <= limit).ok_or_else(cut)?;
    let mut header = [0; zip::LOCAL_BYTES as usize];
    artifact.read_at(&mut header, entry.offset)?;
    let mut fields = Fields(&header);
    let read = (|| {
        let signature = fields.u32()?;
        let (_, flags, method) = (fields.u16()?, fields.u16()?, fields.u16()?);
        let (_, crc, packed, size) = (fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?);
        Some((signature, flags, method, crc, packed, size, fields.u16()?, fields.u16()?))
    })();
    let (signature, flags, method, crc, packed, size, name_length, extra_length) = read.ok_or_else(cut)?;
    if signature != zip::LOCAL {
        return Err(fault(entry, "headers-disagree", "does not start with a local header"));
    }
    let data = names + u64::from(name_length) + u64::from(extra_length);
    if data > limit {
        return Err(cut());
    }
    let mut variable = vec![0; usize::from(name_length) + usize::from(extra_length)];
    artifact.read_at(&mut variable, names)?;
    let (name, extra) = variable.split_at(name_length.into());
    let [size, packed] =
        extra::values(name, extra, [size, packed]).map_err(|(code, message)| fault(entry, code, message))?;
    let is_deferred = flags & zip::FLAG_DESCRIPTOR != 0;
    let is_told = |told: u64, value: u64| told == value || (is_deferred && told == 0);
    for (same, what) in [
        (name == entry.name.as_bytes(), "name"),
        (plain_flags(flags) == entry.flags, "set of flags"),
        (method == entry.method, "method"),
        (is_told(crc.into(), entry.crc.into()), "CRC"),
        (is_told(packed, entry.packed), "packed size"),
        (is_told(size, entry.size), "size"),
    ] {
        if !same {
            return Err(disagree(entry, what));
        }
    }
    Ok(data)
}

/// Checks that a data descriptor, with or without signature and of 32 or 64 bits, fills the bytes up to `limit`.
fn check_descriptor(
    artifact: &Artifact,
    entry: &Central<'_>,
    start: u64,
    limit: u64,
) -> Result<(), ReadError> {
    let signature = zip::DESCRIPTOR.to_le_bytes();
    let end = start + entry.packed;
    let (crc, packed, size) = (entry.crc.to_le_bytes(), entry.packed.to_le_bytes(), entry.size.to_le_bytes());
    let narrow = [&crc[..], &packed[..4], &size[..4]].concat();
    let wide = [&crc[..], &packed, &size].concat();
    let signed = |form: &[u8]| [&signature, form].concat();
    let is_stored = entry.method == zip::STORED;
    let forms = match is_stored {
        // A reader of a stream finds the end of stored data by the signature.
        true => vec![signed(&narrow), signed(&wide)],
        false => vec![signed(&narrow), signed(&wide), narrow, wide],
    };
    let length = limit - end;
    let mut found = vec![0; length.min(64) as usize];
    artifact.read_at(&mut found, end)?;
    if length > 64 || !forms.contains(&found) {
        return Err(disagree(entry, "data descriptor"));
    }
    if is_stored && contains(artifact, start, end + 3, &signature)? {
        let message =
            "is stored, and has the signature of its data descriptor in its data, where some readers stop";
        return Err(fault(entry, "descriptor-in-data", message));
    }
    Ok(())
}

/// Whether the four bytes are in this range.
fn contains(artifact: &Artifact, from: u64, to: u64, four: &[u8; 4]) -> Result<bool, ReadError> {
    const STEP: u64 = 1 << 20;
    let mut at = from;
    while at < to {
        let mut bytes = vec![0; (to - at).min(STEP + 3) as usize];
        artifact.read_at(&mut bytes, at)?;
        if bytes.windows(4).any(|window| window == four) {
            return Ok(true);
        }
        at += STEP;
    }
    Ok(false)
}
