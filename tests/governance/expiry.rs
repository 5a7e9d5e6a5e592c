//! Is what ends said in time, and can it be renewed after it has ended?

use countersign::limits::EXPIRY_WARNING_SECONDS;
use countersign::policy::root;
use countersign::time::{Period, Timestamp};
use serde_json::Value;

use crate::governance::board::Board;
use crate::support::{Ran, Scene, time, write};

const OLD: &str = "2026-01-01T00:00:00Z";

fn now() -> Timestamp {
    Timestamp::from_clock(std::time::SystemTime::now())
}

/// Makes a next root of the account, signed by its key, with other times.
fn put_root(board: &Board, created: Timestamp, expires: Timestamp) {
    let pin = board.scene.pin();
    let mut file = root::walk(&board.scene.policy(), &pin).expect("a root").file().clone();
    file.version += 1;
    (file.created, file.expires) = (created, expires);
    write(
        &root::path(&board.scene.policy(), file.version),
        countersign::policy::signing::root(&file, &[&board.key("rose")]),
    );
}

/// Makes the seal one that ended in January.
fn expire_seal(scene: &Scene) {
    let mut sealed = scene.snapshot();
    sealed.version += 1;
    (sealed.created, sealed.expires) = (time("2025-01-01T00:00:00Z"), time(OLD));
    scene.put_snapshot(&sealed);
}

/// A root that has ended decides nothing, and its holders can make the next.
#[test]
fn a_root_that_ended_can_be_followed() {
    let board = Board::of_one();
    put_root(&board, time("2025-01-01T00:00:00Z"), time(OLD));
    for command in [&["verify"][..], &["policy", "status"], &["release"], &["policy", "renew"]] {
        let ran = board.scene.run(command);
        ran.undecided("roots/2.json` expired at 2026-01-01");
        assert!(ran.err().contains("run `countersign policy rotate-root`"), "{ran}");
    }
    board.by(&["rose"], &["policy", "rotate-root"]).done();
    board.scene.verify().allowed();
    assert_eq!(board.root(), 3);
}

/// A seal that has ended decides nothing, and its holders can make the next, of the same documents.
///
/// A scheduled job cannot: somebody may have put an old policy back, for it to renew.
#[test]
fn a_seal_that_ended_is_sealed_anew_by_people() {
    let scene = Scene::new();
    expire_seal(&scene);
    let ran = scene.verify();
    ran.undecided("snapshot.json` expired at 2026-01-01");
    assert!(ran.err().contains("run `countersign policy seal`"), "{ran}");
    scene.run(&["policy", "renew"]).undecided("the seal expired at 2026-01-01");
    assert_eq!(scene.snapshot().version, 2);
    scene.run(&["policy", "seal"]).done();
    scene.verify().allowed();
    assert_eq!(scene.snapshot().version, 3);
}

/// Where both have ended each is mended by its own holders, in either order, and each command succeeds.
#[test]
fn a_root_and_a_seal_that_ended_can_both_be_followed() {
    for order in [["rose", "alice"], ["alice", "rose"]] {
        let board = Board::of_one();
        expire_seal(&board.scene);
        put_root(&board, time("2025-01-01T00:00:00Z"), time(OLD));
        for person in order {
            let command = if person == "rose" { "rotate-root" } else { "seal" };
            let ran = board.by(&[person], &["policy", command]);
            assert_eq!(ran.code, Some(0), "{order:?} {person}: {ran}");
        }
        board.scene.verify().allowed();
        assert_eq!((board.root(), board.scene.snapshot().version), (3, 3));
    }
}

/// Renewing takes no decision: it seals nothing that was not sealed, and nothing before it is time.
#[test]
fn renewing_seals_the_same_documents_when_it_is_time() {
    let scene = Scene::new();
    let early = scene.run(&["policy", "renew"]);
    assert!(early.done().out().contains("nothing to renew: version 1"), "{early}");
    assert_eq!(scene.snapshot().version, 1);
    let (created, expires) = (now(), now().plus(Period::days(40)));
    scene.seal_as(2, created, expires);
    scene.run(&["policy", "renew", "--within", "39 days"]).done();
    assert_eq!(scene.snapshot().version, 2);
    let before = scene.snapshot();
    scene.run(&["policy", "renew", "--within", "41 days", "--validity", "50 days"]).done();
    let after = scene.snapshot();
    assert_eq!((after.version, &after.documents), (3, &before.documents));
    assert!(after.expires > before.expires);
    // Whatever is unsealed is for people to look at.
    for (path, text) in
        [("functions.toml", "# reviewed"), ("profiles/other.toml", ""), ("ledger.jsonl", "{}")]
    {
        let file = scene.policy().join(path);
        let before = std::fs::read(&file).ok();
        write(&file, [before.clone().unwrap_or_default(), format!("{text}\n").into_bytes()].concat());
        let ran = scene.run(&["policy", "renew", "--within", "400 days"]);
        ran.undecided(&format!("unsealed changes: {path}"));
        match before {
            Some(before) => write(&file, before),
            None => std::fs::remove_file(&file).expect("it was there"),
        }
    }
    assert_eq!(scene.snapshot().version, 3);
    scene
        .run(&[
            "policy",
            "renew",
            "--within",
            "400 days",
            "--key",
            crate::support::text(&scene.key_file("root")),
        ])
        .undecided("has the policy role");
}

/// A warning comes thirty days before the end, or in the last quarter of a shorter time, and not before.
#[test]
fn an_end_is_warned_about_in_time() {
    let scene = Scene::new();
    let start = now();
    let day = 86_400;
    for (version, (lasts, warns)) in (2..).zip([
        (365 * day, EXPIRY_WARNING_SECONDS),
        (120 * day, EXPIRY_WARNING_SECONDS),
        (100 * day, 25 * day),
        (4 * day, day),
    ]) {
        let end = start.plus_seconds(lasts);
        scene.seal_as(version, start, end);
        let notes = |at: Timestamp| scene.open(at).expect("it holds").notes().to_vec();
        assert_eq!(notes(start), Vec::<String>::new());
        assert_eq!(notes(end.plus_seconds(-warns - 1)), Vec::<String>::new(), "{lasts}");
        for before in [warns, 1] {
            let notes = notes(end.plus_seconds(-before));
            assert!(
                notes.len() == 1 && notes[0].contains(&format!("the seal expires at {end}")),
                "{notes:?}"
            );
        }
        assert!(scene.open(end).is_err());
    }
    let board = Board::of_one();
    let end = start.plus_seconds(100 * day);
    put_root(&board, start, end);
    let warned = |at: Timestamp| board.scene.open(at).expect("it holds").notes().join("\n");
    assert_eq!(warned(end.plus_seconds(-25 * day - 1)), "");
    assert!(warned(end.plus_seconds(-25 * day)).contains(&format!("the root expires at {end}")));
}

/// The warning reaches people and programs, with the verdict and with the state, and changes neither.
#[test]
fn an_end_is_said_wherever_the_policy_is_asked() {
    let board = Board::of_one();
    let notes = |ran: &Ran, field: &str| -> Vec<String> {
        let document: Value = serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("{ran}"));
        serde_json::from_value(document[field].clone()).unwrap_or_else(|_| panic!("{ran}"))
    };
    let status = ["policy", "status", "--format", "json"];
    assert!(notes(board.scene.verify().allowed(), "notes").is_empty());
    assert!(notes(&board.scene.run(&status), "warnings").is_empty());
    let soon = now().plus(Period::days(20));
    board.scene.seal_as(2, time(OLD), soon);
    put_root(&board, time(OLD), soon);
    for ran in [board.scene.verify(), board.scene.run(&status)] {
        assert_eq!(ran.code, Some(0), "{ran}");
        let found = notes(&ran, if ran.out().contains("\"warnings\"") { "warnings" } else { "notes" });
        assert!(found.len() == 2 && found[0].starts_with("the root expires"), "{found:?}");
        assert!(found[1].starts_with("the seal expires"), "{found:?}");
        assert!(ran.err().contains("the root expires") && ran.err().contains("the seal expires"), "{ran}");
    }
    board.scene.verify().allowed();
    board.by(&["rose"], &["policy", "rotate-root"]).done();
    board.by(&["alice"], &["policy", "renew"]).done();
    assert!(notes(board.scene.verify().allowed(), "notes").is_empty());
}
