//! Archives as ordinary tools write them, and with oddities: any field of any record may change.
//!
//! One number decides all of it, so every run has the same archives.

use libdeflater::{CompressionLvl, Compressor, crc32};

const UTF8: u16 = 1 << 11;
const DESCRIPTOR: u16 = 1 << 3;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// Splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// What follows the data.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Descriptor {
    Absent,
    Signed,
    Bare,
    Wide,
    WideBare,
}

/// Where the sizes are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sizes {
    Plain,
    /// In the local header's ZIP64 extra.
    LocalDeferred,
    /// In both headers' ZIP64 extras.
    Deferred,
    /// In the header, and again in the local header's ZIP64 extra.
    Repeated,
}

#[derive(Clone)]
struct Entry {
    name: String,
    data: Vec<u8>,
    body: Vec<u8>,
    host: u8,
    made: u8,
    needed: [u16; 2],
    flags: u16,
    method: u16,
    time: [u16; 2],
    internal: u16,
    external: u32,
    descriptor: Descriptor,
    sizes: Sizes,
    /// Whether packed size and CRC, and the size, are in the local header before a descriptor.
    kept: [bool; 2],
    extras: [Vec<u8>; 2],
    comment: &'static [u8],
}

struct Archive {
    entries: Vec<Entry>,
    reversed: bool,
    zip64_end: bool,
    comment: &'static [u8],
}

/// Endless archives, each with what is odd about it.
pub fn archives(seed: u64) -> impl Iterator<Item = (String, Vec<u8>)> {
    let mut dice = Dice(seed);
    std::iter::repeat_with(move || archive(&mut dice))
}

fn archive(dice: &mut Dice) -> (String, Vec<u8>) {
    let mut archive = Archive { entries: Vec::new(), reversed: false, zip64_end: false, comment: b"" };
    let tool = dice.one(TOOLS);
    let mut about = vec![tool.0.to_owned()];
    for number in 0..1 + dice.below(4) {
        let name = dice.one(&["app.py", "lib/b.py", "index.js", "a/b/c.txt", "lib/c.py", "README"]);
        if archive.entries.iter().any(|entry: &Entry| entry.name == name) {
            continue;
        }
        let data = data(dice);
        let mut entry = (tool.1)(name, data);
        if number == 2 {
            entry = folder(&entry, "empty/");
        }
        archive.entries.push(entry);
    }
    for _ in 0..dice.below(4) {
        let (what, change) = dice.one(CHANGES);
        let detail = change(dice, &mut archive);
        about.push(format!("{what} {detail}"));
    }
    let mut bytes = write(&archive);
    if dice.below(4) == 0 {
        let place = dice.below(bytes.len());
        bytes[place] ^= 1 << dice.below(8);
        about.push(format!("bit of byte {place}"));
    }
    (about.join(", "), bytes)
}

fn data(dice: &mut Dice) -> Vec<u8> {
    match dice.below(8) {
        0 | 1 => Vec::new(),
        2 => b"x".to_vec(),
        3 => b"import os\n".repeat(500),
        4 => (0..3000).map(|_| dice.next() as u8).collect(),
        // Not with a descriptor's signature too: at that, unzipper's stream ends with an error.
        5 => b"PK\x03\x04\x14\0\0\0\0\0PK\x01\x02\0\0\0\0".to_vec(),
        _ => b"print('hello')\n".to_vec(),
    }
}

/// An entry as a tool writes it.
type Tool = (&'static str, fn(&str, Vec<u8>) -> Entry);

const TOOLS: &[Tool] = &[
    ("zip", |name, data| {
        let ut = |length| extra(0x5455, &[&[3], &[0x11; 8][..length]].concat());
        let ux = extra(0x7875, &[1, 4, 0xe8, 3, 0, 0, 4, 0xe8, 3, 0, 0]);
        let extras = [[ut(8), ux.clone()].concat(), [ut(4), ux].concat()];
        Entry { made: 30, extras, ..entry(name, data) }
    }),
    ("zipfile", |name, data| Entry { external: 0o100_600 << 16, ..entry(name, data) }),
    ("zipfile on Windows", |name, data| Entry { host: 0, external: 0o100_666 << 16, ..entry(name, data) }),
    ("7z", |name, data| Entry { made: 63, external: 0o100_644 << 16 | 0x8000, ..entry(name, data) }),
    ("7z on Windows", |name, data| Entry { host: 0, made: 63, external: 0x20, ..entry(name, data) }),
    ("Explorer", |name, data| Entry { host: 0, external: 0x20, ..entry(name, data) }),
    ("jar", |name, data| Entry {
        host: 0,
        external: 0,
        descriptor: Descriptor::Signed,
        method: DEFLATED,
        ..entry(name, data)
    }),
    ("go", |name, data| Entry {
        external: 0o100_644 << 16,
        descriptor: Descriptor::Signed,
        method: DEFLATED,
        flags: DESCRIPTOR,
        ..entry(name, data)
    }),
    ("archiver", |name, data| Entry {
        made: 45,
        descriptor: Descriptor::Signed,
        flags: DESCRIPTOR,
        ..entry(name, data)
    }),
    ("bsdtar", |name, data| Entry {
        descriptor: Descriptor::Signed,
        kept: [false, true],
        method: DEFLATED,
        ..entry(name, data)
    }),
    ("yazl", |name, data| Entry { made: 63, flags: UTF8, ..entry(name, data) }),
    ("zip on Windows", |name, data| Entry { host: 11, made: 23, external: 0x20, ..entry(name, data) }),
];

fn entry(name: &str, data: Vec<u8>) -> Entry {
    let method = if data.len() < 8 { STORED } else { DEFLATED };
    Entry {
        name: name.into(),
        body: Vec::new(),
        host: 3,
        made: 20,
        needed: [20, 20],
        flags: 0,
        method,
        time: [0x6020, 0x5b7a],
        internal: 0,
        external: 0o100_644 << 16,
        descriptor: Descriptor::Absent,
        sizes: Sizes::Plain,
        kept: [false; 2],
        extras: [Vec::new(), Vec::new()],
        comment: b"",
        data,
    }
}

/// A folder by the same tool.
fn folder(like: &Entry, name: &str) -> Entry {
    let mode = if like.external >> 16 == 0 { 0 } else { 0o040_755 };
    Entry {
        name: name.into(),
        data: Vec::new(),
        method: STORED,
        external: mode << 16 | 0x10,
        descriptor: Descriptor::Absent,
        flags: like.flags & !DESCRIPTOR,
        ..like.clone()
    }
}

fn extra(id: u16, body: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes(), &(body.len() as u16).to_le_bytes(), body].concat()
}

type Change = fn(&mut Dice, &mut Archive) -> String;

/// Changes of one field each.
const CHANGES: &[(&str, Change)] = &[
    ("host", |dice, archive| {
        one(dice, archive, |dice, entry| {
            entry.host = dice.one(&[0, 0, 3, 3, 6, 10, 11, 14, 19, 1, 2, 7, 18, 30, 255]);
            entry.host.to_string()
        })
    }),
    ("made by", |dice, archive| {
        one(dice, archive, |dice, entry| {
            entry.made = dice.one(&[0, 10, 20, 25, 26, 40, 45, 46, 50, 63, 255]);
            entry.made.to_string()
        })
    }),
    ("needed", |dice, archive| {
        one(dice, archive, |dice, entry| {
            let place = dice.below(3);
            let needed = dice.one(&[0, 10, 11, 20, 21, 45, 46, 50, 51, 63, 255, 0x0314, 0x0a14]);
            (0..2).filter(|each| place == 2 || place == *each).for_each(|each| entry.needed[each] = needed);
            format!("{:?}", entry.needed)
        })
    }),
    ("flags", |dice, archive| {
        one(dice, archive, |dice, entry| {
            entry.flags ^= 1 << dice.below(16);
            format!("{:#x}", entry.flags)
        })
    }),
    ("external", |dice, archive| {
        one(dice, archive, |dice, entry| {
            entry.external ^= 1 << dice.below(32);
            format!("{:#x}", entry.external)
        })
    }),
    ("attributes", |dice, archive| {
        one(dice, archive, |dice, entry| {
            entry.external =
                dice.one(&[0, 1, 2, 4, 8, 0x10, 0x20, 0x21, 0x27, 0x40, 0x80, 0x400, 0x8000, 0x8020]);
            format!("{:#x}", entry.external)
        })
    }),
    ("mode", |dice, archive| {
        one(dice, archive, |dice, entry| {
            let modes = [
                0o644, 0o755, 0o100_755, 0o100_711, 0o100_000, 0o100_654, 0o102_644, 0o177_777, 0o40_755,
                0o100_444, 0o104_755,
            ];
            entry.external = dice.one(&modes) << 16 | entry.external & 0xffff;
            format!("{:#x}", entry.external)
        })
    }),
    ("link", |dice, archive| {
        one(dice, archive, |dice, entry| {
            entry.external = dice.one(&[0o120_777, 0o120_755, 0o120_644, 0o120_000]) << 16;
            let targets =
                ["app.py", "./app.py", "lib", "x/y", "nowhere", "a//b", "ü", "lib/", "app.py\n", " ", "a;1"];
            entry.data = dice.one(&targets).into();
            if dice.below(4) == 0 {
                entry.data = "abc/".repeat(20 + dice.below(900)).into_bytes();
            }
            format!("to {:.20?}", String::from_utf8_lossy(&entry.data))
        })
    }),
    ("folder", |dice, archive| {
        one(dice, archive, |dice, entry| {
            *entry = folder(entry, dice.one(&["d/", "d/e/", "lib/", "d;1/", "d-/"]));
            if dice.below(2) == 0 {
                entry.method = dice.one(&[STORED, DEFLATED]);
                entry.descriptor = dice.one(&[Descriptor::Absent, Descriptor::Signed]);
            }
            if dice.below(2) == 0 {
                entry.external = dice.one(&[
                    0,
                    0x10,
                    0o40_755 << 16,
                    0o177_777 << 16,
                    0o177_777 << 16 | 0x10,
                    0o755 << 16,
                    0x8010,
                ]);
            }
            format!(
                "{:?} {:#x} {} {}",
                entry.name,
                entry.external,
                entry.method,
                entry.descriptor != Descriptor::Absent
            )
        })
    }),
    ("method", |dice, archive| {
        one(dice, archive, |_, entry| {
            entry.method = if entry.method == STORED { DEFLATED } else { STORED };
            entry.method.to_string()
        })
    }),
    ("descriptor", |dice, archive| {
        one(dice, archive, |dice, entry| {
            let (kind, what) = dice.one(&[
                (Descriptor::Signed, "signed"),
                (Descriptor::Bare, "bare"),
                (Descriptor::Wide, "wide"),
                (Descriptor::WideBare, "wide and bare"),
                (Descriptor::Absent, "absent"),
            ]);
            entry.descriptor = kind;
            entry.kept = [dice.below(4) == 0, dice.below(2) == 0];
            format!("{what} {:?}", entry.kept)
        })
    }),
    ("sizes", |dice, archive| {
        one(dice, archive, |dice, entry| {
            let (kind, what) = dice.one(&[
                (Sizes::LocalDeferred, "deferred in the local header"),
                (Sizes::Deferred, "deferred"),
                (Sizes::Repeated, "repeated"),
            ]);
            entry.sizes = kind;
            what.into()
        })
    }),
    ("time", |dice, archive| {
        one(dice, archive, |dice, entry| {
            entry.time = [dice.one(&[0, 0xffff, 0xbf7d, 0x0020]), dice.one(&[0, 0xffff, 0x0021, 0x5b7a])];
            format!("{:x?}", entry.time)
        })
    }),
    ("internal", |dice, archive| {
        one(dice, archive, |dice, entry| {
            entry.internal = dice.one(&[1, 2, 0xffff]);
            entry.internal.to_string()
        })
    }),
    ("extra", |dice, archive| {
        one(dice, archive, |dice, entry| {
            let id: u16 = dice.one(&[
                0x5455, 0x5455, 0x5855, 0x7855, 0x7875, 0x000a, 0x000d, 0xcafe, 0x0001, 0x756e, 0x6c78,
                0x7075,
            ]);
            let length = dice.one(&[0, 1, 2, 3, 4, 5, 8, 9, 11, 12, 13, 16, 32]);
            let mut body: Vec<u8> = (0..length).map(|_| dice.one(&[0, 0, 1, 3, 4, 7, 0xff])).collect();
            if id == 0x7875 && dice.below(2) == 0 {
                body = vec![1, 4, 1, 0, 0, 0, 4, 1, 0, 0, 0];
            }
            if id == 0x000a && dice.below(2) == 0 {
                body = [&[0, 0, 0, 0, 1, 0, 24, 0], &[0x80; 24][..]].concat();
            }
            if id == 0x5455 && length > 0 {
                body[0] = dice.one(&[0, 1, 3, 7, 2, 0xff]);
            }
            let place = dice.below(3);
            for each in (0..2).filter(|each| place == 2 || place == *each) {
                entry.extras[each].extend(extra(id, &body));
            }
            format!("{id:04x} of {} in {place}", body.len())
        })
    }),
    ("name", |dice, archive| {
        one(dice, archive, |dice, entry| {
            entry.name = name(dice);
            if !entry.name.is_ascii() && dice.below(8) > 0 {
                entry.flags |= UTF8;
            }
            format!("{:.40?} of {}", entry.name, entry.name.len())
        })
    }),
    ("two names", |dice, archive| {
        let (first, second) = dice.one(&[
            ("a?b", "a_b"),
            ("a;1", "a"),
            ("x/..a", "x/a"),
            ("c++", "c\u{fc}"),
            ("a#U00fc", "a\u{fc}"),
            ("a\u{200c}", "a"),
            ("a*", "a_"),
            ("lib/x", "lib/x-y"),
            ("lib/x", "lib.x"),
            ("Lib/x", "lib/y"),
            ("a|", "a_"),
            ("\u{130}", "i\u{307}"),
        ]);
        for name in [first, second] {
            let mut entry = dice.one(&archive.entries);
            entry.name = name.into();
            entry.flags |= if name.is_ascii() { 0 } else { UTF8 };
            archive.entries.push(entry);
        }
        format!("{first:?} {second:?}")
    }),
    ("body", |dice, archive| {
        one(dice, archive, |dice, entry| {
            if dice.below(4) == 0 {
                entry.data = b"PK\x07\x08 and zeros\0\0\0PK\x03\x04".to_vec();
            }
            let (head, data) = (dice.below(3), entry.data.clone());
            let block = |last: u8, part: &[u8]| {
                let length = part.len() as u16;
                [&[last], &length.to_le_bytes()[..], &(!length).to_le_bytes(), part].concat()
            };
            let empty = block(0, b"");
            entry.method = DEFLATED;
            entry.body = [empty.repeat(head), block(1, &data)].concat();
            format!("stored by deflate after {head} empty blocks")
        })
    }),
    ("reversed", |_, archive| {
        archive.reversed = true;
        String::new()
    }),
    ("zip64 end", |_, archive| {
        archive.zip64_end = true;
        String::new()
    }),
    ("comment", |dice, archive| {
        let comments: [&[u8]; 5] = [
            b"573d464a1b2c3d4e5f60718293a4b5c6d7e8f901",
            b"made by a tool\n",
            b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            b"PK\x01\x02 and PK\x03\x04",
            &[b'x'; 20_000],
        ];
        if dice.below(2) == 0 {
            archive.comment = dice.one(&comments);
            return format!("of the archive, {} bytes", archive.comment.len());
        }
        one(dice, archive, |_, entry| {
            entry.comment = b"of an entry";
            "of an entry".into()
        })
    }),
];

fn one(dice: &mut Dice, archive: &mut Archive, change: fn(&mut Dice, &mut Entry) -> String) -> String {
    let place = dice.below(archive.entries.len());
    change(dice, &mut archive.entries[place])
}

fn name(dice: &mut Dice) -> String {
    let names = [
        "app.py;1",
        "app.py;",
        "a;1/b",
        "a;b",
        "c++",
        "c\u{fc}",
        "\u{65e5}\u{672c}",
        "#U00fc",
        "#L01f600",
        "-x",
        "a?b",
        "a*",
        "a<b>",
        "a\"b",
        "a|b",
        " lead",
        "a b",
        "~",
        "$x",
        "%20",
        "[slug].js",
        "a'b",
        "a&b",
        "META-INF/MANIFEST.MF",
        "__MACOSX/._a",
        "e\u{301}",
        "\u{1f600}",
        "a\u{200c}b",
        "\u{feff}a",
        "\u{e000}",
        "\u{2028}",
        "a\u{202e}b",
        "...a",
        ".a",
        "a..b",
        "@x",
        "=x",
        "+x",
        ",",
        "`x`",
        "{x}",
        "\u{fffd}",
        "\u{ff0e}\u{ff0e}",
        "^",
        "!",
        "#",
        "a\u{a0}",
        "con1",
        "\u{d7ff}",
    ];
    match dice.below(12) {
        0 => "n".repeat(dice.one(&[250, 255, 256])),
        1 => "\u{fc}".repeat(dice.one(&[120, 127, 128])),
        2 => format!("{}x", "d/".repeat(dice.one(&[60, 250, 500, 1000]))),
        _ => dice.one(&names).to_owned(),
    }
}

fn write(archive: &Archive) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in &archive.entries {
        let (offset, central) = (out.len() as u32, entry.central());
        out.extend(entry.local());
        directory.push(central(offset));
    }
    if archive.reversed {
        directory.reverse();
    }
    let (start, count) = (out.len() as u64, directory.len() as u64);
    let size = directory.iter().map(|each| each.len() as u64).sum::<u64>();
    directory.iter().for_each(|each| out.extend(each));
    if archive.zip64_end {
        let place = out.len() as u64;
        out.extend(b"PK\x06\x06");
        out.extend(44_u64.to_le_bytes());
        [45_u16, 45].iter().for_each(|each| out.extend(each.to_le_bytes()));
        out.extend([0; 8]);
        [count, count, size, start].iter().for_each(|each| out.extend(each.to_le_bytes()));
        out.extend(b"PK\x06\x07\0\0\0\0");
        out.extend(place.to_le_bytes());
        out.extend(1_u32.to_le_bytes());
    }
    out.extend(b"PK\x05\x06\0\0\0\0");
    [count as u16; 2].iter().for_each(|each| out.extend(each.to_le_bytes()));
    [size as u32, start as u32].iter().for_each(|each| out.extend(each.to_le_bytes()));
    out.extend((archive.comment.len() as u16).to_le_bytes());
    out.extend(archive.comment);
    out
}

impl Entry {
    fn flags(&self) -> u16 {
        // "archiver" and "go" say that a descriptor follows also where none does.
        if self.descriptor == Descriptor::Absent { self.flags } else { self.flags | DESCRIPTOR }
    }

    fn packed(&self) -> Vec<u8> {
        match (self.method, self.body.as_slice()) {
            (DEFLATED, []) => deflate(&self.data),
            (DEFLATED, body) => body.to_vec(),
            _ => self.data.clone(),
        }
    }

    fn local(&self) -> Vec<u8> {
        let packed = self.packed();
        let (size, length) = (self.data.len() as u64, packed.len() as u64);
        let told = |value: u32, kept: bool| {
            if self.descriptor != Descriptor::Absent && !kept { 0 } else { value }
        };
        let [with_packed, with_size] = self.kept;
        let plain = [told(length as u32, with_packed), told(size as u32, with_size)];
        let wide = [plain[1], plain[0]].map(|each| u64::from(each).to_le_bytes()).concat();
        let (sizes, zip64) = match self.sizes {
            Sizes::Plain => (plain, Vec::new()),
            Sizes::Repeated => (plain, extra(1, &wide)),
            Sizes::LocalDeferred | Sizes::Deferred => ([u32::MAX; 2], extra(1, &wide)),
        };
        let extras = [zip64, self.extras[0].clone()].concat();
        let mut out = b"PK\x03\x04".to_vec();
        let words = [self.needed[0], self.flags(), self.method, self.time[0], self.time[1]];
        words.iter().for_each(|word| out.extend(word.to_le_bytes()));
        [told(crc32(&self.data), with_packed), sizes[0], sizes[1]]
            .iter()
            .for_each(|word| out.extend(word.to_le_bytes()));
        [self.name.len() as u16, extras.len() as u16].iter().for_each(|word| out.extend(word.to_le_bytes()));
        out.extend([self.name.as_bytes(), &extras, &packed].concat());
        if self.descriptor != Descriptor::Absent {
            if matches!(self.descriptor, Descriptor::Signed | Descriptor::Wide) {
                out.extend(b"PK\x07\x08");
            }
            out.extend(crc32(&self.data).to_le_bytes());
            let wide = matches!(self.descriptor, Descriptor::Wide | Descriptor::WideBare);
            [length, size]
                .iter()
                .for_each(|each| out.extend(&each.to_le_bytes()[..if wide { 8 } else { 4 }]));
        }
        out
    }

    /// The central header, as soon as the place of the local one is known.
    fn central(&self) -> impl FnOnce(u32) -> Vec<u8> {
        let (packed, size) = (self.packed().len() as u64, self.data.len() as u64);
        let deferred = self.sizes == Sizes::Deferred;
        let wide = extra(1, &[size.to_le_bytes(), packed.to_le_bytes()].concat());
        let extras = [if deferred { wide } else { Vec::new() }, self.extras[1].clone()].concat();
        let mut out = b"PK\x01\x02".to_vec();
        out.extend([self.made, self.host]);
        let words = [self.needed[1], self.flags(), self.method, self.time[0], self.time[1]];
        words.iter().for_each(|word| out.extend(word.to_le_bytes()));
        let sizes = if deferred { [u32::MAX; 2] } else { [packed as u32, size as u32] };
        [crc32(&self.data), sizes[0], sizes[1]].iter().for_each(|word| out.extend(word.to_le_bytes()));
        let lengths = [self.name.len() as u16, extras.len() as u16, self.comment.len() as u16];
        let words = [lengths[0], lengths[1], lengths[2], 0, self.internal];
        words.iter().for_each(|word| out.extend(word.to_le_bytes()));
        out.extend(self.external.to_le_bytes());
        let tail = [self.name.as_bytes(), &extras, self.comment].concat();
        move |offset| [out, offset.to_le_bytes().to_vec(), tail].concat()
    }
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut out = vec![0; compressor.deflate_compress_bound(data.len())];
    let length = compressor.deflate_compress(data, &mut out).expect("fits");
    out.truncate(length);
    out
}
