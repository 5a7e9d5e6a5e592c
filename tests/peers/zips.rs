//! Do fourteen ZIP readers find in an archive what our inventory lists?
//!
//! The rule of the strict reader is that it accepts an archive only if every reader of this list reads it
//! alike. Here they read every vector that it accepts, archives as ordinary tools write them, and archives
//! with generated oddities (`generate`), as far as it accepts those.
//!
//! `COUNTERSIGN_ZIPS=SEED,COUNT` generates other and more archives than the test does.

mod generate;
mod readers;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use base64ct::{Base64, Encoding};
use countersign::digest::Sha384;
use countersign::files::artifact::Artifact;
use countersign::inventory::{FileMode, FileRecord};
use countersign::package::read;
use countersign::package::repack::{self, Repack};
use countersign::parallel::Threads;
use tempfile::TempDir;

use self::readers::{READERS, Reader, compare};
use crate::peers::peer::{Peer, printed};
use crate::peers::release::{scratch, write};

/// Archives of the generator that the readers get, accepted ones alone.
const GENERATED: usize = 250;
const SEED: u64 = 9;

/// An archive that the strict reader accepts, with a name for a message.
struct Accepted {
    about: String,
    bytes: Vec<u8>,
    files: Vec<FileRecord>,
}

impl Accepted {
    fn new(folder: &Path, about: String, bytes: Vec<u8>) -> Option<Self> {
        let path = folder.join("archive");
        write(&path, &bytes);
        let artifact = Artifact::open(&path).expect("the archive is there");
        let files = read::read(&artifact, Threads::one()).ok()?;
        Some(Self { about, bytes, files })
    }

    /// Whether it has a folder of mode 0177777, as Maven writes it.
    fn has_unset_folder(&self) -> bool {
        ["directory-maven", "0xffff0000", "0xffff0010"].iter().any(|mode| self.about.contains(mode))
    }
}

/// For a folder of mode 0177777, the crate `zip` creates a link without a target, which no system has.
fn is_unset_folder_error(reader: &Reader, why: &str) -> bool {
    reader.name == "zip" && why.starts_with("fails: ")
}

#[test]
fn every_reader_reads_what_the_strict_reader_accepts_alike() {
    let folder = scratch();
    let mut accepted = vectors(folder.path());
    accepted.extend(generated(folder.path(), Accepted::new));
    let readers: Vec<&Reader> = READERS.iter().collect();
    let wrong = differences(folder.path(), &accepted, &readers, |reader, archive, why| {
        is_unset_folder_error(reader, why) && archive.has_unset_folder()
    });
    none_in(folder, &wrong);
}

/// What `package --from-zip` takes for unambiguous, and the strict reader refuses.
///
/// A reader of a stream can end early: after a descriptor in another form, or a stored entry before one. A reader that ends
/// with an error keeps nothing else.
#[test]
fn every_reader_of_a_directory_reads_alike_what_is_repacked() {
    let folder = scratch();
    let repacked = |folder: &Path, about: String, bytes: Vec<u8>| {
        let path = folder.join("archive");
        write(&path, &bytes);
        let Repack { mut files, empty_folders, .. } = repack::open(&path, Threads::one()).ok()?;
        let empty = |path| FileRecord { path, mode: FileMode::Folder, size: 0, sha384: Sha384::of(b"") };
        files.extend(empty_folders.into_iter().map(empty));
        let is_strict = Accepted::new(folder, about.clone(), bytes.clone()).is_some();
        (!is_strict).then_some(Accepted { about, bytes, files })
    };
    let mut archives = generated(folder.path(), repacked);
    let all = all_vectors().into_iter();
    archives.extend(all.filter_map(|(name, bytes)| repacked(folder.path(), name, bytes)));
    let readers: Vec<&Reader> = READERS.iter().filter(|reader| reader.reads_directory()).collect();
    let wrong = differences(folder.path(), &archives, &readers, |reader, archive, why| {
        // Permissions without a type.
        let has_plain_mode =
            reader.name == "7z" && ["0x1ed", "without-type"].iter().any(|mode| archive.about.contains(mode));
        why.starts_with("fails: ") || has_plain_mode
    });
    none_in(folder, &wrong);
}

/// Lets each reader read each archive; returns where one reads something else, unless `is_known`.
fn differences(
    folder: &Path,
    archives: &[Accepted],
    readers: &[&'static Reader],
    is_known: impl Fn(&Reader, &Accepted, &str) -> bool,
) -> Vec<String> {
    let zips = folder.join("zips");
    fs::create_dir(&zips).expect("a new folder");
    for (number, archive) in archives.iter().enumerate() {
        write(&zips.join(format!("{number:05}.zip")), &archive.bytes);
    }
    let outs: Vec<_> = readers.iter().map(|reader| folder.join(reader.name)).collect();
    let there: Vec<bool> = std::thread::scope(|scope| {
        let run = |(reader, out): (&&'static Reader, &PathBuf)| {
            fs::create_dir(out).expect("a new folder");
            let (began, zips, out, reader) = (Instant::now(), zips.clone(), out.clone(), *reader);
            scope.spawn(move || {
                let there = reader.run(&zips, &out);
                eprintln!("{}: {:?}", reader.name, began.elapsed());
                there
            })
        };
        let running: Vec<_> = readers.iter().zip(&outs).map(run).collect();
        running.into_iter().map(|each| each.join().expect("ends")).collect()
    });
    let (mut wrong, mut each) = (Vec::new(), BTreeMap::<usize, Vec<&str>>::new());
    for ((reader, out), _) in readers.iter().zip(&outs).zip(there).filter(|(_, there)| *there) {
        for (number, archive) in archives.iter().enumerate() {
            if let Err(why) = compare(reader, &out.join(format!("{number:05}")), &archive.files)
                && !is_known(reader, archive, &why)
            {
                wrong.push(format!("{number:05} {}: {}: {why}", reader.name, archive.about));
                each.entry(number).or_default().push(reader.name);
            }
        }
    }
    for (number, readers) in &each {
        wrong.push(format!("{number:05}: {}: {}", archives[*number].about, readers.join(" ")));
    }
    wrong
}

fn none_in(folder: TempDir, wrong: &[String]) {
    if !wrong.is_empty() {
        let kept = folder.keep();
        panic!("{} differences, archives in {}:\n{}", wrong.len(), kept.display(), wrong.join("\n"));
    }
}

/// What people pack with, and the arguments before the files.
const PACKERS: &[(&str, &[&str])] = &[
    ("zip", &["-q", "-r", "../made.zip"]),
    ("zip", &["-q", "-r", "-y", "-X", "../made.zip"]),
    ("7z", &["a", "-bd", "../made.zip"]),
    ("bsdtar", &["-a", "-cf", "../made.zip"]),
    ("jar", &["-c", "-f", "../made.zip"]),
    ("python3", &["-m", "zipfile", "-c", "../made.zip"]),
];

#[test]
fn accepts_what_ordinary_tools_pack() {
    for (tool, arguments) in PACKERS {
        let Some(peer) = Peer::find(tool) else { continue };
        let folder = scratch();
        let (files, made) = (folder.path().join("files"), folder.path().join("made.zip"));
        fs::create_dir_all(files.join("lib")).expect("a new folder");
        write(&files.join("app.py"), "print('hello')\n".repeat(100));
        write(&files.join("lib/__init__.py"), "");
        write(&files.join("lib/a.py"), "a");
        printed(&peer.ask_in(&files, arguments.iter().copied().chain(["app.py", "lib"])));
        let artifact = Artifact::open(&made).expect("the archive is there");
        let read =
            read::read(&artifact, Threads::one()).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        assert!(read.iter().any(|file| file.path == "lib/__init__.py"), "{arguments:?}");
    }
}

/// The vectors that are accepted.
fn vectors(folder: &Path) -> Vec<Accepted> {
    let accepted = all_vectors().into_iter().filter(|(name, _)| name.starts_with("ok-"));
    accepted.map(|(name, bytes)| Accepted::new(folder, name, bytes).expect("a vector that is `ok`")).collect()
}

/// All vectors, by name.
fn all_vectors() -> Vec<(String, Vec<u8>)> {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../vectors/packages/vectors.json")).expect("JSON");
    let text = |vector: &serde_json::Value, field: &str| vector[field].as_str().expect("text").to_owned();
    let vector = |vector| (text(vector, "name"), Base64::decode_vec(&text(vector, "zip")).expect("base64"));
    vectors.as_array().expect("an array").iter().map(vector).collect()
}

/// Generated archives, as far as they are accepted.
fn generated(folder: &Path, accept: impl Fn(&Path, String, Vec<u8>) -> Option<Accepted>) -> Vec<Accepted> {
    let wish = std::env::var("COUNTERSIGN_ZIPS").ok();
    let (seed, count) = wish.map_or((SEED, GENERATED), |wish| {
        let (seed, count) = wish.split_once(',').expect("SEED,COUNT");
        (seed.parse().expect("a number"), count.parse().expect("a number"))
    });
    let (mut accepted, mut tried) = (Vec::new(), 0_usize);
    for (about, bytes) in generate::archives(seed) {
        tried += 1;
        accepted.extend(accept(folder, about, bytes));
        if accepted.len() == count {
            break;
        }
        assert!(tried < 100 * count, "only {} of {tried} generated archives are accepted", accepted.len());
    }
    eprintln!("{} of {tried} generated archives are accepted", accepted.len());
    accepted
}
