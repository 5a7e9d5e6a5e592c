//! Is a commit read as git reads it, and refused where git would not have written it?
//!
//! Generated trees: what is accepted, `git fsck --strict` has no complaint about, and `git archive` has the same files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use countersign::git::{Commit, GitError, History, Repository};
use countersign::hint::Hint;
use countersign::inventory::FileMode;
use countersign::limits::ANCESTORS_MAX;
use git2::{ObjectType, Oid};

use crate::support::{Ran, scratch, text, write};

const MODES: [&str; 18] = [
    "40000", "100644", "100755", "120000", "160000", "644", "0", "100664", "0100644", "040000", "40755",
    "140644", "100600", "120777", "160755", "10644", "1000000", "100666",
];

const NAMES: [&str; 28] = [
    "a",
    "a-",
    "a.",
    "a.b",
    "a0",
    "aa",
    "b",
    "B",
    "z",
    "",
    ".",
    "..",
    ".git",
    ".GIT",
    "git~1",
    ".git ",
    ".git:x",
    "x\\.git",
    ".g\u{200c}it",
    ".gitmodules",
    "gitmod~1",
    ".gitattributes",
    ".gitignore",
    "a/b",
    "\u{fc}",
    "\u{feff}",
    "con",
    "...",
];

/// What git mentions and takes: links that it does not follow.
const MENTIONED: [&str; 3] = ["gitattributesSymlink", "gitignoreSymlink", "mailmapSymlink"];

struct Yard {
    folder: tempfile::TempDir,
    git: git2::Repository,
    ours: Repository,
    file: Oid,
    folder_id: Oid,
    commit: Oid,
}

impl Yard {
    fn new() -> Self {
        let folder = scratch();
        let git = git2::Repository::init(folder.path()).expect("a repository");
        let odb = git.odb().expect("objects");
        let file = odb.write(ObjectType::Blob, b"[core]\n").expect("a file");
        let entry = [b"100644 f\0".as_slice(), file.as_bytes()].concat();
        let folder_id = odb.write(ObjectType::Tree, &entry).expect("a folder");
        let who = "A <a@example.org> 1700000000 +0000";
        let commit = format!("tree {folder_id}\nauthor {who}\ncommitter {who}\n\nx\n");
        let commit = odb.write(ObjectType::Commit, commit.as_bytes()).expect("a commit");
        let ours = Repository::find(folder.path()).expect("it is read").expect("it exists");
        drop(odb);
        Self { folder, git, ours, file, folder_id, commit }
    }

    fn entry(&self, (mode, name): (&str, &str)) -> Vec<u8> {
        let id = match mode.trim_start_matches('0') {
            "40000" | "40755" => self.folder_id,
            "160000" | "160755" => self.commit,
            _ => self.file,
        };
        [format!("{mode} {name}\0").as_bytes(), id.as_bytes()].concat()
    }

    fn tree(&self, bytes: &[u8]) -> Oid {
        self.git.odb().and_then(|odb| odb.write(ObjectType::Tree, bytes)).expect("a tree")
    }

    /// The files that we see below a tree.
    fn files(&self, tree: Oid) -> Result<BTreeMap<String, Option<FileMode>>, GitError> {
        let mut files = BTreeMap::new();
        let commit = Commit { id: String::new(), tree: tree.to_string() };
        self.ours.committed::<GitError>(&commit, "", |file| {
            files.insert(file.path, file.mode);
            Ok(())
        })?;
        Ok(files)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new("git");
        command
            .current_dir(self.folder.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", self.folder.path());
        Ran::of(command.args(arguments))
    }

    /// The trees that `git fsck --strict` says something about.
    fn complaints(&self) -> BTreeSet<String> {
        let ran = self.run(&["fsck", "--strict", "--no-dangling", "--no-progress"]);
        let said = format!("{}{}", ran.out(), ran.err());
        let lines = said.lines().filter(|line| !MENTIONED.iter().any(|known| line.contains(known)));
        lines
            .flat_map(|line| line.split([' ', ':', ',']))
            .filter(|word| word.len() == 40)
            .map(str::to_owned)
            .collect()
    }

    /// The files of `git archive`, with their modes: a submodule is an empty folder there.
    fn archived(&self, tree: Oid) -> BTreeMap<String, Option<FileMode>> {
        let ran = self.run(&["-c", "tar.umask=0022", "archive", "--format=tar", &tree.to_string()]);
        assert_eq!(ran.code, Some(0), "{ran}");
        let (mut files, mut rest) = (BTreeMap::new(), ran.output.stdout.as_slice());
        while let Some((header, after)) = rest.split_at_checked(512).filter(|(header, _)| header[0] != 0) {
            let text = |range: std::ops::Range<usize>| {
                let bytes = header[range].split(|byte| *byte == 0).next().unwrap_or_default();
                String::from_utf8_lossy(bytes).into_owned()
            };
            let octal = |range| u64::from_str_radix(text(range).trim(), 8).expect("a number");
            let (name, size) = (text(0..100), octal(124..136));
            let mode = match (header[156], octal(100..108)) {
                (b'0', 0o644) => Some(FileMode::Regular),
                (b'0', 0o755) => Some(FileMode::Executable),
                (b'2', _) => Some(FileMode::Link),
                (b'5', _) => None,
                (kind, mode) => panic!("{name}: {kind} {mode:o}"),
            };
            files.insert(name, mode);
            rest = &after[usize::try_from(size.div_ceil(512) * 512).expect("a size")..];
        }
        files
    }
}

#[test]
fn accepts_only_trees_that_git_accepts_and_archives_alike() {
    let yard = Yard::new();
    let mut trees: Vec<Vec<u8>> = Vec::new();
    for mode in MODES {
        trees.extend(NAMES.iter().map(|name| yard.entry((mode, name))));
    }
    // Pairs and triples, by a generator that is the same each time (Knuth's MMIX).
    let mut state = 7_u64;
    let mut pick = |count: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 33) % count as u64).expect("small")
    };
    for _ in 0..1500 {
        let mut names: Vec<&str> = (0..2 + pick(2)).map(|_| NAMES[pick(9)]).collect();
        if pick(3) > 0 {
            names.sort_unstable();
        }
        let modes = if pick(4) > 0 { 5 } else { MODES.len() };
        trees.push(names.iter().flat_map(|name| yard.entry((MODES[pick(modes)], name))).collect());
    }
    let good = yard.entry(("100644", "a"));
    trees.extend((1..good.len()).map(|end| good[..end].to_vec()));
    trees.push([b"100644 a\0".as_slice(), &[0; 20]].concat());
    let trees: BTreeSet<Oid> = trees.iter().map(|bytes| yard.tree(bytes)).collect();
    let accepted: Vec<(Oid, BTreeMap<String, Option<FileMode>>)> =
        trees.iter().filter_map(|tree| Some((*tree, yard.files(*tree).ok()?))).collect();
    let complaints = yard.complaints();
    let both: Vec<&Oid> =
        accepted.iter().map(|(tree, _)| tree).filter(|tree| complaints.contains(&tree.to_string())).collect();
    assert!(both.is_empty(), "git complains about {both:?}, and we accept them");
    // What git has no complaint about is accepted too.
    let refused = trees.iter().filter(|tree| !accepted.iter().any(|(known, _)| known == *tree));
    let strict: Vec<&Oid> = refused.filter(|tree| !complaints.contains(&tree.to_string())).collect();
    assert!(strict.is_empty(), "git has no complaint about {strict:?}, and we refuse them");
    assert!(accepted.len() > 150 && trees.len() > 1500, "{} of {}", accepted.len(), trees.len());
    for (tree, files) in accepted.iter().step_by(accepted.len() / 60) {
        let mut archived = yard.archived(*tree);
        archived.remove("pax_global_header");
        let folders: Vec<String> = archived.keys().filter(|name| name.ends_with('/')).cloned().collect();
        for folder in folders {
            archived.remove(&folder);
            if files.contains_key(folder.trim_end_matches('/')) {
                archived.insert(folder.trim_end_matches('/').into(), None);
            }
        }
        assert_eq!(&archived, files, "{tree}");
    }
}

#[test]
fn an_object_is_what_its_id_says() {
    let yard = Yard::new();
    let tree = yard.tree(&yard.entry(("100644", "a")));
    assert!(yard.files(tree).is_ok());
    // A loose object with other bytes than its name says.
    let other = yard.tree(&yard.entry(("100644", "b")));
    let place = |id: Oid| {
        let (folder, file) = (id.to_string()[..2].to_owned(), id.to_string()[2..].to_owned());
        yard.folder.path().join(".git/objects").join(folder).join(file)
    };
    std::fs::remove_file(place(tree)).expect("it is removed");
    std::fs::copy(place(other), place(tree)).expect("it is copied");
    let again = Repository::find(yard.folder.path()).expect("it is read").expect("it exists");
    let commit = Commit { id: String::new(), tree: tree.to_string() };
    let read = again.committed::<GitError>(&commit, "", |_| Ok(()));
    assert!(read.expect_err("another object").to_string().contains("hash"), "a tree of other bytes was read");
    // A folder that is a file, and a file that is a folder.
    let odd = yard.tree(&[b"40000 d\0".as_slice(), yard.file.as_bytes()].concat());
    assert!(yard.files(odd).expect_err("no tree").to_string().contains("is a blob, expected a tree"));
    for kind in [ObjectType::Blob, ObjectType::Commit] {
        let bytes = yard.entry(("100644", "a"));
        let id = yard.git.odb().and_then(|odb| odb.write(kind, &bytes)).expect("an object");
        assert!(yard.files(id).is_err(), "{kind}");
    }
}

#[test]
fn trees_that_unfold_are_refused_after_little_work() {
    let yard = Yard::new();
    let ten = |id: Oid, mode: &str| -> Vec<u8> {
        (0..10).flat_map(|n| [format!("{mode} {n}\0").as_bytes(), id.as_bytes()].concat()).collect()
    };
    let mut tree = yard.tree(&ten(yard.file, "100644"));
    for _ in 0..3 {
        tree = yard.tree(&ten(tree, "40000"));
    }
    assert_eq!(yard.files(tree).expect("10,000 files are no bomb").len(), 10_000);
    for _ in 0..8 {
        tree = yard.tree(&ten(tree, "40000"));
    }
    let error = yard.files(tree).expect_err("10^12 files");
    assert!(error.to_string().contains("expand to more than") && error.hint().is_some(), "{error}");
    // No files at all, and as many folders.
    let mut empty = yard.tree(b"");
    for _ in 0..12 {
        empty = yard.tree(&ten(empty, "40000"));
    }
    assert!(yard.files(empty).expect_err("10^12 folders").to_string().contains("expand to more than"));
    // Few names, with long paths: 4 names of 250 bytes above 12,000 names.
    let mut long =
        yard.tree(&(0..12_000).flat_map(|n| yard.entry(("100644", &format!("{n:05}")))).collect::<Vec<u8>>());
    for _ in 0..4 {
        long = yard.tree(&[format!("40000 {}\0", "x".repeat(250)).as_bytes(), long.as_bytes()].concat());
    }
    assert!(yard.files(long).expect_err("12 MB of paths").to_string().contains("expand to more than"));
    // A path that no system takes.
    let mut deep = yard.folder_id;
    for _ in 0..4000 {
        deep = yard.tree(&[b"40000 x\0".as_slice(), deep.as_bytes()].concat());
    }
    assert!(yard.files(deep).expect_err("a path of 8,000 bytes").to_string().contains("that is too long"));
}

#[test]
fn commits_and_tags_have_one_meaning() {
    let yard = Yard::new();
    let odb = yard.git.odb().expect("objects");
    let who = "A <a@example.org> 1700000000 +0000";
    let (tree, other) = (yard.folder_id, yard.tree(b""));
    let good = format!("tree {tree}\nauthor {who}\ncommitter {who}\n\nx\n");
    let write = |kind, text: &str| odb.write(kind, text.as_bytes()).expect("an object").to_string();
    let commit = write(ObjectType::Commit, &good);
    assert_eq!(yard.ours.commit(&commit).expect("a commit").tree, tree.to_string());
    for text in [
        format!("tree {tree}\ntree {other}\nauthor {who}\ncommitter {who}\n\nx\n"),
        format!("tree {tree}\nauthor {who}\ncommitter {who}\ntree {other}\n\nx\n"),
        format!("author {who}\ncommitter {who}\n\nx\n"),
        format!("tree {tree}\nparent {commit}\nauthor {who}\nparent {commit}\ncommitter {who}\n\nx\n"),
    ] {
        let odd = write(ObjectType::Commit, &text);
        assert!(yard.ours.commit(&odd).is_err() && yard.ours.peeled(&odd).is_err(), "{text}");
        let tag = write(ObjectType::Tag, &format!("object {odd}\ntype commit\ntag v1\ntagger {who}\n\nx\n"));
        assert!(yard.ours.peeled(&tag).is_err(), "{text}");
    }
    let tag = |object: &str, kind: &str| {
        write(ObjectType::Tag, &format!("object {object}\ntype {kind}\ntag v1\ntagger {who}\n\nx\n"))
    };
    let mut tags = tag(&commit, "commit");
    assert_eq!(yard.ours.peeled(&tags).expect("a tag").expect("a commit").id, commit);
    assert!(yard.ours.peeled(&tag(&commit, "tree")).is_err());
    assert!(yard.ours.peeled(&tag(&tree.to_string(), "tree")).expect("a tag").is_none());
    for _ in 0..20 {
        tags = tag(&tags, "tag");
    }
    let error = yard.ours.peeled(&tags).expect_err("21 tags");
    assert!(error.to_string().contains("leads to a chain of more than"), "{error}");
    let twice = format!("object {commit}\nobject {other}\ntype commit\ntag v1\ntagger {who}\n\nx\n");
    assert!(yard.ours.peeled(&write(ObjectType::Tag, &twice)).is_err());
}

#[test]
fn grafts_change_no_commit() {
    let yard = Yard::new();
    let run = |arguments: &[&str]| {
        let who = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
        let ran = yard.run(&[&who[..], arguments].concat());
        assert_eq!(ran.code, Some(0), "{ran}");
        ran.out().trim().to_owned()
    };
    for name in ["one", "two", "three"] {
        write(&yard.folder.path().join(name), name);
        run(&["add", "."]);
        run(&["commit", "-q", "-m", name]);
    }
    let [one, two, three] = ["HEAD~2", "HEAD~1", "HEAD"].map(|revision| run(&["rev-parse", revision]));
    graft(yard.folder.path(), &format!("{three} {one}\n"));
    assert_eq!(
        run(&["-c", "advice.graftFileDeprecated=false", "rev-parse", "HEAD~1"]),
        one,
        "git follows it"
    );
    let ours = Repository::find(yard.folder.path()).expect("it is read").expect("it exists");
    assert_eq!(ours.commit("HEAD").expect("a commit").id, three);
    let error = ours.commit("HEAD~1").expect_err("two meanings");
    assert!(error.to_string().contains("grafts") && error.hint().is_some(), "{error}");
    assert_eq!(ancestors(&ours, "HEAD"), (vec![two, one], false));
}

/// The ancestors of a commit, and whether the repository lacks some.
fn ancestors(repository: &Repository, revision: &str) -> (Vec<String>, bool) {
    let mut history = History::of(repository);
    let mut walk = history.ancestors(&repository.commit(revision).expect("a commit")).expect("a walk");
    let mut found = Vec::new();
    while let Some(id) = history.next(&mut walk, |_| Ok(true)).expect("history") {
        found.push(id);
    }
    (found, walk.is_cut())
}

#[test]
fn a_history_of_many_commits_ends_at_the_limit() {
    let yard = Yard::new();
    let odb = yard.git.odb().expect("objects");
    let mut last = String::new();
    for number in 0..=ANCESTORS_MAX + 1 {
        let parent = if last.is_empty() { String::new() } else { format!("parent {last}\n") };
        let who = format!("A <a@example.org> {} +0000", 1_700_000_000 + number);
        let text = format!("tree {}\n{parent}author {who}\ncommitter {who}\n\nx\n", yard.folder_id);
        last = odb.write(ObjectType::Commit, text.as_bytes()).expect("a commit").to_string();
    }
    let (found, cut) = ancestors(&yard.ours, &last);
    assert_eq!((found.len(), cut), (ANCESTORS_MAX, false));
}

fn graft(repository: &Path, lines: &str) {
    write(&repository.join(".git/info/grafts"), lines);
}

#[test]
fn history_is_what_git_lists_and_ends_with_a_word() {
    let yard = Yard::new();
    let odb = yard.git.odb().expect("objects");
    // A history with merges, wrong clocks and several refs, the same each time.
    let mut state = 3_u64;
    let mut pick = |count: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 33) % count as u64).expect("small")
    };
    let mut commits: Vec<Oid> = Vec::new();
    for number in 0..120 {
        let mut text = format!("tree {}\n", yard.folder_id);
        let parents: BTreeSet<Oid> = (0..pick(3))
            .filter_map(|_| commits.get(commits.len().checked_sub(1 + pick(6))?).copied())
            .collect();
        parents.iter().for_each(|parent| text.push_str(&format!("parent {parent}\n")));
        let time = 1_700_000_000 + number * 10 - if pick(7) == 0 { 10_000 } else { 0 };
        let who = format!("A <a@example.org> {time} +0000");
        text.push_str(&format!("author {who}\ncommitter {who}\n\n{number}\n"));
        commits.push(odb.write(ObjectType::Commit, text.as_bytes()).expect("a commit"));
    }
    for (name, at) in [("remotes/origin/a", 60), ("other/c", 119)] {
        yard.git.reference(&format!("refs/{name}"), commits[at], true, "").expect("a ref");
    }
    for tip in commits.iter().step_by(9).chain(commits.last()) {
        let listed = yard.run(&["rev-list", &tip.to_string()]).out();
        let listed: BTreeSet<String> =
            listed.lines().map(str::to_owned).filter(|id| *id != tip.to_string()).collect();
        let (found, cut) = ancestors(&yard.ours, &tip.to_string());
        assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), listed, "{tip}");
        assert_eq!((found.len(), cut), (listed.len(), false));
    }
    // A shallow clone ends before the first commit, and says so.
    let clone = scratch();
    let url = format!("file://{}", text(yard.folder.path()));
    let has_parent = |id: &&Oid| yard.git.find_commit(**id).expect("a commit").parent_count() > 0;
    let last = *commits.iter().rev().find(has_parent).expect("a child");
    yard.git.reference("refs/heads/main", last, true, "").expect("a ref");
    let ran = yard.run(&["clone", "-q", "--depth=1", "-b", "main", &url, text(&clone.path().join("c"))]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let shallow = Repository::find(&clone.path().join("c")).expect("it is read").expect("it exists");
    assert_eq!(ancestors(&shallow, "HEAD"), (Vec::new(), true));
    let error = shallow.commit(&commits[0].to_string()).expect_err("it is not there");
    assert!(error.hint().is_some_and(|hint| hint.contains("git fetch --unshallow")), "{error}");
}
