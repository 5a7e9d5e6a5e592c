//! Unpacking: an entry's content, checked and digested piece by piece, whatever its size.

use std::sync::{Mutex, PoisonError};

use flate2::{Decompress, FlushDecompress, Status};
use libdeflater::Crc;

use super::directory::Central;
use super::{ReadError, entry_fault, zip};
use crate::digest::Sha384Hasher;
use crate::files::artifact::Artifact;
use crate::inventory::{FileMode, FileRecord};
use crate::limits::LINK_BYTES_MAX;
use crate::package::name::check_link;

/// Deflate's greatest expansion: 258 bytes from 2 bits.
const DEFLATE_EXPANSION: u64 = 1032;

/// Bytes read, and bytes inflated, at a time: large enough that calls cost nothing.
const PIECE_BYTES: usize = 128 << 10;

/// Memory that unpacking an entry takes, beside its record.
pub fn weight(entry: &Central<'_>) -> u64 {
    let piece = PIECE_BYTES as u64;
    entry.packed.min(piece) + if entry.method == zip::STORED { 0 } else { piece }
}

/// Unpacks entries, on any number of threads.
pub struct Unpacker<'a> {
    artifact: &'a Artifact,
    /// What threads work with, to be used again.
    spare: Mutex<Vec<Tools>>,
}

/// What one thread works with.
struct Tools {
    packed: Vec<u8>,
    plain: Vec<u8>,
    inflater: Decompress,
}

impl<'a> Unpacker<'a> {
    /// Unpacks entries of this archive.
    pub fn new(artifact: &'a Artifact) -> Self {
        Self { artifact, spare: Mutex::default() }
    }

    /// Unpacks the entry whose data starts here, and checks its size, CRC and, for a link, its target.
    pub fn unpack(&self, entry: &Central<'_>, start: u64) -> Result<FileRecord, ReadError> {
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let tools = spare().pop();
        let mut tools = tools.unwrap_or_else(|| Tools {
            packed: Vec::new(),
            plain: Vec::new(),
            inflater: Decompress::new(false),
        });
        let mut content = Content::of(entry);
        let source = Source { artifact: self.artifact, at: start, left: entry.packed };
        if entry.method == zip::STORED {
            copy(source, &mut tools, &mut content)?;
        } else {
            inflate(entry, source, &mut tools, &mut content)?;
        }
        spare().push(tools);
        content.finish(entry)
    }
}

/// The packed bytes of an entry that are not read yet.
struct Source<'a> {
    artifact: &'a Artifact,
    at: u64,
    left: u64,
}

impl Source<'_> {
    /// Fills the buffer with the next piece, which is empty at the end.
    fn next_piece<'b>(&mut self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], ReadError> {
        let count = self.left.min(PIECE_BYTES as u64) as usize;
        if buffer.len() < count {
            buffer.resize(count, 0);
        }
        self.artifact.read_at(&mut buffer[..count], self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(&buffer[..count])
    }
}

/// What is known of the content so far.
struct Content {
    size: u64,
    crc: Crc,
    sha384: Sha384Hasher,
    /// The content itself, of a link.
    target: Option<Vec<u8>>,
}

impl Content {
    fn of(entry: &Central<'_>) -> Self {
        let target = (entry.mode == FileMode::Link).then(Vec::new);
        Self { size: 0, crc: Crc::new(), sha384: Sha384Hasher::default(), target }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.crc.update(bytes);
        self.sha384.update(bytes);
        if let Some(target) = &mut self.target
            && self.size <= LINK_BYTES_MAX
        {
            target.extend(bytes);
        }
    }

    fn finish(self, entry: &Central<'_>) -> Result<FileRecord, ReadError> {
        if self.crc.sum() != entry.crc {
            return Err(entry_fault(entry, "crc-mismatch", "does not have the CRC that its header says"));
        }
        if let Some(target) = &self.target {
            let escapes = |message| entry_fault(entry, "symlink-escapes", message);
            let target = std::str::from_utf8(target).ok().filter(|_| self.size <= LINK_BYTES_MAX);
            let target = target.ok_or_else(|| escapes("is a symbolic link to no UTF-8 path"))?;
            check_link(entry.path(), target)
                .map_err(|fault| entry_fault(entry, fault.code, fault.message))?;
        }
        let path = entry.path().to_owned();
        Ok(FileRecord { path, mode: entry.mode, size: self.size, sha384: self.sha384.finish() })
    }
}

fn copy(mut source: Source<'_>, tools: &mut Tools, content: &mut Content) -> Result<(), ReadError> {
    loop {
        match source.next_piece(&mut tools.packed)? {
            [] => return Ok(()),
            piece => content.add(piece),
        }
    }
}

/// Inflates a stream that must end where the entry ends, to the size that its header says.
fn inflate(
    entry: &Central<'_>,
    mut source: Source<'_>,
    tools: &mut Tools,
    content: &mut Content,
) -> Result<(), ReadError> {
    let mismatch = || entry_fault(entry, "size-mismatch", "unpacks to another size than its header says");
    let broken = || {
        let message = "has a deflate stream that is malformed or ends early";
        entry_fault(entry, "deflate-malformed", message)
    };
    if entry.size > DEFLATE_EXPANSION * (entry.packed + 1) {
        return Err(mismatch());
    }
    let Tools { packed, plain, inflater } = tools;
    plain.resize(PIECE_BYTES, 0);
    inflater.reset(false);
    let mut piece: &[u8] = &[];
    loop {
        if piece.is_empty() {
            piece = source.next_piece(packed)?;
        }
        let (before, made) = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(piece, plain, FlushDecompress::None).map_err(|_| broken())?;
        let taken = (inflater.total_in() - before) as usize;
        let made = (inflater.total_out() - made) as usize;
        piece = &piece[taken..];
        content.add(&plain[..made]);
        if content.size > entry.size {
            return Err(mismatch());
        }
        if status == Status::StreamEnd {
            break;
        }
        if taken == 0 && made == 0 {
            return Err(broken());
        }
    }
    if !piece.is_empty() || source.left > 0 {
        return Err(entry_fault(entry, "deflate-trailing", "has bytes after the end of its deflate stream"));
    }
    if content.size == entry.size { Ok(()) } else { Err(mismatch()) }
}
