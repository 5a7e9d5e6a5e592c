//! Is `dirty` about the bytes that are packaged, whatever the index, attributes and time stamps say?

use super::Tree;

#[test]
fn a_package_is_dirty_if_its_bytes_or_modes_are_not_the_commits() {
    for (what, line, dirty) in [
        ("nothing", "true", false),
        ("new times", "touch -d 2001-01-01 f/a.py", false),
        ("a change elsewhere", "echo x > other/c.py; echo > other/d.py", false),
        ("a change", "echo x > f/a.py", true),
        (
            "a change of the same size and time",
            "touch -r f/a.py t; printf 'a = 2\\n' > f/a.py; touch -r t f/a.py; rm t",
            true,
        ),
        ("assume-unchanged", "git update-index --assume-unchanged f/a.py; echo x > f/a.py", true),
        ("skip-worktree", "git update-index --skip-worktree f/a.py; echo x > f/a.py", true),
        ("staged", "echo x > f/a.py; git add f/a.py", true),
        ("staged and taken back", "echo x > f/a.py; git add f/a.py; printf 'a = 1\\n' > f/a.py", false),
        ("removed from the index only", "git rm -q --cached f/a.py", false),
        ("a new file", "echo > f/new.py", true),
        ("a new file of the index", "echo > f/new.py; git add f/new.py", true),
        ("a file that will be added", "echo > f/new.py; git add -N f/new.py", true),
        ("an ignored file", "echo '*.log' > .git/info/exclude; echo > f/x.log", false),
        ("a deleted file", "rm f/a.py", true),
        ("a file removed in git", "git rm -q f/a.py", true),
        ("a mode on disk", "chmod +x f/a.py", true),
        ("a mode in the index only", "git update-index --chmod=+x f/a.py", false),
        (
            "a mode in the index, with no modes on disk",
            "git config core.fileMode false; git update-index --chmod=+x f/a.py",
            true,
        ),
        ("a mode on disk that git does not see", "git config core.fileMode false; chmod +x f/a.py", false),
        ("a link instead of a file", "ln -sf lib/b.py f/a.py", true),
        ("a file renamed", "git mv f/a.py f/z.py", true),
        ("an empty folder", "mkdir f/empty", false),
    ] {
        let tree = Tree::new();
        tree.sh(line);
        assert_eq!(tree.select().is_dirty(), dirty, "{what}");
    }
}

#[test]
fn what_git_writes_into_a_checkout_makes_it_dirty() {
    for (what, attributes, line) in [
        ("ident", "*.py ident", "printf '# $Id$\\n' > f/a.py"),
        ("an encoding", "f/a.py text working-tree-encoding=UTF-16", "printf 'a' | iconv -t UTF-16 > f/a.py"),
        (
            "a clean filter",
            "*.py filter=up",
            "git config filter.up.clean 'tr a-z A-Z'; git config filter.up.smudge 'tr A-Z a-z'; echo abc > f/a.py",
        ),
    ] {
        let tree = Tree::new();
        tree.put(".gitattributes", &format!("{attributes}\n"));
        tree.sh(&format!("{line} && git add . && git commit -qm two && rm f/a.py && git checkout -q f/a.py"));
        assert_eq!(tree.sh("git status --short"), "", "{what}");
        assert!(tree.select().is_dirty(), "{what}");
    }
}

#[test]
fn line_endings_of_a_checkout_are_the_commits() {
    let tree = Tree::new();
    tree.sh("git config core.autocrlf true; rm -r f; git checkout -q .");
    let selected = tree.select();
    assert!(!selected.is_dirty());
    assert_eq!(selected.files[0].size, 6);
    tree.put("f/a.py", "a = 1\r\nb = 2\r\n");
    assert!(tree.select().is_dirty());
}
