//! Is there any account of several holders that fewer than the threshold make, or seal for?

use std::fs;
use std::path::PathBuf;

use countersign::pin::Pin;
use countersign::policy::root;
use countersign::policy::snapshot;

use crate::support::{Ran, Scene, contents, read, text, write};

/// A folder outside git in which alice, bob and carol have keys, and no account yet.
struct Meeting(Scene);

impl Meeting {
    fn new() -> Self {
        let meeting = Self(Scene::new());
        fs::create_dir(meeting.folder()).expect("a folder");
        for name in ["alice", "bob", "carol"] {
            meeting.run(&["key", "generate", "--plaintext", "--output", &format!("{name}.pem")]).done();
        }
        write(&meeting.folder().join("notes"), "no key");
        meeting
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("meeting")
    }

    fn policy(&self) -> PathBuf {
        self.folder().join("policy")
    }

    /// Runs `countersign` in the folder.
    fn run(&self, arguments: &[&str]) -> Ran {
        self.0.run(&[&["-C", "../meeting"], arguments].concat())
    }

    /// Runs `init` with words of its own, such as `--root-key alice.pem`.
    fn init(&self, words: &str) -> Ran {
        let account = ["init", "--account", "meeting", "--no-pin", "--plaintext"];
        let own: Vec<&str> = words.split(' ').collect();
        self.run(&[&account[..], &own].concat())
    }

    /// Runs `policy seal` for the account with these keys.
    fn seal(&self, keys: &[&str]) -> Ran {
        let pin = Pin::of(&read(&root::path(&self.policy(), 1))).to_string();
        let place = ["policy", "seal", "--validity", "365 days", "--root", &pin];
        let keys: Vec<&str> = keys.iter().flat_map(|key| ["--key", key]).collect();
        self.run(&[&place[..], &keys].concat())
    }

    /// How many signatures a document has.
    fn signatures(&self, path: PathBuf) -> usize {
        let envelope: serde_json::Value = serde_json::from_slice(&read(&path)).expect("JSON");
        envelope["signatures"].as_array().expect("a list").len()
    }
}

const ROOT: &str = "--root-key alice.pem --root-key bob.pem --root-key carol.pub.pem";
const POLICY: &str = "--policy-key alice.pem --policy-key bob.pem --policy-key carol.pub.pem";

#[test]
fn two_of_three_make_an_account_and_any_two_seal_for_it() {
    let meeting = Meeting::new();
    let all = format!("{ROOT} --root-threshold 2 {POLICY} --policy-threshold 2 --signing-key bob.pub.pem");
    meeting.init(&all).done();
    assert_eq!(meeting.signatures(root::path(&meeting.policy(), 1)), 2);
    assert_eq!(meeting.signatures(snapshot::path(&meeting.policy())), 2);
    assert!(!meeting.0.path().join("config/countersign/keys/meeting").exists(), "a key was made");

    let snapshot = snapshot::path(&meeting.policy());
    let sealed = read(&snapshot);
    let stranger = meeting.0.key_file("policy");
    meeting.seal(&[text(&stranger)]).undecided("none of the given keys has the policy role");
    // One key is one signature, however often it is given, and a stranger's is none.
    let ran = meeting.seal(&["alice.pem", "alice.pem", text(&stranger)]);
    assert!(ran.done().out().contains("1 of 2 signatures"), "{ran}");
    assert_eq!(read(&snapshot), sealed);
    fs::remove_file(snapshot::draft_path(&meeting.policy())).expect("a draft");
    meeting.seal(&["bob.pem", "carol.pem"]).done();
    meeting.seal(&["carol.pem", "alice.pem"]).done();
}

#[test]
fn only_what_is_not_brought_is_made() {
    let meeting = Meeting::new();
    meeting.init(&format!("{ROOT} --root-threshold 1")).done();
    let made = contents(&meeting.0.path().join("config/countersign/keys/meeting"));
    let names: Vec<_> = made.iter().map(|(path, _)| path.to_str().expect("ASCII")).collect();
    assert_eq!(names, ["policy.pem", "signing.pem"]);
}

#[test]
fn keys_that_do_not_make_a_role_make_nothing() {
    let meeting = Meeting::new();
    let before = contents(meeting.0.path());
    for (words, error) in [
        (ROOT.to_owned(), "the root role has 3 keys and no threshold"),
        (format!("{ROOT} --root-threshold 3"), "needs 3 secret keys, found 2"),
        (format!("{ROOT} --root-threshold 4"), "threshold 4, expected 1 to 3"),
        (format!("{ROOT} --root-threshold 0"), "threshold 0"),
        ("--root-threshold 2".into(), "threshold 2, expected 1 to 1"),
        ("--root-key carol.pub.pem".into(), "root role needs 1 secret keys"),
        ("--policy-key carol.pub.pem".into(), "policy role needs 1 secret keys"),
        (POLICY.into(), "the policy role has 3 keys and no threshold"),
        ("--root-key alice.pem --root-key alice.pub.pem --root-threshold 1".into(), "twice"),
        ("--root-key dora.pem".into(), "key file `dora.pem` does not exist"),
        ("--signing-key notes".into(), "cannot use `notes`"),
    ] {
        meeting.init(&words).undecided(error);
        assert!(contents(meeting.0.path()) == before, "{words} left something");
    }
    meeting.init("--root-key alice.pem --policy-key alice.pem").done();
}
