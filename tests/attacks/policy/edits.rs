//! Does a policy that was edited by hand, or by two people at once, say what nobody meant?

use std::fs;

use crate::support::{Ran, Scene, write};

/// A CSC that governs functions would be gone, and its functions denied or somebody else's.
#[test]
fn a_csc_that_governs_functions_cannot_be_removed() {
    let scene = Scene::new();
    let (csc, id) = (scene.csc(), scene.csc_id());
    let file = scene.policy().join(&csc);
    scene.run(&["csc", "delete", &id]).undecided("governs functions: `*`");
    assert!(file.is_file());
    fs::remove_file(&file).expect("removed");
    scene.run(&["policy", "seal"]).undecided(&format!("CSC `{id}` does not exist"));
    scene.verify().undecided("unsealed changes");
    // What stands in its place by hand is held to the same rules.
    scene
        .run(&["function", "attach", "orders", "--csc", &id])
        .undecided(&format!("CSC `{id}` does not exist"));
}

/// Two people look at revision 1, and the second would write over what the first has changed.
#[test]
fn the_second_of_two_edits_of_one_revision_is_refused() {
    let scene = Scene::new();
    let update = |value: &str| {
        scene.run(&["csc", "update", &scene.csc_id(), "--description", value, "--revision", "1"])
    };
    update("orders").done();
    let first = scene.document(&scene.csc());
    update("payments").undecided("is at revision 2, not 1");
    assert_eq!(scene.document(&scene.csc()), first);
    let attach = ["function", "attach", "pay-*", "--csc", &scene.csc_id(), "--revision", "1"];
    scene.run(&attach).done();
    scene.run(&[&attach[..2], &["x"], &attach[3..]].concat()).undecided("is at revision 2, not 1");
}

/// A document written back from before somebody's change has its old revision.
#[test]
fn a_change_that_was_lost_cannot_be_sealed() {
    let scene = Scene::new();
    let before = scene.document(&scene.csc());
    scene.run(&["csc", "update", &scene.csc_id(), "--description", "orders"]).done();
    scene.seal();
    write(&scene.policy().join(scene.csc()), before);
    scene.run(&["policy", "seal"]).undecided("`revision` is 1, and was 2");
}

/// A revision that no document can follow is refused, and not a crash.
#[test]
fn the_last_revision_is_the_last() {
    let scene = Scene::new();
    let last = format!("revision = {}", i64::MAX);
    for path in [scene.csc(), "functions.toml".into()] {
        let text = scene.document(&path).replace("revision = 1", &last);
        write(&scene.policy().join(path), text);
    }
    let id = scene.csc_id();
    let update = scene.run(&["csc", "update", &id, "--untrusted", "Warn"]);
    update.undecided("`revision` is 9223372036854775807");
    scene.run(&["function", "attach", "pay", "--csc", &id]).undecided("`revision` is 9223372036854775807");
}

/// Comments are the reviewers'; a command leaves them where they are.
#[test]
fn comments_stay_through_edits() {
    let scene = Scene::new();
    let path = scene.csc();
    write(&scene.policy().join(&path), format!("# the auditors read this\n{}", scene.document(&path)));
    scene.run(&["csc", "update", &scene.csc_id(), "--untrusted", "Warn"]).done();
    let text = scene.document(&path);
    assert!(text.starts_with("# the auditors read this\n") && text.contains("\"Warn\""), "{text}");
    scene.seal();
}

/// Whoever looks does not wait for somebody who holds the lock.
#[test]
fn lists_take_no_lock() {
    let scene = Scene::new();
    let lock = fs::File::open(scene.policy().join("roots/1.json")).expect("a root");
    lock.lock().expect("the lock");
    let id = scene.csc_id();
    for command in
        [&["csc", "list"][..], &["csc", "show", &id], &["function", "list"], &["function", "list", "x"]]
    {
        Ran::within_a_minute(scene.countersign().args(command)).done();
    }
}
