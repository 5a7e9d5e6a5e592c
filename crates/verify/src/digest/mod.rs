//! Digests: SHA-256 and SHA-384 values, and the chunk digest, which can be computed in parallel.
//!
//! ```text
//! leaf(i) = SHA-384(chunk i)             chunks of 1 MiB in order, the last one shorter
//! chunk   = SHA-384("countersign chunk digest v1\n" || u64be(size) || u64be(1 MiB) || leaf(0) || leaf(1) || …)
//! ```
//! The header has a fixed length and contains the artifact's size, so no other artifact, of this or any other
//! size, leads to the same input of the outer hash.

mod lanes;

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding};
use sha2::Digest as _;

use crate::limits::CHUNK_BYTES;

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {algorithm} digest: expected {digits} lower-case hexadecimal digits")]
pub struct DigestError {
    algorithm: &'static str,
    digits: usize,
    text: String,
}

macro_rules! digests {
    ($($(#[$doc:meta])* $name:ident, $running:ident: $algorithm:literal, $hasher:ty, $bytes:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// The digest of these bytes.
            pub fn of(bytes: &[u8]) -> Self {
                Self(<$hasher>::digest(bytes).into())
            }

            /// The digest's bytes.
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }
        }

        #[doc = concat!("Computes the ", $algorithm, " of a stream.")]
        #[derive(Clone, Default)]
        pub struct $running($hasher);

        impl $running {
            /// Adds the next bytes.
            pub fn update(&mut self, bytes: &[u8]) {
                self.0.update(bytes);
            }

            /// The digest of all bytes added.
            pub fn finish(self) -> $name {
                $name(self.0.finalize().into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 2 * $bytes];
                f.write_str(hex(&self.0, &mut text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}:{self}", $algorithm)
            }
        }

        impl FromStr for $name {
            type Err = DigestError;

            fn from_str(text: &str) -> Result<Self, DigestError> {
                let mut bytes = [0; $bytes];
                if unhex(text.as_bytes(), &mut bytes) {
                    return Ok(Self(bytes));
                }
                let text = text.chars().take(128).collect();
                Err(DigestError { algorithm: $algorithm, digits: 2 * $bytes, text })
            }
        }

        crate::text_form!($name);
    )*};
}

digests! {
    /// A SHA-256 digest (FIPS 180-4), written as 64 lower-case hexadecimal digits.
    Sha256, Sha256Hasher: "SHA-256", sha2::Sha256, 32;
    /// A SHA-384 digest (FIPS 180-4), written as 96 lower-case hexadecimal digits.
    Sha384, Sha384Hasher: "SHA-384", sha2::Sha384, 48;
}

/// Writes bytes as lower-case hexadecimal digits, twice as many.
fn hex<'a>(bytes: &[u8], text: &'a mut [u8]) -> &'a str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (byte, pair) in bytes.iter().zip(text.chunks_exact_mut(2)) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    std::str::from_utf8(text).expect("digits are ASCII")
}

/// Fills `bytes` from twice as many lower-case hexadecimal digits; false if the text is anything else.
fn unhex(text: &[u8], bytes: &mut [u8]) -> bool {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let pairs = text.chunks_exact(2);
    let fits = pairs.len() == bytes.len() && pairs.remainder().is_empty();
    fits && bytes.iter_mut().zip(pairs).all(|(byte, pair)| {
        let value = digit(pair[0]).zip(digit(pair[1]));
        *byte = value.map_or(0, |(high, low)| high << 4 | low);
        value.is_some()
    })
}

impl Sha256 {
    /// The digest in Base64, as AWS Lambda's `CodeSha256`; `None` if the text is not one.
    pub fn from_base64(text: &str) -> Option<Self> {
        Base64::decode_vec(text).ok()?.try_into().ok().map(Self)
    }
}

impl Sha384 {
    /// The digest of each message; many are hashed in parallel, if the processor supports it.
    ///
    /// A message longer than all others together would keep one lane busy and leave the rest idle, so such
    /// messages are hashed separately.
    pub fn of_each(messages: &[&[u8]]) -> Vec<Self> {
        let mut digests = vec![Self([0; 48]); messages.len()];
        let mut order: Vec<usize> = (0..messages.len()).collect();
        order.sort_by_key(|index| messages[*index].len());
        let mut rest: usize = messages.iter().map(|message| message.len()).sum();
        while let Some(longest) = order.pop_if(|index| !lanes::are_worth_it(messages[*index].len(), rest)) {
            digests[longest] = Self::of(messages[longest]);
            rest -= messages[longest].len();
        }
        let together: Vec<&[u8]> = order.iter().map(|index| messages[*index]).collect();
        for (index, digest) in order.iter().zip(lanes::sha384_each(&together)) {
            digests[*index] = Self(digest);
        }
        digests
    }
}

/// The digests of an artifact in a manifest: all of them must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactDigests {
    /// The artifact's size in bytes.
    pub size: u64,
    /// SHA-256 of the whole artifact, as AWS Lambda's `CodeSha256`.
    pub sha256: Sha256,
    /// SHA-384 of the whole artifact.
    pub sha384: Sha384,
    /// The chunk digest of the whole artifact.
    pub chunk: Sha384,
}

/// The digests of an artifact that can be computed quickly, in parallel or with special instructions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuickDigests {
    /// The artifact's size in bytes.
    pub size: u64,
    /// SHA-256 of the whole artifact.
    pub sha256: Sha256,
    /// The chunk digest of the whole artifact.
    pub chunk: Sha384,
}

/// The chunk digest from the SHA-384s of an artifact's chunks, by the formula of this module.
pub fn chunk_digest(size: u64, leaves: &[Sha384]) -> Sha384 {
    let mut hash = sha2::Sha384::new();
    hash.update(b"countersign chunk digest v1\n");
    hash.update(size.to_be_bytes());
    hash.update((CHUNK_BYTES as u64).to_be_bytes());
    leaves.iter().for_each(|leaf| hash.update(leaf.0));
    Sha384(hash.finalize().into())
}

/// Computes every digest of an artifact in one pass over its bytes.
#[derive(Default)]
pub struct ArtifactHasher {
    size: u64,
    sha256: Sha256Hasher,
    sha384: Sha384Hasher,
    chunks: Vec<u8>,
    leaves: Vec<Sha384>,
}

impl ArtifactHasher {
    /// Adds the next bytes of the artifact.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.sha256.update(bytes);
        self.sha384.update(bytes);
        while !bytes.is_empty() {
            let (head, tail) = bytes.split_at(bytes.len().min(CHUNKS_BYTES - self.chunks.len()));
            self.chunks.extend_from_slice(head);
            if self.chunks.len() == CHUNKS_BYTES {
                self.end_chunks();
            }
            bytes = tail;
        }
    }

    /// The digests of all bytes added.
    pub fn finish(mut self) -> ArtifactDigests {
        self.end_chunks();
        ArtifactDigests {
            size: self.size,
            sha256: self.sha256.finish(),
            sha384: self.sha384.finish(),
            chunk: chunk_digest(self.size, &self.leaves),
        }
    }

    fn end_chunks(&mut self) {
        self.leaves.extend(leaves(&self.chunks));
        self.chunks.clear();
    }
}

/// The bytes of chunks that are hashed together, one chunk per lane.
pub const CHUNKS_BYTES: usize = CHUNK_BYTES * lanes::LANES;

/// The leaves of consecutive chunks, of which the artifact's last can be shorter.
pub fn leaves(bytes: &[u8]) -> Vec<Sha384> {
    Sha384::of_each(&bytes.chunks(CHUNK_BYTES).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_fips_180() {
        let abc = Sha256::of(b"abc").to_string();
        assert_eq!(abc, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(
            Sha384::of(b"abc").to_string().starts_with("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163")
        );
    }

    #[test]
    fn one_digest_has_one_text() {
        let text = Sha384::of(b"").to_string();
        assert_eq!(text.parse(), Ok(Sha384::of(b"")));
        assert!(text.to_uppercase().parse::<Sha384>().is_err());
        assert!(text[..94].parse::<Sha384>().is_err());
        assert!(format!("{text}00").parse::<Sha384>().is_err());
        assert!(format!("+{}", &text[1..]).parse::<Sha384>().is_err());
    }

    #[test]
    fn the_chunk_digest_is_its_formula() {
        let bytes: Vec<u8> = (0..2 * CHUNK_BYTES + 5).map(|i| (i % 251) as u8).collect();
        let mut input = b"countersign chunk digest v1\n".to_vec();
        input.extend((bytes.len() as u64).to_be_bytes());
        input.extend((1u64 << 20).to_be_bytes());
        for chunk in bytes.chunks(1 << 20) {
            input.extend(Sha384::of(chunk).as_bytes());
        }
        let mut hasher = ArtifactHasher::default();
        bytes.chunks(70_001).for_each(|part| hasher.update(part));
        let digests = hasher.finish();
        assert_eq!(digests.chunk, Sha384::of(&input));
        assert_eq!(digests.sha384, Sha384::of(&bytes));
        assert_eq!(digests.sha256, Sha256::of(&bytes));
        assert_eq!(digests.size, bytes.len() as u64);
    }

    #[test]
    fn size_and_order_of_chunks_count() {
        let (a, b) = (Sha384::of(b"a"), Sha384::of(b"b"));
        assert_ne!(chunk_digest(2, &[a, b]), chunk_digest(2, &[b, a]));
        assert_ne!(chunk_digest(2, &[a, b]), chunk_digest(3, &[a, b]));
    }
}
