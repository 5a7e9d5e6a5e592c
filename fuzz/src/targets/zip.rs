//! ZIP archives: the strict reader, and the `zip` crate as second reader of the directory and of the stream.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use countersign::digest::Sha384;
use countersign::files::artifact::Artifact;
use countersign::inventory::{FileMode, FileRecord};
use countersign::package::{read, repack};
use countersign::parallel::Threads;

/// What a reader sees: for each name, a folder's with its slash, the digest of the content.
type Seen = BTreeMap<String, Sha384>;

pub fn run(bytes: &[u8]) {
    let files = super::in_file(bytes, |path| {
        let artifact = Artifact::open(path).expect("the file was just written");
        read::read(&artifact, Threads::one())
    });
    if let Ok(files) = files {
        agree(bytes, &files);
        return;
    }
    let repacked = super::in_file(bytes, |path| repack::open(path, Threads::one()));
    if let Ok(repacked) = repacked {
        agree_on_files(bytes, &repacked.files);
    }
}

/// Checks that a reader of the directory sees the files that are repacked, if it can read the archive.
fn agree_on_files(bytes: &[u8], files: &[FileRecord]) {
    let ours: Seen = files.iter().map(|file| (file.path.clone(), file.sha384)).collect();
    let Ok(mut archive) = ::zip::ZipArchive::new(Cursor::new(bytes)) else { return };
    let mut theirs = Seen::new();
    for index in 0..archive.len() {
        let Ok(mut entry) = archive.by_index(index) else { return };
        let Ok((name, content)) = content(&mut entry) else { return };
        if !name.ends_with('/') {
            theirs.insert(name, content);
        }
    }
    assert_eq!(ours, theirs, "an archive that is repacked is read in two ways");
}

/// Checks that other readers see the files that the strict reader sees.
pub fn agree(bytes: &[u8], files: &[FileRecord]) {
    let name = |file: &FileRecord| match file.mode {
        FileMode::Folder => format!("{}/", file.path),
        _ => file.path.clone(),
    };
    let ours: Seen = files.iter().map(|file| (name(file), file.sha384)).collect();
    let links = files.iter().filter(|file| file.mode == FileMode::Link).map(name).collect::<Vec<_>>();

    let mut archive = ::zip::ZipArchive::new(Cursor::new(bytes)).expect("the other reader opens the archive");
    let (mut theirs, mut their_links) = (Seen::new(), Vec::new());
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).expect("the other reader finds the entry");
        let (name, content) = content(&mut entry).expect("the other reader unpacks the entry");
        // To this reader alone, a folder of mode 0177777 is a link, without a target.
        if entry.is_symlink() && !name.ends_with('/') {
            their_links.push(name.clone());
        }
        assert!(theirs.insert(name, content).is_none(), "the other reader sees a name twice");
    }
    their_links.sort();
    assert_eq!(ours, theirs, "the directory is read in two ways");
    assert_eq!(links, their_links, "links are read in two ways");

    // What a reader of a stream sees, up to the first entry whose size it cannot know.
    let (mut stream, mut streamed) = (Cursor::new(bytes), Seen::new());
    let complete = loop {
        match ::zip::read::read_zipfile_from_stream(&mut stream) {
            Ok(None) => break true,
            Err(_) => break false,
            Ok(Some(mut entry)) => {
                // A reader of streams may stop at an entry; it must not read another one.
                let Ok((name, content)) = content(&mut entry) else { break false };
                assert_eq!(ours.get(&name), Some(&content), "{name:?} is not the same in a stream");
                assert!(streamed.insert(name, content).is_none(), "a name is twice in a stream");
            }
        }
    };
    assert!(!complete || streamed == ours, "a stream's reader sees other files");
}

fn content<R: Read>(entry: &mut ::zip::read::ZipFile<'_, R>) -> std::io::Result<(String, Sha384)> {
    let mut content = Vec::new();
    entry.read_to_end(&mut content)?;
    let name = entry.name().map_err(std::io::Error::other)?.into_owned();
    Ok((name, Sha384::of(&content)))
}

pub fn seeds() -> Vec<Vec<u8>> {
    let vectors = include_str!("../../../tests/vectors/packages/vectors.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).expect("the vectors are JSON");
    let vectors = vectors.as_array().into_iter().flatten();
    vectors.filter_map(|vector| decode(vector["zip"].as_str()?)).collect()
}

/// The bytes of a vector, if it has them in base64.
fn decode(text: &str) -> Option<Vec<u8>> {
    use base64ct::{Base64, Encoding};
    Base64::decode_vec(text).ok()
}
