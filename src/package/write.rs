//! The writer: the canonical ZIP.
//!
//! - Entries in the order of their path bytes; no entries for folders.
//! - One modification time for all: 1980-01-01 12:01:00, or `SOURCE_DATE_EPOCH` in UTC.
//! - Host system Unix, version 2.0; version needed 1.0 if stored, 2.0 if deflated.
//! - Mode 0100644, 0100755 or 0120777; no other attribute; flag bit 11 if a name is not ASCII.
//! - No extra field, comment or data descriptor; ZIP64 only if an offset, the directory or the number of
//!   entries needs it.
//! - Deflate by libdeflate at level 6, a whole file at once; stored if that is not smaller, or if samples of
//!   a large file do not shrink (`worth_deflating`).
//!
//! The output does not depend on the number of threads: entries are compressed separately, and written in
//! order.

use std::borrow::Cow;
use std::io::Write;

use libdeflater::{CompressionLvl, Compressor, crc32};

use super::earlier::Earlier;
use super::select::{Candidate, Contents, Inventory, Read, SelectError};
use super::{size, zip};
use crate::digest::{ArtifactDigests, ArtifactHasher, Sha384};
use crate::files::artifact::Artifact;
use crate::files::{FileError, Pending, writing};
use crate::hint::Hint;
use crate::inventory::{FileMode, FileRecord};
use crate::limits::PACK_WINDOW_BYTES;
use crate::parallel::{Threads, in_order};
use crate::time::Timestamp;

/// The encoder in the manifest: library, version and level.
pub const ENCODER: &str = "libdeflate 1.26 level 6";

/// Unpacked bytes that one worker processes at a time, in files that are hashed in parallel.
const BATCH_BYTES: u64 = 4 << 20;

const LEVEL: i32 = 6;
const PROBE_LEVEL: i32 = 1;

/// Files of at least this size are sampled before they are deflated.
const PROBE_FROM_BYTES: usize = 256 << 10;
const PROBE_SAMPLES: usize = 8;
const PROBE_SAMPLE_BYTES: usize = 16 << 10;

/// The modification time of every entry, in MS-DOS format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryTime {
    date: u16,
    time: u16,
}

impl EntryTime {
    /// 1980-01-01 12:01:00, which other tools that normalize archives use too.
    pub const FIXED: Self = Self { date: 1 << 5 | 1, time: 12 << 11 | 1 << 5 };

    /// A time in UTC, in steps of two seconds; `None` outside 1980 to 2107.
    pub fn from_timestamp(instant: Timestamp) -> Option<Self> {
        let text = instant.to_string();
        let field = |from: usize, to: usize| text[from..to].parse::<u16>().ok();
        let year = field(0, 4)?.checked_sub(1980).filter(|year| *year < 128)?;
        let date = year << 9 | field(5, 7)? << 5 | field(8, 10)?;
        let time = field(11, 13)? << 11 | field(14, 16)? << 5 | (field(17, 19)? / 2);
        Some(Self { date, time })
    }

    /// The time of a package's first entry, which all of its entries have.
    pub fn of(artifact: &Artifact) -> Option<Self> {
        let mut header = [0; 14];
        artifact.read_at(&mut header, 0).ok()?;
        let field = |at| u16::from_le_bytes([header[at], header[at + 1]]);
        header.starts_with(&zip::LOCAL.to_le_bytes()).then(|| Self { time: field(10), date: field(12) })
    }
}

/// A written package.
#[derive(Debug)]
pub struct Written {
    /// Its digests.
    pub digests: ArtifactDigests,
    /// Its files, sorted by path.
    pub files: Vec<FileRecord>,
    /// Whether every file is the commit's ([`Read::is_committed`]).
    pub is_committed: bool,
}

/// Why a package cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file's content cannot be read.
    #[error(transparent)]
    Content(#[from] SelectError),
    /// Readers would reject so much content in so small a package.
    #[error("{0}: readers reject such an archive as a zip bomb")]
    Ratio(String),
    /// The package cannot be stored.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Hint for WriteError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Content(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Ratio(_) => None,
        }
    }
}

/// Writes the canonical ZIP of the candidates, which are sorted by path.
///
/// Entries of an earlier package of the same content are not compressed again. `progress` gets the unpacked bytes of
/// each entry: half when it is read, and half when it is written.
pub fn write(
    out: &mut Pending,
    candidates: &[Candidate],
    contents: &Contents,
    earlier: Option<&Earlier>,
    time: EntryTime,
    threads: Threads,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Written, WriteError> {
    let mut archive =
        Archive { out, hasher: ArtifactHasher::default(), offset: 0, central: Vec::new(), time };
    let mut files = Vec::with_capacity(candidates.len());
    let mut is_committed = true;
    let batches = batches(candidates);
    // A file and its deflated form are in memory at the same time.
    let weight = |batch: &&[Candidate]| batch.iter().map(|candidate| 2 * candidate.size).sum();
    let make = |batch: &&[Candidate]| {
        let read = |candidate| contents.read(candidate);
        let contents = batch.iter().map(read).collect::<Result<Vec<Read>, SelectError>>()?;
        Ok(pack(batch, contents, earlier, progress))
    };
    in_order(threads, PACK_WINDOW_BYTES, &batches, weight, make, |batch| {
        for packed in batch {
            archive.add(&packed)?;
            progress(packed.file.size - packed.file.size / 2);
            is_committed &= packed.is_committed;
            files.push(packed.file);
        }
        Ok::<(), WriteError>(())
    })?;
    let digests = archive.finish(files.len() as u64)?;
    let total = files.iter().map(|file| file.size).sum();
    match size::over_ratio(total, digests.size) {
        Some(message) => Err(WriteError::Ratio(message)),
        None => Ok(Written { digests, files, is_committed }),
    }
}

/// Adjacent candidates in batches of about [`BATCH_BYTES`], since small files are not worth a task each.
fn batches(candidates: &[Candidate]) -> Vec<&[Candidate]> {
    let mut size = 0;
    let same_run = |left: &Candidate, _: &Candidate| {
        size += left.size;
        let full = size >= BATCH_BYTES;
        size = if full { 0 } else { size };
        !full
    };
    candidates.chunk_by(same_run).collect()
}

/// One entry, ready to be written.
struct Packed {
    file: FileRecord,
    method: u16,
    crc: u32,
    data: Vec<u8>,
    is_committed: bool,
}

/// The files of the package that [`write()`] would write, without compressing them.
pub fn inventory(
    candidates: &[Candidate],
    contents: &Contents,
    threads: Threads,
) -> Result<Inventory, SelectError> {
    let mut inventory =
        Inventory { files: Vec::with_capacity(candidates.len()), is_committed: !candidates.is_empty() };
    let weight = |batch: &&[Candidate]| batch.iter().map(|candidate| candidate.size).sum();
    let digest = |batch: &&[Candidate]| {
        let read = |candidate| contents.read(candidate);
        let contents = batch.iter().map(read).collect::<Result<Vec<Read>, SelectError>>()?;
        let is_committed = contents.iter().all(|read| read.is_committed);
        let files = batch.iter().zip(&contents).zip(digests(&contents));
        Ok((files.map(|((candidate, read), sha384)| record(candidate, read, sha384)).collect(), is_committed))
    };
    let take = |(files, is_committed): (Vec<FileRecord>, bool)| {
        inventory.files.extend(files);
        inventory.is_committed &= is_committed;
        Ok::<(), SelectError>(())
    };
    in_order(threads, PACK_WINDOW_BYTES, &batches(candidates), weight, digest, take)?;
    Ok(inventory)
}

fn digests(contents: &[Read]) -> Vec<Sha384> {
    Sha384::of_each(&contents.iter().map(|read| read.bytes.as_slice()).collect::<Vec<_>>())
}

fn record(candidate: &Candidate, read: &Read, sha384: Sha384) -> FileRecord {
    let (path, mode) = (candidate.path.clone(), candidate.mode);
    FileRecord { path, mode, size: read.bytes.len() as u64, sha384 }
}

/// Digests the files of a batch in parallel, and deflates each that no earlier package has.
fn pack(
    batch: &[Candidate],
    contents: Vec<Read>,
    earlier: Option<&Earlier>,
    progress: &(dyn Fn(u64) + Sync),
) -> Vec<Packed> {
    let digests = digests(&contents);
    contents.iter().for_each(|read| progress(read.bytes.len() as u64 / 2));
    let mut deflater = Deflater::new(LEVEL);
    let mut pack = |((candidate, read), sha384): ((&Candidate, Read), Sha384)| {
        let file = record(candidate, &read, sha384);
        let Read { bytes, is_committed } = read;
        let crc = crc32(&bytes);
        let reused = earlier.filter(|_| file.mode != FileMode::Link);
        let deflated = match reused.and_then(|earlier| earlier.data(&sha384, &bytes)) {
            Some(data) => data,
            None if file.mode == FileMode::Link => None,
            None => deflate(&bytes, &mut deflater),
        };
        let (method, data) = deflated.map_or((zip::STORED, bytes), |data| (zip::DEFLATED, data));
        Packed { file, method, crc, data, is_committed }
    };
    batch.iter().zip(contents).zip(digests).map(&mut pack).collect()
}

/// The deflated bytes, if there are fewer.
fn deflate(bytes: &[u8], deflater: &mut Deflater) -> Option<Vec<u8>> {
    if bytes.is_empty() || !worth_deflating(bytes) {
        return None;
    }
    deflater.compress(bytes).map(<[u8]>::to_vec)
}

/// Whether a sample of a large file shrinks: eight of 16 KiB, spread evenly, at level 1.
fn worth_deflating(bytes: &[u8]) -> bool {
    if bytes.len() < PROBE_FROM_BYTES {
        return true;
    }
    let step = (bytes.len() - PROBE_SAMPLE_BYTES) / (PROBE_SAMPLES - 1);
    let mut deflater = Deflater::new(PROBE_LEVEL);
    let mut samples = (0..PROBE_SAMPLES).map(|i| &bytes[i * step..][..PROBE_SAMPLE_BYTES]);
    samples.any(|sample| deflater.compress(sample).is_some())
}

/// A compressor with its own buffer, reused for several files.
struct Deflater {
    compressor: Compressor,
    buffer: Vec<u8>,
}

impl Deflater {
    fn new(level: i32) -> Self {
        let level = CompressionLvl::new(level).unwrap_or_default();
        Self { compressor: Compressor::new(level), buffer: Vec::new() }
    }

    /// Deflates into one byte less than the input: if it does not fit, it is not smaller.
    fn compress(&mut self, bytes: &[u8]) -> Option<&[u8]> {
        let room = bytes.len() - 1;
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        let size = self.compressor.deflate_compress(bytes, &mut self.buffer[..room]).ok()?;
        Some(&self.buffer[..size])
    }
}

struct Archive<'a> {
    out: &'a mut Pending,
    hasher: ArtifactHasher,
    offset: u64,
    central: Vec<u8>,
    time: EntryTime,
}

impl Archive<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.hasher.update(bytes);
        self.offset += bytes.len() as u64;
        self.out.write_all(bytes).map_err(writing(self.out.path()))
    }

    fn add(&mut self, packed: &Packed) -> Result<(), FileError> {
        let name = packed.file.path.as_bytes();
        let offset = self.offset;
        let wide = offset >= u64::from(u32::MAX);
        let common = self.common_fields(packed);

        let mut local = zip::LOCAL.to_le_bytes().to_vec();
        local.extend(&common);
        local.extend((name.len() as u16).to_le_bytes());
        local.extend(0u16.to_le_bytes());
        local.extend(name);
        self.put(&local)?;
        self.put(&packed.data)?;

        let central = &mut self.central;
        central.extend(zip::CENTRAL.to_le_bytes());
        central.extend((3u16 << 8 | if wide { 45 } else { 20 }).to_le_bytes());
        central.extend(&common);
        central.extend((name.len() as u16).to_le_bytes());
        central.extend(if wide { 12u16 } else { 0 }.to_le_bytes());
        central.extend([0; 6]); // comment length, disk, internal attributes
        central.extend((packed.file.mode.unix() << 16).to_le_bytes());
        central.extend((offset.min(u64::from(u32::MAX)) as u32).to_le_bytes());
        central.extend(name);
        if wide {
            central.extend(zip::EXTRA_ZIP64.to_le_bytes());
            central.extend(8u16.to_le_bytes());
            central.extend(offset.to_le_bytes());
        }
        Ok(())
    }

    /// The fields of both headers: version needed, flags, method, time, CRC and sizes.
    ///
    /// No file reaches 4 GiB (`limits::FILE_BYTES_MAX`), so sizes always fit.
    fn common_fields(&self, packed: &Packed) -> Vec<u8> {
        let needed = if packed.method == zip::STORED { 10u16 } else { 20 };
        let flags = if packed.file.path.is_ascii() { 0 } else { zip::FLAG_UTF8 };
        let mut fields = Vec::with_capacity(22);
        for field in [needed, flags, packed.method, self.time.time, self.time.date] {
            fields.extend(field.to_le_bytes());
        }
        for field in [packed.crc, packed.data.len() as u32, packed.file.size as u32] {
            fields.extend(field.to_le_bytes());
        }
        fields
    }

    fn finish(mut self, count: u64) -> Result<ArtifactDigests, FileError> {
        let start = self.offset;
        let central = std::mem::take(&mut self.central);
        self.put(&central)?;
        let size = central.len() as u64;
        let end = self.offset;
        let wide =
            count >= u64::from(u16::MAX) || start >= u64::from(u32::MAX) || size >= u64::from(u32::MAX);
        if wide {
            self.put(&end64(count, size, start, end))?;
        }
        let count = count.min(u64::from(u16::MAX)) as u16;
        let mut record = zip::END.to_le_bytes().to_vec();
        record.extend([0; 4]); // disks
        record.extend(count.to_le_bytes());
        record.extend(count.to_le_bytes());
        record.extend((size.min(u64::from(u32::MAX)) as u32).to_le_bytes());
        record.extend((start.min(u64::from(u32::MAX)) as u32).to_le_bytes());
        record.extend(0u16.to_le_bytes());
        self.put(&record)?;
        self.out.flush().map_err(writing(self.out.path()))?;
        Ok(self.hasher.finish())
    }
}

/// The ZIP64 end record and its locator.
fn end64(count: u64, size: u64, start: u64, end: u64) -> Vec<u8> {
    let mut record = zip::END64.to_le_bytes().to_vec();
    record.extend((zip::END64_BYTES - 12).to_le_bytes());
    record.extend((3u16 << 8 | 45).to_le_bytes());
    record.extend(45u16.to_le_bytes());
    record.extend([0; 8]); // disks
    for field in [count, count, size, start] {
        record.extend(field.to_le_bytes());
    }
    record.extend(zip::LOCATOR64.to_le_bytes());
    record.extend(0u32.to_le_bytes());
    record.extend(end.to_le_bytes());
    record.extend(1u32.to_le_bytes());
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_time_is_noon_and_a_minute() {
        let same = "1980-01-01T12:01:00Z".parse().ok().and_then(EntryTime::from_timestamp);
        assert_eq!(same, Some(EntryTime::FIXED));
    }

    #[test]
    fn a_time_that_a_zip_cannot_hold_is_none() {
        for text in ["1979-12-31T23:59:59Z", "2108-01-01T00:00:00Z"] {
            assert_eq!(text.parse().ok().and_then(EntryTime::from_timestamp), None);
        }
    }

    #[test]
    fn one_compressible_sample_is_enough() {
        let noise = |len: usize| -> Vec<u8> {
            let mut state = 1u64;
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) as u8
            };
            (0..len).map(|_| next()).collect()
        };
        let mut bytes = noise(1 << 20);
        assert!(!worth_deflating(&bytes));
        bytes[..PROBE_SAMPLE_BYTES].fill(0);
        assert!(worth_deflating(&bytes));
        assert!(worth_deflating(&noise(1000)));
        assert_eq!(deflate(&noise(1000), &mut Deflater::new(LEVEL)), None);
    }
}
