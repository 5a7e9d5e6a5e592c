//! Files: atomic writes. Reads are in the trusted core.
//!
//! A file is whole or absent: its bytes go to a temporary file in the same folder, which is then renamed. Two
//! kinds of files differ in what a power cut can do to them ([`Durability`]):
//!
//! - A key, a policy and a state cannot be made again, so they are on the disk before the command ends.
//! - A package and a manifest can be made again, and every use of them checks digests and a signature. After a
//!   power cut one of the last ones can be the earlier file, or damaged; then it is denied, and `release`
//!   writes it again. Waiting for the disk for each of 1,000 packages would take longer than packaging them.

pub mod copy;
pub mod download;
pub mod inside;
pub mod program;
pub mod temporary;
pub mod words;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use countersign_verify::files::artifact::Artifact;
pub use countersign_verify::files::*;
use tempfile::NamedTempFile;

/// Who can read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone: 0644 less the umask.
    Public,
    /// Only the owner: 0600.
    Private,
    /// Everyone, executable: 0755 less the umask.
    Program,
}

/// Whether a file that was kept survives a power cut; the module's comment lists what has to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It does: the bytes and the name are on the disk before the command goes on.
    Lasting,
    /// It may not: the file can be made again, and is checked before each use.
    Remade,
}

/// Writes a file atomically and durably: the path has either the old bytes or all of the new ones.
pub fn write(path: &Path, bytes: &[u8], access: Access) -> Result<(), FileError> {
    Pending::with(path, bytes, access, Durability::Lasting)?.keep()
}

/// Replaces files that belong together: all are complete before the first one is renamed.
///
/// A full disk leaves none of them. An error while renaming leaves each file either old or new.
pub fn write_together(files: &[(PathBuf, Vec<u8>)]) -> Result<(), FileError> {
    let begin =
        |(path, bytes): &(PathBuf, Vec<u8>)| Pending::with(path, bytes, Access::Public, Durability::Lasting);
    let pending = files.iter().map(begin);
    let pending: Vec<Pending> = pending.collect::<Result<_, _>>()?;
    pending.into_iter().try_for_each(Pending::keep)
}

/// Writes new files, all or none; existing files are not changed.
pub fn write_new(files: &[(&Path, &[u8], Access)]) -> Result<(), FileError> {
    let begin = |(path, bytes, access): &(&Path, &[u8], Access)| {
        Pending::with(path, bytes, *access, Durability::Lasting)
    };
    let pending: Result<Vec<_>, _> = files.iter().map(begin).collect();
    let mut kept = Vec::new();
    let result = pending?.into_iter().try_for_each(|pending| {
        let Pending { file, path, .. } = pending;
        file.persist_noclobber(&path).map_err(|error| writing(&path)(error.error))?;
        kept.push(path.clone());
        sync_folder(folder_of(&path))
    });
    if result.is_err() {
        kept.iter().for_each(|path| drop(std::fs::remove_file(path)));
    }
    result
}

/// What the names of files that are being written begin and end with.
const PENDING: (&str, &str) = (".countersign-", ".tmp");

/// Whether a name is that of a file that a command is writing, or was when it was killed.
pub fn is_pending(name: &str) -> bool {
    name.starts_with(PENDING.0) && name.ends_with(PENDING.1)
}

/// A file that is being written; it gets its name only when kept.
///
/// The bytes go to a temporary file in the same folder, which is removed on drop.
#[derive(Debug)]
pub struct Pending {
    file: NamedTempFile,
    path: PathBuf,
    durability: Durability,
}

impl Pending {
    /// Starts a file, and creates its parent folders.
    pub fn new(path: &Path, access: Access, durability: Durability) -> Result<Self, FileError> {
        check_target(path)?;
        let folder = folder_of(path);
        if folder.metadata().is_ok_and(|found| !found.is_dir()) {
            return Err(FileError::NotAFolder { path: folder.into() });
        }
        std::fs::create_dir_all(folder).map_err(writing(folder))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(PENDING.0).suffix(PENDING.1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = match access {
                Access::Public => 0o644,
                Access::Private => 0o600,
                Access::Program => 0o755,
            };
            builder.permissions(std::fs::Permissions::from_mode(mode));
        }
        #[cfg(not(unix))]
        let _ = access;
        let file = builder.tempfile_in(folder).map_err(writing(path))?;
        Ok(Self { file, path: path.into(), durability })
    }

    /// Starts a file and writes all its bytes, without renaming it yet.
    pub fn with(
        path: &Path,
        bytes: &[u8],
        access: Access,
        durability: Durability,
    ) -> Result<Self, FileError> {
        let mut pending = Self::new(path, access, durability)?;
        pending.write_all(bytes).map_err(writing(path))?;
        pending.sync()?;
        Ok(pending)
    }

    /// The path that the file will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes written so far, for reading.
    pub fn written(&self) -> Result<Artifact, FileError> {
        Artifact::open(self.file.path())
    }

    /// Renames the file to its path.
    pub fn keep(self) -> Result<(), FileError> {
        self.sync()?;
        self.file.persist(&self.path).map_err(|error| writing(&self.path)(error.error))?;
        match self.durability {
            Durability::Lasting => sync_folder(folder_of(&self.path)),
            Durability::Remade => Ok(()),
        }
    }

    fn sync(&self) -> Result<(), FileError> {
        match self.durability {
            Durability::Lasting => self.file.as_file().sync_all().map_err(writing(&self.path)),
            Durability::Remade => Ok(()),
        }
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Renames a file in its folder, durably, replacing an existing file.
pub fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    std::fs::rename(from, to).map_err(writing(to))?;
    sync_folder(folder_of(to))
}

/// Removes a file, durably; a missing file is not an error.
pub fn remove(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Ok(()) => sync_folder(folder_of(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(writing(path)(error)),
    }
}

/// Refuses a path where a rename would replace a device, a pipe or a socket, or a link to one. For a folder,
/// the rename itself fails.
fn check_target(path: &Path) -> Result<(), FileError> {
    let is_special = path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir());
    // `/dev/stdout` leads there, even if standard output is a regular file.
    let is_open_file = path.read_link().is_ok_and(|to| to.starts_with("/proc"));
    if is_special || is_open_file { Err(FileError::NotReplaced { path: path.into() }) } else { Ok(()) }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a rename in the folder survive a power cut; only Unix can open folders.
fn sync_folder(folder: &Path) -> Result<(), FileError> {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(writing(folder))?;
    }
    Ok(())
}

/// A lock on a file, held until dropped: one writing command at a time.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock of a file that is replaced as a whole: a file next to it, with the suffix `.lock`.
    pub fn next_to(path: &Path) -> Result<Self, FileError> {
        let folder = folder_of(path);
        std::fs::create_dir_all(folder).map_err(writing(folder))?;
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = PathBuf::from(name);
        check_target(&lock)?;
        let mut options = File::options();
        at_once(options.append(true).create(true));
        options.open(&lock).map_err(writing(&lock))?;
        Self::take(&lock)
    }

    /// Waits for the lock of an existing file.
    pub fn take(path: &Path) -> Result<Self, FileError> {
        let (file, _) = open(path)?;
        file.lock().map_err(writing(path))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_kept_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.txt");
        let mut pending = Pending::new(&path, Access::Public, Durability::Remade).unwrap();
        pending.write_all(b"half").unwrap();
        drop(pending);
        assert_eq!(std::fs::read_dir(folder.path().join("a")).unwrap().count(), 0);
    }

    #[test]
    #[cfg(unix)]
    fn private_files_are_0600() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write(&path, b"secret", Access::Private).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    #[cfg(unix)]
    fn a_write_replaces_no_device_and_no_pipe() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), rustix::fs::Mode::RWXU).unwrap();
        std::os::unix::fs::symlink("/dev/null", path("link")).unwrap();
        std::os::unix::fs::symlink("/proc/self/fd/1", path("output")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        for name in ["pipe", "link", "output", "socket"] {
            let before = path(name).symlink_metadata().unwrap().file_type();
            let refused = write(&path(name), b"x", Access::Public);
            assert!(
                matches!(refused, Err(FileError::NotReplaced { path: at }) if at == path(name)),
                "{name}"
            );
            assert!(write_new(&[(&path(name), b"x", Access::Public)]).is_err(), "{name}");
            assert_eq!(path(name).symlink_metadata().unwrap().file_type(), before, "{name}");
        }
        assert!(matches!(
            Pending::new(Path::new("/dev/full"), Access::Public, Durability::Lasting),
            Err(FileError::NotReplaced { .. })
        ));
    }

    #[test]
    #[cfg(unix)]
    fn a_lock_does_not_wait_for_a_pipe_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let (file, lock) = (folder.path().join("a"), folder.path().join("a.lock"));
        rustix::fs::mkfifoat(rustix::fs::CWD, &lock, rustix::fs::Mode::RWXU).unwrap();
        assert!(matches!(Lock::next_to(&file), Err(FileError::NotReplaced { path }) if path == lock));
        std::fs::remove_file(&lock).unwrap();
        Lock::next_to(&file).unwrap();
    }

    #[test]
    fn new_files_are_written_all_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let new: [(&Path, &[u8], Access); 2] = [(&one, b"1", Access::Private), (&two, b"2", Access::Public)];
        std::fs::write(&two, "mine").unwrap();
        assert!(matches!(write_new(&new), Err(FileError::Write { path, .. }) if path == two));
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(names, [two.as_path()]);
        assert_eq!(std::fs::read(&two).unwrap(), b"mine");
        std::fs::remove_file(&two).unwrap();
        write_new(&new).unwrap();
        assert_eq!(
            (std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap()),
            (b"1".to_vec(), b"2".to_vec())
        );
    }
}
