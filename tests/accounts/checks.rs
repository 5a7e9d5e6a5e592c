//! Do another account's documents get every check that our own get?
//!
//! tough CVE-2026-6967: delegated metadata skipped the checks. The table is one, and both are asked.

use std::fs;
use std::path::Path;

use countersign::time::{Period, Timestamp};

use crate::accounts::Pair;
use crate::support::{Mode, Scene, contents, read, text, write};

/// One thing that is wrong with a policy directory, and what is said of it.
type Wrong = (&'static str, fn(&Path), &'static str);

const WRONG: [Wrong; 9] = [
    ("another root", |policy| flip(&policy.join("roots/1.json")), "is not the pinned root"),
    ("no root", |policy| remove(&policy.join("roots/1.json")), "roots/1.json"),
    (
        "a next root that nobody signed",
        |policy| {
            fs::copy(policy.join("roots/1.json"), policy.join("roots/2.json")).expect("a copy");
        },
        "roots/2.json",
    ),
    ("a seal that is no seal", |policy| write(&policy.join("snapshot.json"), "{}"), "snapshot.json"),
    ("no seal", |policy| remove(&policy.join("snapshot.json")), "snapshot.json"),
    (
        "another signature",
        |policy| {
            let path = policy.join("snapshot.json");
            let text = String::from_utf8(read(&path)).expect("UTF-8");
            let at = text.find("\"sig\"").expect("a signature") + 20;
            let other = if &text[at..=at] == "A" { "B" } else { "A" };
            write(&path, format!("{}{other}{}", &text[..at], &text[at + 1..]));
        },
        "is not signed by enough keys of the policy role",
    ),
    ("a changed profile", |policy| append(&policy.join("profiles/release.toml")), "profiles/release.toml"),
    ("no profile", |policy| remove(&policy.join("profiles/release.toml")), "profiles/release.toml"),
    ("changed revocations", |policy| append(&policy.join("revocations.toml")), "revocations.toml"),
];

fn flip(path: &Path) {
    let mut bytes = read(path);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    write(path, bytes);
}

fn remove(path: &Path) {
    fs::remove_file(path).expect("it was there");
}

fn append(path: &Path) {
    write(path, [read(path), b"# more\n".to_vec()].concat());
}

#[test]
fn whatever_is_wrong_with_a_policy_decides_nothing_ours_or_theirs() {
    let (good, own) = (Pair::new(), Scene::new());
    good.deliver();
    good.acme.verify().allowed();
    for (what, change, says) in WRONG {
        let ours = own.copy();
        change(&ours.policy());
        let ran = ours.verify();
        ran.undecided(says);
        for mode in Mode::BOTH {
            let pair = Pair { acme: good.acme.copy(), vendor: Scene::new() };
            if mode == Mode::Warn {
                pair.acme.warn();
            }
            change(&pair.brought());
            let ran = pair.acme.verify();
            ran.undecided(says);
            assert!(ran.err().contains("cannot use the policy of account `vendor`"), "{what}: {ran}");
        }
    }
}

/// The same of what is to be brought: nothing of it gets here, and what is here stays.
#[test]
fn what_is_wrong_with_a_policy_keeps_it_out() {
    let good = Pair::new();
    for (what, change, says) in WRONG {
        let pair = Pair { acme: good.acme.copy(), vendor: good.vendor.copy() };
        change(&pair.vendor.policy());
        let before = contents(&pair.acme.policy());
        let from = pair.vendor.policy();
        let update = pair.acme.run(&["account", "update", "vendor", "--from", text(&from)]);
        update.undecided(says);
        assert!(contents(&pair.acme.policy()) == before, "{what}");
        pair.deliver();
        pair.acme.verify().allowed();
    }
}

/// Past the end of their seal their signatures cannot be decided, while ours can.
#[test]
fn the_end_of_their_seal_is_an_end_here() {
    let pair = Pair::strangers();
    let now = Timestamp::from_clock(std::time::SystemTime::now());
    let end = now.plus(Period::days(40));
    pair.vendor.seal_as(pair.vendor.snapshot().version + 1, now, end);
    pair.trust().done();
    pair.allow(&["acme", "vendor"]);
    assert!(pair.acme.judge_at(end).is_ok());
    pair.deliver();
    let before = pair.acme.judge_at(end.plus_seconds(-1)).expect("decided");
    assert!(before.findings().next().is_none(), "{before:?}");
    let error = pair.acme.judge_at(end).expect_err("nothing is decided").to_string();
    assert!(
        error.contains("cannot use the policy of account `vendor`") && error.contains("expired"),
        "{error}"
    );
}

/// cosign CVE-2024-29902: what nobody sealed costs no memory, however much of it there is.
#[test]
#[cfg(target_os = "linux")]
fn documents_that_nobody_sealed_are_not_read() {
    let pair = Pair::new();
    for number in 0..64 {
        let file = fs::File::create(pair.vendor.policy().join(format!("csc/{number}.toml"))).expect("a file");
        file.set_len(8 << 20).expect("a sparse file");
    }
    let ran = pair.acme.shell("ulimit -v 400000; exec \"$0\" account update vendor");
    ran.undecided("has unsealed changes: csc/0.toml, csc/1.toml, csc/10.toml");
}
