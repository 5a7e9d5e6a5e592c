//! Fields: little-endian numbers and byte runs, and the extra fields that headers carry.

use std::collections::BTreeSet;

use super::zip;

/// The bytes not read yet.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    /// The next `count` bytes, if there are so many.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    /// The next two bytes as a number.
    pub fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    /// The next four bytes as a number.
    pub fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    /// The next eight bytes as a number.
    pub fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }
}

/// Extra fields that change nothing of what a reader unpacks: times, owners, and the jar marker.
const HARMLESS: [u16; 7] = [0x000a, 0x000d, 0x5455, 0x5855, 0x7855, 0x7875, 0xcafe];
const UNICODE_PATH: u16 = 0x7075;

/// The ZIP64 extra among a header's extras, or the code and message of what is wrong with them.
pub fn zip64_extra(extra: &[u8]) -> Result<Option<&[u8]>, (&'static str, &'static str)> {
    let mut rest = Fields(extra);
    let mut seen = BTreeSet::new();
    let mut zip64 = None;
    while !rest.0.is_empty() {
        let header = rest.u16().zip(rest.u16());
        let (id, length) =
            header.ok_or(("extra-malformed", "has extra fields whose lengths do not add up"))?;
        let data = rest
            .take(usize::from(length))
            .ok_or(("extra-malformed", "has an extra field that runs past its end"))?;
        if !seen.insert(id) {
            return Err(("extra-duplicate", "has the same extra field twice"));
        }
        match id {
            zip::EXTRA_ZIP64 => zip64 = Some(data),
            UNICODE_PATH => {
                return Err(("extra-unicode-path", "has a second name in an extra field"));
            }
            _ if HARMLESS.contains(&id) => {}
            _ => return Err(("extra-unknown", "has an extra field of an unknown kind")),
        }
    }
    Ok(zip64)
}
