//! The readers: how each is asked about many archives at once, and whether it found what we did.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use countersign::digest::Sha384;
use countersign::inventory::{FileMode, FileRecord};
use serde::Deserialize;
use walkdir::WalkDir;

use crate::peers::peer::{Peer, beside_peers, printed, script};
use crate::peers::release::text;

/// One of the readers.
pub struct Reader {
    pub name: &'static str,
    by: By,
    keeps: Keeps,
}

/// How it is run.
enum By {
    /// `zips/extract.sh` with a command-line tool, which must be on the path.
    Tool(&'static str),
    Python,
    Node,
    Java,
    Go,
    Rust,
}

/// What it keeps of an entry beside name and content.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// Whether the owner may execute it, and that it is a link.
    Kinds,
    /// Neither: a link is a file with its target as content.
    Content,
}

/// The list of which the strict reader knows that all of them read alike what it accepts.
pub const READERS: &[Reader] = &[
    Reader { name: "unzip", by: By::Tool("unzip"), keeps: Keeps::Kinds },
    Reader { name: "zipfile", by: By::Python, keeps: Keeps::Content },
    Reader { name: "bsdtar", by: By::Tool("bsdtar"), keeps: Keeps::Kinds },
    // Types and modes are in the directory alone, which comes after the content.
    Reader { name: "bsdtar-pipe", by: By::Tool("bsdtar"), keeps: Keeps::Content },
    Reader { name: "7z", by: By::Tool("7z"), keeps: Keeps::Kinds },
    Reader { name: "busybox", by: By::Tool("busybox"), keeps: Keeps::Kinds },
    Reader { name: "file", by: By::Java, keeps: Keeps::Content },
    Reader { name: "stream", by: By::Java, keeps: Keeps::Content },
    Reader { name: "yauzl", by: By::Node, keeps: Keeps::Kinds },
    Reader { name: "adm-zip", by: By::Node, keeps: Keeps::Content },
    Reader { name: "fflate", by: By::Node, keeps: Keeps::Content },
    Reader { name: "unzipper", by: By::Node, keeps: Keeps::Content },
    Reader { name: "unzipper-stream", by: By::Node, keeps: Keeps::Content },
    Reader { name: "unzipper-skip", by: By::Node, keeps: Keeps::Content },
    Reader { name: "go", by: By::Go, keeps: Keeps::Kinds },
    Reader { name: "zip", by: By::Rust, keeps: Keeps::Kinds },
];

impl Reader {
    /// Whether it finds entries by the directory.
    pub fn reads_directory(&self) -> bool {
        !matches!(self.name, "bsdtar-pipe" | "stream" | "unzipper-stream" | "unzipper-skip")
    }

    /// Lets it read all archives of `zips`; whether it is there.
    pub fn run(&self, zips: &Path, out: &Path) -> bool {
        let places = [text(zips), text(out)];
        let (peer, arguments) = match self.by {
            By::Tool(tool) if Peer::find(tool).is_none() => return false,
            By::Tool(_) => (Peer::find("sh"), vec![script("zips/extract.sh"), self.name.into()]),
            By::Python => (Peer::python("zipfile"), vec![script("zips/zipfile_all.py")]),
            By::Node => {
                let Some(modules) = beside_peers("zips") else { return false };
                let script = script("zips/node_all.cjs");
                (Peer::find("node"), vec![script, text(&modules).to_owned(), self.name.into()])
            }
            By::Java => (Peer::find("java"), vec![script("zips/ReadAll.java"), self.name.into()]),
            By::Go => (Peer::find("zips-go"), vec![]),
            By::Rust => {
                with_the_zip_crate(zips, out);
                return true;
            }
        };
        let Some(peer) = peer else { return false };
        printed(&peer.ask(arguments.iter().map(String::as_str).chain(places)));
        true
    }
}

fn with_the_zip_crate(zips: &Path, out: &Path) {
    for archive in fs::read_dir(zips).expect("the archives") {
        let path = archive.expect("an archive").path();
        let place = out.join(path.file_stem().expect("a name"));
        let extracted = File::open(&path)
            .map_err(|error| error.to_string())
            .and_then(|file| zip::ZipArchive::new(file).map_err(|error| error.to_string()))
            .and_then(|mut archive| archive.extract(&place).map_err(|error| error.to_string()));
        if let Err(error) = extracted {
            fs::write(place.with_extension("error"), error).expect("written");
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    File,
    Executable,
    Link,
    Folder,
    Special,
}

/// An entry in the list of a reader that does not extract.
#[derive(Deserialize)]
struct Listed {
    path: String,
    kind: Kind,
    mode: Option<u32>,
    sha384: Sha384,
}

type Files = BTreeMap<String, (Kind, Sha384)>;

/// Compares what the reader found in one archive with our inventory of it.
pub fn compare(reader: &Reader, place: &Path, files: &[FileRecord]) -> Result<(), String> {
    if let Ok(error) = fs::read_to_string(place.with_extension("error")) {
        return Err(format!("fails: {}", error.trim().chars().take(300).collect::<String>()));
    }
    let (found, folders) = match fs::read(place.with_extension("json")) {
        Ok(list) => {
            listed(&serde_json::from_slice::<Vec<Listed>>(&list).map_err(|error| error.to_string())?)?
        }
        Err(_) => extracted(place)?,
    };
    let expected = files.iter().filter(|file| file.mode != FileMode::Folder);
    let expected: Files =
        expected.map(|file| (file.path.clone(), (kind(file.mode, reader.keeps), file.sha384))).collect();
    let found: Files = found
        .into_iter()
        .map(|(path, (kind, sha384))| {
            let plain = reader.keeps == Keeps::Content && kind == Kind::Executable;
            (path, (if plain { Kind::File } else { kind }, sha384))
        })
        .collect();
    if found != expected {
        return Err(difference(&expected, &found));
    }
    let entries: BTreeSet<&str> =
        files.iter().filter(|file| file.mode == FileMode::Folder).map(|file| file.path.as_str()).collect();
    if let Some(lost) = entries.iter().find(|entry| !folders.contains(**entry)) {
        return Err(format!("no folder {lost:?}"));
    }
    let above = |folder: &str| files.iter().any(|file| file.path.starts_with(&format!("{folder}/")));
    match folders.iter().find(|folder| !entries.contains(folder.as_str()) && !above(folder)) {
        Some(more) => Err(format!("a folder {more:?}")),
        None => Ok(()),
    }
}

fn difference(expected: &Files, found: &Files) -> String {
    let named = |files: &Files, other: &Files| -> Vec<String> {
        let files = files.iter().filter(|(path, what)| other.get(*path) != Some(what));
        files.map(|(path, (kind, sha384))| format!("{path:?} {kind:?} {:.8}", sha384.to_string())).collect()
    };
    format!("{:?} instead of {:?}", named(found, expected), named(expected, found))
}

fn kind(mode: FileMode, keeps: Keeps) -> Kind {
    match (mode, keeps) {
        (FileMode::Folder, _) => Kind::Folder,
        (_, Keeps::Content) | (FileMode::Regular, _) => Kind::File,
        (FileMode::Executable, _) => Kind::Executable,
        (FileMode::Link, _) => Kind::Link,
    }
}

fn listed(list: &[Listed]) -> Result<(Files, BTreeSet<String>), String> {
    let (mut files, mut folders) = (Files::new(), BTreeSet::new());
    for Listed { path, kind, mode, sha384 } in list {
        let executable = mode.is_some_and(|mode| mode & 0o100 != 0);
        let kind = if *kind == Kind::File && executable { Kind::Executable } else { kind.clone() };
        let new = match kind {
            Kind::Folder if *sha384 != Sha384::of(b"") => {
                return Err(format!("{path:?} is a folder with data"));
            }
            Kind::Folder => folders.insert(path.trim_end_matches('/').to_owned()),
            _ => files.insert(path.clone(), (kind, *sha384)).is_none(),
        };
        if !new {
            return Err(format!("lists {path:?} twice"));
        }
    }
    Ok((files, folders))
}

fn extracted(place: &Path) -> Result<(Files, BTreeSet<String>), String> {
    let (mut files, mut folders) = (Files::new(), BTreeSet::new());
    for file in WalkDir::new(place).min_depth(1) {
        let file = file.map_err(|error| error.to_string())?;
        let path =
            file.path().strip_prefix(place).expect("inside").to_str().ok_or("a name that is not UTF-8")?;
        let read = |error: std::io::Error| error.to_string();
        let (kind, bytes) = if file.path_is_symlink() {
            let target = fs::read_link(file.path()).map_err(read)?;
            (Kind::Link, target.into_os_string().into_vec())
        } else if file.file_type().is_dir() {
            folders.insert(path.to_owned());
            continue;
        } else if file.file_type().is_file() {
            let executable = file.metadata().map_err(|error| error.to_string())?.mode() & 0o100 != 0;
            (if executable { Kind::Executable } else { Kind::File }, fs::read(file.path()).map_err(read)?)
        } else {
            (Kind::Special, Vec::new())
        };
        files.insert(path.to_owned(), (kind, Sha384::of(&bytes)));
    }
    Ok((files, folders))
}
