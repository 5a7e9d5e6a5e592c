//! Do other archive tools find in our package what went into it: names, modes and bytes?

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use sha2::{Digest, Sha384};
use walkdir::WalkDir;

use crate::peers::peer::{Peer, printed, script, succeeded, told};
use crate::peers::release::{Entry, FILE, LINK, Release, read, scratch, text, write};

#[test]
fn unzip_extracts_what_was_packed() {
    lists_and_extracts("unzip", &["-Z1"], "", &["-q"], kept);
}

#[test]
fn bsdtar_extracts_what_was_packed() {
    lists_and_extracts("bsdtar", &["-tf"], "", &["-xf"], kept);
}

#[test]
fn seven_zip_extracts_what_was_packed() {
    lists_and_extracts("7z", &["l", "-slt", "-ba"], "Path = ", &["x"], kept);
}

/// `jar` keeps neither modes nor links.
#[test]
fn jar_extracts_what_was_packed() {
    lists_and_extracts("jar", &["tf"], "", &["xf"], plain);
}

/// Python's `zipfile` knows the modes, and extracts without them.
#[test]
fn zipfile_extracts_what_was_packed() {
    let (Some(python), release) = (Peer::python("zipfile"), Release::shared()) else {
        return;
    };
    let (artifact, folder) = (release.artifact(), scratch());
    let script = script("zipfile_extract.py");
    let listing = printed(&python.ask([&script, text(&artifact), text(folder.path())]));
    let expected: Vec<_> = packed(&release)
        .into_iter()
        .map(|(name, found)| format!("{:o} {} {name}", found.mode, found.size))
        .collect();
    assert_eq!(listing.lines().collect::<Vec<_>>(), expected);
    assert_eq!(plain(extracted(folder.path())), plain(packed(&release)));
}

#[test]
fn the_zip_crate_extracts_what_was_packed() {
    let (release, folder) = (Release::shared(), scratch());
    let file = File::open(release.artifact()).expect("the artifact is there");
    let mut archive = zip::ZipArchive::new(file).expect("a ZIP");
    let listed: Vec<_> = archive.file_names().map(|name| name.expect("a name")).collect();
    assert_eq!(listed, names(&release));
    archive.extract(folder.path()).expect("extracts");
    assert_eq!(extracted(folder.path()), packed(&release));
}

/// Without links: strip-nondeterminism makes a plain file of every link in every ZIP.
#[test]
fn strip_nondeterminism_changes_nothing() {
    let Some(strip) = Peer::find("strip-nondeterminism") else {
        return;
    };
    let (release, folder) = (Release::without_links(), scratch());
    let (before, copy) = (read(&release.artifact()), folder.path().join("copy.zip"));
    write(&copy, &before);
    printed(&strip.ask([text(&copy)]));
    assert!(read(&copy) == before, "strip-nondeterminism changed the package");
}

#[test]
fn zipdetails_finds_nothing_to_say() {
    const SAID: [&str; 4] = ["WARNING", "ERROR", "Unexpected", " DATA"];
    let (Some(zipdetails), release) = (Peer::find("zipdetails"), Release::shared()) else {
        return;
    };
    let output = zipdetails.ask([text(&release.artifact())]);
    assert!(succeeded(&output) && output.stderr.is_empty(), "{}", told(&output));
    let details = printed(&output);
    assert!(!SAID.iter().any(|word| details.contains(word)), "{details}");
    for header in ["LOCAL HEADER #", "CENTRAL HEADER #"] {
        assert_eq!(details.matches(header).count(), release.entries().len(), "{details}");
    }
}

/// Asks a tool for the names, each on a line that begins with `before_name`, and for the content,
/// which is to be what was packed, as far as such a tool keeps it.
fn lists_and_extracts(
    tool: &str,
    list: &[&str],
    before_name: &str,
    extract: &[&str],
    keeps: fn(Content) -> Content,
) {
    let (Some(tool), release) = (Peer::find(tool), Release::shared()) else {
        return;
    };
    let (artifact, folder) = (release.artifact(), scratch());
    let listing = printed(&tool.ask([list, &[text(&artifact)]].concat()));
    let lines = listing.lines();
    let listed: Vec<_> = lines.filter_map(|line| line.strip_prefix(before_name)).collect();
    assert_eq!(listed, names(&release));
    printed(&tool.ask_in(folder.path(), [extract, &[text(&artifact)]].concat()));
    assert_eq!(keeps(extracted(folder.path())), keeps(packed(&release)));
}

/// Paths, and what is there.
type Content = BTreeMap<String, Found>;

/// What an archive says of one path; a link's bytes are its target.
#[derive(Debug, PartialEq)]
struct Found {
    mode: u32,
    size: usize,
    sha384: Vec<u8>,
}

impl Found {
    fn new(mode: u32, bytes: &[u8]) -> Self {
        // A link's own permissions mean nothing, and every tool invents some.
        let mode = if mode & 0o170_000 == LINK { LINK } else { mode };
        Self { mode, size: bytes.len(), sha384: Sha384::digest(bytes).to_vec() }
    }
}

/// What went into the package.
fn packed(release: &Release) -> Content {
    let found = |entry: &Entry| Found::new(entry.mode, &entry.bytes);
    release.entries().iter().map(|entry| (entry.path.to_owned(), found(entry))).collect()
}

/// What came out of it.
fn extracted(folder: &Path) -> Content {
    let paths = WalkDir::new(folder).into_iter();
    paths
        .map(|file| file.expect("readable"))
        .filter(|file| !file.file_type().is_dir())
        .map(|file| {
            let name = file.path().strip_prefix(folder).expect("inside");
            let bytes = if file.path_is_symlink() {
                let target = fs::read_link(file.path()).expect("a link");
                target.into_os_string().into_vec()
            } else {
                read(file.path())
            };
            let mode = file.metadata().expect("metadata").mode();
            (text(name).to_owned(), Found::new(mode, &bytes))
        })
        .collect()
}

/// The same through a tool that loses nothing.
fn kept(content: Content) -> Content {
    content
}

/// The same through a tool that makes a plain file of everything.
fn plain(mut content: Content) -> Content {
    for found in content.values_mut() {
        found.mode = FILE;
    }
    content
}

/// The names in the order of the package, sorted by their bytes.
fn names(release: &Release) -> Vec<&'static str> {
    let mut names: Vec<_> = release.entries().iter().map(|entry| entry.path).collect();
    names.sort_unstable();
    names
}
