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
fn ignored_files_are_recorded_and_only_other_differences_are_dirty() {
    for (what, line, dirty, ignored) in [
        ("nothing else", "true", false, true),
        ("a change of an ignored file", "echo x > f/node_modules/i.js", false, true),
        ("no ignored file", "rm -r f/node_modules", false, false),
        ("a change", "echo x > f/a.py", true, true),
        ("a mode", "chmod +x f/a.py", true, true),
        ("a deleted file", "rm f/a.py", true, true),
        ("a new file", "echo > f/new.py", true, true),
        (
            "a new file of the index",
            "echo > f/node_modules/new.js; git add -f f/node_modules/new.js",
            true,
            true,
        ),
        ("a rule that is not committed", "echo '*.py' >> .git/info/exclude; echo > f/new.py", false, true),
        (
            "a file that git ignores and the commit has",
            "git add -f f/node_modules; git commit -qm three; git rm -q --cached f/node_modules/i.js",
            false,
            false,
        ),
        (
            "a change of a file that git ignores and the commit has",
            "git add -f f/node_modules; git commit -qm three; git rm -q --cached f/node_modules/i.js; \
             echo x > f/node_modules/i.js",
            true,
            false,
        ),
    ] {
        let tree = Tree::new();
        tree.sh("echo node_modules/ > .gitignore; git add .; git commit -qm two");
        tree.sh("mkdir f/node_modules; echo 1 > f/node_modules/i.js");
        tree.sh(line);
        let include = ["*.py", "node_modules/**"].map(str::to_owned).into();
        let rules = countersign::provenance::SelectionRecord { include, ..super::everything() };
        let selected = tree.select_with(&rules).expect("it is selected");
        assert_eq!((selected.is_dirty(), selected.has_ignored), (dirty, ignored), "{what}");
    }
}

#[test]
fn a_folder_below_an_ignored_one_is_recorded_unless_the_commit_has_it() {
    for (what, line, dirty, ignored) in [
        ("build output", "true", false, true),
        ("committed", "git add -f build; git commit -qm three", false, false),
        (
            "committed and changed",
            "git add -f build; git commit -qm three; echo x > build/f/h.py",
            true,
            false,
        ),
        ("committed and more", "git add -f build; git commit -qm three; echo > build/f/new.py", false, true),
        ("committed and less", "git add -f build; git commit -qm three; rm build/f/h.py", true, false),
    ] {
        let tree = Tree::new();
        tree.sh("echo build/ > .gitignore; mkdir -p build/f; echo 1 > build/f/h.py; echo 2 > build/f/i.py");
        tree.sh("git add .; git commit -qm two");
        tree.sh(line);
        let folder = tree.path().join("build/f");
        let selected = super::select_in(&super::look(&tree, &folder), &folder, &super::everything());
        let selected = selected.expect("it is selected");
        assert_eq!((selected.is_dirty(), selected.has_ignored), (dirty, ignored), "{what}");
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
