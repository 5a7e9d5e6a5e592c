//! Extra fields: only those that do not change what a reader unpacks, in the form that tools write them.

use flate2::Crc;

use super::fields::Fields;
use super::zip;

/// Times of NTFS.
pub const NTFS: u16 = 0x000a;
/// Times and owner, of PKWARE.
pub const PKWARE_UNIX: u16 = 0x000d;
/// Times, of Info-ZIP.
pub const TIMES: u16 = 0x5455;
/// Times and owner, of Info-ZIP's older versions.
pub const OLD_UNIX: u16 = 0x5855;
/// The owner, in 16 bits.
pub const UNIX_16_BIT: u16 = 0x7855;
/// The name in UTF-8.
pub const UNICODE_PATH: u16 = 0x7075;
/// The owner, in any size.
pub const UNIX: u16 = 0x7875;
/// The mark of a JAR.
pub const JAR: u16 = 0xcafe;

/// A code and a message, to follow the entry's name.
pub type Fault = (&'static str, &'static str);

/// The ZIP64 extra among the extras of a header with this name.
///
/// Errors: the first extra that is not well formed, occurs twice, or changes what some reader unpacks.
pub fn zip64<'e>(name: &[u8], extra: &'e [u8]) -> Result<Option<&'e [u8]>, Fault> {
    let mut rest = Fields(extra);
    let mut seen = Vec::new();
    let mut zip64 = None;
    while !rest.0.is_empty() {
        let header = rest.u16().zip(rest.u16());
        let (id, length) =
            header.ok_or(("extra-malformed", "has extra fields whose lengths do not add up"))?;
        let data = rest
            .take(usize::from(length))
            .ok_or(("extra-malformed", "has an extra field that extends past the end of the extras"))?;
        if seen.contains(&id) {
            return Err(("extra-duplicate", "has the same extra field twice"));
        }
        // Only known ids get here twice, so this list stays short.
        seen.push(id);
        match id {
            zip::EXTRA_ZIP64 => zip64 = Some(data),
            UNICODE_PATH if repeats(name, data) => {}
            UNICODE_PATH => {
                return Err(("extra-unicode-path", "has a second name in an extra field"));
            }
            _ => match is_well_formed(id, data) {
                Some(true) => {}
                Some(false) => {
                    return Err(("extra-malformed", "has a malformed extra field"));
                }
                None => return Err(("extra-unknown", "has an extra field of an unknown kind")),
            },
        }
    }
    Ok(zip64)
}

/// Whether the data of a Unicode path is the name that the header has: version 1, the name's CRC-32, the name (APPNOTE 4.6.9).
pub fn repeats(name: &[u8], data: &[u8]) -> bool {
    let mut crc = Crc::new();
    crc.update(name);
    let mut fields = Fields(data);
    fields.u8().zip(fields.u32()) == Some((1, crc.sum())) && fields.0 == name
}

/// Whether an extra of a harmless kind has a form that tools write; `None` for another kind.
fn is_well_formed(id: u16, data: &[u8]) -> Option<bool> {
    let length = data.len();
    Some(match id {
        NTFS => length == 32 && data[4..8] == [1, 0, 24, 0],
        PKWARE_UNIX => length == 12,
        // In the directory there is at most one of the times that the flags list.
        TIMES => data.first().is_some_and(|flags| {
            flags & !7 == 0 && length % 4 == 1 && length / 4 <= flags.count_ones() as usize
        }),
        OLD_UNIX => matches!(length, 8 | 12),
        UNIX_16_BIT => matches!(length, 0 | 4),
        UNIX => is_unix(Fields(data)).unwrap_or(false),
        JAR => length == 0,
        _ => return None,
    })
}

/// Version 1, then user and group, each after its length.
fn is_unix(mut fields: Fields<'_>) -> Option<bool> {
    let version = fields.u8()?;
    for _ in 0..2 {
        let length = fields.u8()?;
        fields.take(length.into()).filter(|_| (1..=8).contains(&length))?;
    }
    Some(version == 1 && fields.0.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(id: u16, data: &[u8]) -> Option<&'static str> {
        let extra = [&id.to_le_bytes(), &(data.len() as u16).to_le_bytes(), data].concat();
        zip64(b"a.txt", &extra).err().map(|(code, _)| code)
    }

    #[test]
    fn accepts_only_the_shapes_that_tools_write() {
        let ntfs = [&[0, 0, 0, 0, 1, 0, 24, 0][..], &[7; 24]].concat();
        for (id, data) in [
            (NTFS, &ntfs[..]),
            (PKWARE_UNIX, &[7; 12]),
            (TIMES, &[0]),
            (TIMES, &[1, 7, 7, 7, 7]),
            (TIMES, &[3, 7, 7, 7, 7]),
            (TIMES, &[3, 7, 7, 7, 7, 7, 7, 7, 7]),
            (OLD_UNIX, &[7; 8]),
            (OLD_UNIX, &[7; 12]),
            (UNIX_16_BIT, &[]),
            (UNIX_16_BIT, &[7; 4]),
            (UNIX, &[1, 4, 7, 7, 7, 7, 4, 7, 7, 7, 7]),
            (UNIX, &[1, 1, 7, 8, 7, 7, 7, 7, 7, 7, 7, 7]),
            (JAR, &[]),
        ] {
            assert_eq!(code(id, data), None, "{id:04x} {data:?}");
        }
        for (id, data) in [
            (NTFS, &ntfs[..31]),
            (NTFS, &[0; 32]),
            (PKWARE_UNIX, &[7; 13]),
            (TIMES, &[]),
            (TIMES, &[1, 7, 7, 7]),
            (TIMES, &[0, 7, 7, 7, 7]),
            (TIMES, &[8]),
            (OLD_UNIX, &[7; 9]),
            (UNIX_16_BIT, &[7; 3]),
            (UNIX, &[]),
            (UNIX, &[2, 1, 7, 1, 7]),
            (UNIX, &[1, 0, 1, 7]),
            (UNIX, &[1, 9, 7, 7, 7, 7, 7, 7, 7, 7, 7, 1, 7]),
            (UNIX, &[1, 1, 7, 1, 7, 7]),
            (JAR, &[7]),
        ] {
            assert_eq!(code(id, data), Some("extra-malformed"), "{id:04x} {data:?}");
        }
        assert_eq!(code(0x9999, &[]), Some("extra-unknown"));
    }

    #[test]
    fn accepts_a_unicode_path_only_if_it_repeats_the_name() {
        let path = |version: u8, of: &[u8], name: &[u8]| {
            let mut crc = Crc::new();
            crc.update(of);
            code(UNICODE_PATH, &[&[version][..], &crc.sum().to_le_bytes(), name].concat())
        };
        assert_eq!(path(1, b"a.txt", b"a.txt"), None);
        for (version, of, name) in [
            (1, &b"a.txt"[..], &b"b.txt"[..]),
            (1, b"b.txt", b"a.txt"),
            (2, b"a.txt", b"a.txt"),
            (1, b"a.txt", b"a.txt\0"),
            (1, b"a.txt", b""),
        ] {
            assert_eq!(path(version, of, name), Some("extra-unicode-path"), "{version} {of:?} {name:?}");
        }
        assert_eq!(code(UNICODE_PATH, &[]), Some("extra-unicode-path"));
    }
}
