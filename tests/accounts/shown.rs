//! What do an audit and a graph show of another account?

use base64ct::{Base64, Encoding};
use countersign::digest::Sha256;
use serde_json::json;

use super::Pair;
use crate::support::{NAME, Ran, Scene, read, revocation, text, write};

fn audit(scene: &Scene) -> Ran {
    let hash = Base64::encode_string(Sha256::of(&read(&scene.artifact())).as_bytes());
    let path = scene.path().join("functions.json");
    write(&path, json!({ "FunctionName": NAME, "CodeSha256": hash }).to_string());
    scene.run(&["audit", "--deployed", text(&path)])
}

fn graph(scene: &Scene) -> String {
    scene.run(&["graph", "--format", "dot"]).done().out()
}

#[test]
fn what_they_signed_is_covered_as_long_as_they_and_we_say_so() {
    let pair = Pair::new();
    pair.deliver();
    let ran = audit(&pair.acme);
    assert!(ran.code == Some(0) && ran.out().starts_with("covered: 1 "), "{ran}");
    let job = pair.vendor.statement()["predicate"]["job"].as_str().expect("a job").to_owned();
    for revoking in ["ours", "theirs"] {
        let pair = Pair { acme: pair.acme.copy(), vendor: pair.vendor.copy() };
        let scene = if revoking == "ours" { &pair.acme } else { &pair.vendor };
        scene.append("revocations.toml", &revocation("job", &job));
        scene.seal();
        if revoking == "theirs" {
            let from = pair.vendor.policy();
            pair.acme.run(&["account", "update", "vendor", "--from", text(&from)]).done();
            pair.acme.seal();
        }
        let ran = audit(&pair.acme);
        assert!(ran.code == Some(1) && ran.out().contains("job-revoked"), "{revoking}: {ran}");
    }
}

#[test]
fn their_profiles_are_drawn_as_they_count_here() {
    let pair = Pair::strangers();
    pair.allow(&["acme", "vendor"]);
    assert!(graph(&pair.acme).contains("of an unknown account"));
    pair.trust().done();
    pair.acme.seal();
    let drawn = graph(&pair.acme);
    assert!(drawn.contains("account vendor") && !drawn.contains("MISSING"), "{drawn}");
    let key = pair.vendor.key("signing").public().id();
    let revoked = revocation("key", key.as_str());
    pair.acme.append("revocations.toml", &format!("{revoked}\neffective = '2024-01-01T00:00:00Z'"));
    pair.acme.seal();
    let drawn = graph(&pair.acme);
    assert!(drawn.contains("REVOKED: key"), "{drawn}");
}

#[test]
fn an_account_that_cannot_be_asked_is_drawn_so() {
    let pair = Pair::new();
    let snapshot = pair.brought().join("snapshot.json");
    write(&snapshot, "{}");
    assert!(graph(&pair.acme).contains("cannot be used"));
    // What we signed ourselves does not wait for it.
    let ran = audit(&pair.acme);
    assert!(ran.code == Some(0) && ran.err().contains("cannot use the policy of account `vendor`"), "{ran}");
    pair.deliver();
    audit(&pair.acme).undecided("cannot use the policy of account `vendor`");
}

/// Who shares layers with whom; an account that nothing names, and a permission that is over, stand out.
#[test]
fn accounts_layers_and_their_consumers_are_drawn() {
    let pair = Pair::new();
    let artifact = pair.vendor.artifact();
    let publish =
        ["layer", "publish", "base", "--compatible-runtimes", "python3.13", "--artifact", text(&artifact)];
    pair.vendor.run(&publish).done();
    let permit = |principal: &[&str]| {
        pair.vendor.run(&[&["layer", "permit", "base", "--layer-version", "1"], principal].concat()).done();
    };
    permit(&["--principal", "acme"]);
    permit(&["--principal", "third"]);
    let over = ["--not-before", "2020-01-01T00:00:00Z", "--not-after", "2020-02-01T00:00:00Z"];
    permit(&[&["--principal", "other"], &over[..]].concat());
    pair.vendor.seal();
    let theirs = graph(&pair.vendor);
    for said in ["base:1", "acme", "third", "can use until 2020-02-01"] {
        assert!(theirs.contains(said), "{said}: {theirs}");
    }
    pair.update().done();
    pair.acme.seal();
    let ours = graph(&pair.acme);
    assert!(ours.contains("base:1") && ours.contains("can use") && !ours.contains("third"), "{ours}");
    assert!(!ours.contains("UNUSED: no CSC allows its profiles"), "{ours}");
    pair.allow(&["acme"]);
    let unused = graph(&pair.acme);
    assert!(unused.contains("UNUSED: no CSC allows its profiles"), "{unused}");
    write(&pair.brought().join("snapshot.json"), "{}");
    let missing = graph(&pair.acme);
    assert!(missing.contains("MISSING: its policy cannot be used"), "{missing}");
}
