//! Is a repository read once for all items, and does each get its own files only?

use countersign::git::Repository;
use countersign::package::select::Look;

use super::{Tree, everything, look_at, select_in};

#[test]
fn one_look_serves_every_folder_and_thread() {
    let tree = Tree::new();
    tree.sh("mkdir f2; echo 2 > f2/a.py; git add .; git commit -qm two; echo > f2/new.py");
    let repository = Repository::find(&tree.path()).expect("readable").expect("it exists");
    let folders = ["f", "f2", "other"].map(|name| tree.path().join(name));
    let look =
        Look::work_tree(&repository, folders.iter().map(|folder| folder.as_path())).expect("it is read");
    std::thread::scope(|scope| {
        for (folder, names, dirty) in [
            (&folders[0], &["a.py", "lib/b.py"][..], false),
            (&folders[1], &["a.py", "new.py"], true),
            (&folders[2], &["c.py"], false),
        ] {
            let look = &look;
            scope.spawn(move || {
                let selected = select_in(look, folder, &everything()).expect("it is selected");
                assert_eq!(selected.names(), names);
                assert_eq!(selected.is_dirty(), dirty);
            });
        }
    });
}

#[test]
fn a_commit_gives_its_own_files() {
    let tree = Tree::new();
    tree.put("f/new.py", "x");
    let folder = tree.path().join("f");
    let look = look_at(&tree, "HEAD", &folder);
    let selected = select_in(&look, &folder, &everything()).expect("it is selected");
    assert_eq!(selected.names(), ["a.py", "lib/b.py"]);
    assert!(!selected.is_dirty());
}

#[test]
fn a_name_that_is_not_utf_8_can_be_excluded() {
    let tree = Tree::new();
    tree.sh("mkdir f/tests; : > \"f/tests/$(printf 'caf\\351')\"; git add .; git commit -qm two");
    let rules = countersign::provenance::SelectionRecord { exclude: vec!["tests/".into()], ..everything() };
    let error = tree.select_with(&everything()).err().expect("it has no name").to_string();
    assert!(error.contains("is not UTF-8"), "{error}");
    let folder = tree.path().join("f");
    let look = look_at(&tree, "HEAD", &folder);
    let selected = select_in(&look, &folder, &rules).expect("it is selected");
    assert_eq!(selected.names(), ["a.py", "lib/b.py"]);
    assert_eq!(selected.left_out, ["tests/caf\u{fffd} (excluded by `exclude`)"]);
}
