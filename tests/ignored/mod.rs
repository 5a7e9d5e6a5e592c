//! What git ignores: our answer is git's, for real rule files and for generated ones.
//!
//! `COUNTERSIGN_IGNORED=SEED,COUNT` generates other and more trees than the test does.

mod generate;
mod kinds;
mod real;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use countersign::git::Repository;
use countersign::git::ignore::{Folder, Ignore};

use self::generate::Dice;
use crate::support::{scratch, text};

const SEED: u64 = 1;
/// Trees, each with rules of its own, in one repository: enough to find each mistake that was made on purpose.
const TREES: usize = 400;

type Paths = BTreeSet<Vec<u8>>;

/// A path on disk.
fn at(folder: &Path, path: &[u8]) -> std::path::PathBuf {
    folder.join(OsStr::from_bytes(path))
}

/// Git, without the settings of the user and of the system.
fn git(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new("git");
    command.current_dir(folder).env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("LC_ALL", "C.UTF-8")]);
    command.args([
        "-c",
        "user.name=Ada",
        "-c",
        "user.email=ada@example.org",
        "-c",
        "protocol.file.allow=always",
    ]);
    let output = command.args(arguments).output().expect("git starts");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {words}");
    output.stdout
}

/// The files that git finds and does not track or ignore, below the folder.
fn of_git(folder: &Path) -> Paths {
    let exclude = git(folder, &["rev-parse", "--git-path", "info/exclude"]);
    let exclude = folder.join(OsStr::from_bytes(exclude.trim_ascii_end()));
    let mut arguments = vec!["ls-files", "-z", "-o", "--exclude-per-directory=.gitignore"];
    let from = format!("--exclude-from={}", text(&exclude));
    if exclude.exists() {
        arguments.push(&from);
    }
    let listed = git(folder, &arguments);
    listed.split(|byte| *byte == 0).filter(|path| !path.is_empty()).map(Vec::from).collect()
}

/// The same by our own matcher.
fn ours(folder: &Path) -> Paths {
    let repository = Repository::find(folder).expect("git's data can be read").expect("a repository");
    let index = repository.index().expect("an index");
    let ignore = Ignore::of(&repository, &index).expect("the rules can be read");
    let tracked = git(folder, &["ls-files", "-z"]);
    let tracked: Paths = tracked.split(|byte| *byte == 0).map(Vec::from).collect();
    let mut found = Paths::new();
    list(folder, b"", ignore.folder(b"").expect("the top has rules"), &mut found);
    found.difference(&tracked).cloned().collect()
}

fn list(top: &Path, path: &[u8], rules: Folder<'_>, found: &mut Paths) {
    for entry in at(top, path).read_dir().expect("a folder") {
        let entry = entry.expect("an entry");
        let (name, is_folder) = (entry.file_name(), entry.file_type().expect("a type").is_dir());
        let below = [path, name.as_bytes()].concat();
        if name == ".git" || rules.ignores(name.as_bytes(), is_folder).expect("an answer") {
            continue;
        }
        if is_folder {
            list(
                top,
                &[&below, b"/".as_slice()].concat(),
                rules.open(name.as_bytes()).expect("rules"),
                found,
            );
        } else {
            found.insert(below);
        }
    }
}

/// Compares our answer with git's.
fn compare(folder: &Path, what: &str) {
    let (git, ours) = (of_git(folder), ours(folder));
    let shown = |a: &Paths, b: &Paths| {
        let only = a.difference(b).take(5).map(|path| {
            let rules = Path::new(OsStr::from_bytes(path)).ancestors().skip(1).map(|above| {
                let rules = fs::read(folder.join(above).join(".gitignore")).unwrap_or_default();
                rules.escape_ascii().to_string()
            });
            format!("{} with {:?}", path.escape_ascii(), rules.collect::<Vec<_>>())
        });
        only.collect::<Vec<_>>().join("\n")
    };
    assert!(git == ours, "{what}\ngit only:\n{}\nours only:\n{}", shown(&git, &ours), shown(&ours, &git));
}

/// Writes a tree with rules of its own into a folder; returns its paths.
fn plant(dice: &mut Dice, folder: &Path) -> Vec<Vec<u8>> {
    fs::create_dir(folder).expect("a folder");
    let (mut folders, mut paths) = (vec![Vec::new()], Vec::new());
    for _ in 0..4 + dice.below(9) {
        let path = [dice.one(&folders), generate::name(dice)].concat();
        let (on_disk, kind) = (at(folder, &path), dice.below(20));
        if on_disk.symlink_metadata().is_ok() {
            continue;
        }
        if kind < 8 && folders.len() < 12 {
            fs::create_dir(&on_disk).expect("a folder");
            let below = [path.as_slice(), b"/"].concat();
            paths.push([below.as_slice(), b"f"].concat());
            fs::write(on_disk.join("f"), "").expect("a file");
            folders.extend([below.clone(), below]);
        } else if kind == 8 {
            let target = dice.one(&[".", "..", "nowhere"]);
            std::os::unix::fs::symlink(target, &on_disk).expect("a link");
        } else {
            fs::write(&on_disk, "").expect("a file");
        }
        paths.push(path);
    }
    fs::write(folder.join(".gitignore"), generate::rules(dice, &paths)).expect("rules");
    folders.dedup();
    for below in folders.iter().skip(1).filter(|_| dice.below(4) == 0).collect::<Vec<_>>() {
        let file = at(folder, below).join(".gitignore");
        let about: Vec<Vec<u8>> =
            paths.iter().filter_map(|path| Some(path.strip_prefix(below.as_slice())?.into())).collect();
        match dice.below(20) {
            0 => std::os::unix::fs::symlink("f", file).expect("a link"),
            1 => fs::create_dir(&file).and_then(|()| fs::write(file.join("x"), "")).expect("a folder"),
            _ => fs::write(file, generate::rules(dice, &about)).expect("rules"),
        }
    }
    paths
}

#[test]
fn agrees_with_git_on_generated_rules() {
    let wish = std::env::var("COUNTERSIGN_IGNORED").ok();
    let (seed, trees): (u64, usize) = wish.map_or((SEED, TREES), |wish| {
        let (seed, count) = wish.split_once(',').expect("SEED,COUNT");
        (seed.parse().expect("a number"), count.parse().expect("a number"))
    });
    for round in 0..trees.div_ceil(TREES) as u64 {
        let (folder, mut dice) = (scratch(), Dice(seed + round));
        git(folder.path(), &["init", "-q"]);
        let mut all = Vec::new();
        for tree in 0..TREES.min(trees) {
            let paths = plant(&mut dice, &folder.path().join(tree.to_string()));
            all.extend(paths.iter().map(|path| [format!("{tree}/").as_bytes(), path].concat()));
        }
        let lines: Vec<Vec<u8>> = (0..10).map(|_| generate::pattern(&mut dice, &all)).collect();
        let too_much = |line: &Vec<u8>| !line.iter().any(u8::is_ascii_alphanumeric);
        let lines: Vec<Vec<u8>> = lines.into_iter().filter(|line| !too_much(line)).collect();
        fs::create_dir_all(folder.path().join(".git/info")).expect("a folder");
        fs::write(folder.path().join(".git/info/exclude"), lines.join(b"\n".as_slice())).expect("rules");
        for fold in ["false", "true"] {
            git(folder.path(), &["config", "core.ignorecase", fold]);
            compare(folder.path(), &format!("seed {}, core.ignorecase {fold}", seed + round));
        }
    }
}
