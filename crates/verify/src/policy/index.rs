//! The index: all revocations and recorded signatures, so that a verifier reads only those it needs.
//!
//! Sealing builds it from `revocations.toml` and `ledger.jsonl`; each further signer builds it again and
//! compares. It is a sorted list of entries, split into pages by the digest of their keys:
//! ```text
//! page   = entry*                          sorted; entry = KEY TAB VALUE LF
//! number = the first `bits` bits of SHA-384(KEY): the page of an entry
//! table  = "countersign index 1 " bits LF (SHA-384(page) LF)^(2^bits)
//! ```
//! Table and pages are objects named by their digests; the snapshot names the table. A lookup reads the table
//! and one page. A single sorted file would need its digest computed over all of it for a lookup, and would
//! be written again for every seal. The keys are
//! ```text
//! "job " ARN   "artifact " SHA-384   "profile " ARN   "key " FINGERPRINT     revocations, as JSON
//! "recorded " SHA-384                                                        of a signed payload
//! "artifacts"                                       exists if any artifact is revoked by its digest
//! ```

use std::sync::OnceLock;

use super::error::PolicyError;
use super::objects::Objects;
use crate::digest::Sha384;
use crate::limits::{INDEX_PAGE_BYTES_MAX, INDEX_PAGE_ENTRIES, INDEX_TABLE_BYTES_MAX};

const HEADER: &str = "countersign index 1 ";

/// Length of a table's line: the hexadecimal digits of a SHA-384 and a line feed.
const LINE: usize = 97;

/// Most bits of a table: a page for each of 65,536 numbers.
const BITS_MAX: u32 = 16;

/// One entry of an index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The key of the lookup; no tab and no line feed.
    pub key: String,
    /// The value; no line feed.
    pub value: String,
}

/// A new index: its table, and its pages by number.
#[derive(Debug, PartialEq, Eq)]
pub struct Made {
    /// The table.
    pub table: Vec<u8>,
    /// The distinct pages.
    pub pages: Vec<Vec<u8>>,
}

/// Builds the index of these entries; `None` if there are none.
pub fn make(mut entries: Vec<Entry>) -> Option<Made> {
    if entries.is_empty() {
        return None;
    }
    entries.sort();
    let needed = entries.len().div_ceil(INDEX_PAGE_ENTRIES).next_power_of_two();
    let bits = needed.trailing_zeros().min(BITS_MAX);
    let mut pages = vec![Vec::new(); 1 << bits];
    for Entry { key, value } in entries {
        pages[number(&key, bits)].extend_from_slice(format!("{key}\t{value}\n").as_bytes());
    }
    let mut table = format!("{HEADER}{bits}\n").into_bytes();
    for page in &pages {
        table.extend_from_slice(format!("{}\n", Sha384::of(page)).as_bytes());
    }
    pages.sort();
    pages.dedup();
    Some(Made { table, pages })
}

/// `number = the first bits of SHA-384(key)`
fn number(key: &str, bits: u32) -> usize {
    let digest = Sha384::of(key.as_bytes());
    let first = u32::from_be_bytes(digest.as_bytes()[..4].try_into().unwrap_or_default());
    if bits == 0 { 0 } else { (first >> (32 - bits)) as usize }
}

/// A sealed index; pages are read on demand.
#[derive(Debug)]
pub struct Index {
    objects: Objects,
    digest: Option<Sha384>,
    table: OnceLock<Vec<u8>>,
}

impl Index {
    /// The index whose table has this digest; `None` is an empty one.
    pub fn new(objects: Objects, digest: Option<Sha384>) -> Self {
        Self { objects, digest, table: OnceLock::new() }
    }

    /// The values of a key.
    pub fn get(&self, key: &str) -> Result<Vec<String>, PolicyError> {
        let Some(digest) = &self.digest else { return Ok(Vec::new()) };
        let table = self.table(digest)?;
        let malformed = || PolicyError::Index(*digest);
        let page = page_of(table, key).ok_or_else(malformed)?;
        let page = self.objects.need(&page, INDEX_PAGE_BYTES_MAX)?;
        let page = std::str::from_utf8(&page).map_err(|_| malformed())?;
        let values = page.lines().filter_map(|line| line.split_once('\t')).filter(|(found, _)| *found == key);
        Ok(values.map(|(_, value)| value.to_owned()).collect())
    }

    fn table(&self, digest: &Sha384) -> Result<&Vec<u8>, PolicyError> {
        if self.table.get().is_none() {
            let read = self.objects.need(digest, INDEX_TABLE_BYTES_MAX)?;
            let _ = self.table.set(read);
        }
        self.table.get().ok_or(PolicyError::Index(*digest))
    }

    /// Checks that the table and every page exist and are intact.
    pub fn check(&self) -> Result<(), PolicyError> {
        for digest in self.objects()? {
            self.objects.need(&digest, INDEX_PAGE_BYTES_MAX)?;
        }
        Ok(())
    }

    /// The digests of the table and of every page.
    pub fn objects(&self) -> Result<Vec<Sha384>, PolicyError> {
        let Some(digest) = &self.digest else { return Ok(Vec::new()) };
        let (_, lines) = split(self.table(digest)?).ok_or(PolicyError::Index(*digest))?;
        let pages = lines.chunks_exact(LINE).filter_map(page_digest);
        Ok(pages.chain([*digest]).collect())
    }
}

/// The bits and the lines of a table; `None` if it does not have as many lines as it declares.
fn split(table: &[u8]) -> Option<(u32, &[u8])> {
    let end = table.iter().position(|byte| *byte == b'\n')?;
    let header = std::str::from_utf8(&table[..end]).ok()?;
    let bits: u32 = header.strip_prefix(HEADER)?.parse().ok()?;
    let lines = &table[end + 1..];
    (bits <= BITS_MAX && lines.len() == LINE << bits).then_some((bits, lines))
}

fn page_of(table: &[u8], key: &str) -> Option<Sha384> {
    let (bits, lines) = split(table)?;
    page_digest(lines.chunks_exact(LINE).nth(number(key, bits))?)
}

fn page_digest(line: &[u8]) -> Option<Sha384> {
    std::str::from_utf8(line).ok()?.strip_suffix('\n')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::sample::keep;

    fn kept(count: usize) -> (tempfile::TempDir, Index) {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::of(folder.path());
        let entry = |n: usize| Entry { key: format!("job {n}"), value: format!("v{n}") };
        let made = make((0..count).map(entry).collect()).unwrap();
        for page in &made.pages {
            keep(&objects, page);
        }
        let digest = keep(&objects, &made.table);
        (folder, Index::new(objects, Some(digest)))
    }

    #[test]
    fn every_entry_is_found_and_no_other() {
        for count in [1, 2, 1000, 5000] {
            let (_folder, index) = kept(count);
            for n in [0, count / 2, count - 1] {
                assert_eq!(index.get(&format!("job {n}")).unwrap(), [format!("v{n}")]);
            }
            assert!(index.get(&format!("job {count}")).unwrap().is_empty());
        }
    }

    #[test]
    fn the_same_entries_have_the_same_index_with_each_page_once() {
        let entry = |n: usize| Entry { key: format!("job {n}"), value: "v".into() };
        let made = make((0..5000).map(entry).collect()).unwrap();
        assert_eq!(Some(&made), make((0..5000).rev().map(entry).collect()).as_ref());
        assert!(made.pages.windows(2).all(|pair| pair[0] < pair[1]));
        let (bits, lines) = split(&made.table).unwrap();
        assert!(bits > 1);
        assert_eq!((made.pages.len(), lines.len()), (1 << bits, LINE << bits));
        // The pages of all other numbers are one, since they are empty.
        let of_one_key = |n: usize| Entry { key: "job".into(), value: format!("v{n}") };
        let made = make((0..5000).map(of_one_key).collect()).unwrap();
        assert_eq!(made.pages.len(), 2);
    }

    #[test]
    fn a_table_has_at_most_16_bits_and_as_many_lines_as_it_says() {
        let table = |bits: u32, lines: usize| {
            [format!("{HEADER}{bits}\n").into_bytes(), vec![b'0'; LINE * lines]].concat()
        };
        for (bits, lines, good) in [
            (0, 1, true),
            (0, 2, false),
            (1, 1, false),
            (1, 2, true),
            (BITS_MAX, 1 << BITS_MAX, true),
            (BITS_MAX + 1, 2 << BITS_MAX, false),
            (200, 1, false),
        ] {
            assert_eq!(split(&table(bits, lines)).is_some(), good, "{bits} bits, {lines} lines");
        }
    }

    #[test]
    fn an_index_that_lacks_a_page_is_not_whole() {
        let (folder, index) = kept(5000);
        index.check().unwrap();
        let objects = index.objects().unwrap();
        let path = |digest: &Sha384| {
            let name = digest.to_string();
            folder.path().join("objects").join(&name[..2]).join(&name[2..])
        };
        std::fs::remove_file(path(&objects[0])).unwrap();
        assert!(index.check().is_err());
        // The table was read once for all.
        std::fs::remove_file(path(objects.last().unwrap())).unwrap();
        assert_eq!(index.objects().unwrap(), objects);
    }

    #[test]
    fn a_changed_page_is_an_error() {
        let (folder, index) = kept(1);
        let page = index.objects().unwrap()[0].to_string();
        let path = folder.path().join("objects").join(&page[..2]).join(&page[2..]);
        std::fs::write(path, "job 1\tother\n").unwrap();
        assert!(index.get("job 0").is_err());
    }

    #[test]
    fn no_entry_needs_no_index() {
        assert!(make(Vec::new()).is_none());
        let index = Index::new(Objects::of(std::path::Path::new("/nowhere")), None);
        assert!(index.get("job 0").unwrap().is_empty());
    }
}
