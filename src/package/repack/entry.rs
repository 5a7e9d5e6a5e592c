//! Entries: the directory's headers, as far as they say the same to all readers.

use super::extra;
use crate::limits::ENTRIES_MAX;
use crate::package::read::directory::{self, Central, Record};
use crate::package::read::extra::Fault;
use crate::package::read::fields::Fields;
use crate::package::read::kind::{self, System};
use crate::package::read::{ReadError, malformed, name_fault};
use crate::package::zip;

/// Flags that say how well deflate compressed.
const FLAGS_LEVEL: u16 = 0b110;

/// The type bits of a Unix mode, and those of a regular file.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// Reads the headers of a directory with an expected number of entries.
pub fn all(directory: &[u8], count: u64) -> Result<Vec<Central<'_>>, ReadError> {
    let mut entries = Vec::new();
    let mut rest = Fields(directory);
    while !rest.0.is_empty() && entries.len() <= ENTRIES_MAX {
        let is_entry = rest.u32() == Some(zip::CENTRAL);
        let record = Record::read(&mut rest).filter(|_| is_entry).ok_or_else(|| {
            malformed("entry-count", "the directory is truncated, or contains data that is not an entry")
        })?;
        entries.push(central(&record).map_err(|(code, message)| name_fault(record.name, code, message))?);
    }
    if rest.0.is_empty() && entries.len() as u64 != count {
        let message = format!("the end record says {count} entries, but there are {}", entries.len());
        return Err(malformed("entry-count", message));
    }
    Ok(entries)
}

fn central<'d>(record: &Record<'d>) -> Result<Central<'d>, Fault> {
    check_flags(record)?;
    if !matches!(record.method, zip::STORED | zip::DEFLATED) {
        return Err(("method-unsupported", "is neither stored nor deflated"));
    }
    if record.disk != 0 {
        return Err(("multi-disk", "starts on another disk"));
    }
    let system = System::of(record.made_by)?;
    let name = directory::name(record, system)?;
    // No archive that is repacked is so large.
    if [record.size, record.packed, record.offset].contains(&u32::MAX) {
        return Err(("zip64-unneeded", "has a ZIP64 value without need, which fflate reads differently"));
    }
    let [size, packed, offset] =
        extra::values(record.name, record.extra, [record.size, record.packed, record.offset])?;
    if record.method == zip::STORED && packed != size {
        return Err(("stored-size-mismatch", "is stored and has two sizes"));
    }
    let folder = name.len() > 1 && name.ends_with('/');
    let mode = kind::mode(system, external(record.external, system, folder), folder)?;
    if folder && size > 0 {
        return Err(("directory-with-data", "is a folder and has data"));
    }
    let Record { flags, method, time, crc, .. } = *record;
    Ok(Central { name, mode, flags: flags & !FLAGS_LEVEL, method, time, crc, packed, size, offset })
}

fn check_flags(record: &Record<'_>) -> Result<(), Fault> {
    if record.flags & (1 | 1 << 6 | 1 << 13) != 0 {
        return Err(("encrypted", "is encrypted"));
    }
    if record.flags & !(zip::FLAG_DESCRIPTOR | zip::FLAG_UTF8 | FLAGS_LEVEL) != 0 {
        return Err(("flags-unknown", "has flags on which readers disagree"));
    }
    if record.internal & !zip::INTERNAL_TEXT != 0 {
        return Err(("flags-unknown", "has internal attributes on which readers disagree"));
    }
    Ok(())
}

/// The external attributes without what no package keeps: setuid and the like.
///
/// Permissions without a type are those of a file: Python programs set `0o755 << 16`. 7-Zip alone ignores them.
fn external(external: u32, system: System, folder: bool) -> u32 {
    let mode = external >> 16;
    if folder || system == System::Dos {
        return external;
    }
    let plain = mode & !0o7000;
    let typed = if plain & TYPE == 0 && plain != 0 { plain | REGULAR } else { plain };
    typed << 16 | external & 0xffff
}

/// The flags of a local header that must be those of the directory.
pub fn plain_flags(flags: u16) -> u16 {
    flags & !FLAGS_LEVEL
}
