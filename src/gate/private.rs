//! Private copies: a copy of the artifact is verified, and the same copy is deployed.
//!
//! ```text
//! TMPDIR/countersign-XXXXXX/          0500, only its owner can enter
//!   orders.zip                        0400
//!   orders.zip.sigstore.json          0400
//! ```
//! | write | effect |
//! |---|---|
//! | by any user, to the original or its manifest, after the copy | none |
//! | by another user, to the copy | refused by the system |
//! | by another user, renaming the folder | none: a `TMPDIR` where this is possible is refused |
//! | by a process of the same user, by accident | refused by the modes |
//! | by a process of the same user, on purpose | possible, as it could also trace the command; detected afterwards |
//!
//! A sealed memory file would prevent the last case, but deploy tools need a path that ends in `.zip`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::deployment::Code;
use super::watch::Watch;
use crate::digest::{Sha256, Sha256Hasher};
use crate::files::artifact::Artifact;
use crate::files::{self, FileError, Loaded, reading, temporary, writing};
use crate::limits::{ARCHIVE_BYTES_MAX, MANIFEST_BYTES_MAX};
use crate::manifest;

/// Bytes copied at a time.
const COPY_BYTES: usize = 1 << 20;

/// A private copy of an artifact and its manifest, removed when dropped.
#[derive(Debug)]
pub struct PrivateCopy {
    artifact: Artifact,
    sha256: Sha256,
    manifest: Option<Manifest>,
    folder: Folder,
}

/// The original manifest, and the path of its copy.
#[derive(Debug)]
struct Manifest {
    original: Loaded,
    copy: PathBuf,
}

impl Code for PrivateCopy {
    /// The copy of the artifact, kept open.
    fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    /// The manifest with its original path, and the copied bytes.
    fn manifest(&self) -> Option<&Loaded> {
        self.manifest.as_ref().map(|manifest| &manifest.original)
    }
}

impl PrivateCopy {
    /// Copies an artifact and its manifest: the named one, which must exist, or the one next to the artifact.
    ///
    /// Signals are held off, so that none leaves half a copy behind.
    pub fn copy(_watch: &Watch, artifact: &Path, manifest: Option<&Path>) -> Result<Self, FileError> {
        let folder = Folder::new()?;
        let copy = folder.path().join(copy_name(artifact));
        let sha256 = copy_file(artifact, &copy)?;
        let found = match manifest {
            Some(named) => Some(Loaded::read(named, MANIFEST_BYTES_MAX)?),
            None => Loaded::read_if_exists(&manifest::path_next_to(artifact), MANIFEST_BYTES_MAX)?,
        };
        let manifest = match found {
            Some(original) => {
                let copy = manifest::path_next_to(&copy);
                let mut file = create(&copy)?;
                file.write_all(&original.bytes).map_err(writing(&copy))?;
                Some(Manifest { original, copy })
            }
            None => None,
        };
        folder.close()?;
        Ok(Self { artifact: Artifact::open(&copy)?, sha256, manifest, folder })
    }

    /// The path of the manifest's copy.
    pub fn manifest_path(&self) -> Option<&Path> {
        self.manifest.as_ref().map(|manifest| manifest.copy.as_path())
    }

    /// The folder of the copy.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether the file at the copy's path still has the copied bytes; false if it cannot be read.
    pub fn is_unchanged(&self) -> bool {
        let now = files::open(self.artifact.path()).map(|(file, _)| file);
        let artifact =
            now.is_ok_and(|mut file| digest(&mut file, |_| Ok(())).is_ok_and(|sha256| sha256 == self.sha256));
        let manifest = self.manifest.as_ref().is_none_or(|manifest| {
            files::read(&manifest.copy, MANIFEST_BYTES_MAX)
                .is_ok_and(|bytes| bytes == manifest.original.bytes)
        });
        artifact && manifest
    }
}

/// The original's name, with `-` in place of characters that a shell could interpret.
fn copy_name(original: &Path) -> String {
    let name = original.file_name().unwrap_or_default().to_string_lossy();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._+".contains(c) { c } else { '-' };
    let name: String = name.chars().map(plain).collect();
    // Names with these prefixes would be options, or hidden.
    let name = name.trim_start_matches(['-', '.']);
    let start = name.len().saturating_sub(200);
    if name.is_empty() { "artifact".into() } else { name[start..].into() }
}

/// Copies a file of at most [`ARCHIVE_BYTES_MAX`]; returns the SHA-256 of the copy.
fn copy_file(from: &Path, to: &Path) -> Result<Sha256, FileError> {
    let (mut original, size) = files::open(from)?;
    let too_large = || FileError::TooLarge { path: from.into(), limit: ARCHIVE_BYTES_MAX };
    if size > ARCHIVE_BYTES_MAX {
        return Err(too_large());
    }
    let mut copy = create(to)?;
    let mut rest = ARCHIVE_BYTES_MAX;
    // The limit applies even if the file grows during the copy.
    let write = |bytes: &[u8]| {
        rest = rest.checked_sub(bytes.len() as u64).ok_or_else(too_large)?;
        copy.write_all(bytes).map_err(writing(to))
    };
    digest(&mut original, write).map_err(|error| match error {
        DigestError::Read(source) => reading(from)(source),
        DigestError::File(error) => error,
    })
}

enum DigestError {
    Read(std::io::Error),
    File(FileError),
}

/// The SHA-256 of a file's content; `each` gets the bytes in order.
fn digest(
    file: &mut std::fs::File,
    mut each: impl FnMut(&[u8]) -> Result<(), FileError>,
) -> Result<Sha256, DigestError> {
    let (mut buffer, mut hasher) = (vec![0; COPY_BYTES], Sha256Hasher::default());
    loop {
        let bytes = match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => &buffer[..count],
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(DigestError::Read(error)),
        };
        hasher.update(bytes);
        each(bytes).map_err(DigestError::File)?;
    }
}

/// Creates a file that only its owner can read, and that nobody can write once this handle is closed.
fn create(path: &Path) -> Result<std::fs::File, FileError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o400);
    options.open(path).map_err(writing(path))
}

/// A private folder that can be made read-only, and is removed with its content.
#[derive(Debug)]
struct Folder(TempDir);

impl Folder {
    fn new() -> Result<Self, FileError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("countersign-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let parent = temporary::parent()?;
        builder
            .tempdir_in(&parent)
            .map(Self)
            .map_err(|source| FileError::Temporary { folder: parent, source })
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn close(&self) -> Result<(), FileError> {
        self.set_mode(0o500).map_err(writing(self.path()))
    }

    #[cfg(unix)]
    fn set_mode(&self, mode: u32) -> std::io::Result<()> {
        std::fs::set_permissions(self.path(), std::os::unix::fs::PermissionsExt::from_mode(mode))
    }

    #[cfg(not(unix))]
    fn set_mode(&self, _mode: u32) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The content can be removed only if the owner can write to the folder.
        let _ = self.set_mode(0o700);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_its_name_but_for_what_a_shell_obeys() {
        for (original, copy) in [
            ("dist/orders.zip", "orders.zip"),
            ("orders-2.1+b.zip", "orders-2.1+b.zip"),
            ("$(touch x).zip", "touch-x-.zip"),
            ("a b;c'\n.zip", "a-b-c--.zip"),
            ("-rf", "rf"),
            ("..", "artifact"),
            ("-", "artifact"),
        ] {
            assert_eq!(copy_name(Path::new(original)), copy, "{original:?}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_copy_is_private_and_goes_with_its_owner() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let original = folder.path().join("a.zip");
        std::fs::write(&original, "one").unwrap();
        std::fs::write(manifest::path_next_to(&original), "{}").unwrap();
        let sealed = PrivateCopy::copy(&Watch::start().unwrap(), &original, None).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(sealed.folder()), 0o500);
        assert_eq!(mode(sealed.artifact().path()), 0o400);
        assert_eq!(mode(sealed.manifest_path().unwrap()), 0o400);
        std::fs::write(&original, "two").unwrap();
        assert!(sealed.is_unchanged());
        let place = sealed.folder().to_path_buf();
        drop(sealed);
        assert!(!place.exists());
    }

    #[test]
    #[cfg(unix)]
    fn a_changed_copy_is_noticed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let original = folder.path().join("a.zip");
        std::fs::write(&original, "one").unwrap();
        let sealed = PrivateCopy::copy(&Watch::start().unwrap(), &original, None).unwrap();
        std::fs::set_permissions(sealed.artifact().path(), PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::write(sealed.artifact().path(), "two").unwrap();
        assert!(!sealed.is_unchanged());
    }

    #[test]
    #[cfg(unix)]
    fn a_changed_manifest_is_noticed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let original = folder.path().join("a.zip");
        std::fs::write(&original, "one").unwrap();
        std::fs::write(manifest::path_next_to(&original), "{}").unwrap();
        let sealed = PrivateCopy::copy(&Watch::start().unwrap(), &original, None).unwrap();
        let beside = manifest::path_next_to(&original);
        assert_eq!(sealed.manifest(), Some(&Loaded { path: beside, bytes: b"{}".to_vec() }));
        let name = sealed.folder().file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.starts_with("countersign-"), "{name}");
        assert!(sealed.is_unchanged());
        let copy = sealed.manifest_path().unwrap();
        std::fs::set_permissions(copy, PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::write(copy, "[]").unwrap();
        assert!(!sealed.is_unchanged());
    }
}
