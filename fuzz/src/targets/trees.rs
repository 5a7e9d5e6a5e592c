//! Tree objects: what is read of a commit is what git itself would take for one.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use countersign::git::bare::Bare;
use countersign::git::{GitError, Repository};
use git2::{ObjectType, Oid};
use tempfile::TempDir;

use super::choices::Choices;

/// A repository with a blob and two folders, whose ids are the same in every run.
struct Scene {
    folder: TempDir,
    inner: git2::Repository,
    opened: Repository,
    bare: Bare,
    blob: Oid,
    empty: Oid,
    inside: Oid,
}

/// One entry of a tree, as written.
#[derive(Debug)]
struct Entry<'a> {
    mode: &'a str,
    name: &'a [u8],
    id: Oid,
}

thread_local! {
    static SCENE: RefCell<Option<Scene>> = const { RefCell::new(None) };
}

pub fn run(tree: &[u8]) {
    SCENE.with_borrow_mut(|scene| scene.get_or_insert_with(Scene::new).check(tree));
}

const MODES: [&str; 22] = [
    "100644",
    "100755",
    "120000",
    "40000",
    "160000",
    "100664",
    "040000",
    "0100644",
    "644",
    "140644",
    "0",
    "100600",
    "100777",
    "120777",
    "40755",
    "160644",
    "10644",
    "1100644",
    "100648",
    "",
    "+100644",
    "37777700644",
];

const NAMES: [&[u8]; 24] = [
    b"a",
    b"b",
    b"a.b",
    b"a0",
    b"a-",
    b"B",
    b".git",
    b".GIT",
    b"git~1",
    b".",
    b"..",
    b"",
    b"a/b",
    b"\xff",
    b".git\xe2\x80\x8c",
    b".gi\xc4\xb1t",
    b".gitmodules",
    b"a\\b",
    b"con",
    b"a:b",
    b" ",
    b"z",
    b".git ",
    b".git.",
];

/// A tree from parts: entries of any mode and name, in git's order except where the input says otherwise.
pub fn run_entries(bytes: &[u8]) {
    SCENE.with_borrow_mut(|scene| {
        let scene = scene.get_or_insert_with(Scene::new);
        let mut choices = Choices::new(bytes);
        let mut entries = Vec::new();
        for _ in 0..choices.below(6) {
            let mode = choices.one_of(&MODES);
            let name = if choices.rarely() { choices.bytes(8) } else { choices.one_of(&NAMES) };
            let folder = if choices.rarely() { scene.inside } else { scene.empty };
            let usual = if mode.ends_with("40000") { folder } else { scene.blob };
            let id = if choices.rarely() {
                choices.one_of(&[scene.blob, scene.inside, Oid::ZERO_SHA1])
            } else {
                usual
            };
            entries.push(Entry { mode, name, id });
        }
        if !choices.rarely() {
            entries.sort_by_key(sort_key);
        }
        let mut tree = Vec::new();
        for Entry { mode, name, id } in entries {
            tree.extend([mode.as_bytes(), b" ", name, b"\0", id.as_bytes()].concat());
        }
        scene.check(&tree);
    });
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let inner = git2::Repository::init(folder.path()).expect("a repository can be made");
        let opened = Repository::find(folder.path()).expect("the repository can be read");
        let opened = opened.expect("the repository is there");
        let bare = Bare::open_or_create(inner.path()).expect("the repository can be read");
        let put = |kind, bytes: &[u8]| {
            inner.odb().and_then(|odb| odb.write(kind, bytes)).expect("it can be written")
        };
        let blob = put(ObjectType::Blob, b"x");
        let empty = put(ObjectType::Tree, b"");
        let inside = put(ObjectType::Tree, &[b"100644 x\0", blob.as_bytes()].concat());
        Self { folder, opened, bare, blob, empty, inside, inner }
    }

    fn check(&self, tree: &[u8]) {
        let odb = self.inner.odb().expect("the repository can be read");
        let tree_id = odb.write(ObjectType::Tree, tree).expect("a tree can be written");
        let commit = format!("tree {tree_id}\nauthor a <a@b> 0 +0000\ncommitter a <a@b> 0 +0000\n\nx\n");
        let commit = odb.write(ObjectType::Commit, commit.as_bytes()).expect("a commit can be written");

        let expected = strict(tree);
        let mut files = Vec::new();
        let read = self.opened.commit(&commit.to_string()).and_then(|commit| {
            self.opened.committed(&commit, "", |file| {
                files.push(file);
                Ok::<(), GitError>(())
            })
        });
        let ordinary = |entry: &Entry<'_>| {
            let folder = entry.mode != "40000" || [self.empty, self.inside].contains(&entry.id);
            folder && !entry.id.is_zero() && entry.name.iter().all(u8::is_ascii_alphanumeric)
        };
        if expected.as_ref().is_some_and(|entries| entries.iter().all(ordinary)) {
            assert!(read.is_ok(), "a tree that git writes is refused: {:?}", read.err());
        }
        if read.is_ok() {
            let entries = expected.as_ref().expect("git takes the tree for sound");
            let mut paths = Vec::new();
            for entry in entries {
                let name = String::from_utf8_lossy(entry.name).into_owned();
                match entry.mode {
                    "40000" if entry.id == self.inside => paths.push((format!("{name}/x"), Some(0o100_644))),
                    "40000" => {}
                    "160000" => paths.push((name, None)),
                    mode => paths.push((name, u32::from_str_radix(mode, 8).ok())),
                }
            }
            let unix = |mode: u32| if mode == 0o120_777 { 0o120_000 } else { mode };
            let read = files.iter().map(|file| (file.path.clone(), file.mode.map(|mode| unix(mode.unix()))));
            let mut read = read.collect::<Vec<_>>();
            read.sort();
            paths.sort();
            assert_eq!(read, paths, "a tree is read in two ways");
        }
        let folder = self.opened.commit(&commit.to_string()).and_then(|commit| self.bare.top(&commit));
        if let Ok(read) = folder.and_then(|folder| self.bare.entries(folder)) {
            let names =
                |entries: &[Entry<'_>]| entries.iter().map(|entry| entry.name.to_vec()).collect::<Vec<_>>();
            let entries = expected.as_ref().expect("git takes the tree for sound");
            let read = read.iter().map(|entry| entry.name.clone()).collect::<Vec<_>>();
            assert_eq!(read, names(entries), "a folder is read in two ways");
        }
        // Millions of inputs would fill the disk.
        for id in [tree_id, commit] {
            if ![self.blob, self.empty, self.inside].contains(&id) {
                let _ = std::fs::remove_file(loose(self.folder.path(), id));
            }
        }
    }
}

fn loose(folder: &Path, id: Oid) -> PathBuf {
    let id = id.to_string();
    folder.join(".git/objects").join(&id[..2]).join(&id[2..])
}

/// Git's order: a folder sorts as if its name ended in a slash (`base_name_compare`).
fn sort_key(entry: &Entry<'_>) -> Vec<u8> {
    let slash: &[u8] = if entry.mode.ends_with("40000") { b"/" } else { b"" };
    [entry.name, slash].concat()
}

/// The entries of a tree without any of the faults that `git fsck` names (`fsck_tree`).
fn strict(tree: &[u8]) -> Option<Vec<Entry<'_>>> {
    let (mut rest, mut entries) = (tree, Vec::<Entry<'_>>::new());
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ')?;
        let mode = std::str::from_utf8(&rest[..space]).ok()?;
        rest = &rest[space + 1..];
        let end = rest.iter().position(|byte| *byte == 0)?;
        let (name, id) = (&rest[..end], rest.get(end + 1..end + 21)?);
        rest = &rest[end + 21..];
        let known = ["100644", "100755", "120000", "40000", "160000"].contains(&mode);
        let hostile = name.is_empty()
            || name.contains(&b'/')
            || [&b"."[..], b".."].contains(&name)
            || name.eq_ignore_ascii_case(b".git");
        let entry = Entry { mode, name, id: Oid::from_bytes(id).ok()? };
        let in_order = entries.last().is_none_or(|last| sort_key(last) < sort_key(&entry));
        let new = entries.iter().all(|other| other.name != name);
        if !known || hostile || !in_order || !new {
            return None;
        }
        entries.push(entry);
    }
    Some(entries)
}

pub fn seeds() -> Vec<Vec<u8>> {
    let scene = Scene::new();
    let entry = |mode: &str, name: &str, id: Oid| {
        [mode.as_bytes(), b" ", name.as_bytes(), b"\0", id.as_bytes()].concat()
    };
    let all = [
        entry("100644", "a", scene.blob),
        entry("120000", "a.b", scene.blob),
        entry("40000", "d", scene.inside),
        entry("100755", "e", scene.blob),
        entry("160000", "m", scene.blob),
        entry("40000", "z", scene.empty),
    ];
    let mut seeds = all.to_vec();
    seeds.push(all.concat());
    seeds.push(vec![]);
    seeds
}
