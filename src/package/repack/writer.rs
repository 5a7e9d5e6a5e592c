//! The tool that wrote a ZIP, as far as its bytes tell.

use crate::files::artifact::Artifact;
use crate::package::read::directory::Record;
use crate::package::read::fields::Fields;
use crate::package::zip;

/// The writer that packages commits, as `countersign package --from` does too.
pub const GIT_ARCHIVE: &str = "git archive";

/// Bytes at the end in which the end record of an archive is searched, and its first entries.
const TAIL_BYTES: u64 = 64 << 10;

/// Entries that are looked at.
const ENTRIES: usize = 1000;

/// The name of the tool, for a message. The bytes can be anybody's, so nothing depends on it.
pub fn writer(artifact: &Artifact) -> Option<&'static str> {
    let (tail, tail_start) = tail(artifact)?;
    let at = tail.windows(4).rposition(|four| four == zip::END.to_le_bytes())?;
    let mut end = Fields(&tail[at + 4..]);
    end.take(8)?;
    let (size, start) = (end.u32()?, end.u32()?);
    let comment_length = end.u16()?;
    let comment = end.take(comment_length.into()).unwrap_or_default();
    if matches!(comment.len(), 40 | 64) && comment.iter().all(u8::is_ascii_hexdigit) {
        return Some(GIT_ARCHIVE);
    }
    let room = (tail_start + at as u64).checked_sub(start.into())?;
    let mut directory = vec![0; u64::from(size).min(room).min(1 << 20) as usize];
    artifact.read_at(&mut directory, start.into()).ok()?;
    let mut rest = Fields(&directory);
    std::iter::from_fn(|| {
        rest.u32().filter(|signature| *signature == zip::CENTRAL)?;
        Record::read(&mut rest)
    })
    .take(ENTRIES)
    .find_map(|record| of(&record))
}

fn tail(artifact: &Artifact) -> Option<(Vec<u8>, u64)> {
    let length = artifact.size().min(TAIL_BYTES + zip::END_BYTES);
    let start = artifact.size() - length;
    let mut tail = vec![0; length as usize];
    artifact.read_at(&mut tail, start).ok()?;
    Some((tail, start))
}

/// The tool by one entry: only traits that no other tool in use has.
fn of(record: &Record<'_>) -> Option<&'static str> {
    let is_deferred = record.flags & zip::FLAG_DESCRIPTOR != 0;
    match record.made_by {
        // zip-stream: version 4.5 on Unix, without a need for ZIP64.
        0x032d if is_deferred && record.extra.is_empty() => Some("archiver of npm"),
        0x0314 | 0x030a | 0x033f if record.external >> 16 == 0xffff => Some("Maven"),
        made_by if made_by >> 8 == 0 && record.name.contains(&b'\\') => Some("Windows PowerShell 5"),
        0x031e => Some("Info-ZIP zip"),
        _ => None,
    }
}
