//! `package --from-zip`: which archives are only of another form, and are their files those of the input?

use std::fs;
use std::path::Path;

use base64ct::{Base64, Encoding};
use countersign::files::artifact::Artifact;
use countersign::inventory::{FileMode, FileRecord};
use countersign::package::read;
use countersign::package::repack::{self, Repack};
use countersign::parallel::Threads;

use super::{Vector, clean, git, package, read_bytes, repository};

/// The vectors that the strict reader refuses for their form alone.
const OF_FORM: &[&str] = &[
    "archive-comment-end",
    "archive-comment-entry",
    "zip64-unneeded-end",
    "zip64-unneeded-end-repeats",
    "zip64-unneeded-extra-local",
    "zip64-unneeded-extra-local-repeats",
    "zip64-malformed-extra-empty",
    "headers-disagree-time",
    "headers-disagree-date",
    "headers-disagree-descriptor-local-crc",
    "headers-disagree-descriptor-local-packed",
    "descriptor-form-bare",
    "descriptor-form-wide",
    "bytes-between-wide-descriptor",
    "zip64-unneeded-descriptor",
    "descriptor-in-data",
    "version-needed-63",
    "version-needed-46",
    "version-needed-central",
    "version-needed-local",
    "version-needed-system",
    "method-unsupported-stored-descriptor",
    "extra-malformed-times",
    "extra-malformed-times-empty",
    "extra-malformed-times-flags",
    "extra-malformed-owner",
    "extra-malformed-owner-short",
    "extra-malformed-owner-16-bit",
    "extra-malformed-old-unix",
    "extra-malformed-ntfs",
    "extra-malformed-jar",
    "extra-malformed-pkware-unix",
    "extra-unknown-unicode-comment",
    "extra-duplicate-central",
    "extra-duplicate-local",
    "special-mode-setuid",
    "special-mode-setgid",
    "special-mode-sticky",
    "special-mode-without-type",
    "symlink-deflated",
];

fn repacked(bytes: &[u8]) -> Result<Repack, repack::RepackError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    repack::open(file.path(), Threads::one())
}

fn files(of: &[FileRecord]) -> Vec<&FileRecord> {
    of.iter().filter(|file| file.mode != FileMode::Folder).collect()
}

#[test]
fn archives_of_another_form_are_told_from_ambiguous_ones() {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("../vectors/packages/vectors.json")).unwrap();
    let mut of_form = Vec::new();
    for vector in &vectors {
        let bytes = Base64::decode_vec(&vector.zip).unwrap();
        let found = repacked(&bytes);
        match (read_bytes(&bytes), found) {
            (Ok(strict), Ok(found)) => assert_eq!(files(&strict), files(&found.files), "{}", vector.name),
            // A package has at least one file.
            (Ok(strict), Err(error)) => assert!(files(&strict).is_empty(), "{}: {error}", vector.name),
            (Err(_), Ok(_)) => of_form.push(vector.name.as_str()),
            (Err(_), Err(_)) => {}
        }
    }
    assert_eq!(of_form, OF_FORM);
}

#[test]
fn a_commit_that_git_archives_is_the_package_of_the_commit() {
    let home = tempfile::tempdir().unwrap();
    let folder = repository(home.path());
    // For git, an ordinary file is from MS-DOS, whose names outside ASCII unzip converts.
    git(home.path(), folder.path(), &["rm", "-q", "lib/Ünïcode ☃.txt"]);
    git(home.path(), folder.path(), &["commit", "-q", "-m", "second"]);
    let archive = home.path().join("shop.zip");
    let made = ["archive", "--format=zip", "-o", archive.to_str().unwrap(), "HEAD"];
    git(home.path(), folder.path(), &made);
    assert!(read_bytes(&fs::read(&archive).unwrap()).is_err(), "the commit's id is a comment");
    let from_zip = package(home.path(), folder.path(), &["--from-zip", archive.to_str().unwrap()], &[]);
    let from_commit = package(home.path(), folder.path(), &["--from", "HEAD"], &[]);
    assert_eq!(from_zip, from_commit);
}

#[test]
fn the_tool_that_wrote_an_archive_is_named() {
    let path = Path::new("a.zip");
    let by = |bytes: Vec<u8>| repack::writer(&Artifact::in_memory(path, bytes));
    assert_eq!(by(piped(&[("a", b"1")], b"")), Some("archiver of npm"));
    assert_eq!(by(piped(&[("a", b"1")], &[b'f'; 40])), Some("git archive"));
    let mut other = piped(&[("a\\b", b"1")], &[b'f'; 41]);
    let at = other.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    other[at + 4..at + 6].copy_from_slice(&[20, 0]);
    assert_eq!(by(other.clone()), Some("Windows PowerShell 5"));
    other[at + 5] = 3;
    assert_eq!(by(other), None);
    for nothing in [
        &b""[..],
        b"PK\x05\x06",
        &[0xff; 100],
        b"PK\x05\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        assert_eq!(by(nothing.to_vec()), None);
    }
}

/// A ZIP as a writer to a pipe makes it: stored entries, each with a data descriptor.
fn piped(entries: &[(&str, &[u8])], comment: &[u8]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in entries {
        let mut crc = libdeflater::crc32(data).to_le_bytes().to_vec();
        crc.extend([data.len() as u32; 2].iter().flat_map(|size| size.to_le_bytes()));
        let (offset, length) = (out.len() as u32, name.len() as u16);
        let mode: u32 = if name.ends_with('/') { 0o040_755 } else { 0o100_644 };
        let head = [20, 0, 8, 0, 0, 0, 0, 0, 33, 0];
        let tail = [&length.to_le_bytes()[..], &[0, 0]].concat();
        out.extend(
            [b"PK\x03\x04", &head[..], &[0; 12], &tail, name.as_bytes(), data, b"PK\x07\x08", &crc].concat(),
        );
        let kind = [&[0; 8][..], &(mode << 16).to_le_bytes(), &offset.to_le_bytes()].concat();
        directory.extend(
            [b"PK\x01\x02\x2d\x03", &head[..], &crc, &length.to_le_bytes(), &kind, name.as_bytes()].concat(),
        );
    }
    let start = out.len() as u32;
    let count = (entries.len() as u16).to_le_bytes();
    let (size, length) = (directory.len() as u32, comment.len() as u16);
    let numbers = [&size.to_le_bytes()[..], &start.to_le_bytes(), &length.to_le_bytes()].concat();
    [out, directory, b"PK\x05\x06\0\0\0\0".to_vec(), [count, count].concat(), numbers, comment.to_vec()]
        .concat()
}

#[test]
fn what_a_reader_could_take_for_a_record_is_refused() {
    let code = |entries: &[(&str, &[u8])], comment: &[u8]| match repacked(&piped(entries, comment)) {
        Ok(found) => format!("{} files", found.files.len()),
        Err(error) => error.to_string().rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned(),
    };
    let good: [(&str, &[u8]); 2] = [("app.py", b"print(1)\n"), ("pkg/__init__.py", b"")];
    assert_eq!(code(&good, b""), "2 files");
    assert_eq!(code(&good, b"0123456789abcdef0123456789abcdef01234567"), "2 files");
    assert_eq!(code(&good, &[b'x'; 8192]), "2 files");
    assert_eq!(code(&good, &[b'x'; 8193]), "archive-comment");
    for signature in [b"PK\x01\x02", b"PK\x03\x04", b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08"] {
        assert_eq!(code(&good, &signature[..]), "archive-comment", "{signature:?}");
    }
    assert_eq!(code(&good, b"PK\x05\x06"), "archive-comment");
    assert_eq!(code(&good, &piped(&good, b"")), "several-end-records");
    assert_eq!(code(&[("a", b"PK\x07\x08")], b""), "descriptor-in-data");
    assert_eq!(code(&[("a", b"PK\x07")], b""), "1 files");
    assert_eq!(code(&[("a", b"1"), ("a", b"2")], b""), "duplicate-name");
    assert_eq!(code(&[("a\\b", b"1")], b""), "name-backslash");
    assert_eq!(code(&[("d/", b"")], b""), "empty-archive");
}

#[test]
fn the_archive_itself_is_not_replaced_and_empty_folders_are_named() {
    let home = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("dist")).unwrap();
    let archive = folder.path().join("dist/shop.zip");
    let key = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", "MIG2".repeat(16));
    let entries: [(&str, &[u8]); 4] =
        [("app.py", b"1"), ("d/", b""), ("e/", b""), ("key.pem", key.as_bytes())];
    fs::write(&archive, piped(&entries, b"")).unwrap();
    let run = |output: &str| {
        let mut command = clean(env!("CARGO_BIN_EXE_countersign"), home.path());
        command.current_dir(folder.path()).args([
            "package",
            "--from-zip",
            "dist/shop.zip",
            "--output",
            output,
        ]);
        command.output().unwrap()
    };
    let refused = run("dist");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && said.contains("would replace the archive"), "{said}");
    assert!(said.contains("hint: pass another folder with `--output DIR`"), "{said}");
    let written = run("out");
    let said = String::from_utf8_lossy(&written.stderr).into_owned();
    assert!(written.status.success(), "{said}");
    assert!(said.contains("left out empty folders, which packages do not have: 2, such as `e`"), "{said}");
    assert!(said.contains("warning: secret-packaged: `key.pem` is a private key"), "{said}");
    let path = folder.path().join("out/shop.zip");
    let found = read::read(&Artifact::open(Path::new(&path)).unwrap(), Threads::one()).unwrap();
    assert_eq!(found.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["app.py", "key.pem"]);
}
