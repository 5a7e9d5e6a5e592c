//! Does a seal that takes several people need all of them, each over the same documents?

use countersign::crypto::envelope::Envelope;
use countersign::limits::{DRAFT_SECONDS_MAX, SEAL_SECONDS_MAX};
use countersign::policy::root;
use countersign::policy::seal::{SealError, SealOutcome, Sealing};
use countersign::policy::snapshot::Snapshot;
use countersign::time::{Period, Timestamp};
use serde_json::{Value, json};

use crate::governance::board::Board;
use crate::support::{copy, decode, malleated, read, scratch, time, write};

const SEAL: [&str; 2] = ["policy", "seal"];
const ADD: [&str; 3] = ["policy", "seal", "--add"];

/// A board of three with a profile more, which alice has sealed and nobody else.
fn waiting() -> Board {
    let board = Board::of_three();
    board.scene.run(&["profile", "create", "billing"]).done();
    let ran = board.by(&["alice"], &SEAL);
    assert!(ran.done().out().starts_with("signed: version 3, until "), "{ran}");
    assert!(ran.out().ends_with(", 1 of 2 signatures\n"), "{ran}");
    board
}

/// The draft's signatures, edited.
fn signatures(board: &Board, edit: impl FnOnce(&mut Vec<Value>)) {
    let mut draft: Value = serde_json::from_slice(&read(&board.draft())).expect("JSON");
    edit(draft["signatures"].as_array_mut().expect("a list"));
    write(&board.draft(), draft.to_string());
}

/// Two people on two machines: the old seal counts until the second has signed, and then the new one.
#[test]
fn a_seal_counts_when_its_threshold_is_met() {
    let first = waiting();
    assert_eq!(first.scene.snapshot().version, 2);
    first.scene.verify().allowed();
    assert_eq!(first.waiting(), ["seal 3, 1 of 2 signatures"]);
    let second = first.elsewhere();
    let diff = second.scene.run(&["policy", "diff"]);
    assert!(diff.done().out().contains("profile `billing` created"), "{diff}");
    second.scene.verify().allowed();
    let ran = second.by(&["bob"], &ADD);
    assert!(ran.done().out().contains("sealed: version 3"), "{ran}");
    second.scene.verify().allowed();
    assert!(second.waiting().is_empty() && !second.draft().exists());
    second.scene.run(&["profile", "permit", "billing", "--help"]).done();
    // The first machine has not heard of it, and then has.
    first.scene.verify().allowed();
    copy(&second.scene.policy(), &first.scene.policy());
    first.scene.verify().allowed();
    assert_eq!(first.scene.snapshot().version, 3);
    let state = String::from_utf8(read(&first.scene.state())).expect("JSON");
    assert!(state.contains("\"snapshot\":3"), "{state}");
}

/// The policy's files are reset after a seal. Only its holders replace it, each on purpose, by one over each that was seen.
#[test]
fn a_lost_seal_is_replaced_by_a_higher_one_that_each_holder_accepts() {
    let (first, old) = (Board::of_three(), scratch());
    let second = first.elsewhere();
    copy(&first.scene.policy(), old.path());
    first.by(&["alice", "bob"], &["policy", "seal", "--validity", "300 days"]).done();
    first.scene.verify().allowed();
    copy(old.path(), &first.scene.policy());
    let from = |number| ["policy", "seal", "--from-seal", number];
    for (people, arguments, words) in [
        (["alice", "bob"], &SEAL[..], "found snapshot 2, but snapshot 3 was seen before"),
        (["alice", "bob"], &from("1"), "is at seal 2, not 1"),
        (["mallory", "rose"], &from("2"), "has the policy role"),
    ] {
        first.by(&people, arguments).undecided(words);
        first.scene.verify().undecided("rolled back");
    }
    let ran = first.by(&["alice"], &from("2"));
    assert!(ran.done().out().starts_with("signed: version 4, until "), "{ran}");
    first.scene.verify().undecided("rolled back");
    // The second machine has not seen the lost seal, but its holder accepts the gap, or does not sign.
    copy(&first.scene.policy(), &second.scene.policy());
    second.by(&["bob"], &ADD).undecided("other documents");
    let ran = second.by(&["bob"], &[&ADD[..], &["--from-seal", "2"]].concat());
    assert!(ran.done().out().contains("sealed: version 4"), "{ran}");
    copy(&second.scene.policy(), &first.scene.policy());
    for board in [&first, &second] {
        board.scene.verify().allowed();
        let state = String::from_utf8(read(&board.scene.state())).expect("JSON");
        assert!(state.contains("\"snapshot\":4"), "{state}");
    }
}

/// tough CVE-2020-15093: one key counted several times to a threshold, in a draft too.
#[test]
fn one_key_signs_a_draft_once() {
    let board = waiting();
    let still = |what: &str| {
        assert_eq!(board.waiting(), ["seal 3, 1 of 2 signatures"], "{what}");
        assert_eq!(board.scene.snapshot().version, 2, "{what}");
    };
    write(&board.file("alice-again"), read(&board.file("alice")));
    for people in [&["alice"][..], &["alice", "alice"], &["alice-again"], &["alice", "mallory"]] {
        let ran = board.by(people, &ADD);
        assert!(ran.done().out().starts_with("already signed: version 3"), "{people:?}: {ran}");
        assert!(ran.out().contains("1 of 2 signatures"), "{people:?}: {ran}");
        still("added again");
    }
    let other = |signature: &Value| base64(&malleated(&decode(&signature["sig"])));
    let ids = ["alice", "bob", "mallory"].map(|person| board.key(person).public().id().to_string());
    for id in &ids {
        let good = read(&board.draft());
        signatures(&board, |all| all.push(json!({ "keyid": id, "sig": other(&all[0]) })));
        still("in its other form");
        let ran = board.by(&["alice"], &ADD);
        assert!(ran.done().out().contains("1 of 2 signatures"), "{ran}");
        still("in its other form, and added");
        write(&board.draft(), good);
    }
    // Two keys at once are two.
    board.by(&["alice", "carol"], &ADD).done();
    assert_eq!(board.scene.snapshot().version, 3);
}

fn base64(bytes: &[u8]) -> String {
    use base64ct::{Base64, Encoding};
    Base64::encode_string(bytes)
}

/// Each signer seals what lies before them, and nothing else.
#[test]
fn nobody_adds_to_a_seal_over_other_documents() {
    let first = waiting();
    type Edit<'a> = &'a dyn Fn(&Board);
    let changes: [(&str, Edit); 6] = [
        ("a profile more", &|board| {
            board.scene.run(&["profile", "create", "other"]).done();
        }),
        ("a CSC that warns", &|board| board.scene.edit(&board.scene.csc(), "Enforce", "Warn")),
        ("no such profile", &|board| {
            std::fs::remove_file(board.scene.policy().join("profiles/billing.toml")).expect("it was there")
        }),
        ("a comment", &|board| board.scene.append("functions.toml", "# reviewed")),
        ("a revocation more", &|board| {
            let job = "3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10";
            board.scene.run(&["job", "revoke", job, "--reason-code", "superseded", "--reason", "x"]).done();
        }),
        ("a job recorded", &|board| {
            board.scene.run(&["job", "record", "dist/orders.zip.sigstore.json"]).done();
        }),
    ];
    for (what, change) in changes {
        let second = first.elsewhere();
        change(&second);
        let before = read(&second.draft());
        second.by(&["bob"], &ADD).undecided("for other documents than those in the directory");
        assert_eq!(read(&second.draft()), before, "{what}");
        assert_eq!(second.scene.snapshot().version, 2, "{what}");
        // Bob starts over, with what he has.
        let ran = second.by(&["bob"], &SEAL);
        assert!(ran.done().out().contains("1 of 2 signatures"), "{what}: {ran}");
    }
    first.by(&["bob"], &ADD).done();
}

/// What a draft says beside the documents is checked too, whoever of the role has signed it.
#[test]
fn a_draft_that_says_something_else_gets_no_second_signature() {
    let board = waiting();
    let good = read(&board.draft());
    let payload = |bytes: &[u8]| -> Snapshot {
        let envelope: Envelope = serde_json::from_slice(bytes).expect("JSON");
        serde_json::from_slice(envelope.unverified_payload()).expect("a snapshot")
    };
    let draft = payload(&good);
    let hour = 3600;
    let other = "other".parse().expect("a name");
    let far = draft.created.plus_seconds(SEAL_SECONDS_MAX + 1);
    for (what, changed) in [
        ("a higher version", Snapshot { version: 4, ..draft.clone() }),
        ("the version that is sealed", Snapshot { version: 2, ..draft.clone() }),
        ("far too high a version", Snapshot { version: u64::MAX, ..draft.clone() }),
        ("made tomorrow", Snapshot { created: draft.created.plus_seconds(24 * hour), ..draft.clone() }),
        ("over already", Snapshot { expires: draft.created, ..draft.clone() }),
        ("an end of which no honest tool says so", Snapshot { expires: far, ..draft.clone() }),
        ("an end that hardly comes", Snapshot { expires: time("9999-12-31T23:59:58Z"), ..draft.clone() }),
        ("an index that is none", Snapshot { index: Some(draft.documents[0].sha384), ..draft.clone() }),
        ("another account's", Snapshot { account: other, ..draft.clone() }),
        ("a document less", Snapshot { documents: draft.documents[1..].to_vec(), ..draft.clone() }),
        (
            "in another order",
            Snapshot { documents: draft.documents.iter().rev().cloned().collect(), ..draft.clone() },
        ),
    ] {
        let bytes = countersign::policy::signing::snapshot(&changed, &[&board.key("alice")]);
        write(&board.draft(), &bytes);
        assert_eq!(board.by(&["bob"], &ADD).code, Some(2), "{what}");
        assert_eq!(read(&board.draft()), bytes, "{what}");
        assert_eq!(board.scene.snapshot().version, 2, "{what}");
        board.scene.verify().allowed();
    }
    // As a root or as anything else, it is no draft of a seal.
    let as_root = countersign::crypto::signing::sign(
        root::PAYLOAD_TYPE,
        serde_json::to_vec(&draft).expect("JSON"),
        &[&board.key("alice")],
    );
    write(&board.draft(), serde_json::to_vec(&as_root).expect("JSON"));
    board.by(&["bob"], &ADD);
    assert_eq!(board.scene.snapshot().version, 2);
    board.scene.verify().allowed();
    write(&board.draft(), &good);
    board.by(&["bob"], &ADD).done();
    assert_eq!(board.scene.snapshot(), draft);
}

/// Whoever may write into the policy directory, and has no key, starts no seal: its end would be theirs to choose.
#[test]
fn a_draft_that_no_holder_signed_is_none() {
    for (lasts, signers) in [(365, &[][..]), (365, &["mallory"]), (365, &["rose"]), (900_000, &[])] {
        let board = Board::of_three();
        let now = Timestamp::from_clock(std::time::SystemTime::now());
        let before = board.scene.snapshot();
        let expires = now.plus_seconds(lasts * 86_400);
        let planted = Snapshot { version: before.version + 1, created: now, expires, ..before.clone() };
        let keys: Vec<_> = signers.iter().map(|person| board.key(person)).collect();
        write(
            &board.draft(),
            countersign::policy::signing::snapshot(&planted, &keys.iter().collect::<Vec<_>>()),
        );
        assert!(board.waiting().is_empty());
        assert!(!board.scene.run(&["policy", "diff"]).done().out().contains("waits"));
        board.by(&["alice", "bob"], &ADD).undecided("is not signed by a key of the policy role");
        assert_eq!(board.scene.snapshot(), before);
        let ran = board.by(&["alice"], &SEAL);
        assert!(ran.done().out().contains("1 of 2 signatures"), "{ran}");
        board.by(&["bob"], &ADD).done();
        let year = board.scene.snapshot().expires.unix() - now.unix();
        assert!((365 * 86_400..365 * 86_400 + 600).contains(&year), "{year}");
    }
}

/// Another validity for the same documents: whoever holds the role starts over, and says so.
#[test]
fn a_seal_that_waits_is_replaced_on_purpose() {
    let board = waiting();
    let shorter = ["policy", "seal", "--validity", "30 days"];
    let ran = board.by(&["bob"], &shorter);
    assert!(ran.undecided("is already waiting").err().contains("start over with `--replace`"), "{ran}");
    let replace = [&shorter[..], &["--replace"]].concat();
    board.by(&["mallory"], &replace).undecided("has the policy role");
    let ran = board.by(&["bob"], &replace);
    assert!(ran.done().out().contains("1 of 2 signatures"), "{ran}");
    board.by(&["alice"], &ADD).done();
    let sealed = board.scene.snapshot();
    assert_eq!((sealed.version, sealed.expires), (3, sealed.created.plus(Period::days(30))));
}

/// A seal ends: the limit is asked by whoever starts one, and is said to whoever signs one.
#[test]
fn a_seal_ends_in_two_years_at_the_latest() {
    let board = Board::of_three();
    for validity in ["732 days", "3 years", "7000 years"] {
        let ran = board.by(&["alice", "bob"], &["policy", "seal", "--validity", validity]);
        ran.undecided("is valid for more than 731 days");
    }
    assert!(!board.draft().exists());
    board.by(&["alice"], &["policy", "seal", "--validity", "2 years"]).done();
    let ran = board.by(&["bob"], &ADD);
    let expires = board.scene.snapshot().expires;
    let said = ran.done().err();
    assert!(
        said.contains("pending seal 3: created ") && said.contains(&format!("until {expires}, 1 of 2")),
        "{ran}"
    );
}

/// A draft that was overtaken by a seal gets no more signatures, and blocks nobody.
#[test]
fn a_draft_of_an_earlier_state_is_stale() {
    let board = waiting();
    let stale = read(&board.draft());
    board.by(&["bob"], &ADD).done();
    // It says what is sealed: that is done, whoever asks for it.
    write(&board.draft(), &stale);
    assert!(board.by(&["carol"], &ADD).done().out().contains("sealed: version 3"));
    assert_eq!((board.scene.snapshot().version, board.waiting()), (3, Vec::new()));
    board.by(&["alice", "carol"], &SEAL).done();
    write(&board.draft(), stale);
    board.by(&["carol"], &ADD).undecided("for other documents than those in the directory");
    board.scene.verify().allowed();
    board.by(&["alice", "carol"], &SEAL).done();
    assert_eq!(board.scene.snapshot().version, 5);
}

/// The keys are counted before anything is written.
#[test]
fn a_stranger_adds_nothing() {
    let board = waiting();
    let (draft, sealed) = (read(&board.draft()), board.scene.snapshot());
    for person in ["mallory", "rose"] {
        for command in [&SEAL[..], &ADD] {
            board.by(&[person], command).undecided("has the policy role");
        }
    }
    assert_eq!((read(&board.draft()), board.scene.snapshot()), (draft, sealed));
    std::fs::remove_file(board.draft()).expect("it was there");
    board.by(&["bob"], &ADD).undecided("no seal is waiting");
}

/// Whoever starts over a seal that waits is told so, unless nobody can sign that one any more.
#[test]
fn a_draft_waits_as_long_as_it_can_be_signed() {
    let board = waiting();
    board
        .by(&["bob"], &SEAL)
        .undecided("a seal of these documents is already waiting, with 1 of 2 signatures");
    let (directory, location) = (board.scene.policy(), board.scene.location());
    let root = root::walk(&directory, &location.pin.expect("a pin")).expect("a root");
    let sealing = || Sealing::open(&directory, &root).expect("a policy");
    let (alice, bob) = (board.key("alice"), board.key("bob"));
    let made = sealing().draft().expect("readable").expect("a draft").0.created;
    let year = |now: Timestamp| now.plus(Period::years(1));
    let last = made.plus_seconds(DRAFT_SECONDS_MAX);
    let end = last.plus_seconds(1);
    assert!(matches!(sealing().seal(&[&bob], last, year(last)), Err(SealError::DraftWaits(_))));
    assert!(matches!(sealing().add(&[&alice], end), Err(SealError::DraftDiffers)));
    assert!(matches!(sealing().seal(&[&bob], end, year(end)), Ok(SealOutcome::Waits(..))));
    // Nor does one by somebody whose clock is ahead: it would be there for ever.
    assert!(matches!(sealing().add(&[&alice], end.plus_seconds(-301)), Err(SealError::DraftDiffers)));
    assert!(matches!(sealing().add(&[&alice], end.plus_seconds(-300)), Ok(SealOutcome::Sealed(_))));
}
