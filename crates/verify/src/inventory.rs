//! The inventory: an artifact's files, each with its mode, size and digest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Sha384;

/// One file of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Its path in the package.
    pub path: String,
    /// Its mode, as git writes modes.
    pub mode: FileMode,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-384 of its bytes; of its target for a symbolic link.
    pub sha384: Sha384,
}

/// A file's mode, as git writes modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FileMode {
    /// A regular file.
    #[serde(rename = "100644")]
    Regular,
    /// A regular file that may be executed.
    #[serde(rename = "100755")]
    Executable,
    /// A symbolic link.
    #[serde(rename = "120000")]
    Link,
    /// A folder; only packages that somebody else made have entries for them.
    #[serde(rename = "040000")]
    Folder,
}

impl FileMode {
    /// The mode that git's number stands for; nothing for a submodule or an unknown one.
    pub fn from_git(mode: u32) -> Option<Self> {
        match mode {
            0o100_644 | 0o100_664 => Some(Self::Regular),
            0o100_755 => Some(Self::Executable),
            0o120_000 => Some(Self::Link),
            _ => None,
        }
    }

    /// The mode as Unix and ZIP write it, with the file's type.
    pub fn unix(self) -> u32 {
        match self {
            Self::Regular => 0o100_644,
            Self::Executable => 0o100_755,
            Self::Link => 0o120_777,
            Self::Folder => 0o040_755,
        }
    }
}

/// A digest of an inventory, by which two of them are compared without keeping either.
///
/// `D0 = SHA-384("")`, `Dn = SHA-384(Dn-1 || SHA-384 || size || mode || path)`: all but the path have a fixed length.
pub fn digest(files: &[FileRecord]) -> Sha384 {
    files.iter().fold(Sha384::of(b""), |before, file| {
        let mut bytes = [before.as_bytes(), file.sha384.as_bytes()].concat();
        bytes.extend_from_slice(&file.size.to_be_bytes());
        bytes.extend_from_slice(&file.mode.unix().to_be_bytes());
        bytes.extend_from_slice(file.path.as_bytes());
        Sha384::of(&bytes)
    })
}

/// Files by path, with what tells two of them apart.
pub fn by_path(files: &[FileRecord]) -> BTreeMap<&str, (FileMode, Sha384)> {
    files.iter().map(|file| (file.path.as_str(), (file.mode, file.sha384))).collect()
}
