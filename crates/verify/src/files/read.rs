//! Reading: every file that the library reads is opened here, without blocking.
//!
//! A path can lead to a pipe, a device or a socket, even if it led to a file a moment ago. So the file is
//! opened without waiting, and the type of the open file is checked: the checked file is the one that is
//! read.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

#[cfg(unix)]
use rustix::fs::OFlags;

use super::{FileError, reading};

/// Opens a regular file for reading, and returns its size; never blocks on a pipe.
pub fn open(path: &Path) -> Result<(File, u64), FileError> {
    let not_a_file = || FileError::NotAFile { path: path.into() };
    // If a device is recognized before, it is not even opened.
    if !std::fs::metadata(path).map_err(reading(path))?.is_file() {
        return Err(not_a_file());
    }
    let file = open_at_once(path).map_err(reading(path))?;
    let found = file.metadata().map_err(reading(path))?;
    if found.is_file() { Ok((file, found.len())) } else { Err(not_a_file()) }
}

/// Opens whatever is at a path, without waiting.
fn open_at_once(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    flag(&mut options, OFlags::NONBLOCK | OFlags::NOCTTY);
    options.open(path)
}

/// Makes opening a file for appending not wait, and not follow a link in place of the file.
pub fn at_once(options: &mut OpenOptions) {
    #[cfg(unix)]
    flag(options, OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW);
    #[cfg(not(unix))]
    let _ = options;
}

#[cfg(unix)]
fn flag(options: &mut OpenOptions, flags: OFlags) {
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.bits().cast_signed());
}

/// Reads a whole regular file of at most `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let too_large = || FileError::TooLarge { path: path.into(), limit };
    let (file, size) = open(path)?;
    if size > limit {
        return Err(too_large());
    }
    let size = usize::try_from(size).map_err(|_| too_large())?;
    let mut bytes = Vec::new();
    let no_memory = |_| reading(path)(io::ErrorKind::OutOfMemory.into());
    bytes.try_reserve_exact(size + 1).map_err(no_memory)?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(reading(path))?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// Like [`read`], but `None` if the file does not exist.
pub fn read_if_exists(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    match read(path, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_before_the_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        File::create(&path).unwrap().set_len(10 << 30).unwrap();
        assert!(matches!(read(&path, 1000), Err(FileError::TooLarge { limit: 1000, .. })));
    }

    #[test]
    fn only_regular_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path(), 10), Err(FileError::NotAFile { .. })));
        assert!(read(&folder.path().join("none"), 10).unwrap_err().is_absent());
    }

    #[test]
    #[cfg(unix)]
    fn a_pipe_is_opened_without_waiting_for_a_writer() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        // As if it replaced a file between the check and the opening.
        assert!(!open_at_once(&pipe).unwrap().metadata().unwrap().is_file());
        assert!(matches!(open(&pipe), Err(FileError::NotAFile { .. })));
    }

    #[test]
    #[cfg(unix)]
    fn a_pipe_that_takes_a_files_place_is_never_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), rustix::fs::Mode::RWXU).unwrap();
        std::fs::write(path("file"), "x").unwrap();
        std::fs::hard_link(path("file"), path("both")).unwrap();
        std::thread::scope(|scope| {
            let swaps = scope.spawn(|| {
                for turn in 0..2000 {
                    let next = path("next");
                    std::fs::hard_link(path(["file", "pipe"][turn % 2]), &next).unwrap();
                    std::fs::rename(&next, path("both")).unwrap();
                    // A name and itself: `rename` leaves both.
                    let _ = std::fs::remove_file(&next);
                }
            });
            while !swaps.is_finished() {
                match read(&path("both"), 10) {
                    Ok(bytes) => assert_eq!(bytes, b"x"),
                    Err(error) => assert!(matches!(error, FileError::NotAFile { .. }), "{error}"),
                }
            }
        });
    }
}
