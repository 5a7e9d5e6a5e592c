//! Does a root follow the one before by the thresholds of both, and is there a policy at each step?

use std::fs;

use countersign::limits::ROOT_SECONDS_MAX;
use countersign::policy::root::{self, RootFile};
use countersign::policy::snapshot;
use countersign::time::Timestamp;

use crate::governance::board::Board;
use crate::support::{contents, copy, read, text, time, write};

const ROTATE: [&str; 2] = ["policy", "rotate-root"];
const ADD: [&str; 3] = ["policy", "rotate-root", "--add"];
/// A seal is made also if no document changed.
const SEAL: [&str; 4] = ["policy", "seal", "--validity", "365 days"];

/// `rotate-root` with these options, in which a person's name stands for their key.
fn rotate(board: &Board, people: &[&str], options: &[&str]) -> crate::support::Ran {
    let files: Vec<_> = options.iter().map(|each| board.file(each)).collect();
    let named = options.iter().zip(&files).map(|(each, file)| if file.exists() { text(file) } else { each });
    board.by(people, &ROTATE.into_iter().chain(named).collect::<Vec<_>>())
}

/// The policy role changes hands: the old seal counts until the new holder has sealed, and never after.
#[test]
fn the_old_seal_counts_until_the_new_policy_key_has_sealed() {
    let board = Board::of_one();
    let old = read(&snapshot::path(&board.scene.policy()));
    let ran = rotate(&board, &["rose"], &["--add-policy-key", "bob", "--remove-policy-key", "alice"]);
    assert!(ran.done().out().contains("signed: root 2, with all required signatures"), "{ran}");
    assert_eq!(board.waiting(), ["root 2, 1 of 1 signatures"]);
    assert_eq!(board.root(), 1);
    board.scene.verify().allowed();
    board.by(&["alice"], &SEAL).undecided("has the policy role");
    assert!(board.by(&["bob"], &SEAL).done().out().contains("sealed: version 2"));
    assert_eq!((board.root(), board.waiting()), (2, Vec::new()));
    assert!(!board.root_draft(2).exists() && !board.draft().exists());
    board.scene.verify().allowed();
    board.by(&["alice"], &SEAL).undecided("has the policy role");
    write(&snapshot::path(&board.scene.policy()), old);
    board.scene.verify().undecided("not signed by enough keys of the policy role");
}

/// Two of three root keys, on two machines; pins of root 1 lead to the new root.
#[test]
fn a_root_counts_when_its_thresholds_are_met() {
    let first = Board::of_three();
    let ran = rotate(&first, &["rob"], &["--validity", "2 years"]);
    assert!(ran.done().out().contains("1 of 2 signatures by the keys of root 3, 1 of 2 by its own"), "{ran}");
    assert_eq!((first.root(), first.waiting()), (3, vec!["root 4, 1 of 2 signatures".to_owned()]));
    first.scene.verify().allowed();
    // One key is one key.
    first.by(&["rob"], &ADD).done();
    assert_eq!(first.waiting(), ["root 4, 1 of 2 signatures"]);
    let second = first.elsewhere();
    let ran = second.by(&["rita"], &ADD);
    assert!(ran.done().out().contains("rotated: root 4 is valid now"), "{ran}");
    assert_eq!((second.root(), second.waiting()), (4, Vec::new()));
    second.scene.verify().allowed();
    copy(&second.scene.policy(), &first.scene.policy());
    fs::remove_file(first.scene.state()).expect("it was there");
    first.scene.verify().allowed();
    assert_eq!(first.root(), 4);
    // The root before is not good enough any more.
    fs::remove_file(root::path(&first.scene.policy(), 4)).expect("it was there");
    first.scene.verify().undecided("found root 3, but root 4 was seen before");
}

/// The root role changes hands: both have to sign, the one who gives and the one who takes.
#[test]
fn a_root_role_is_given_and_taken() {
    let board = Board::of_one();
    let ran = rotate(&board, &["rose"], &["--add-root-key", "rob", "--remove-root-key", "rose"]);
    assert!(ran.done().out().contains("1 of 1 signatures by the keys of root 1, 0 of 1 by its own"), "{ran}");
    assert_eq!((board.root(), board.waiting()), (1, vec!["root 2, 0 of 1 signatures".to_owned()]));
    board.scene.verify().allowed();
    board.by(&["rob"], &ADD).done();
    assert_eq!(board.root(), 2);
    board.scene.verify().allowed();
    rotate(&board, &["rose"], &["--validity", "1 year"])
        .undecided("is not in the root role of the current or the new root");
    rotate(&board, &["rob"], &["--validity", "1 year"]).done();
    assert_eq!(board.root(), 3);
}

/// A signature that counts for nothing is refused, and what waits stays.
#[test]
fn a_stranger_rotates_nothing() {
    let board = Board::of_three();
    rotate(&board, &["rob"], &["--validity", "2 years"]).done();
    let before = contents(&board.scene.policy());
    for person in ["mallory", "alice"] {
        board.by(&[person], &ADD).undecided("is not in the root role of the current or the new root");
        rotate(&board, &[person], &["--validity", "9 years"])
            .undecided("is not in the root role of the current or the new root");
    }
    assert_eq!(contents(&board.scene.policy()), before);
}

/// A root that the board's next root would be, with other values.
fn planted(board: &Board, people: &[&str], edit: impl FnOnce(&mut RootFile)) -> Vec<u8> {
    let current = root::walk(&board.scene.policy(), &board.scene.pin()).expect("a root");
    let mut file = current.file().clone();
    file.version += 1;
    file.created = Timestamp::from_clock(std::time::SystemTime::now());
    edit(&mut file);
    let keys: Vec<_> = people.iter().map(|person| board.key(person)).collect();
    countersign::policy::signing::root(&file, &keys.iter().collect::<Vec<_>>())
}

/// Whoever may write into the policy directory, and does not have the role, starts no rotation.
#[test]
fn a_root_that_no_holder_signed_does_not_wait() {
    let board = Board::of_three();
    let mallory = board.key("mallory").public();
    for people in [&[][..], &["mallory"], &["alice", "bob"]] {
        let bytes = planted(&board, people, |file| {
            file.keys.push(mallory.clone());
            file.root.keys.push(mallory.id());
            file.root.threshold = 1;
        });
        write(&board.root_draft(4), &bytes);
        assert!(board.waiting().is_empty());
        assert!(board.scene.run(&["policy", "diff"]).done().out().starts_with("no changes since"));
        board.by(&["rose", "rob"], &ADD).undecided("is not signed by a key of the root role");
        assert_eq!(read(&board.root_draft(4)), bytes);
    }
    let ran = rotate(&board, &["rose"], &["--validity", "2 years"]);
    assert!(!ran.done().err().contains("replaces a pending one"), "{ran}");
    // Who comes to hold the role adds to what a holder has started.
    rotate(&board, &["mallory"], &["--add-root-key", "mallory"]).undecided("which must sign first");
    assert_eq!(board.waiting(), ["root 4, 1 of 2 signatures"]);
    rotate(&board, &["rose"], &["--add-root-key", "mallory"]).done();
    board.by(&["mallory"], &ADD).done();
    assert!(board.by(&["rose"], &ADD).done().out().contains("already signed: root 4"));
    board.by(&["rob"], &ADD).done();
    assert_eq!(board.root(), 4);
}

/// One holder's draft gets no second signature if its times are not an honest one's.
#[test]
fn a_root_with_other_times_gets_no_second_signature() {
    let board = Board::of_three();
    let now = Timestamp::from_clock(std::time::SystemTime::now());
    let day = 86_400;
    let far = |days: i64| now.plus_seconds(days * day);
    for (what, created, expires) in [
        ("an end that hardly comes", now, time("9999-12-31T23:59:58Z")),
        ("a longer time than any honest root's", now, now.plus_seconds(ROOT_SECONDS_MAX + 1)),
        ("over already", far(-1), far(0)),
        ("made tomorrow", far(1), far(300)),
        ("made before the root before", far(-20), far(300)),
        ("made long ago", far(-31), far(300)),
    ] {
        let bytes = planted(&board, &["rob"], |file| (file.created, file.expires) = (created, expires));
        write(&board.root_draft(4), &bytes);
        board.by(&["rose"], &ADD).undecided("the draft of root 4 has implausible times: created");
        assert_eq!((read(&board.root_draft(4)), board.root()), (bytes, 3), "{what}");
    }
    rotate(&board, &["rose", "rob"], &["--validity", "11 years"])
        .undecided("is valid for more than 3653 days");
    rotate(&board, &["rose", "rob"], &["--validity", "10 years"]).done();
    assert_eq!(board.root(), 4);
}

/// Roles that nobody can meet, or anybody, are refused before anything is written.
#[test]
fn a_role_that_makes_no_sense_is_not_proposed() {
    let board = Board::of_one();
    let before = contents(&board.scene.policy());
    for (options, words) in [
        (&["--policy-threshold", "0"][..], "threshold 0"),
        (&["--root-threshold", "0"], "threshold 0"),
        (&["--policy-threshold", "2"], "threshold 2, expected 1 to 1"),
        (&["--root-threshold", "2", "--add-policy-key", "bob"], "threshold 2, expected 1 to 1"),
        (&["--root-threshold", "-1"], "-1"),
        (&["--remove-root-key", "rose"], "threshold 1, expected 1 to 0"),
        (&["--remove-policy-key", "alice"], "threshold 1, expected 1 to 0"),
        (&["--remove-policy-key", "bob"], "does not have the role"),
        (&["--remove-policy-key", "rose"], "does not have the role"),
    ] {
        let ran = rotate(&board, &["rose"], options);
        assert!(ran.code == Some(2) && ran.err().contains(words), "{options:?}: {ran}");
    }
    board.by(&["rose"], &ADD).undecided("no root is waiting");
    assert_eq!(contents(&board.scene.policy()), before);
    // A key that is there already is there once.
    rotate(&board, &["rose"], &["--add-policy-key", "alice", "--add-root-key", "rose"]).done();
    rotate(&board, &["rose"], &["--policy-threshold", "2", "--add-policy-key", "alice"])
        .undecided("threshold 2, expected 1 to 1");
}

/// A root that waits is nothing until it is signed; another may take its place.
#[test]
fn a_root_that_waits_changes_nothing() {
    let board = Board::of_three();
    rotate(&board, &["rob"], &["--add-policy-key", "mallory", "--policy-threshold", "1"]).done();
    board.by(&["mallory"], &SEAL).undecided("has the policy role");
    let draft = read(&board.root_draft(4));
    // Under its final name it is refused: its signatures are counted there too.
    write(&root::path(&board.scene.policy(), 4), &draft);
    board.scene.verify().undecided("not signed by enough keys of the root role");
    fs::remove_file(root::path(&board.scene.policy(), 4)).expect("it was there");
    let ran = rotate(&board, &["rita"], &["--validity", "3 years"]);
    assert!(ran.done().err().contains("replaces a pending one"), "{ran}");
    // A root that waited for another number is none that waits now.
    board.by(&["rose"], &ADD).done();
    assert_eq!(board.root(), 4);
    write(&board.root_draft(5), &draft);
    assert_eq!(board.by(&["rose", "rob"], &ADD).code, Some(2));
    fs::remove_file(board.root_draft(5)).expect("it was there");
    board.scene.verify().allowed();
}

/// Nobody makes a second root of a number that was seen.
#[test]
fn an_older_root_has_no_other_successor() {
    let board = Board::of_one();
    let older = board.elsewhere();
    rotate(&board, &["rose"], &["--validity", "2 years"]).done();
    assert_eq!(board.root(), 2);
    let (policy, before) = (older.scene.policy(), contents(&older.scene.policy()));
    let ran = rotate(&board, &["rose"], &["--policy", text(&policy), "--validity", "3 years"]);
    ran.undecided("found root 1, but root 2 was seen before");
    assert_eq!(contents(&policy), before);
}

/// Where a command was stopped between the new root and its seal, that seal has the draft's name.
#[test]
fn a_seal_under_the_drafts_name_is_not_lost() {
    let stopped = || {
        let board = Board::of_one();
        let old = read(&snapshot::path(&board.scene.policy()));
        rotate(
            &board,
            &["rose"],
            &[
                "--add-policy-key",
                "bob",
                "--add-policy-key",
                "carol",
                "--remove-policy-key",
                "alice",
                "--policy-threshold",
                "2",
            ],
        )
        .done();
        board.by(&["bob", "carol"], &SEAL).done();
        fs::rename(snapshot::path(&board.scene.policy()), board.draft()).expect("it was there");
        write(&snapshot::path(&board.scene.policy()), old);
        board.scene.verify().allowed();
        assert_eq!((board.root(), board.waiting()), (2, Vec::new()));
        board
    };
    // The same command again.
    let board = stopped();
    board.by(&["carol"], &["policy", "seal", "--add"]).done();
    assert_eq!(board.scene.snapshot().version, 2);
    assert!(!board.draft().exists());
    board.scene.verify().allowed();
    // The next seal, which waits for a second signature.
    let board = stopped();
    board.by(&["bob"], &SEAL).done();
    board.scene.verify().allowed();
    assert_eq!(board.waiting(), ["seal 3, 1 of 2 signatures"]);
    board.by(&["carol"], &["policy", "seal", "--add"]).done();
    assert_eq!(board.scene.snapshot().version, 3);
    // The next root.
    let board = stopped();
    rotate(&board, &["rose"], &["--validity", "1 year"]).done();
    board.scene.verify().allowed();
    board.by(&["bob", "carol"], &SEAL).done();
    board.scene.verify().allowed();
}
