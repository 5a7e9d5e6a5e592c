//! The index: the file in which git lists what it tracks (gitformat-index), in the forms that libgit2 does not read.
//!
//! ```text
//! index     = "DIRC" version count *entry *extension checksum       version 2, 3 or 4
//! entry     = stat (24) mode uid-gid-size (12) id flags [ more flags ] name
//! extension = name (4) length data           a name that starts with a capital can be skipped
//! ```
//! - In version 4, a name is the one before without its last bytes, and more bytes.
//! - A split index (`link`) has the changes of another file: entries to delete and to replace, as bitmaps.
//! - A sparse index (`sdir`) has entries of whole folders, by the id of their tree.
//! - The checksum is not compared: with `index.skipHash` there is none, and git does not compare it either.

use std::collections::BTreeMap;
use std::path::Path;

use git2::Oid;

use crate::files;
use crate::limits::{INDEX_BYTES_MAX, INDEX_PATH_BYTES_MAX};

/// The mode of a folder in a sparse index.
const FOLDER: u32 = 0o040_000;
/// Flag: more flags follow.
const EXTENDED: u16 = 1 << 14;
/// Flag among those: a sparse checkout leaves the file out.
const SKIP_WORKTREE: u16 = 1 << 14;
/// The bytes of an object id, and of the checksum.
const ID_BYTES: usize = 20;
/// The bytes of an entry before its flags.
const STAT_BYTES: usize = 40;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path from the top; any bytes. That of a folder has a `/` at its end.
    pub path: Vec<u8>,
    /// The mode, as git stores it.
    pub mode: u32,
    /// The blob, or the tree of a folder.
    pub id: Oid,
    /// The side of a merge that is not resolved; 0 for none.
    pub stage: u8,
    /// Whether a sparse checkout leaves it out of the work tree.
    pub is_sparse: bool,
}

impl Entry {
    /// Whether it is a whole folder.
    pub fn is_folder(&self) -> bool {
        self.mode == FOLDER
    }
}

/// Reads the index of a git directory; empty if there is none. An error completes the sentence "cannot read the
/// index: …".
pub fn read(git: &Path) -> Result<Vec<Entry>, String> {
    let Some(bytes) = bytes_of(&git.join("index"))? else { return Ok(Vec::new()) };
    let Parsed { entries, link } = parse(&bytes)?;
    let Some(link) = link else { return Ok(entries) };
    let base = match &link.base {
        Some(id) => {
            let name = format!("sharedindex.{id}");
            let bytes = bytes_of(&git.join(&name))?.ok_or_else(|| format!("`{name}` does not exist"))?;
            let base = parse(&bytes)?;
            if base.link.is_some() {
                return Err(format!("`{name}` is a split index itself"));
            }
            base.entries
        }
        // Git 2.47 writes such an index, and does not read it either.
        None if !link.replaced.is_empty() => {
            return Err("it is split and has no shared index, as git writes it with `index.skipHash`".into());
        }
        None => Vec::new(),
    };
    link.merge(base, entries)
}

fn bytes_of(path: &Path) -> Result<Option<Vec<u8>>, String> {
    files::read_if_exists(path, INDEX_BYTES_MAX).map_err(|error| error.to_string())
}

struct Parsed {
    entries: Vec<Entry>,
    link: Option<Link>,
}

/// The changes that a split index makes to its base.
struct Link {
    base: Option<String>,
    deleted: Vec<usize>,
    replaced: Vec<usize>,
}

impl Link {
    fn merge(self, base: Vec<Entry>, entries: Vec<Entry>) -> Result<Vec<Entry>, String> {
        let mut base: Vec<Option<Entry>> = base.into_iter().map(Some).collect();
        let mut entries = entries.into_iter();
        let outside = || "its bitmaps name an entry that the shared index does not have".to_owned();
        for place in self.replaced {
            let before = base.get_mut(place).and_then(Option::as_mut).ok_or_else(outside)?;
            let mut entry = entries.next().ok_or("it has fewer entries than it replaces")?;
            if !entry.path.is_empty() {
                return Err("it replaces an entry by one with a name".into());
            }
            entry.path = std::mem::take(&mut before.path);
            *before = entry;
        }
        for place in self.deleted {
            *base.get_mut(place).ok_or_else(outside)? = None;
        }
        let key = |entry: Entry| ((entry.path.clone(), entry.stage), entry);
        let mut all: BTreeMap<_, _> = base.into_iter().flatten().map(key).collect();
        for entry in entries {
            if entry.path.is_empty() {
                return Err("it has an entry without a name".into());
            }
            all.extend([key(entry)]);
        }
        Ok(all.into_values().collect())
    }
}

fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    let mut reader = Reader(bytes.strip_prefix(b"DIRC").ok_or("it does not start with `DIRC`")?);
    let version = reader.u32()?;
    if !(2..=4).contains(&version) {
        return Err(format!("its version is {version}, expected one of: 2, 3, 4"));
    }
    let count = reader.u32()?;
    let (mut entries, mut before, mut path_bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..count {
        let entry = reader.entry(version, &before)?;
        before.clone_from(&entry.path);
        // Each name in version 4 can be much longer than its entry.
        path_bytes += entry.path.len() as u64;
        if path_bytes > INDEX_BYTES_MAX {
            return Err(format!("its paths have more than {INDEX_BYTES_MAX} bytes"));
        }
        entries.push(entry);
    }
    let mut link = None;
    while reader.0.len() > ID_BYTES {
        let name = reader.take(4)?;
        let length = reader.u32()? as usize;
        let data = reader.take(length)?;
        match name {
            b"link" => link = Some(parse_link(data)?),
            // Folders are known by their mode.
            b"sdir" => {}
            [b'A'..=b'Z', ..] => {}
            other => return Err(format!("it has the unknown extension `{}`", other.escape_ascii())),
        }
    }
    Ok(Parsed { entries, link })
}

fn parse_link(data: &[u8]) -> Result<Link, String> {
    let mut reader = Reader(data);
    let id = reader.take(ID_BYTES)?;
    let base =
        id.iter().any(|byte| *byte != 0).then(|| id.iter().map(|byte| format!("{byte:02x}")).collect());
    let (deleted, replaced) = match reader.0 {
        [] => (Vec::new(), Vec::new()),
        _ => (reader.bitmap()?, reader.bitmap()?),
    };
    Ok(Link { base, deleted, replaced })
}

/// Reads from the front.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, length: usize) -> Result<&'b [u8], String> {
        let (front, rest) = self.0.split_at_checked(length).ok_or("it is truncated")?;
        self.0 = rest;
        Ok(front)
    }

    fn number(&mut self, length: usize) -> Result<u64, String> {
        Ok(self.take(length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(self.number(4)? as u32)
    }

    fn u16(&mut self) -> Result<u16, String> {
        Ok(self.number(2)? as u16)
    }

    fn entry(&mut self, version: u32, before: &[u8]) -> Result<Entry, String> {
        let whole = self.0.len();
        let mut stat = Reader(self.take(STAT_BYTES)?);
        stat.take(24)?;
        let mode = stat.u32()?;
        let id = Oid::from_bytes(self.take(ID_BYTES)?).map_err(|error| error.message().to_owned())?;
        let flags = self.u16()?;
        let more = if flags & EXTENDED != 0 { self.u16()? } else { 0 };
        if flags & EXTENDED != 0 && version < 3 {
            return Err("an entry has flags that version 2 does not have".into());
        }
        let path = match version {
            4 => {
                let cut = usize::try_from(self.varint()?).ok().and_then(|cut| before.len().checked_sub(cut));
                [&before[..cut.ok_or("a name is cut by more than its length")?], self.text()?].concat()
            }
            _ => {
                let path = self.text()?.to_vec();
                // With its NUL, each entry takes a multiple of eight bytes.
                let taken = whole - self.0.len();
                self.take(taken.next_multiple_of(8) - taken)?;
                path
            }
        };
        if path.len() > INDEX_PATH_BYTES_MAX {
            return Err(format!("a path has more than {INDEX_PATH_BYTES_MAX} bytes"));
        }
        let stage = (flags >> 12 & 3) as u8;
        Ok(Entry { path, mode, id, stage, is_sparse: more & SKIP_WORKTREE != 0 })
    }

    /// The bytes up to a NUL.
    fn text(&mut self) -> Result<&'b [u8], String> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or("it is truncated")?;
        let text = self.take(end + 1)?;
        Ok(&text[..end])
    }

    /// A number of seven bits in each byte, plus one for each byte but the last (as in packs, for offsets).
    fn varint(&mut self) -> Result<u64, String> {
        let mut number: u64 = 0;
        loop {
            let byte = self.number(1)?;
            number = number.checked_shl(7).unwrap_or(0) | byte & 0x7f;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
            number =
                number.checked_add(1).filter(|number| *number < 1 << 48).ok_or("a number is too large")?;
        }
    }

    /// The places of the bits in a compressed bitmap (EWAH, as in gitformat-bitmap).
    fn bitmap(&mut self) -> Result<Vec<usize>, String> {
        let bits = u64::from(self.u32()?);
        let words = self.u32()? as usize;
        let mut words = Reader(self.take(words.saturating_mul(8))?);
        self.u32()?;
        let (mut places, mut at) = (Vec::new(), 0_u64);
        let mut add = |at: u64| match usize::try_from(at) {
            // No index can have as many entries.
            Ok(place) if at < bits && at < INDEX_BYTES_MAX / STAT_BYTES as u64 => {
                places.push(place);
                Ok(())
            }
            _ => Err("a bitmap has a bit after its end".to_owned()),
        };
        while !words.0.is_empty() {
            let marker = words.number(8)?;
            let (value, run, literal) = (marker & 1, marker >> 1 & 0xffff_ffff, marker >> 33);
            if value == 1 {
                // A run has up to 2^38 bits: of those after the end, none is visited.
                (at..bits.min(at.saturating_add(run * 64))).try_for_each(&mut add)?;
            }
            at = at.saturating_add(run * 64);
            for _ in 0..literal {
                let word = words.number(8)?;
                (0..64).filter(|bit| word >> bit & 1 == 1).try_for_each(|bit| add(at.saturating_add(bit)))?;
                at = at.saturating_add(64);
            }
        }
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of version 2 with one entry, and these extensions.
    fn file(name: &str, extensions: &[u8]) -> Vec<u8> {
        let mut entry =
            [&[0; 24][..], &[0, 0, 0x81, 0xa4], &[0; 12], &[7; 20], &[0, name.len() as u8]].concat();
        entry.extend(name.as_bytes());
        entry.resize((entry.len() + 8) / 8 * 8, 0);
        [b"DIRC\0\0\0\x02\0\0\0\x01".as_slice(), &entry, extensions, &[0; 20]].concat()
    }

    fn fault(bytes: &[u8]) -> String {
        parse(bytes).err().unwrap()
    }

    #[test]
    fn reads_an_entry_and_skips_what_it_may() {
        for name in ["a", "abcdefg", "abcdefgh", "abcdefghij/k"] {
            let parsed = parse(&file(name, b"TREE\0\0\0\x01xsdir\0\0\0\0")).unwrap();
            let [entry] = parsed.entries.as_slice() else { panic!("{name}") };
            assert_eq!((entry.path.as_slice(), entry.mode, entry.stage), (name.as_bytes(), 0o100_644, 0));
        }
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        assert!(fault(b"x").contains("DIRC"));
        assert!(fault(b"DIRC\0\0\0\x05\0\0\0\0").contains("its version is 5"));
        assert!(fault(&file("a", b"newx\0\0\0\0")).contains("unknown extension `newx`"));
        let whole = file("a", b"");
        for end in 4..whole.len() - ID_BYTES {
            assert_eq!(fault(&whole[..end]), "it is truncated", "{end}");
        }
        let link =
            [b"link\0\0\0\x2c".as_slice(), &[1; 20], &[0, 0, 0, 1, 0, 0, 0, 1], &[0xff; 8], &[0; 8]].concat();
        assert!(parse(&file("a", &link)).is_err());
    }

    #[test]
    fn a_bitmap_is_runs_and_words() {
        let run = |value: u64, run: u64, literal: u64| (value | run << 1 | literal << 33).to_be_bytes();
        let words = [run(1, 1, 0), run(0, 1, 1), 5_u64.to_be_bytes()].concat();
        let bytes = [&200_u32.to_be_bytes()[..], &3_u32.to_be_bytes(), &words, &[0; 4]].concat();
        let places = Reader(&bytes).bitmap().unwrap();
        assert_eq!(places, (0..64).chain([128, 130]).collect::<Vec<_>>());
    }

    #[test]
    fn a_varint_adds_one_for_each_byte_but_the_last() {
        for (bytes, number) in
            [(&[5][..], 5), (&[0x80, 0], 128), (&[0x81, 0x01], 257), (&[0x80, 0x80, 0], 16512)]
        {
            assert_eq!(Reader(bytes).varint(), Ok(number));
        }
        assert!(Reader(&[0xff; 20]).varint().is_err());
    }
}
