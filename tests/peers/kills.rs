//! Whenever a command is killed, is there a policy that counts, and does the command go on from there?
//!
//! `strace` kills it at its first call that changes a file, at its second, and so on until it survives.

use std::process::{Output, Stdio};

use serde_json::Value;

use crate::governance::board::Board;
use crate::peers::peer::Peer;
use crate::support::{Scene, read, text};

/// What changes a file under its name, and `write`: to a file beside it, to the ledger, to stdout.
///
/// A call that only makes a change last, or a folder, leaves what the next of these finds.
const CALLS: &str = "write,ftruncate,rename,renameat,renameat2,unlink,unlinkat,link,linkat";

/// A command that is killed, in an account that is ready for it.
struct Killed<'a> {
    board: Board,
    people: &'a [&'a str],
    arguments: Vec<&'a str>,
    /// Whether everything is there that the command is for.
    done: &'a dyn Fn(&Board) -> bool,
    /// What it says when it finds everything done, if that is no success.
    already: &'a str,
}

impl Killed<'_> {
    /// Kills the command at each call in turn.
    fn everywhere(&self) {
        let Some(_) = Peer::find("strace") else { return };
        let whole = self.board.elsewhere();
        let calls = self.calls(&whole);
        let (before, after) = (state(&self.board.scene), state(&whole.scene));
        assert!((self.done)(&whole), "{:?}", self.arguments);
        for (call, number) in &calls {
            let board = self.board.elsewhere();
            self.run_until(&board, call, *number);
            let found = state(&board.scene);
            assert!(found == before || found == after, "{found:?} is neither {before:?} nor {after:?}");
            let again = board.by(self.people, &self.arguments);
            let fine =
                again.code == Some(0) || (!self.already.is_empty() && again.err().contains(self.already));
            assert!(fine && (self.done)(&board), "{:?}, killed at {call} {number}: {again}", self.arguments);
        }
    }

    /// The calls that it makes: which, and the how manieth of its kind.
    fn calls(&self, board: &Board) -> Vec<(String, usize)> {
        let log = board.scene.path().join("calls");
        let output = self.traced(board, text(&log), &format!("trace={CALLS}"));
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let mut calls: Vec<(String, usize)> = Vec::new();
        for line in String::from_utf8_lossy(&read(&log)).lines() {
            // `PID NAME(ARGUMENTS) = RESULT`
            let name =
                line.split_whitespace().nth(1).and_then(|rest| rest.split('(').next()).unwrap_or_default();
            let number = calls.iter().filter(|(known, _)| known == name).count() + 1;
            calls.push((name.to_owned(), number));
        }
        // Most writes go to a file that has no name yet, and its rename comes next.
        let writes = calls.iter().filter(|(name, _)| name == "write").count();
        calls.retain(|(name, number)| name != "write" || writes < 6 || *number == writes);
        assert!(calls.iter().any(|(name, _)| name != "write"), "{calls:?}");
        calls
    }

    /// Runs the command, which dies at this call.
    fn run_until(&self, board: &Board, call: &str, number: usize) {
        let output = self.traced(board, "/dev/null", &format!("inject={call}:signal=SIGKILL:when={number}"));
        assert_eq!(output.status.code(), None, "{call} {number}: {output:?}");
    }

    fn traced(&self, board: &Board, log: &str, what: &str) -> Output {
        let mut command = board.scene.command("strace");
        command.args(["-f", "-qq", "-o", log, "-e", "signal=none", "-e", what]);
        command.arg(env!("CARGO_BIN_EXE_countersign")).args(&self.arguments);
        for person in self.people {
            command.arg("--key").arg(board.file(person));
        }
        command.stdin(Stdio::null()).output().expect("strace starts")
    }
}

/// Which root and which seal count, as `policy status` says; something always does.
fn state(scene: &Scene) -> (u64, u64) {
    let ran = scene.run(&["policy", "status", "--format", "json"]);
    assert!(matches!(ran.code, Some(0 | 1)), "{ran}");
    let status: Value = serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("{ran}"));
    let number = |of: &str| status[of]["version"].as_u64().expect("a number");
    (number("root"), number("snapshot"))
}

fn is_at(root: u64, snapshot: u64) -> impl Fn(&Board) -> bool {
    move |board| state(&board.scene) == (root, snapshot) && !board.draft().exists()
}

/// An account with a job recorded, a profile more and a revocation, none of it sealed.
fn edited(board: Board) -> Board {
    board.scene.run(&["profile", "create", "billing"]).done();
    board.scene.run(&["job", "record", text(&board.scene.manifest())]).done();
    board
}

#[test]
fn a_seal_that_is_killed_is_made_again() {
    let done = |board: &Board| state(&board.scene).1 >= 3 && !board.draft().exists();
    let (board, arguments) = (Board::of_one(), vec!["policy", "seal"]);
    // The third seal takes away what only the first one needed.
    board.scene.run(&["profile", "rotate", "release"]).done();
    board.scene.seal();
    Killed { board: edited(board), people: &["alice"], arguments, done: &done, already: "" }.everywhere();
}

#[test]
fn a_signature_that_is_killed_is_added_again() {
    let board = edited(Board::of_three());
    board.by(&["alice"], &["policy", "seal"]).done();
    let (arguments, done) = (vec!["policy", "seal", "--add"], is_at(3, 3));
    Killed { board, people: &["bob"], arguments, done: &done, already: "no seal is waiting" }.everywhere();
}

#[test]
fn a_root_that_is_killed_is_made_again() {
    let arguments = vec!["policy", "rotate-root", "--validity", "2 years"];
    let done = |board: &Board| state(&board.scene).0 >= 2;
    Killed { board: Board::of_one(), people: &["rose"], arguments, done: &done, already: "" }.everywhere();
}

#[test]
fn a_seal_by_other_policy_keys_that_is_killed_is_made_again() {
    let board = edited(Board::of_one());
    let (bob, carol) = (board.file("bob"), board.file("carol"));
    let alice = board.key("alice").public().id().to_string();
    let roles =
        ["--add-policy-key", text(&bob), "--add-policy-key", text(&carol), "--remove-policy-key", &alice];
    let arguments = [&["policy", "rotate-root"][..], &roles, &["--policy-threshold", "2"]].concat();
    // The root waits for a seal, whenever its making was stopped.
    let done = |board: &Board| board.root_draft(2).exists() && state(&board.scene) == (1, 1);
    let rotation =
        Killed { board: board.elsewhere(), people: &["rose"], arguments, done: &done, already: "" };
    rotation.everywhere();
    let rotated = rotation.board.by(rotation.people, &rotation.arguments);
    rotated.done();
    // Both at once, and the second after the first.
    let at_least = |board: &Board| state(&board.scene).0 == 2 && !board.draft().exists();
    let Killed { board, .. } = rotation;
    let (arguments, done) = (vec!["policy", "seal"], &at_least);
    Killed { board: board.elsewhere(), people: &["bob", "carol"], arguments, done, already: "" }.everywhere();
    board.by(&["bob"], &["policy", "seal"]).done();
    let arguments = vec!["policy", "seal", "--add"];
    Killed { board, people: &["carol"], arguments, done, already: "no seal is waiting" }.everywhere();
}

#[test]
fn a_job_whose_recording_is_killed_is_recorded_once() {
    let board = Board::of_one();
    let done = |board: &Board| {
        let lines = read(&board.scene.policy().join("ledger.jsonl"));
        lines.iter().filter(|byte| **byte == b'\n').count() == 1 && lines.ends_with(b"\n")
    };
    let arguments = vec!["job", "record", "dist/orders.zip.sigstore.json"];
    Killed { board, people: &[], arguments, done: &done, already: "" }.everywhere();
}

#[test]
fn an_edit_that_is_killed_is_made_once() {
    let board = Board::of_one();
    let once = |board: &Board| {
        board.scene.document("profiles/release.toml").matches("ann@acme.example").count() == 1
    };
    let who =
        ["--principal", "ann@acme.example", "--action", "signer:StartSigningJob", "--statement-id", "ann"];
    let arguments = [&["profile", "permit", "release"], &who[..]].concat();
    Killed { board, people: &["bob"], arguments, done: &once, already: "already has a permission `ann`" }
        .everywhere();
}

#[test]
fn a_revocation_that_is_killed_is_made_once() {
    let board = Board::of_one();
    let why = ["--reason-code", "superseded", "--reason", "a newer one"];
    let arguments =
        [&["profile", "revoke", "release", "--effective", "2026-01-01T00:00:00Z"], &why[..]].concat();
    let done = |board: &Board| {
        let revoked = board.scene.document("profiles/release.toml").contains("\"Revoked\"");
        revoked && board.scene.document("revocations.toml").matches("[[profile]]").count() == 1
    };
    Killed { board, people: &[], arguments, done: &done, already: "would not change" }.everywhere();
}
