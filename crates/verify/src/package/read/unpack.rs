//! Unpacking: an entry's content, checked and digested in pieces, whatever its size.

use std::sync::{Mutex, PoisonError};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::directory::Central;
use super::{ReadError, entry_fault, zip};
use crate::digest::Sha384Hasher;
use crate::files::artifact::Artifact;
use crate::inventory::{FileMode, FileRecord};
use crate::limits::LINK_BYTES_MAX;
use crate::package::name::check_link;

/// Deflate's greatest expansion: 258 bytes from 2 bits.
const DEFLATE_EXPANSION: u64 = 1032;

/// Bytes read or inflated at a time: large enough to make the cost of calls negligible.
const PIECE_BYTES: usize = 128 << 10;

/// Memory needed to unpack an entry, in addition to its record.
pub fn weight(entry: &Central<'_>) -> u64 {
    let piece = PIECE_BYTES as u64;
    entry.packed.min(piece) + if entry.method == zip::STORED { 0 } else { piece }
}

/// Unpacks entries, on any number of threads.
pub struct Unpacker<'a> {
    artifact: &'a Artifact,
    /// The buffers of threads, for reuse.
    spare: Mutex<Vec<Tools>>,
}

/// The buffers of one thread.
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

    /// Unpacks the entry whose data starts here; checks its size, its CRC, and the target of a link.
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

/// The rest of an entry's packed bytes.
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

/// The content so far.
struct Content {
    size: u64,
    crc: Crc,
    sha384: Sha384Hasher,
    /// The content of a link.
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
            return Err(entry_fault(entry, "crc-mismatch", "has a different CRC than its header"));
        }
        if let Some(target) = &self.target {
            let escapes = |message| entry_fault(entry, "symlink-escapes", message);
            let target = std::str::from_utf8(target).ok().filter(|_| self.size <= LINK_BYTES_MAX);
            let target = target.ok_or_else(|| escapes("is a symbolic link to a path that is not UTF-8"))?;
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

/// Inflates a stream that must end where the entry ends, to the size in its header.
fn inflate(
    entry: &Central<'_>,
    mut source: Source<'_>,
    tools: &mut Tools,
    content: &mut Content,
) -> Result<(), ReadError> {
    let mismatch = || entry_fault(entry, "size-mismatch", "unpacks to a different size than its header");
    let broken = || {
        let message = "has a deflate stream that is malformed or ends early";
        entry_fault(entry, "deflate-malformed", message)
    };
    if entry.size > DEFLATE_EXPANSION * (entry.packed + 1) {
        return Err(mismatch());
    }
    let deferred = entry.flags & zip::FLAG_DESCRIPTOR != 0;
    let mut before = [0; 3];
    let Tools { packed, plain, inflater } = tools;
    plain.resize(PIECE_BYTES, 0);
    inflater.reset(false);
    let mut piece: &[u8] = &[];
    loop {
        if piece.is_empty() {
            piece = source.next_piece(packed)?;
            if deferred && has_signature(&mut before, piece) {
                let message =
                    "has the signature of a data descriptor in its packed bytes, where some readers stop";
                return Err(entry_fault(entry, "descriptor-in-data", message));
            }
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

/// Whether the signature of a data descriptor is in this piece, or starts in the last bytes of the piece
/// before.
///
/// A streaming reader that searches for the descriptor ends the entry there, and reads the rest as entries.
fn has_signature(before: &mut [u8; 3], piece: &[u8]) -> bool {
    let signature = zip::DESCRIPTOR.to_le_bytes();
    let joint = [&before[..], &piece[..piece.len().min(3)]].concat();
    if let Some(last) = piece.last_chunk() {
        *before = *last;
    }
    joint.windows(4).chain(piece.windows(4)).any(|four| four == signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crc(content: &[u8]) -> u32 {
        let mut crc = Crc::new();
        crc.update(content);
        crc.sum()
    }
    use crate::digest::Sha384;

    /// Deflate that stores, in blocks of 65,535 bytes at most.
    fn stored_blocks(data: &[u8]) -> Vec<u8> {
        let count = data.chunks(65_535).count();
        let block = |(number, part): (usize, &[u8])| {
            let (last, length) = (u8::from(number + 1 == count), part.len() as u16);
            [&[last][..], &length.to_le_bytes(), &(!length).to_le_bytes(), part].concat()
        };
        data.chunks(65_535).enumerate().flat_map(block).collect()
    }

    /// What comes of an entry with this body, whose headers tell of this content.
    fn unpack(method: u16, body: &[u8], content: &[u8]) -> Result<FileRecord, &'static str> {
        unpack_flagged(0, method, body, content)
    }

    fn unpack_flagged(
        flags: u16,
        method: u16,
        body: &[u8],
        content: &[u8],
    ) -> Result<FileRecord, &'static str> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive");
        std::fs::write(&path, [b"before", body, b"after"].concat()).unwrap();
        let artifact = Artifact::open(&path).unwrap();
        let entry = Central {
            name: "a",
            mode: FileMode::Regular,
            flags,
            method,
            time: (0, 0),
            crc: crc(content),
            packed: body.len() as u64,
            size: content.len() as u64,
            offset: 0,
        };
        let unpacker = Unpacker::new(&artifact);
        let twice = [unpacker.unpack(&entry, 6), unpacker.unpack(&entry, 6)].map(|result| {
            result.map_err(|error| match error {
                ReadError::Malformed(fault) => fault.code,
                ReadError::File(_) => "file",
            })
        });
        assert_eq!(twice[0], twice[1], "what is used again changes nothing");
        twice[0].clone()
    }

    #[test]
    fn content_is_the_same_however_many_pieces_it_has() {
        for size in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 7] {
            let content: Vec<u8> = (0..size).map(|place| (place * place % 251) as u8).collect();
            let mut bodies = vec![(zip::STORED, content.clone())];
            if size > 0 {
                bodies.push((zip::DEFLATED, stored_blocks(&content)));
            }
            for (method, body) in bodies {
                let file = unpack(method, &body, &content).unwrap();
                assert_eq!((file.size, file.sha384), (size as u64, Sha384::of(&content)), "{method} {size}");
            }
        }
    }

    #[test]
    fn a_deflate_stream_ends_in_the_last_byte() {
        // The first body ends where a piece ends, so that the rest is in a separate piece.
        for size in [PIECE_BYTES - 10, 5, PIECE_BYTES] {
            let content = vec![7; size];
            let body = stored_blocks(&content);
            assert!(unpack(zip::DEFLATED, &body, &content).is_ok(), "{size}");
            let more = [&body[..], b"x"].concat();
            assert_eq!(unpack(zip::DEFLATED, &more, &content), Err("deflate-trailing"), "{size}");
            let less = &body[..body.len() - 1];
            assert_eq!(unpack(zip::DEFLATED, less, &content), Err("deflate-malformed"), "{size}");
            assert_eq!(unpack(zip::DEFLATED, &body, &content[1..]), Err("size-mismatch"), "{size}");
            let longer = [&content[..], b"x"].concat();
            assert_eq!(unpack(zip::DEFLATED, &body, &longer), Err("size-mismatch"), "{size}");
        }
        assert_eq!(stored_blocks(&[7; PIECE_BYTES - 10]).len(), PIECE_BYTES);
        assert_eq!(unpack(zip::DEFLATED, &[], &[]), Err("deflate-malformed"));
        assert_eq!(unpack(zip::STORED, b"abc", b"abd"), Err("crc-mismatch"));
    }

    #[test]
    fn refuses_the_signature_of_a_descriptor_in_packed_bytes_before_one() {
        // At the beginning, in the middle, and at each offset where the signature is split over two pieces.
        for at in [15, 1000].into_iter().chain(PIECE_BYTES - 5..PIECE_BYTES + 2) {
            let content = [&vec![7; at - 15][..], b"PK\x07\x08 and more"].concat();
            let block = |last: u8, part: &[u8]| {
                let length = part.len() as u16;
                [&[last][..], &length.to_le_bytes(), &(!length).to_le_bytes(), part].concat()
            };
            let third = (at - 15) / 3;
            let parts = [&content[..third], &content[third..2 * third], &content[2 * third..]];
            let body = [block(0, parts[0]), block(0, parts[1]), block(1, parts[2])].concat();
            assert_eq!(body[at..at + 4], *b"PK\x07\x08");
            let flagged = |flags| unpack_flagged(flags, zip::DEFLATED, &body, &content);
            assert_eq!(flagged(zip::FLAG_DESCRIPTOR), Err("descriptor-in-data"), "{at}");
            assert!(flagged(0).is_ok(), "{at}");
        }
    }
}
