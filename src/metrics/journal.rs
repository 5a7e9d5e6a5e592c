//! The journal: one line of JSON per verdict, appended, and rotated when it is long.
//!
//! A line is appended with a single call, so lines of concurrent processes stay intact, and none waits for
//! another. A journal over [`JOURNAL_BYTES_MAX`] is renamed to `NAME.1`, replacing the previous one; only
//! this takes a lock. Nothing is synced: after a power cut, the last lines can be missing or torn, and
//! readers skip those.
//!
//! Anyone with write access can write any line. A journal is the claim of its machine; it is not signed, and
//! no verdict depends on it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::Event;
use crate::document;
use crate::files::{self, FileError, Lock, reading, writing};
use crate::limits::{JOURNAL_BYTES_MAX, JOURNAL_LINE_BYTES_MAX};

/// The file's name in its folder.
pub const FILE_NAME: &str = "journal.jsonl";

/// The start of every line.
const BEGINNING: &[u8] = br#"{"schema_version":"#;

/// Why an event cannot be added to a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be read or written.
    #[error("{error}{}", cause(error))]
    File {
        /// The error.
        error: FileError,
    },
    /// The file exists and has other content.
    #[error("`{}` exists and is not a journal", .0.display())]
    NotAJournal(PathBuf),
}

impl From<FileError> for JournalError {
    fn from(error: FileError) -> Self {
        Self::File { error }
    }
}

/// A note is one line, so the system's reason follows ours.
fn cause(error: &FileError) -> String {
    std::error::Error::source(error).map_or(String::new(), |source| format!(": {source}"))
}

/// The path of the previous, full journal.
pub fn previous(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".1");
    name.into()
}

/// Appends events to a journal, which is created if it does not exist.
pub fn append(path: &Path, events: &[Event]) -> Result<(), JournalError> {
    if events.is_empty() {
        return Ok(());
    }
    let (mut file, mut size) = open(path)?;
    if size >= JOURNAL_BYTES_MAX {
        rotate(path)?;
        (file, size) = open(path)?;
    }
    let mut line = end_of_a_torn_line(&file, size).map_err(reading(path))?;
    for event in events {
        serde_json::to_writer(&mut line, event).expect("names and numbers");
        line.push(b'\n');
        file.write_all(&line).map_err(writing(path))?;
        line.clear();
    }
    Ok(())
}

/// The line feed that an interrupted writer did not write, if any.
fn end_of_a_torn_line(file: &File, size: u64) -> std::io::Result<Vec<u8>> {
    let mut last = [b'\n'];
    if size > 0 {
        files::read_exact_at(file, &mut last, size - 1)?;
    }
    Ok(if last == *b"\n" { Vec::new() } else { vec![b'\n'] })
}

/// Opens the journal for appending, and returns its size. It must be a regular file, not a link, that is
/// empty or starts like a journal.
///
/// A setting can name any file, and a link can lead to any; other files must not get journal lines.
fn open(path: &Path) -> Result<(File, u64), JournalError> {
    match path.symlink_metadata() {
        Ok(found) if !found.is_file() => return Err(FileError::NotAFile { path: path.into() }.into()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(Path::new(""));
            std::fs::create_dir_all(folder).map_err(writing(path))?;
        }
        _ => {}
    }
    let mut options = OpenOptions::new();
    files::at_once(options.read(true).append(true).create(true));
    let mut file = options.open(path).map_err(writing(path))?;
    if !file.metadata().map_err(reading(path))?.is_file() {
        return Err(FileError::NotAFile { path: path.into() }.into());
    }
    let mut beginning = Vec::new();
    let limit = BEGINNING.len() as u64;
    Read::take(&mut file, limit).read_to_end(&mut beginning).map_err(reading(path))?;
    let size = file.metadata().map_err(reading(path))?.len();
    if beginning.is_empty() || beginning == BEGINNING {
        Ok((file, size))
    } else {
        Err(JournalError::NotAJournal(path.into()))
    }
}

/// Renames a full journal, unless another process has just done so.
fn rotate(path: &Path) -> Result<(), FileError> {
    let _lock = Lock::next_to(path)?;
    match path.symlink_metadata() {
        Ok(found) if found.len() < JOURNAL_BYTES_MAX => Ok(()),
        Ok(_) => std::fs::rename(path, previous(path)).map_err(writing(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(reading(path)(error)),
    }
}

/// A line of a journal.
#[derive(Debug)]
pub enum Line {
    /// An event.
    Event(Box<Event>),
    /// Anything else, and what is wrong with it.
    Malformed(String),
}

/// Reads a journal line by line, with line numbers; only one line is in memory.
///
/// A line that is not an event is reported and skipped: torn lines happen, and must not hide the rest.
pub fn read<E: From<FileError>>(
    path: &Path,
    mut each: impl FnMut(u64, Line) -> Result<(), E>,
) -> Result<(), E> {
    let (file, _) = files::open(path)?;
    let mut reader = BufReader::with_capacity(READ_BYTES, file);
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let limit = JOURNAL_LINE_BYTES_MAX + 1;
        Read::take(&mut reader, limit).read_until(b'\n', &mut bytes).map_err(reading(path))?;
        let ended = bytes.pop_if(|last| *last == b'\n').is_some();
        match (ended, bytes.is_empty()) {
            (false, true) => return Ok(()),
            // Empty, from an editor or from concatenated files.
            (true, true) => continue,
            (true, false) => each(number, parse(&bytes))?,
            (false, false) if bytes.len() as u64 >= limit => {
                skip_line(&mut reader).map_err(reading(path))?;
                let what = format!("longer than {JOURNAL_LINE_BYTES_MAX} bytes");
                each(number, Line::Malformed(what))?;
            }
            // The last line, whose writer was interrupted or is still writing.
            (false, false) => each(number, Line::Malformed("the line is incomplete".into()))?,
        }
    }
    Ok(())
}

/// Bytes per read: a system call for about 500 lines.
const READ_BYTES: usize = 256 << 10;

fn parse(bytes: &[u8]) -> Line {
    match document::parse_foreign_json::<Event>(bytes) {
        Err(error) => Line::Malformed(error.to_string()),
        Ok(event) => match event.contradiction() {
            Some(what) => Line::Malformed(what.into()),
            None => Line::Event(Box::new(event)),
        },
    }
}

/// Skips to the start of the next line.
fn skip_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let (count, done) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(count);
        if done {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::event;
    use super::*;
    use crate::report::Check;

    fn lines(path: &Path) -> Vec<(u64, Result<Event, String>)> {
        let mut all = Vec::new();
        read::<FileError>(path, |number, line| {
            all.push(match line {
                Line::Event(event) => (number, Ok(*event)),
                Line::Malformed(what) => (number, Err(what)),
            });
            Ok(())
        })
        .unwrap();
        all
    }

    #[test]
    fn what_was_appended_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/journal.jsonl");
        let events = [
            event("2026-01-31T12:00:00Z", &[]),
            event("2026-01-31T12:00:00Z", &[(Check::Mismatch, "manifest-missing")]),
        ];
        append(&path, &events[..1]).unwrap();
        append(&path, &events[1..]).unwrap();
        assert_eq!(lines(&path), [(1, Ok(events[0].clone())), (2, Ok(events[1].clone()))]);
    }

    #[test]
    fn a_bad_line_hides_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let good = serde_json::to_string(&event("2026-01-31T12:00:00Z", &[])).unwrap();
        let long = "x".repeat(1 << 20);
        let hostile = good.replace("orders", "<b>orders</b>");
        let text =
            format!("{good}\n\n{long}\n{{\"schema_version\":1\n{hostile}\n\u{0}\n{good}\n{}", &good[..50]);
        std::fs::write(&path, text).unwrap();
        let found: Vec<_> = lines(&path).into_iter().map(|(number, line)| (number, line.is_ok())).collect();
        assert_eq!(found, [(1, true), (3, false), (4, false), (5, false), (6, false), (7, true), (8, false)]);
    }

    #[test]
    fn a_torn_line_takes_no_other_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let one = [event("2026-01-31T12:00:00Z", &[])];
        append(&path, &one).unwrap();
        let size = path.metadata().unwrap().len();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(size - 7).unwrap();
        append(&path, &one).unwrap();
        let found: Vec<_> = lines(&path).into_iter().map(|(number, line)| (number, line.is_ok())).collect();
        assert_eq!(found, [(1, false), (2, true)]);
    }

    #[test]
    fn a_full_journal_becomes_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let one = event("2026-01-31T12:00:00Z", &[]);
        append(&path, std::slice::from_ref(&one)).unwrap();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(JOURNAL_BYTES_MAX).unwrap();
        append(&path, &[one.clone(), one.clone()]).unwrap();
        assert_eq!(lines(&path).len(), 2);
        assert_eq!(previous(&path).metadata().unwrap().len(), JOURNAL_BYTES_MAX);
    }

    #[test]
    fn what_is_no_journal_gets_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile");
        std::fs::write(&path, "export PATH\n").unwrap();
        let one = [event("2026-01-31T12:00:00Z", &[])];
        assert!(matches!(append(&path, &one), Err(JournalError::NotAJournal(_))));
        assert_eq!(std::fs::read(&path).unwrap(), b"export PATH\n");
        assert!(append(folder.path(), &one).is_err());
        #[cfg(unix)]
        {
            let link = folder.path().join("journal.jsonl");
            std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
            assert!(append(&link, &one).is_err());
            assert!(!folder.path().join("elsewhere").exists());
        }
    }
}
