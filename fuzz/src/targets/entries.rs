//! ZIP archives from parts: entries whose headers agree, except where the input says otherwise.

use libdeflater::{CompressionLvl, Compressor, crc32};

use super::choices::Choices;

/// A header's fields: each a value and its width in bytes.
type Fields = Vec<(u32, usize)>;

const NAMES: [&str; 24] = [
    "a", "b", "A", "a/", "a/b", "a.txt", "d/a", "D/a", "d/", "a;1", "a:b", "..", "../a", "/a", "a\\b", "a.",
    "a ", "con", "é", "e\u{301}", "ß", "ss", "a\0b", ".",
];

/// Made by: Unix, DOS, and systems that few write.
const SYSTEMS: [u32; 12] =
    [0x0314, 0x0014, 0x0A14, 0x0B14, 0x0614, 0x0714, 0x0E14, 0x1314, 0x032D, 0x033F, 0x0300, 0xFF14];
const NEEDED: [u32; 8] = [20, 10, 45, 46, 21, 0, 63, 0x0314];
const FLAGS: [u32; 12] = [0, 0x800, 8, 0x808, 2, 6, 1, 0x40, 0x2000, 4, 16, 0x8000];
const ATTRIBUTES: [u32; 14] = [
    0o100_644 << 16,
    0o100_755 << 16,
    0o120_777 << 16,
    0o040_755 << 16 | 0x10,
    0,
    0x20,
    0x10,
    0x08,
    0x01,
    0o040_755 << 16,
    0o100_644 << 16 | 0x10,
    0o060_644 << 16,
    0o644 << 16,
    0o104_755 << 16,
];
const EXTRAS: [&[u8]; 10] = [
    b"",
    b"UT\x05\x00\x03\x00\x00\x00\x00",
    b"ux\x0b\x00\x01\x04\x00\x00\x00\x00\x04\x00\x00\x00\x00",
    b"up\x06\x00\x01\x00\x00\x00\x00b",
    b"uc\x06\x00\x01\x00\x00\x00\x00b",
    b"\xfe\xca\x00\x00",
    b"\x01\x00\x00\x00",
    b"\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    b"\x01",
    b"\x0a\x00\x20\x00\x00\x00\x00\x00\x01\x00\x18\x00\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
];

pub fn run(bytes: &[u8]) {
    super::zip::run(&archive(&mut Choices::new(bytes)));
}

fn archive(choices: &mut Choices<'_>) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let count = 1 + choices.below(3);
    for _ in 0..count {
        entry(choices, &mut out, &mut directory);
    }
    if choices.rarely() {
        out.extend(choices.bytes(30));
    }
    let start = out.len() as u32;
    out.extend(&directory);
    if choices.rarely() {
        out.extend(choices.bytes(30));
    }
    let wide = choices.rarely();
    if wide {
        zip64_end(choices, &mut out, count as u64, directory.len() as u64, start.into());
    }
    let mask = |value: u32, mask: u32, deferred: bool| if deferred { mask } else { value };
    let count = mask(count as u32, 0xFFFF, wide && choices.rarely());
    let size = mask(directory.len() as u32, u32::MAX, wide && choices.rarely());
    let start = mask(start, u32::MAX, wide && choices.rarely());
    let comment = if choices.rarely() { choices.bytes(8) } else { b"" };
    let end = vec![
        (0x0605_4b50, 4),
        (0, 2),
        (0, 2),
        (count, 2),
        (count, 2),
        (size, 4),
        (start, 4),
        (comment.len() as u32, 2),
    ];
    put(choices, &mut out, end);
    out.extend(comment);
    if choices.rarely() {
        out.extend(choices.bytes(30));
    }
    out
}

/// The numbers that an entry's two headers share.
struct Common {
    flags: u32,
    method: u32,
    crc: u32,
    packed: u32,
    size: u32,
}

fn entry(choices: &mut Choices<'_>, out: &mut Vec<u8>, directory: &mut Vec<u8>) {
    let name = match choices.byte() {
        byte if byte < 0xE0 => NAMES[usize::from(byte) % NAMES.len()].as_bytes().to_vec(),
        _ => choices.bytes(6).to_vec(),
    };
    let mut content = choices.bytes(12).to_vec();
    if choices.rarely() {
        content = content.repeat(choices.below(64));
    }
    let deflated = choices.below(2) == 1;
    let mut data = if deflated { deflate(&content) } else { content.clone() };
    let utf8 = if name.is_ascii() { 0 } else { 0x800 };
    let common = Common {
        flags: if choices.rarely() { choices.one_of(&FLAGS) } else { utf8 },
        method: if deflated { 8 } else { 0 },
        crc: crc32(&content),
        packed: data.len() as u32,
        size: content.len() as u32,
    };
    if choices.rarely() {
        data.extend(choices.bytes(4));
    }
    let (local_extra, central_extra) = if choices.rarely() {
        (choices.one_of(&EXTRAS), choices.one_of(&EXTRAS))
    } else {
        (&b""[..], &b""[..])
    };
    // Sizes in a ZIP64 extra instead of the header, in either header.
    let (local_wide, central_wide) = (choices.rarely(), choices.rarely());
    let offset = out.len() as u32;
    let (needed, time) =
        (choices.one_of(&NEEDED), if choices.rarely() { choices.number() } else { 0x0021_6020 });

    let described = common.flags & 8 != 0;
    let zeroed = described && !choices.rarely();
    let sizes = |wide: bool, zeroed: bool| match (wide, zeroed) {
        (true, _) => (u32::MAX, u32::MAX),
        (false, true) => (0, 0),
        (false, false) => (common.packed, common.size),
    };
    let (packed, size) = sizes(local_wide, zeroed);
    let mut extra = wide_extra(local_wide, &common);
    extra.extend(local_extra);
    let local = vec![
        (0x0403_4b50, 4),
        (needed, 2),
        (common.flags, 2),
        (common.method, 2),
        (time & 0xFFFF, 2),
        (time >> 16, 2),
        (if zeroed { 0 } else { common.crc }, 4),
        (packed, 4),
        (size, 4),
        (name.len() as u32, 2),
        (extra.len() as u32, 2),
    ];
    put(choices, out, local);
    out.extend([name.as_slice(), &extra, &data].concat());
    if described {
        descriptor(choices, out, &common);
    }

    let (packed, size) = sizes(central_wide, false);
    let mut extra = wide_extra(central_wide, &common);
    extra.extend(central_extra);
    let central = vec![
        (0x0201_4b50, 4),
        (if choices.rarely() { choices.one_of(&SYSTEMS) } else { SYSTEMS[0] }, 2),
        (needed, 2),
        (common.flags, 2),
        (common.method, 2),
        (time & 0xFFFF, 2),
        (time >> 16, 2),
        (common.crc, 4),
        (packed, 4),
        (size, 4),
        (name.len() as u32, 2),
        (extra.len() as u32, 2),
        (0, 2),
        (0, 2),
        (0, 2),
        (choices.one_of(&ATTRIBUTES), 4),
        (offset, 4),
    ];
    put(choices, directory, central);
    directory.extend([name, extra].concat());
}

/// Writes a header, with one field changed in a few inputs.
fn put(choices: &mut Choices<'_>, out: &mut Vec<u8>, mut fields: Fields) {
    if choices.rarely() {
        let at = choices.below(fields.len());
        let value = fields[at].0;
        let others = [0, u32::MAX, 1, 0xFFFF, value.wrapping_add(1), value.wrapping_sub(1), choices.number()];
        fields[at].0 = choices.one_of(&others);
    }
    for (value, width) in fields {
        out.extend(&value.to_le_bytes()[..width]);
    }
}

fn wide_extra(wide: bool, common: &Common) -> Vec<u8> {
    if !wide {
        return Vec::new();
    }
    let sizes = [u64::from(common.size).to_le_bytes(), u64::from(common.packed).to_le_bytes()].concat();
    [&[1, 0, 16, 0][..], &sizes].concat()
}

/// The record after an entry's data: with or without a signature, with sizes of four bytes or eight.
fn descriptor(choices: &mut Choices<'_>, out: &mut Vec<u8>, common: &Common) {
    let width = if choices.rarely() { 8 } else { 4 };
    let mut fields = vec![(0x0807_4b50, 4), (common.crc, 4)];
    if choices.rarely() {
        fields.remove(0);
    }
    for size in [common.packed, common.size] {
        fields.push((size, 4));
        if width == 8 {
            fields.push((0, 4));
        }
    }
    put(choices, out, fields);
}

fn zip64_end(choices: &mut Choices<'_>, out: &mut Vec<u8>, count: u64, size: u64, start: u64) {
    let place = out.len() as u32;
    let low = |value: u64| value as u32;
    let record = vec![
        (0x0606_4b50, 4),
        (44, 4),
        (0, 4),
        (0x032D, 2),
        (45, 2),
        (0, 4),
        (0, 4),
        (low(count), 4),
        (0, 4),
        (low(count), 4),
        (0, 4),
        (low(size), 4),
        (0, 4),
        (low(start), 4),
        (0, 4),
    ];
    put(choices, out, record);
    put(choices, out, vec![(0x0706_4b50, 4), (0, 4), (place, 4), (0, 4), (1, 4)]);
}

fn deflate(content: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::new(6).unwrap_or_default());
    let mut out = vec![0; compressor.deflate_compress_bound(content.len())];
    let size = compressor.deflate_compress(content, &mut out).unwrap_or_default();
    out.truncate(size);
    out
}
