//! Does what was brought of another account only grow newer, whole and for us to seal?

use std::fs;
use std::net::TcpListener;

use crate::accounts::Pair;
use crate::support::{Ran, Scene, contents, copy, revocation, text, write};

#[test]
fn an_update_brings_what_is_newer_and_says_what() {
    let pair = Pair::new();
    let ran = pair.update();
    assert!(ran.done().err().contains("account `vendor` is up to date"), "{ran}");
    pair.vendor.append("revocations.toml", &revocation("artifact", &"ab".repeat(48)));
    pair.vendor.seal();
    let version = pair.vendor.snapshot().version;
    let ran = pair.update();
    let says = format!(
        "account `vendor` changes from root 1, snapshot {} to root 1, snapshot {version}",
        version - 1
    );
    assert!(ran.done().out().contains(&says), "{ran}");
    pair.acme.seal();
    let listed = pair.acme.run(&["account", "list", "--format", "json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.done().out()).expect("JSON");
    let vendor = &listed["accounts"][0];
    assert_eq!((&vendor["account"], &vendor["sealed"]), (&"vendor".into(), &true.into()));
    assert_eq!(vendor["snapshot"], version);
    assert_eq!(vendor["root"], pair.vendor.pin().to_string());
}

/// gittuf CVE-2026-44544, for another account: an older copy is validly signed too.
#[test]
fn an_older_policy_is_not_brought() {
    let pair = Pair::strangers();
    let old = pair.vendor.copy();
    pair.vendor.append("revocations.toml", &revocation("artifact", &"ab".repeat(48)));
    pair.vendor.seal();
    pair.trust().done();
    pair.allow(&["acme", "vendor"]);
    let before = contents(&pair.acme.policy());
    let from = old.policy();
    let update = || pair.acme.run(&["account", "update", "vendor", "--from", text(&from)]);
    update().undecided("rolled back");
    // Nor where nothing is remembered: our own seal says how far it was.
    fs::remove_dir_all(pair.acme.repository().join(".git/countersign")).expect("it was there");
    update().undecided("an account cannot go back to an older root or snapshot");
    assert!(contents(&pair.acme.policy()) == before);
}

/// What was said from the folder where the command ran holds wherever both policies go together.
#[test]
fn a_relative_place_is_kept_relative() {
    let pair = Pair::strangers();
    let beside = pair.acme.path().join("vendor/policy");
    copy(&pair.vendor.policy(), &beside);
    let pin = pair.vendor.pin().to_string();
    pair.acme.run(&["account", "trust", "vendor", "--root", &pin, "--from", "../vendor/policy"]).done();
    assert!(pair.acme.document("accounts/vendor.toml").contains("from = \"../vendor/policy\""));
    pair.acme.seal();
    let moved = pair.acme.copy();
    drop(pair.acme);
    pair.vendor.append("revocations.toml", &revocation("artifact", &"ab".repeat(48)));
    pair.vendor.seal();
    fs::remove_dir_all(moved.path().join("vendor")).expect("it was there");
    copy(&pair.vendor.policy(), &moved.path().join("vendor/policy"));
    let ran = moved.run(&["account", "update"]);
    assert!(ran.done().out().contains("account `vendor` changes from root 1"), "{ran}");
}

/// With another account under its name, each of these would mean another.
#[test]
fn an_organisation_is_not_forgotten_while_something_names_it() {
    let pair = Pair::new();
    pair.allow(&["acme"]);
    let forget = || pair.acme.run(&["account", "forget", "vendor"]);
    pair.acme.run(&["account", "join", "vendor"]).done();
    forget().undecided("account `vendor` is still used by `account.toml`");
    pair.acme.run(&["account", "leave"]).done();
    let artifact = pair.acme.artifact();
    pair.acme.run(&["layer", "publish", "base", "--artifact", text(&artifact)]).done();
    let everybody = ["--layer-version", "1", "--principal", "*", "--organization", "vendor"];
    pair.acme.run(&[&["layer", "permit", "base"], &everybody[..]].concat()).done();
    forget().undecided("of layer `base`");
    let end = ["--principal", "*", "--layer-version", "1"];
    pair.acme.run(&[&["layer", "forbid", "base"], &end[..]].concat()).done();
    forget().done();
}

/// Puts a policy directory into a repository of its own, and gives that one's URL.
fn served(scene: &Scene, policy: &std::path::Path, name: &str) -> String {
    let repository = scene.path().join(name);
    scene.git(&["init", "-q", "-b", "main", text(&repository)]);
    copy(policy, &repository.join("policy"));
    scene.git(&["-C", text(&repository), "add", "."]);
    scene.git(&["-C", text(&repository), "commit", "-q", "-m", "policy"]);
    format!("file://{}#main:policy", text(&repository))
}

/// Over git on both ways: the vendor's policy comes in a repository, and ours goes on in another.
#[test]
fn policies_go_from_repository_to_repository() {
    let pair = Pair::strangers();
    let (acme, pin) = (&pair.acme, pair.vendor.pin().to_string());
    let url = served(acme, &pair.vendor.policy(), "theirs");
    acme.run(&["account", "trust", "vendor", "--root", &pin, "--from", &url]).done();
    assert!(acme.document("accounts/vendor.toml").contains(&url));
    pair.allow(&["acme", "vendor"]);
    pair.deliver();
    acme.verify().allowed();

    let url = served(acme, &acme.policy(), "ours");
    let fetched = acme.run(&["policy", "fetch", &url, "--root", &acme.pin().to_string(), "--format", "json"]);
    let fetched: serde_json::Value = serde_json::from_str(&fetched.done().out()).expect("JSON");
    let directory = fetched["directory"].as_str().expect("a folder").to_owned();
    let verify = || acme.run(&["verify", "--policy", &directory, "--format", "json"]);
    verify().allowed();
    // What was fetched has the vendor's policy in it, and needs it.
    fs::remove_dir_all(std::path::Path::new(&directory).join("accounts/vendor")).expect("it was there");
    verify().undecided("cannot use the policy of account `vendor`");
}

/// Another root is another account, whatever its name.
#[test]
fn another_root_of_the_same_name_is_refused() {
    let pair = Pair::new();
    let other = Scene::of_account("vendor");
    let from = other.policy();
    pair.acme
        .run(&["account", "update", "vendor", "--from", text(&from)])
        .undecided("is not the pinned root");
    let pin = other.pin().to_string();
    pair.acme
        .run(&["account", "trust", "vendor", "--root", &pin, "--from", text(&from)])
        .undecided("account `vendor` is already trusted");
    // Nor by hand: forgetting and trusting are two seals.
    pair.acme.change("accounts/vendor.toml", |document| {
        document.insert("root".into(), pin.into());
    });
    pair.acme.run(&["policy", "seal"]).undecided("a different root is a different account");
}

#[test]
fn a_name_that_is_not_the_accounts_is_refused() {
    let pair = Pair::strangers();
    let (pin, from) = (pair.vendor.pin().to_string(), pair.vendor.policy());
    let trust =
        |name: &str| pair.acme.run(&["account", "trust", name, "--root", &pin, "--from", text(&from)]);
    trust("other").undecided("belongs to account `vendor`, not `other`");
    trust("acme").undecided("`acme` is this account");
    let own = pair.acme.pin().to_string();
    let from = pair.acme.policy();
    pair.acme
        .run(&["account", "trust", "vendor", "--root", &own, "--from", text(&from)])
        .undecided("belongs to account `acme`, not `vendor`");
}

/// TUF, mix and match: the folder of one account or of one seal in the place of another's.
#[test]
fn what_was_brought_is_not_mixed() {
    let pair = Pair::new();
    pair.deliver();
    let old = pair.brought();
    let kept = pair.acme.path().join("kept");
    copy(&old, &kept);
    pair.vendor.append("revocations.toml", &revocation("artifact", &"ab".repeat(48)));
    pair.vendor.seal();
    pair.update().done();
    pair.acme.seal();
    pair.acme.verify().allowed();
    // The new seal's folder holds the old one, which is as validly signed.
    let new = pair.brought();
    fs::remove_dir_all(&new).expect("it was there");
    copy(&kept, &new);
    pair.acme.verify().undecided("is sealed here");
    // And what is not sealed is not read: our document as it was before.
    let pair = Pair::new();
    let before = pair.acme.document("accounts/vendor.toml");
    pair.vendor.append("revocations.toml", &revocation("artifact", &"ab".repeat(48)));
    pair.vendor.seal();
    pair.update().done();
    pair.acme.seal();
    write(&pair.acme.policy().join("accounts/vendor.toml"), before);
    pair.deliver();
    pair.acme.verify().undecided("accounts/vendor.toml");
}

#[test]
fn an_account_is_forgotten_once_no_csc_names_it() {
    let pair = Pair::new();
    pair.acme.run(&["account", "forget", "vendor"]).undecided("account `vendor` is still used by CSC `csc-");
    pair.allow(&["acme"]);
    pair.acme.run(&["account", "forget", "vendor"]).done();
    pair.acme.seal();
    pair.deliver();
    pair.acme.verify().denied("mismatch", "key-unknown");
    // What was brought goes with the seal after: whoever reads the last one may still need it.
    assert!(pair.acme.policy().join("accounts/vendor").exists());
    pair.acme.append("revocations.toml", &revocation("artifact", &"ab".repeat(48)));
    pair.acme.seal();
    assert!(!pair.acme.policy().join("accounts/vendor").exists());
    pair.acme.run(&["account", "forget", "vendor"]).undecided("trusted account `vendor` does not exist");
}

/// A seal says what it says of an account that is there: not of a folder that somebody forgot to add.
#[test]
fn a_seal_needs_what_was_brought() {
    let pair = Pair::strangers();
    pair.trust().done();
    let brought = pair.brought();
    let kept = pair.acme.path().join("kept");
    fs::rename(&brought, &kept).expect("moved");
    pair.acme.run(&["policy", "seal"]).undecided("cannot use the policy of account `vendor`");
    fs::rename(&kept, &brought).expect("moved");
    pair.acme.seal();
}

/// A server that takes the call and never answers keeps only its own update waiting, and no revocation of ours.
#[test]
fn a_server_that_never_answers_keeps_nobody_else_waiting() {
    let pair = Pair::new();
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("git://{}/policy.git", server.local_addr().expect("an address"));
    let pin = pair.vendor.pin().to_string();
    let update = ["update", "vendor", "--from", &url];
    let trust = ["trust", "third", "--root", &pin, "--from", &url];
    let key = pair.vendor.key("signing").public().id().to_string();
    let why = ["--reason-code", "keyCompromise", "--reason", "stolen", "--effective"];
    for (waits, effective) in [(&update[..], "2026-01-02T00:00:00Z"), (&trust[..], "2026-01-01T00:00:00Z")] {
        let mut child = pair.acme.countersign();
        let mut child = child.arg("account").args(waits).spawn().expect("it starts");
        let caller = server.accept().expect("a call");
        let revoke = [&["key", "revoke", &key], &why[..], &[effective]].concat();
        Ran::within_a_minute(pair.acme.countersign().args(revoke)).done();
        child.kill().expect("it waits");
        child.wait().expect("it ended");
        drop(caller);
    }
}
