//! What do the tests roll out to: repositories on this machine, and a stack set that names them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::pin::Pin;
use serde_json::Value;

use crate::support::{Ran, Scene, read, text, write};

/// A central account and its targets' repositories.
pub struct Fleet {
    pub scene: Scene,
    clones: AtomicUsize,
}

/// An account of a target's own.
pub struct Account {
    pub policy: PathBuf,
    pub key: PathBuf,
    pub pin: Pin,
}

impl Fleet {
    /// No target yet.
    pub fn new() -> Self {
        Self { scene: Scene::new(), clones: AtomicUsize::new(0) }
    }

    /// So many targets, `t0`, `t1` and so on, each a copy of the policy in `policy`; nothing is rolled out yet.
    pub fn of(count: usize, preferences: &str) -> Self {
        let fleet = Self::new();
        let names: Vec<String> = (0..count).map(|number| format!("t{number}")).collect();
        names.iter().for_each(|name| fleet.repository(name));
        let targets: String = names.iter().map(|name| fleet.copy(name)).collect();
        fleet.seal_set(preferences, &targets);
        fleet
    }

    /// As [`Fleet::of`], and rolled out.
    pub fn deployed(count: usize) -> Self {
        let fleet = Self::of(count, "failure_tolerance = 0\nmax_concurrent = 1");
        fleet.run(&["deploy"]).done();
        fleet
    }

    pub fn bare(&self, name: &str) -> PathBuf {
        self.scene.path().join(format!("targets/{name}.git"))
    }

    pub fn url(&self, name: &str) -> String {
        format!("file://{}", text(&self.bare(name)))
    }

    /// Makes a repository with one commit on `main`.
    pub fn repository(&self, name: &str) {
        let mut options = git2::RepositoryInitOptions::new();
        let options = options.bare(true).mkpath(true).external_template(false).initial_head("main");
        let made = git2::Repository::init_opts(self.bare(name), options).expect("a repository");
        let blob = made.blob(b"# a service\n").expect("a blob");
        let mut tree = made.treebuilder(None).expect("a tree");
        tree.insert("README.md", blob, 0o100_644).expect("an entry");
        let tree = made.find_tree(tree.write().expect("written")).expect("a tree");
        let who = git2::Signature::now("Ada", "ada@example.org").expect("a signature");
        made.commit(Some("refs/heads/main"), &who, &who, "A service", &tree, &[]).expect("a commit");
    }

    /// A target's lines that make it a copy.
    pub fn copy(&self, name: &str) -> String {
        format!(
            "\n[[target]]\nname = '{name}'\nurl = '{}'\nbranch = 'main'\npath = 'policy'\n",
            self.url(name)
        )
    }

    /// Writes the stack set, by default for copies, and seals it.
    pub fn seal_set(&self, preferences: &str, targets: &str) {
        self.write_set(preferences, targets);
        self.scene.seal();
    }

    pub fn write_set(&self, preferences: &str, targets: &str) {
        let path = self.scene.policy().join("stackset.toml");
        let revision = fs::read_to_string(&path).map_or(1, |text| {
            let line = text.lines().find_map(|line| line.strip_prefix("revision = "));
            line.and_then(|number| number.parse::<u64>().ok()).expect("a revision") + 1
        });
        write(&path, format!("revision = {revision}\ndeploy = 'policy'\n{preferences}\n{targets}"));
    }

    /// Runs `countersign stackset`.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.scene.run(&[&["stackset"], arguments].concat())
    }

    /// What a command says of each target, as `name STATUS`, in order.
    pub fn told(&self, arguments: &[&str]) -> (Option<i32>, Vec<String>) {
        let ran = self.run(&[arguments, &["--format", "json"]].concat());
        (ran.code, statuses(&ran))
    }

    /// Changes the work tree of a target, commits that and pushes it.
    pub fn change(&self, name: &str, change: impl FnOnce(&Path)) {
        self.change_on(name, "main", change);
    }

    pub fn change_on(&self, name: &str, branch: &str, change: impl FnOnce(&Path)) {
        let work = self.clone(name, branch);
        change(&work);
        self.scene.git(&["-C", text(&work), "add", "--all", "."]);
        self.scene.git(&["-C", text(&work), "commit", "-q", "-m", "a change of the team's"]);
        self.scene.git(&["-C", text(&work), "push", "-q", "origin", branch]);
    }

    /// A clone with a work tree.
    pub fn clone(&self, name: &str, branch: &str) -> PathBuf {
        let number = self.clones.fetch_add(1, Ordering::Relaxed);
        let work = self.scene.path().join(format!("clones/{number}"));
        self.scene.git(&["clone", "-q", "--no-hardlinks", "-b", branch, &self.url(name), text(&work)]);
        work
    }

    /// Runs git in a target's repository.
    pub fn git(&self, name: &str, arguments: &[&str]) -> String {
        self.scene.git(&[&["--git-dir", text(&self.bare(name))], arguments].concat())
    }

    /// How many commits a branch of a target has.
    pub fn commits(&self, name: &str) -> usize {
        self.git(name, &["rev-list", "main"]).lines().count()
    }

    /// A file of a target.
    pub fn file(&self, name: &str, path: &str) -> String {
        self.git(name, &["show", &format!("main:{path}")])
    }

    /// Makes an account of a team's own, and puts it into a target's repository, in `policy`.
    pub fn account(&self, name: &str) -> Account {
        let policy = self.scene.path().join(format!("accounts/{name}"));
        let keys = self.scene.path().join(format!("accounts/{name}-keys"));
        let arguments = ["init", "--account", name, "--plaintext", "--no-pin", "--profile", "team_release"];
        let places = ["--policy", text(&policy), "--keys", text(&keys), "--principal", "ci@team.example"];
        self.scene.run(&[&arguments[..], &places].concat()).done();
        self.repository(name);
        self.change(name, |work| crate::support::copy(&policy, &work.join("policy")));
        let pin = Pin::of(&read(&policy.join("roots/1.json")));
        Account { policy, key: keys.join("policy.pem"), pin }
    }

    /// A target's lines for an account of its own.
    pub fn own(&self, name: &str, account: &Account, deploy: &str, more: &str) -> String {
        let own = fs::read_dir(account.policy.join("csc")).expect("a folder").next().expect("a CSC");
        let own = own.expect("a CSC").file_name().into_string().expect("UTF-8");
        format!(
            "{}deploy = {deploy}\nroot = '{}'\nown = ['csc/{own}', 'profiles/team_release.toml']\n{more}\n",
            self.copy(name),
            account.pin
        )
    }
}

/// What JSON says of each target, as `name STATUS`.
pub fn statuses(ran: &Ran) -> Vec<String> {
    let told = results(ran).into_iter();
    told.map(|each| format!("{} {}", each["target"].as_str().unwrap(), each["status"].as_str().unwrap()))
        .collect()
}

/// The results of a JSON answer.
pub fn results(ran: &Ran) -> Vec<Value> {
    let document: Value = serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("no JSON: {ran}"));
    document["results"].as_array().expect("results").clone()
}

/// Puts a text in the place of another, which must be there.
pub fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("text");
    assert!(text.contains(from), "{} has no {from:?}", path.display());
    write(path, text.replace(from, to));
}
