//! Does a policy that comes over git count only when it holds, and change nothing when it does not?

mod hostile;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use countersign::git::source::Source;
use countersign::policy::error::PolicyError;
use countersign::policy::fetch::cache::Cache;
use countersign::policy::fetch::error::FetchError;
use countersign::policy::fetch::{FetchOutcome, fetch};
use countersign::policy::memory;
use countersign::policy::snapshot;
use countersign::policy::store::Location;
use countersign::time::{Period, Timestamp};

use crate::support::{Ran, Scene, contents, copy, read, revocation, text, write, year_after};

/// A scene whose policy lies in a repository elsewhere, which `trust` in its workspace names.
struct Distribution {
    scene: Scene,
}

impl Distribution {
    /// The policy is published, and nothing is fetched yet.
    fn new() -> Self {
        let all = Self { scene: Scene::new() };
        all.scene.git(&["init", "-q", "--bare", "-b", "main", text(&all.bare())]);
        all.scene.git(&["init", "-q", "-b", "main", text(&all.work())]);
        all.git(&["remote", "add", "origin", &all.url()]);
        all.publish();
        all.trust(&format!("{}#main", all.url()));
        fs::remove_file(all.scene.state()).expect("it was there");
        all
    }

    /// As [`Distribution::new`], and fetched once.
    fn fetched() -> Self {
        let all = Self::new();
        all.fetch().done();
        all.scene.verify().allowed();
        all
    }

    fn bare(&self) -> PathBuf {
        self.scene.path().join("policy.git")
    }

    fn work(&self) -> PathBuf {
        self.scene.path().join("security")
    }

    fn url(&self) -> String {
        format!("file://{}", text(&self.bare()))
    }

    /// Runs `git` in the security team's work tree.
    fn git(&self, arguments: &[&str]) -> String {
        self.scene.git(&[&["-C", text(&self.work())], arguments].concat())
    }

    /// Puts the policy directory as it is into the repository elsewhere.
    fn publish(&self) {
        self.publish_with(|_| ());
    }

    /// Puts the policy directory into the repository elsewhere, after a change of the work tree.
    fn publish_with(&self, change: impl FnOnce(&Path)) {
        for entry in fs::read_dir(self.work()).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with(".git") {
                fs::remove_dir_all(path).expect("removed");
            } else if !path.is_dir() {
                fs::remove_file(path).expect("removed");
            }
        }
        copy(&self.scene.policy(), &self.work());
        change(&self.work());
        self.git(&["add", "--all", "--force", "."]);
        self.push();
    }

    /// Commits what is staged, and pushes it.
    fn push(&self) {
        self.git(&["commit", "-q", "--allow-empty", "-m", "policy"]);
        self.git(&["push", "-q", "--force", "origin", "main"]);
    }

    /// Seals the policy with this version, without a memory of it here.
    fn seal(&self, version: u64) {
        let now = self.now();
        self.scene.seal_as(version, now, year_after(now));
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_clock(SystemTime::now())
    }

    /// Makes the workspace name this source, in the place of what it named.
    fn trust(&self, source: &str) {
        let path = self.scene.repository().join("countersign.toml");
        let text = fs::read_to_string(&path).expect("text");
        let other = |line: &&str| !line.starts_with("policy =") && !line.starts_with("trust =");
        let rest = text.lines().filter(other).collect::<Vec<_>>().join("\n");
        write(&path, format!("trust = '{source}'\n{rest}\n"));
    }

    fn fetch(&self) -> Ran {
        self.scene.run(&["policy", "fetch"])
    }

    /// The cache of what `trust` names.
    fn cache(&self) -> Cache {
        let source: Source = format!("{}#main", self.url()).parse().expect("a source");
        Cache::of(&self.scene.path().join("cache/countersign/policies"), &source)
    }

    /// The policy directory that the cache serves.
    fn current(&self) -> PathBuf {
        self.cache().current().expect("readable").expect("fetched")
    }

    /// What must stay as it is when a policy is refused: what the cache serves, and the memory.
    fn served(&self) -> (Vec<(PathBuf, Vec<u8>)>, Vec<u8>) {
        let mut cached = contents(self.cache().folder());
        cached.retain(|(path, _)| !path.starts_with("repo.git"));
        (cached, read(&self.scene.state()))
    }
}

/// The happy path: fetched, verified, served, brought up to date, and never more than that.
#[test]
fn a_fetched_policy_serves_and_is_brought_up_to_date() {
    let all = Distribution::new();
    all.scene.run(&["verify"]).undecided("is not fetched yet");
    assert!(!all.cache().folder().exists(), "only `policy fetch` fetches");
    let version = all.scene.snapshot().version;
    let ran = all.fetch();
    let first = all.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let said = |outcome: &str, version: u64, commit: &str| {
        let (url, commit) = (all.url(), &commit[..8]);
        format!("{outcome}: account `acme`, root 1, snapshot {version}, from {url} (main, commit {commit})\n")
    };
    assert_eq!(ran.done().out(), said("fetched", version, &first), "{ran}");
    let mut sealed = contents(&all.scene.policy());
    sealed.retain(|(path, _)| path != Path::new(".gitattributes"));
    assert!(contents(&all.current()) == sorted(sealed), "git's own attributes are not fetched");
    all.scene.verify().allowed();
    let served = all.served();
    assert_eq!(all.fetch().done().out(), said("already up to date", version, &first));
    assert!(all.served() == served);

    all.scene.edit(&all.scene.csc(), "\"Enforce\"", "\"Warn\"");
    all.seal(version + 1);
    all.publish();
    let second = all.git(&["rev-parse", "HEAD"]).trim().to_owned();
    assert_eq!(all.fetch().done().out(), said("fetched", version + 1, &second));
    fs::remove_file(all.scene.manifest()).expect("it was there");
    all.scene.verify().warned("mismatch", "manifest-missing");
    // Of what was fetched before, one is left for commands that still read it.
    for version in version + 2..version + 5 {
        all.seal(version);
        all.publish();
        all.fetch().done();
    }
    let folders = fs::read_dir(all.cache().folder()).expect("a folder").count();
    assert_eq!(folders, 5, "repo.git, two commits, current, lock");
}

fn sorted(mut files: Vec<(PathBuf, Vec<u8>)>) -> Vec<(PathBuf, Vec<u8>)> {
    files.retain(|(path, _)| !path.to_string_lossy().ends_with(".lock"));
    files.sort();
    files
}

/// What a program reads says the same.
#[test]
fn a_fetch_is_told_to_programs() {
    let all = Distribution::new();
    for outcome in ["fetched", "up-to-date"] {
        let ran = all.scene.run(&["policy", "fetch", "--format", "json"]);
        let said: serde_json::Value = serde_json::from_str(&ran.done().out()).expect("JSON");
        assert_eq!((&said["outcome"], &said["ref"]), (&outcome.into(), &"main".into()), "{ran}");
        assert_eq!(said["commit"].as_str(), Some(all.git(&["rev-parse", "HEAD"]).trim()));
        assert_eq!(said["directory"].as_str().map(PathBuf::from), Some(all.current()));
    }
}

/// A ref, a tag, a commit and a folder name what they say.
#[test]
fn a_source_names_a_ref_and_a_folder() {
    let all = Distribution::new();
    all.git(&["tag", "-a", "-m", "one", "v1"]);
    all.git(&["push", "-q", "origin", "v1"]);
    let commit = all.git(&["rev-parse", "HEAD"]).trim().to_owned();
    all.publish_with(|work| {
        let policy = contents(work);
        policy.iter().filter(|(path, _)| !path.starts_with(".git")).for_each(|(path, bytes)| {
            write(&work.join("teams/shop").join(path), bytes);
            fs::remove_file(work.join(path)).expect("it was there");
        });
    });
    let url = all.url();
    for arguments in
        [&[&url[..], "v1"][..], &[&url, &commit], &[&url, "main:teams/shop"], &[&url, "HEAD:teams/shop"]]
    {
        all.scene.run(&[&["policy", "fetch"], arguments].concat()).done();
    }
    all.trust(&format!("{url}#main:teams/shop"));
    all.scene.verify().allowed();
    for (source, words) in [
        (format!("{url}#main"), "has no `roots/1.json`"),
        (format!("{url}#main:teams/none"), "has no `teams/none`"),
        (format!("{url}#main:teams/shop/functions.toml"), "has no `teams/shop/functions.toml`"),
        (format!("{url}#none"), "cannot fetch `none`"),
        (format!("{url}.none#main"), "cannot fetch `main`"),
    ] {
        all.scene.run(&["policy", "fetch", &source]).undecided(words);
    }
    all.scene.run(&["policy", "fetch", &format!("{url}#main"), "v1"]).undecided("names a ref");
}

/// tough CVE-2025-2888: rejected metadata was cached, and blocked what came later.
#[test]
fn a_refused_policy_changes_nothing() {
    type Tamper<'a> = &'a dyn Fn(&Distribution);
    let stranger = Scene::fresh();
    let cases: &[(&str, Tamper)] = &[
        ("unsealed changes: profiles/release.toml", &|all| {
            all.publish_with(|work| append(&work.join("profiles/release.toml"), "# one more line\n"));
        }),
        ("unsealed changes: functions.toml", &|all| {
            // Under a new seal, which must not be remembered either.
            all.seal(6);
            all.publish_with(|work| append(&work.join("functions.toml"), "# one more line\n"));
        }),
        ("unsealed changes: revocations.toml", &|all| {
            all.publish_with(|work| fs::remove_file(work.join("revocations.toml")).expect("removed"));
        }),
        ("unsealed changes: profiles/evil.toml", &|all| {
            all.publish_with(|work| {
                write(&work.join("profiles/evil.toml"), read(&work.join("profiles/release.toml")));
            });
        }),
        ("` is missing", &|all| {
            // The index tells what is revoked: none of its pages may be left out.
            let other = stranger.statement()["predicate"]["job"].as_str().expect("an ARN").to_owned();
            all.scene.append("revocations.toml", &revocation("job", &other));
            all.seal(6);
            all.publish_with(|work| {
                let objects = contents(&work.join("objects"));
                let page = objects.iter().find(|(_, bytes)| bytes.starts_with(b"job arn:"));
                let (page, _) = page.expect("a page of the index");
                fs::remove_file(work.join("objects").join(page)).expect("removed");
            });
        }),
        ("`roots/1.json` is not the pinned root", &|all| {
            all.publish_with(|work| copy(&stranger.policy(), work));
        }),
        ("`roots/2.json`", &|all| {
            all.publish_with(|work| write(&work.join("roots/2.json"), read(&work.join("roots/1.json"))));
        }),
        ("not signed by enough keys of the policy role", &|all| {
            all.publish_with(|work| {
                write(&work.join("snapshot.json"), read(&stranger.policy().join("snapshot.json")))
            });
        }),
        ("found snapshot 3, but snapshot 5 was seen before", &|all| {
            all.seal(3);
            all.publish();
        }),
        ("a different snapshot with version 5", &|all| {
            all.scene.append("functions.toml", "# other bytes");
            all.seal(5);
            all.publish();
        }),
        ("`snapshot.json` expired", &|all| {
            all.scene.seal_as(6, all.now().plus(Period::days(0)), all.now());
            all.publish();
        }),
    ];
    for (words, tamper) in cases {
        let all = Distribution::new();
        all.seal(5);
        all.publish();
        all.fetch().done();
        all.scene.verify().allowed();
        let (served, policy) = (all.served(), contents(&all.scene.policy()));
        tamper(&all);
        let ran = all.fetch();
        ran.undecided("is refused").undecided(words);
        assert!(!ran.err().contains(".draft-"), "{ran}");
        assert!(all.served() == served, "{words}");
        all.scene.verify().allowed();
        // Nor does it stand in the way of the right one.
        policy.iter().for_each(|(path, bytes)| write(&all.scene.policy().join(path), bytes));
        all.seal(6);
        all.publish();
        all.fetch().done();
        all.scene.verify().allowed();
    }
}

fn append(path: &Path, more: &str) {
    write(path, [&read(path)[..], more.as_bytes()].concat());
}

/// python-tuf CVE-2020-15163: data that had failed verification was trusted from the disk.
#[test]
fn what_lies_in_the_cache_is_verified_at_each_use() {
    let all = Distribution::fetched();
    let served = all.served();
    // A kill after `git fetch`, or in the middle of extraction, leaves these.
    let draft = all.cache().folder().join(".draft-left");
    copy(&all.scene.policy(), &draft);
    append(&draft.join("functions.toml"), "# half");
    for left in ["shallow.lock", "refs/countersign/fetched.lock"] {
        write(&all.cache().folder().join("repo.git").join(left), "");
    }
    all.scene.verify().allowed();
    all.fetch().done();
    all.seal(7);
    all.publish();
    all.fetch().done();
    assert!(!draft.exists(), "what a kill left is cleared");
    assert!(all.served() != served);
    // A cache that somebody changed is an error, and the next fetch mends it.
    let current = all.current();
    let served = contents(&current);
    let csc = current.join(all.scene.csc());
    for break_it in [
        &|| write(&csc, fs::read_to_string(&csc).expect("text").replace("Enforce", "Warn")) as (),
        &|| fs::remove_file(&csc).expect("removed"),
        &|| fs::remove_dir_all(current.join("roots")).expect("removed"),
        &|| fs::remove_dir_all(&current).expect("removed"),
        &|| write(&all.cache().folder().join("current"), "../../evil"),
        &|| write(&all.cache().folder().join("current"), ""),
        &|| write(&all.cache().folder().join("current"), "0".repeat(40)),
    ] as [&dyn Fn(); 7]
    {
        break_it();
        all.scene.run(&["verify"]).is_no();
        assert_eq!(all.scene.verify().code, Some(2));
        all.fetch().done();
        all.scene.verify().allowed();
        assert_eq!(all.current(), current);
        assert!(contents(&current) == served);
    }
}

/// Two fetches at once wait for one another, and both end well.
#[test]
fn fetches_at_once_do_not_collide() {
    let all = Distribution::new();
    let start = || all.scene.countersign().args(["policy", "fetch"]).spawn().expect("it starts");
    let running: Vec<_> = (0..4).map(|_| start()).collect();
    for mut each in running {
        assert!(each.wait().expect("it ends").success());
    }
    all.scene.verify().allowed();
}

/// TUF, freeze: offline the cached policy serves, and not for ever.
#[test]
fn offline_the_cached_policy_serves_until_it_expires() {
    let all = Distribution::fetched();
    fs::rename(all.bare(), all.scene.path().join("gone")).expect("renamed");
    all.scene.verify().allowed();
    all.scene.run(&["release", "--format", "json"]).allowed();
    let served = all.served();
    all.fetch().undecided("cannot fetch `main`");
    assert!(all.served() == served);
    all.scene.verify().allowed();
    let location = Location { directory: all.current(), pin: Some(all.scene.pin()), state: None };
    let expires = all.scene.snapshot().expires;
    memory::open(&location, expires.plus_seconds(-1)).expect("until then it serves");
    assert!(matches!(memory::open(&location, expires), Err(PolicyError::Expired { .. })));
    // Nor is it fetched again then.
    fs::rename(all.scene.path().join("gone"), all.bare()).expect("renamed");
    let source: Source = format!("{}#main", all.url()).parse().expect("a source");
    let again = |now| fetch(&source, &all.cache(), Some(all.scene.pin()), None, now);
    assert_eq!(again(expires.plus_seconds(-1)).expect("it holds").outcome, FetchOutcome::UpToDate);
    assert!(matches!(again(expires), Err(FetchError::Refused { .. })));
    assert!(snapshot::path(&all.current()).exists());
}

/// The pin: what is fetched counts only under a root that was chosen here.
#[test]
fn without_a_pin_nothing_fetched_is_trusted() {
    let all = Distribution::new();
    let pin = all.scene.pin().to_string();
    all.scene.git(&["config", "--unset", "countersign.root"]);
    let ran = all.fetch();
    ran.undecided("no root is pinned").undecided(&pin);
    assert!(ran.err().contains("--root"), "{ran}");
    assert!(all.cache().current().expect("readable").is_none() && !all.scene.state().exists());
    all.scene.verify().undecided("is not fetched yet");
    // The person compares the digest, gives it, and pins it.
    let ran = all.scene.run(&["policy", "fetch", "--root", &pin]);
    assert!(ran.done().err().contains(&format!("countersign policy pin {pin}`")), "{ran}");
    all.scene.verify().undecided("no root is pinned");
    all.scene.run(&["policy", "pin", &pin]).done();
    all.scene.verify().allowed();
    assert!(all.fetch().done().err().is_empty());
}

/// The pin outside git belongs to the source: it outlives the commit that it was made for.
#[test]
fn outside_git_the_pin_of_a_source_outlives_its_commits() {
    let all = Distribution::new();
    let pin = all.scene.pin().to_string();
    fs::remove_dir_all(all.scene.repository().join(".git")).expect("removed");
    all.fetch().undecided("no root is pinned");
    all.scene.run(&["policy", "fetch", "--root", &pin]).done();
    all.scene.run(&["policy", "pin", &pin]).done();
    all.scene.verify().allowed();
    all.seal(9);
    all.publish();
    all.fetch().done();
    all.scene.verify().allowed();
    // Another source's pin is another's.
    let other = format!("{}#HEAD", all.url());
    all.scene.run(&["policy", "fetch", &other]).undecided("no root is pinned");
}

/// What was fetched is its owner's to change.
#[test]
fn a_fetched_policy_is_not_sealed_here() {
    let all = Distribution::fetched();
    let served = all.served();
    all.scene.run(&["policy", "seal"]).undecided("was fetched");
    let directory = all.current();
    all.scene.run(&["policy", "seal", "--policy", text(&directory)]).undecided("was fetched");
    assert!(all.served() == served);
}
