//! Packages: does the strict reader answer every vector, and does the same content give the same bytes?

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(target_os = "linux")]
mod memory;
mod repack;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;

use base64ct::{Base64, Encoding};
use countersign::files::artifact::Artifact;
use countersign::inventory::FileRecord;
use countersign::limits::AWS_UNZIPPED_BYTES;
use countersign::package::read::{self, ReadError};
use countersign::parallel::Threads;
use serde::Deserialize;
use tempfile::TempDir;

#[derive(Deserialize)]
struct Vector {
    name: String,
    expect: String,
    zip: String,
}

fn read_bytes(bytes: &[u8]) -> Result<Vec<FileRecord>, ReadError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    read::read(&Artifact::open(file.path()).unwrap(), Threads::per_core())
}

fn code(result: &Result<Vec<FileRecord>, ReadError>) -> String {
    match result {
        Ok(_) => "ok".into(),
        Err(ReadError::Malformed(fault)) => fault.code.into(),
        Err(ReadError::File(error)) => format!("file error: {error}"),
    }
}

#[test]
fn every_vector_gets_its_answer() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("vectors/packages/vectors.json")).unwrap();
    assert!(vectors.len() > 200);
    let wrong: Vec<String> = vectors
        .iter()
        .filter_map(|vector| {
            let answer = code(&read_bytes(&Base64::decode_vec(&vector.zip).unwrap()));
            (answer != vector.expect).then(|| format!("{}: {answer}, not {}", vector.name, vector.expect))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

/// rekor CVE-2023-30551: a small archive that unpacks to more than anybody deploys.
#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let mut bytes = Vec::new();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(&mut bytes));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    writer.start_file("zeros", options).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..=AWS_UNZIPPED_BYTES >> 20 {
        writer.write_all(&zeros).unwrap();
    }
    writer.finish().unwrap();
    assert_eq!(code(&read_bytes(&bytes)), "ratio");
}

/// A command in an environment of its own, as another developer's machine may have it.
fn clean(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home).env("LC_ALL", "C");
    for (name, value) in [
        ("GIT_AUTHOR_NAME", "a"),
        ("GIT_AUTHOR_EMAIL", "a@b"),
        ("GIT_COMMITTER_NAME", "a"),
        ("GIT_COMMITTER_EMAIL", "a@b"),
    ] {
        command.env(name, value);
    }
    command
}

fn git(home: &Path, folder: &Path, args: &[&str]) {
    let status = clean("git", home).current_dir(folder).args(args).output().unwrap();
    assert!(status.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&status.stderr));
}

/// A repository with names, modes, links and line endings that tools disagree about.
fn repository(home: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let put = |name: &str, bytes: &[u8]| {
        let file = path.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    };
    put("app.py", b"print('hi')\nprint('there')\n");
    put("lib/Ünïcode ☃.txt", "snow\n".as_bytes());
    put("lib/crlf.txt", b"kept\r\nas it is\r\n");
    put("lib/mixed.txt", b"one\r\ntwo\n");
    put("empty", b"");
    put("a.b/c", b"1");
    put("a/b", b"2");
    put("run.sh", b"#!/bin/sh\n");
    put("big.txt", "the quick brown fox\n".repeat(50_000).as_bytes());
    put(".gitignore", b"*.log\n/dist/\n");
    put("ignored.log", b"no");
    put("forced.log", b"yes");
    git(home, path, &["init", "-q", "-b", "main"]);
    git(home, path, &["config", "core.autocrlf", "false"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        fs::set_permissions(path.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("../app.py", path.join("lib/link.py")).unwrap();
    }
    git(home, path, &["add", "-A"]);
    git(home, path, &["add", "-f", "forced.log"]);
    git(home, path, &["commit", "-q", "-m", "first"]);
    folder
}

fn package(home: &Path, folder: &Path, args: &[&str], settings: &[(&str, &str)]) -> Vec<u8> {
    let out = tempfile::tempdir().unwrap();
    let mut command = clean(env!("CARGO_BIN_EXE_countersign"), home);
    command
        .current_dir(folder)
        .args(["package", "--output"])
        .arg(out.path())
        .args(args)
        .envs(settings.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file = fs::read_dir(out.path()).unwrap().next().unwrap().unwrap();
    fs::read(file.path()).unwrap()
}

fn names(package: &[u8]) -> Vec<String> {
    read_bytes(package).unwrap().into_iter().map(|file| file.path).collect()
}

#[test]
fn the_same_content_gives_the_same_bytes_everywhere() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let first = repository(home);
    let bytes = package(home, first.path(), &[], &[]);

    for threads in ["1", "2", "7"] {
        assert_eq!(package(home, first.path(), &["--threads", threads], &[]), bytes, "{threads} threads");
    }
    for setting in [("TZ", "Asia/Kathmandu"), ("LC_ALL", "tr_TR.UTF-8"), ("LANG", "de_DE.UTF-8")] {
        assert_eq!(package(home, first.path(), &[], &[setting]), bytes, "{setting:?}");
    }
    assert_eq!(package(home, first.path(), &["--from", "HEAD"], &[]), bytes, "from the commit");
    assert_eq!(package(home, first.path(), &["--tracked"], &[]), bytes, "tracked files alone");

    let clones = tempfile::tempdir().unwrap();
    for (name, config) in
        [("plain", "core.autocrlf=false"), ("crlf", "core.autocrlf=true"), ("mode", "core.fileMode=false")]
    {
        let place = clones.path().join(name);
        let from = first.path().to_str().unwrap();
        git(home, clones.path(), &["-c", config, "clone", "-q", from, place.to_str().unwrap()]);
        assert_eq!(package(home, &place, &[], &[]), bytes, "a clone with {config}");
        // The setting may be the user's own, and be gone when the package is made.
        git(home, &place, &["config", "core.autocrlf", "false"]);
        assert_eq!(package(home, &place, &[], &[]), bytes, "a clone made with {config}");
    }
}

#[cfg(unix)]
#[test]
fn umask_and_file_times_change_nothing() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let first = repository(home);
    let bytes = package(home, first.path(), &[], &[]);
    let clone = tempfile::tempdir().unwrap();
    let script = format!(
        "umask 077 && git clone -q '{}' clone && touch -d 2001-01-01 clone/app.py",
        first.path().display()
    );
    assert!(clean("sh", home).current_dir(clone.path()).args(["-c", &script]).status().unwrap().success());
    assert_eq!(package(home, &clone.path().join("clone"), &[], &[]), bytes);
}

#[test]
fn modes_come_from_git_and_ignored_files_stay_out() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let first = repository(home);
    let listed = names(&package(home, first.path(), &[], &[]));
    assert!(listed.contains(&"forced.log".to_owned()), "what git tracks goes in, whatever is ignored");
    assert!(!listed.contains(&"ignored.log".to_owned()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let before = package(home, first.path(), &[], &[]);
        fs::set_permissions(first.path().join("app.py"), fs::Permissions::from_mode(0o755)).unwrap();
        let executable = package(home, first.path(), &[], &[]);
        assert!(executable != before, "git sees the mode on disk");
        git(home, first.path(), &["config", "core.fileMode", "false"]);
        assert!(package(home, first.path(), &[], &[]) == before, "git sees the mode in the index");
    }
}

#[test]
fn a_developers_global_settings_change_nothing() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let first = repository(home);
    fs::write(first.path().join("new.tmp"), "untracked").unwrap();
    let bytes = package(home, first.path(), &[], &[]);
    assert!(names(&bytes).contains(&"new.tmp".to_owned()));
    fs::create_dir_all(home.join(".config/git")).unwrap();
    fs::write(home.join(".config/git/ignore"), "*.tmp\n").unwrap();
    fs::write(home.join("excludes"), "*.tmp\n").unwrap();
    let settings = "[core]\nautocrlf = true\nfileMode = false\nexcludesFile = ~/excludes\n";
    fs::write(home.join(".gitconfig"), settings).unwrap();
    assert_eq!(package(home, first.path(), &[], &[]), bytes);
}

#[test]
fn source_date_epoch_is_the_time_of_every_entry() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let first = repository(home);
    let fixed = package(home, first.path(), &[], &[]);
    let moved = package(home, first.path(), &[], &[("SOURCE_DATE_EPOCH", "1700000000")]);
    assert_ne!(fixed, moved);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&moved)).unwrap();
    let time = archive.by_index(0).unwrap().last_modified().unwrap();
    assert_eq!((time.year(), time.month(), time.day(), time.hour()), (2023, 11, 14, 22));
}

#[test]
fn what_goes_in_comes_out() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let first = repository(home);
    let bytes = package(home, first.path(), &[], &[]);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
    let mut text = String::new();
    archive.by_name("lib/Ünïcode ☃.txt").unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "snow\n");
    assert_eq!(archive.by_name("run.sh").unwrap().unix_mode(), Some(0o100_755));
    assert_eq!(archive.by_name("app.py").unwrap().unix_mode(), Some(0o100_644));
    let mut sorted = names(&bytes);
    sorted.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    let in_archive: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(in_archive, sorted, "entries are in the order of their path bytes");
}

/// Over 65,535 entries need ZIP64 records, which the strict reader and the `zip` crate read alike.
#[test]
fn seventy_thousand_files_make_a_zip64_package() {
    let home = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for part in 0..70 {
        let below = folder.path().join(format!("{part:02}"));
        fs::create_dir(&below).unwrap();
        for file in 0..1000 {
            fs::write(below.join(format!("{file:03}")), []).unwrap();
        }
    }
    let bytes = package(home.path(), folder.path(), &[], &[]);
    assert_eq!(names(&bytes).len(), 70_000);
    assert_eq!(zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap().len(), 70_000);
}

/// gix RUSTSEC-2024-0349: tree entries that no checkout could have.
#[test]
fn hand_made_trees_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    for name in ["..", ".git", ".GIT", "a/b", "."] {
        let folder = repository(home);
        let repository = git2::Repository::open(folder.path()).unwrap();
        let blob = repository.blob(b"x").unwrap();
        let mut tree = format!("100644 {name}\0").into_bytes();
        tree.extend(blob.as_bytes());
        let tree = repository.odb().unwrap().write(git2::ObjectType::Tree, &tree).unwrap();
        let commit = format!("tree {tree}\nauthor a <a@b> 0 +0000\ncommitter a <a@b> 0 +0000\n\nx\n");
        let commit = repository.odb().unwrap().write(git2::ObjectType::Commit, commit.as_bytes()).unwrap();
        let output = clean(env!("CARGO_BIN_EXE_countersign"), home)
            .current_dir(folder.path())
            .args(["package", "--from", &commit.to_string()])
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        assert!(stderr.contains(&format!("has an entry {name:?}")), "{name}: {stderr}");
        assert!(!folder.path().join("dist").exists(), "nothing is written");
    }
}

/// Refusals of the package step name the path, end with status 2 and write nothing.
#[cfg(unix)]
#[test]
fn what_cannot_be_packaged_is_named() {
    use std::os::unix::fs::symlink;
    let home = tempfile::tempdir().unwrap();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n";
    type Spoil = (&'static str, &'static str, fn(&Path));
    let cases: [Spoil; 8] = [
        ("back\\slash", "backslash", |folder| fs::write(folder.join("back\\slash"), "x").unwrap()),
        ("con.txt", "device", |folder| fs::write(folder.join("con.txt"), "x").unwrap()),
        ("dot.", "Windows drops", |folder| fs::write(folder.join("dot."), "x").unwrap()),
        ("a.TXT", "fold case", |folder| {
            fs::write(folder.join("a.TXT"), "x").unwrap();
            fs::write(folder.join("A.txt"), "x").unwrap();
        }),
        ("out", "leaves the package", |folder| symlink("../outside", folder.join("out")).unwrap()),
        ("abs", "leaves the package", |folder| symlink("/etc/passwd", folder.join("abs")).unwrap()),
        ("pipe", "not a file", |folder| {
            assert!(Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());
        }),
        ("new", "control character", |folder| fs::write(folder.join("new\nline"), "x").unwrap()),
    ];
    for (name, why, spoil) in cases {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("app.py"), "x").unwrap();
        spoil(folder.path());
        refused(home.path(), folder.path(), name, why);
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("model.bin"), pointer).unwrap();
    refused(home.path(), folder.path(), "model.bin", "LFS pointer");
}

#[cfg(unix)]
fn refused(home: &Path, folder: &Path, name: &str, why: &str) {
    let output =
        clean(env!("CARGO_BIN_EXE_countersign"), home).current_dir(folder).arg("package").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
    assert!(stderr.contains(name) && stderr.contains(why), "{name}, {why}: {stderr}");
    let left: Vec<_> = walkdir::WalkDir::new(folder.join("dist"))
        .into_iter()
        .flatten()
        .filter(|e| e.file_type().is_file())
        .collect();
    assert!(left.is_empty(), "{name}: {left:?}");
}

#[test]
fn a_submodule_is_refused_by_name() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (inner, outer) = (repository(home), repository(home));
    let url = inner.path().to_str().unwrap();
    git(home, outer.path(), &["-c", "protocol.file.allow=always", "submodule", "add", "-q", url, "vendored"]);
    git(home, outer.path(), &["commit", "-q", "-m", "submodule"]);
    for args in [&["package"][..], &["package", "--from", "HEAD"]] {
        let output = clean(env!("CARGO_BIN_EXE_countersign"), home)
            .current_dir(outer.path())
            .args(args)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("`vendored` is a submodule"), "{stderr}");
    }
}
