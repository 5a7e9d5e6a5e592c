//! Which files does a package contain, and does the program say what it leaves out?

mod dirty;
mod left_out;
mod look;
mod secrets;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::git::Repository;
use countersign::inventory::FileRecord;
use countersign::package::select::{self, Known, Look, Outputs, Request, SelectError};
use countersign::parallel::Threads;
use countersign::provenance::{SelectionRecord, Source};
use countersign::report::Finding;
use tempfile::TempDir;

use crate::support::{Ran, scratch, write};

/// A repository with one commit: `a.py`, `lib/b.py`, and `other/c.py` beside them.
struct Tree {
    folder: TempDir,
}

/// What was selected and read.
struct Selected {
    files: Vec<FileRecord>,
    left_out: Vec<String>,
    findings: Vec<Finding>,
    source: Option<Source>,
    has_ignored: bool,
}

impl Tree {
    fn new() -> Self {
        let tree = Self { folder: scratch() };
        for (path, text) in [("f/a.py", "a = 1\n"), ("f/lib/b.py", "b = 1\n"), ("other/c.py", "c = 1\n")] {
            tree.put(path, text);
        }
        tree.sh("git init -q -b main && git add . && git commit -qm one");
        tree
    }

    fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder exists")
    }

    fn put(&self, path: &str, text: &str) {
        write(&self.folder.path().join(path), text);
    }

    /// A command in the folder, with none of the machine's settings.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs([("LC_ALL", "C"), ("GIT_CONFIG_NOSYSTEM", "1"), ("COUNTERSIGN_JOURNAL", "off")]);
        command.env("HOME", self.folder.path().join(".git/home"));
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "Ada")
                .env(format!("GIT_{role}_EMAIL"), "ada@example.org");
        }
        command
    }

    fn sh(&self, line: &str) -> String {
        let ran = Ran::of(self.command("sh").args(["-c", line]));
        assert_eq!(ran.code, Some(0), "{line}: {ran}");
        ran.out()
    }

    /// The files of the folder `f`, with these rules.
    fn select_with(&self, rules: &SelectionRecord) -> Result<Selected, SelectError> {
        let folder = self.path().join("f");
        select_in(&look(self, &folder), &folder, rules)
    }

    fn select(&self) -> Selected {
        self.select_with(&everything()).expect("it is selected")
    }
}

impl Selected {
    fn names(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.path.as_str()).collect()
    }

    fn is_dirty(&self) -> bool {
        self.source.as_ref().expect("a commit").dirty
    }
}

fn everything() -> SelectionRecord {
    SelectionRecord { untracked: true, ..SelectionRecord::default() }
}

/// The work tree, to select from a folder.
fn look(tree: &Tree, folder: &Path) -> Look {
    let repository = Repository::find(&tree.path()).expect("readable").expect("it exists");
    Look::work_tree(&repository, [folder].into_iter()).expect("it is read")
}

/// A commit, to select from a folder.
fn look_at(tree: &Tree, revision: &str, folder: &Path) -> Look {
    let repository = Repository::find(&tree.path()).expect("readable").expect("it exists");
    Look::commit(&repository, revision, [folder].into_iter()).expect("it is read")
}

/// With `dist` below the folder as output folder of `orders`.
fn select_in(look: &Look, folder: &Path, rules: &SelectionRecord) -> Result<Selected, SelectError> {
    select_with_output(look, folder, &folder.join("dist"), rules)
}

fn select_with_output(
    look: &Look,
    folder: &Path,
    output: &Path,
    rules: &SelectionRecord,
) -> Result<Selected, SelectError> {
    let outputs = Outputs::of(output, [&"orders".parse().expect("a name")].into_iter());
    selected(look, &Request { folder, rules, outputs: &outputs, allow_secrets: &BTreeSet::new() })
}

fn select_allowing(
    look: &Look,
    folder: &Path,
    rules: &SelectionRecord,
    allow_secrets: &BTreeSet<String>,
) -> Result<Selected, SelectError> {
    selected(look, &Request { folder, rules, outputs: &Outputs::default(), allow_secrets })
}

fn selected(look: &Look, request: &Request<'_>) -> Result<Selected, SelectError> {
    let selection = select::select(look, request)?;
    let inventory = select::inventory(&selection, &Known::default(), Threads::one())?;
    let left_out = selection.left_out.iter().map(|left| format!("{} ({})", left.path, left.reason)).collect();
    Ok(Selected {
        source: selection.source(inventory.is_committed),
        has_ignored: selection.has_ignored(),
        files: inventory.files,
        left_out,
        findings: selection.findings,
    })
}
