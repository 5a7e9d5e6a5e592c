//! Does an account go on under a new first root with everything that it had, and nothing else?

use std::fs;
use std::path::PathBuf;

use countersign::policy::snapshot;

use crate::governance::board::Board;
use crate::support::{Ran, contents, copy, text};

fn out(board: &Board) -> PathBuf {
    board.scene.path().join("again")
}

/// `policy restart` by rob and bob, into a folder beside the policy.
fn restart(board: &Board, options: &[&str]) -> Ran {
    let (out, rob, bob) = (out(board), board.file("rob"), board.file("bob"));
    let command =
        ["policy", "restart", "--output", text(&out), "--root-key", text(&rob), "--policy-key", text(&bob)];
    board.scene.run(&[&command[..], options].concat())
}

/// A seal from before another that was seen lacks what was revoked in between.
#[test]
fn an_older_seal_is_not_taken_along() {
    let board = Board::of_one();
    let older = board.elsewhere();
    let digest = "5".repeat(96);
    let why = ["--reason-code", "superseded", "--reason", "a password"];
    board.scene.run(&[&["artifact", "revoke", &digest], &why[..]].concat()).done();
    board.scene.seal();
    board.scene.verify().allowed();
    fs::remove_dir_all(board.scene.policy()).expect("it was there");
    copy(&older.scene.policy(), &board.scene.policy());
    let before = contents(board.scene.path());
    restart(&board, &[]).undecided("found snapshot 1, but snapshot 2 was seen before");
    restart(&board, &["--from-seal", "2"]).undecided("is at seal 1, not 2");
    assert_eq!(contents(board.scene.path()), before);
    // After a thief's seal the holders name the last good one.
    restart(&board, &["--from-seal", "1"]).done();
    assert!(snapshot::path(&out(&board)).is_file());
}

/// Documents, ledger and signed revocations come along; what was not sealed does not.
#[test]
fn what_was_sealed_comes_along() {
    let board = Board::of_one();
    let manifest = board.scene.manifest();
    let revoke =
        ["job", "revoke", text(&manifest), "--signed", "--reason-code", "superseded", "--reason", "x"];
    board.scene.run(&["job", "record", text(&manifest)]).done();
    restart(&board, &[]).undecided("unsealed changes: ledger.jsonl");
    board.scene.seal();
    board.scene.run(&revoke).done();
    restart(&board, &[]).done();
    let (from, to) = (contents(&board.scene.policy()), contents(&out(&board)));
    let kept = ["ledger.jsonl", "functions.toml", "revocations.toml", "profiles", "csc", "revocations"];
    let of = |files: &[(PathBuf, Vec<u8>)]| -> Vec<(PathBuf, Vec<u8>)> {
        let is = |path: &PathBuf| kept.iter().any(|part| path.starts_with(part));
        files.iter().filter(|(path, _)| is(path)).cloned().collect()
    };
    assert_eq!(of(&from), of(&to));
    assert_eq!(of(&to).len(), kept.len());
    let ran = restart(&board, &[]);
    assert!(ran.undecided("already exists").err().contains("with `--output`"), "{ran}");
}
