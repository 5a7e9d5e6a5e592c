//! Kinds of repositories, of files with rules, and of settings.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{compare, git, of_git};
use crate::support::{scratch, text, write};

fn repository(folder: &Path) {
    git(folder, &["init", "-q"]);
    for path in [
        "a.log",
        "b.txt",
        "sub/a.log",
        "sub/b.txt",
        "sub/deep/a.log",
        "sub/deep/b.txt",
        "KEEP",
        "é",
        "x/.git/y",
        "x/z",
    ] {
        write(&folder.join(path), "x");
    }
}

fn count(folder: &Path) -> usize {
    compare(folder, text(folder));
    of_git(folder).len()
}

#[test]
fn reads_the_exclude_file_that_all_work_trees_share() {
    let all = scratch();
    let at = |name: &str| all.path().join(name);
    fs::create_dir(at("main")).expect("a folder");
    repository(&at("main"));
    write(&at("main").join(".git/info/exclude"), "*.log\n");
    assert_eq!(count(&at("main")), 6);
    git(&at("main"), &["add", "b.txt"]);
    git(&at("main"), &["commit", "-q", "-m", "b"]);
    git(&at("main"), &["worktree", "add", "-q", "../second"]);
    write(&at("second/a.log"), "x");
    write(&at("second/c.txt"), "x");
    assert_eq!(count(&at("second")), 1);

    git(all.path(), &["init", "-q", "--separate-git-dir", "elsewhere", "apart"]);
    write(&at("elsewhere/info/exclude"), "c.txt\n");
    write(&at("apart/c.txt"), "x");
    write(&at("apart/d.txt"), "x");
    assert_eq!(count(&at("apart")), 1);

    fs::create_dir(at("outer")).expect("a folder");
    git(&at("outer"), &["init", "-q"]);
    git(&at("outer"), &["submodule", "--quiet", "add", text(&at("main")), "inner"]);
    write(&at("outer/.git/modules/inner/info/exclude"), "*.log\n");
    write(&at("outer/inner/a.log"), "x");
    write(&at("outer/inner/e.txt"), "x");
    assert_eq!(count(&at("outer/inner")), 1);
}

#[test]
fn only_the_repositorys_own_settings_count() {
    let folder = scratch();
    repository(folder.path());
    write(&folder.path().join(".gitignore"), "keep\n");
    assert_eq!(count(folder.path()), 10);
    git(folder.path(), &["config", "core.ignorecase", "true"]);
    assert_eq!(count(folder.path()), 9);
}

#[test]
fn rules_are_bytes() {
    let folder = scratch();
    repository(folder.path());
    let rules = folder.path().join(".gitignore");
    for (bytes, left) in [
        (b"*.log\n# g\xe9n\xe9r\xe9s\nb.txt\n".as_slice(), 4),
        (b"\xef\xbb\xbf*.log\n", 7),
        (b"\xff\xfe*.log\n", 10),
        (b"*.log\r\nb.txt", 4),
        (b"*.{log,txt}\n", 10),
        (b"[[:alpha:]].log\n", 7),
        (b"\xc3\xa9\n", 9),
        (b"?\n", 9),
        (b"??\n", 9),
    ] {
        fs::write(&rules, bytes).expect("rules");
        assert_eq!(count(folder.path()), left, "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_link_and_a_folder_have_no_rules() {
    let folder = scratch();
    repository(folder.path());
    write(&folder.path().join("rules"), "*.log\n");
    symlink("rules", folder.path().join(".gitignore")).expect("a link");
    assert_eq!(count(folder.path()), 11);
    fs::remove_file(folder.path().join(".gitignore")).expect("it was there");
    write(&folder.path().join(".gitignore/a.log"), "*.log\n");
    assert_eq!(count(folder.path()), 11);
}

#[test]
fn rules_that_a_sparse_checkout_left_out_count() {
    let folder = scratch();
    repository(folder.path());
    write(&folder.path().join("sub/.gitignore"), "*.log\n");
    git(folder.path(), &["add", "sub/.gitignore"]);
    git(folder.path(), &["commit", "-q", "-m", "rules"]);
    git(folder.path(), &["update-index", "--skip-worktree", "sub/.gitignore"]);
    fs::remove_file(folder.path().join("sub/.gitignore")).expect("it was there");
    assert_eq!(count(folder.path()), 7);
    git(folder.path(), &["update-index", "--no-skip-worktree", "sub/.gitignore"]);
    assert_eq!(count(folder.path()), 9);
}
