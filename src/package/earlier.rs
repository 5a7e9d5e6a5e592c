//! The earlier package: the deflated entries of an artifact that was packaged before, for content that is
//! still the same.
//!
//! Deflate gives the same bytes for the same content only with the same encoder, and an archive of another
//! level inflates to the same files. So the caller passes an artifact only if a manifest that is valid now
//! describes it, with this program's encoder ([`crate::sign::standing`]), and the artifact is a private copy. An
//! entry is found by the SHA-384 of its content in that manifest, and it is also inflated and compared with
//! the file. So the package has the bytes that it would have without the earlier one.

use std::collections::BTreeMap;

use libdeflater::Decompressor;

use super::zip;
use crate::digest::Sha384;
use crate::files::artifact::Artifact;
use crate::inventory::{FileMode, FileRecord};
use crate::limits::DIRECTORY_BYTES_MAX;

/// The entries of an earlier package, by the digests of their content.
#[derive(Debug)]
pub struct Earlier {
    artifact: Artifact,
    entries: BTreeMap<Sha384, Entry>,
}

/// Where the data of an entry is.
#[derive(Debug, Clone, Copy)]
struct Entry {
    method: u16,
    offset: u64,
    packed: usize,
}

impl Earlier {
    /// The entries of an artifact that this program packaged, and the files that its manifest lists; `None` if they
    /// are not what [`super::write`] writes. An artifact with ZIP64 records is not reused.
    pub fn new(artifact: Artifact, files: &[FileRecord]) -> Option<Self> {
        let directory = directory(&artifact, files.len())?;
        let (mut rest, mut entries) = (directory.as_slice(), BTreeMap::new());
        for file in files {
            let (name, entry) = central(&mut rest)?;
            if name != file.path.as_bytes() {
                return None;
            }
            if file.mode != FileMode::Link {
                entries.insert(file.sha384, entry);
            }
        }
        rest.is_empty().then_some(Self { artifact, entries })
    }

    /// What an earlier package has for the same content: deflated bytes, or nothing if it is stored.
    pub fn data(&self, sha384: &Sha384, bytes: &[u8]) -> Option<Option<Vec<u8>>> {
        let entry = self.entries.get(sha384)?;
        if entry.method == zip::STORED {
            return (entry.packed == bytes.len()).then_some(None);
        }
        // Deflated bytes are fewer than the content.
        if entry.method != zip::DEFLATED || entry.packed >= bytes.len() {
            return None;
        }
        let mut data = vec![0; entry.packed];
        self.artifact.read_at(&mut data, entry.offset).ok()?;
        let mut inflated = vec![0; bytes.len()];
        let size = Decompressor::new().deflate_decompress(&data, &mut inflated).ok()?;
        (size == bytes.len() && inflated == bytes).then_some(Some(data))
    }
}

/// The directory, if the end record is as this program writes it for so many files.
fn directory(artifact: &Artifact, count: usize) -> Option<Vec<u8>> {
    let mut end = [0; zip::END_BYTES as usize];
    let at = artifact.size().checked_sub(zip::END_BYTES)?;
    artifact.read_at(&mut end, at).ok()?;
    let (size, start) = (u64::from(u32_at(&end, 12)?), u64::from(u32_at(&end, 16)?));
    let is_ours = u32_at(&end, 0)? == zip::END
        && usize::from(u16_at(&end, 10)?) == count
        && start + size == at
        && size <= DIRECTORY_BYTES_MAX;
    let mut directory = vec![0; usize::try_from(size).ok().filter(|_| is_ours)?];
    artifact.read_at(&mut directory, start).ok()?;
    Some(directory)
}

/// The name and the data of the next entry; its local header has the same name and no extra field.
fn central<'d>(rest: &mut &'d [u8]) -> Option<(&'d [u8], Entry)> {
    let (header, after) = rest.split_at_checked(zip::CENTRAL_BYTES)?;
    let length = usize::from(u16_at(header, 28)?);
    let (name, after) = after.split_at_checked(length)?;
    if u32_at(header, 0)? != zip::CENTRAL || u32_at(header, 30)? != 0 {
        return None;
    }
    *rest = after;
    let offset = u64::from(u32_at(header, 42)?) + zip::LOCAL_BYTES + length as u64;
    let packed = usize::try_from(u32_at(header, 20)?).ok()?;
    Some((name, Entry { method: u16_at(header, 10)?, offset, packed }))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::files::{Access, Durability, Pending};
    use crate::package::select::{Look, Outputs, Request, select};
    use crate::package::write::{EntryTime, write};
    use crate::parallel::Threads;
    use crate::provenance::SelectionRecord;

    const TEXT: &str = "a line that deflates\n";

    /// A package of three files: one deflated, one stored, one empty.
    fn package() -> (tempfile::TempDir, Vec<FileRecord>) {
        let folder = tempfile::tempdir().unwrap();
        let content = folder.path().join("content");
        std::fs::create_dir(&content).unwrap();
        for (name, bytes) in [("a", TEXT.repeat(50)), ("b", "xyz".into()), ("c", String::new())] {
            std::fs::write(content.join(name), bytes).unwrap();
        }
        let rules = SelectionRecord { untracked: true, ..SelectionRecord::default() };
        let request = Request {
            folder: &content,
            rules: &rules,
            outputs: &Outputs::default(),
            allow_secrets: &BTreeSet::new(),
        };
        let selection = select(&Look::outside(), &request).unwrap();
        let path = folder.path().join("package.zip");
        let mut out = Pending::new(&path, Access::Public, Durability::Remade).unwrap();
        let (candidates, contents) = (&selection.candidates, &selection.contents);
        let (time, threads) = (EntryTime::FIXED, Threads::one());
        let written = write(&mut out, candidates, contents, None, time, threads, &|_| {}).unwrap();
        out.keep().unwrap();
        (folder, written.files)
    }

    fn open(folder: &tempfile::TempDir) -> Artifact {
        Artifact::open(&folder.path().join("package.zip")).unwrap()
    }

    #[test]
    fn the_entries_are_those_of_the_package() {
        let (folder, files) = package();
        let earlier = Earlier::new(open(&folder), &files).unwrap();
        let text = TEXT.repeat(50).into_bytes();
        let data = earlier.data(&Sha384::of(&text), &text).unwrap().unwrap();
        assert!(data.len() < text.len());
        let zip = std::fs::read(folder.path().join("package.zip")).unwrap();
        assert!(zip.windows(data.len()).any(|part| part == data));
        assert_eq!(earlier.data(&Sha384::of(b"xyz"), b"xyz"), Some(None));
        assert_eq!(earlier.data(&Sha384::of(b"new"), b"new"), None);
    }

    #[test]
    fn an_entry_counts_only_if_it_inflates_to_the_content() {
        let (folder, files) = package();
        let text = TEXT.repeat(50).into_bytes();
        let (digest, other) = (Sha384::of(&text), TEXT.to_uppercase().repeat(50).into_bytes());
        let earlier = Earlier::new(open(&folder), &files).unwrap();
        assert_eq!(earlier.data(&digest, &other), None, "other content");
        assert_eq!(earlier.data(&digest, &text[1..]), None, "less content");
        let mut zip = std::fs::read(folder.path().join("package.zip")).unwrap();
        for at in 31..40 {
            zip[at] ^= 0x55;
            std::fs::write(folder.path().join("package.zip"), &zip).unwrap();
            let earlier = Earlier::new(open(&folder), &files).unwrap();
            assert_eq!(earlier.data(&digest, &text), None, "byte {at}");
            zip[at] ^= 0x55;
        }
    }

    #[test]
    fn an_archive_of_another_form_is_not_reused() {
        let (folder, files) = package();
        assert!(Earlier::new(open(&folder), &files[1..]).is_none(), "other files");
        let mut renamed = files.clone();
        renamed[0].path = "d".into();
        assert!(Earlier::new(open(&folder), &renamed).is_none(), "other names");
        let zip = std::fs::read(folder.path().join("package.zip")).unwrap();
        for (bytes, why) in [(zip[1..].to_vec(), "shorter"), ([&zip[..], b"x"].concat(), "longer")] {
            std::fs::write(folder.path().join("package.zip"), bytes).unwrap();
            assert!(Earlier::new(open(&folder), &files).is_none(), "{why}");
        }
    }
}
