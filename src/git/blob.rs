//! Blobs' ids: the name that git gives to the bytes of a file.
//!
//! `SHA-1("blob " LEN NUL bytes)`, with `LEN` the decimal byte length (gitformat-pack, "hash-object"). It
//! finds whether bytes are those of a commit; what is signed are SHA-256 and SHA-384.

use git2::Oid;
use sha1::{Digest, Sha1};

use super::BlobId;

impl BlobId {
    /// The id of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Sha1::new();
        hasher.update(format!("blob {}\0", bytes.len()));
        hasher.update(bytes);
        Self(Oid::from_bytes(&hasher.finalize()).unwrap_or(Oid::ZERO_SHA1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_one_that_git_prints() {
        // git hash-object --stdin
        for (bytes, id) in [
            (&b""[..], "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
            (b"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
        ] {
            assert_eq!(BlobId::of(bytes).0.to_string(), id);
        }
    }
}
