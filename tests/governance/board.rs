//! Who holds the roles of an account that no one person governs?

use std::fs;
use std::path::PathBuf;

use countersign::crypto::secret::SecretKey;
use countersign::policy::rotation;
use countersign::policy::snapshot;

use crate::support::{Ran, Scene, read, text, write};

/// An account, and the keys of those who may come to hold its roles: rose, rob and rita the root role;
/// alice, bob and carol the policy role; mallory none. It begins with rose and alice.
pub struct Board {
    pub scene: Scene,
}

impl Board {
    /// The account as `init` makes it: one root key, one policy key.
    pub fn of_one() -> Self {
        let board = Self { scene: Scene::new() };
        for (person, key) in [("rose", "root"), ("alice", "policy")] {
            write(&board.file(person), read(&board.scene.key_file(key)));
        }
        for person in ["rob", "rita", "bob", "carol", "mallory"] {
            let pem = SecretKey::generate().and_then(|key| key.to_pem(None)).expect("a key");
            write(&board.file(person), pem.as_bytes());
        }
        board
    }

    /// The account with two of three keys for each role, by command.
    pub fn of_three() -> Self {
        let board = Self::of_one();
        let (bob, carol) = (board.file("bob"), board.file("carol"));
        let more =
            ["--add-policy-key", text(&bob), "--add-policy-key", text(&carol), "--policy-threshold", "2"];
        board.by(&["rose"], &[&["policy", "rotate-root"], &more[..]].concat()).done();
        board.by(&["alice", "bob"], &["policy", "seal"]).done();
        let (rob, rita) = (board.file("rob"), board.file("rita"));
        let more = ["--add-root-key", text(&rob), "--add-root-key", text(&rita), "--root-threshold", "2"];
        board.by(&["rose", "rob"], &[&["policy", "rotate-root"], &more[..]].concat()).done();
        assert_eq!((board.root(), board.scene.snapshot().version), (3, 2));
        board.scene.verify().allowed();
        board
    }

    /// The same account on another machine.
    pub fn elsewhere(&self) -> Self {
        Self { scene: self.scene.copy() }
    }

    /// The file of a person's key.
    pub fn file(&self, person: &str) -> PathBuf {
        self.scene.path().join(format!("people/{person}.pem"))
    }

    /// A person's key.
    pub fn key(&self, person: &str) -> SecretKey {
        let pem = fs::read_to_string(self.file(person)).expect("a key");
        SecretKey::from_pem(&pem, None).expect("a plain key")
    }

    /// Runs a command with these people's keys.
    pub fn by(&self, people: &[&str], arguments: &[&str]) -> Ran {
        let files: Vec<PathBuf> = people.iter().map(|person| self.file(person)).collect();
        let keys = files.iter().flat_map(|file| ["--key", text(file)]);
        self.scene.run(&arguments.iter().copied().chain(keys).collect::<Vec<_>>())
    }

    /// The version of the newest root, which holds.
    pub fn root(&self) -> u64 {
        let ran = self.scene.run(&["policy", "status", "--format", "json"]);
        let status: serde_json::Value = serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("{ran}"));
        status["root"]["version"].as_u64().expect("a number")
    }

    /// Where a seal waits.
    pub fn draft(&self) -> PathBuf {
        snapshot::draft_path(&self.scene.policy())
    }

    /// Where a root waits.
    pub fn root_draft(&self, version: u64) -> PathBuf {
        rotation::draft_path(&self.scene.policy(), version)
    }

    /// What waits, as `policy status` says it.
    pub fn waiting(&self) -> Vec<String> {
        let out = self.scene.run(&["policy", "status"]).out();
        out.lines().filter_map(|line| line.strip_prefix("pending  ")).map(str::to_owned).collect()
    }
}
