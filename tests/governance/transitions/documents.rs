//! What may become of a CSC and of the governance, and when is a revision right?

use std::fs;

use super::{Change, May, with};
use crate::support::{NAME, Scene, next_revision, revocation, write};

const CSC: &str = "csc/csc-0123456789abcdefg.toml";
const BEFORE: &str = "id = 'csc-0123456789abcdefg'\ndescription = 'production'\nrevision = 7\n\
    allowed_publishers = ['arn:countersign:signer::acme:/signing-profiles/release/*']\n\
    untrusted_artifact_on_deployment = 'Enforce'\n";

/// A CSC changes as its owners like; each change is told.
#[test]
fn every_change_of_a_csc_is_told() {
    let other = "arn:countersign:signer::acme:/signing-profiles/other/*";
    let two = BEFORE.replace("/*']", &format!("/*', '{other}']"));
    let swapped = BEFORE.replace("['arn:", &format!("['{other}', 'arn:"));
    for (what, before, after, may) in [
        ("created", None, Some(BEFORE.to_owned()), May::Be("created: Enforce")),
        ("described", Some(BEFORE), with(BEFORE, "production", "staging"), May::Be("changed to \"staging\"")),
        (
            "softened",
            Some(BEFORE),
            with(BEFORE, "'Enforce'", "'Warn'"),
            May::Be("changes from Enforce to Warn"),
        ),
        ("allows more", Some(BEFORE), Some(next_revision(&two)), May::Be("profiles/other/*` allowed by")),
        ("allows less", Some(&two), Some(next_revision(BEFORE)), May::Be("no longer allowed by")),
        ("in another order", Some(&two), Some(next_revision(&swapped)), May::Nothing),
        ("deleted", Some(BEFORE), None, May::Be("deleted")),
        ("under another name", Some(BEFORE), with(BEFORE, "'csc-01", "'csc-11"), May::Not("")),
    ] {
        let (path, before) = (CSC.into(), before.map(str::to_owned));
        let change = Change { what: what.into(), path, before, after, command: String::new(), may };
        match may {
            May::Not(_) => change.is_malformed(),
            _ => change.check(),
        }
    }
}

/// What functions are governed by changes as their owners like; each change is told.
#[test]
fn every_change_of_the_governance_is_told() {
    let scene = Scene::new();
    let id = scene.csc_id();
    let rule = |pattern: &str, csc: &str| format!("\n[[function]]\npattern = '{pattern}'\ncsc = '{csc}'\n");
    let head = "revision = 7\nprotected_refs = ['refs/heads/main']\n";
    let document =
        |patterns: &[&str]| patterns.iter().fold(head.to_owned(), |all, each| all + &rule(each, &id));
    let seal = |to: &str, code: i32, words: &str| {
        write(&scene.policy().join("functions.toml"), document(&["a", "b"]));
        scene.seal_over();
        write(&scene.policy().join("functions.toml"), to);
        let ran = scene.run(&["policy", "diff"]);
        assert!(ran.out().contains(words) || ran.err().contains(words), "no {words:?}: {ran}");
        let ran = scene.run(&["policy", "seal"]);
        assert_eq!(ran.code, Some(code), "{words}: {ran}");
    };
    let next = |text: &str| next_revision(text);
    seal(&next(&document(&["a", "b", "c"])), 0, "functions `c` attached to");
    seal(&next(&document(&["a"])), 0, "rule `b` removed: its functions are no longer attached to");
    seal(&next(&document(&["b", "a"])), 0, "order of function rules changed: `b`, `a`");
    seal(
        &next(&document(&["a", "b"]).replace("['refs", "['refs/tags/*', 'refs")),
        0,
        "ref `refs/tags/*` protected",
    );
    seal(
        &next(&document(&["a", "b"]).replace("'refs/heads/main'", "")),
        0,
        "`refs/heads/main` no longer protected",
    );
    let types = document(&["a", "b"]).replace("protected", "deploys_no_code = ['Custom::*']\nprotected");
    seal(&next(&types), 0, "type `Custom::*` added to `deploys_no_code`");
    seal(&next(&document(&["a", "b"])), 0, "no changes since");
    let nobody = "csc-00000000000000000";
    seal(&next(&(document(&["a", "b"]) + &rule("c", nobody))), 2, "functions `c` attached to");
    fs::remove_file(scene.policy().join("functions.toml")).expect("it was there");
    scene.run(&["policy", "seal"]).undecided("`functions.toml` removed");
    // Nor does a CSC go while functions are attached to it.
    write(&scene.policy().join("functions.toml"), document(&["a", "b"]));
    scene.seal_over();
    fs::remove_file(scene.policy().join(scene.csc())).expect("it was there");
    scene.run(&["policy", "seal"]).undecided(&format!("CSC `{id}` does not exist"));
}

/// A changed document has a higher revision, or somebody's later change was written over.
#[test]
fn a_changed_document_has_a_higher_revision() {
    let scene = Scene::new();
    let csc = scene.csc();
    for (path, from, to, added) in [
        (&csc[..], "first code", "our first code", String::new()),
        ("profiles/release.toml", "", "", "[[version]]\nversion = 'aaaaaaaaaa'\nstatus = 'Active'\ncreated = '2024-01-01T00:00:00Z'\nvalidity = '1 year'".into()),
        ("functions.toml", "\"*\"", "\"orders*\"", String::new()),
        ("revocations.toml", "", "", revocation("artifact", &"5".repeat(96))),
    ] {
        // Raised to 3 and sealed: then 3 is what a change has to be over.
        let sealed = next_revision(&next_revision(&scene.document(path)));
        write(&scene.policy().join(path), &sealed);
        scene.seal();
        let changed = match added.is_empty() {
            true => sealed.replace(from, to),
            false => format!("{sealed}\n{added}\n"),
        };
        for (revision, may) in [(0, false), (2, false), (3, false), (4, true)] {
            write(&scene.policy().join(path), changed.replace("revision = 3", &format!("revision = {revision}")));
            let ran = scene.run(&["policy", "seal"]);
            if may {
                ran.done();
            } else {
                ran.undecided(&format!("`revision` is {revision}, and was 3"));
            }
        }
        // A far higher one says no less than the next; a comment says nothing.
        let now = scene.document(path);
        write(&scene.policy().join(path), format!("# reviewed\n{now}"));
        scene.seal();
        // Lowered alone, a revision would let the next change pass that was made from an older document.
        write(&scene.policy().join(path), now.replace("revision = 4", "revision = 3"));
        scene.run(&["policy", "seal"]).undecided("`revision` is 3, and was 4");
        write(&scene.policy().join(path), now);
    }
}

/// An edit that was made from an older revision than there is does not go through.
#[test]
fn an_edit_of_a_revision_that_has_passed_is_a_conflict() {
    let scene = Scene::new();
    let permit = |revision: &str, name: &str| {
        let key = scene.key_file("signing");
        let who = ["--principal", name, "--action", "signer:StartSigningJob", "--revision", revision];
        scene
            .run(&[&["profile", "permit", "release", "--key", crate::support::text(&key)], &who[..]].concat())
    };
    permit("1", "ann@acme.example").done();
    for old in ["0", "1", "3"] {
        permit(old, "ben@acme.example").undecided(&format!("is at revision 2, not {old}"));
    }
    for command in [
        &["profile", "rotate", "release", "--revision", "1"][..],
        &["profile", "cancel", "release", "--revision", "1"],
        &["profile", "forbid", "release", "--statement-id", "ci", "--revision", "1"],
        &[
            "profile",
            "revoke",
            "release",
            "--revision",
            "1",
            "--effective",
            "2024-01-01T00:00:00Z",
            "--reason-code",
            "superseded",
            "--reason",
            "x",
        ],
    ] {
        scene.run(command).undecided("is at revision 2, not 1");
    }
    assert!(!scene.document("revocations.toml").contains("[[profile]]"));
    permit("2", "ben@acme.example").done();
    scene.seal();
    assert!(scene.document("profiles/release.toml").contains("ann@acme.example"));
    assert!(NAME == "orders" && scene.verify().code == Some(0));
}

/// What a seal refuses of documents that are well formed each for itself, the list tells too.
#[test]
fn what_may_not_be_sealed_together_is_told() {
    type Edit = fn(&Scene);
    let cases: [(&str, &str, Edit); 4] = [
        ("functions.toml", "does not exist", |scene| {
            scene.append("functions.toml", "[[function]]\npattern = 'pay'\ncsc = 'csc-00000000000000000'");
        }),
        ("profiles/release.toml", "has the same name except for case", |scene| {
            let document = scene.document("profiles/release.toml").replace("\"release\"", "\"Release\"");
            write(&scene.policy().join("profiles/Release.toml"), document);
        }),
        ("revocations.toml", "is in the future: `revoked_at` is 2999-01-01T00:00:00Z, and it is", |scene| {
            let entry = revocation("artifact", &"5".repeat(96)).replace("2024-", "2999-");
            scene.append("revocations.toml", &entry);
        }),
        ("ledger.jsonl", "which is before the last seal or in the future", |scene| {
            scene.run(&["job", "record", "dist/orders.zip.sigstore.json"]).done();
            let ledger = scene.document("ledger.jsonl");
            let (head, rest) = ledger.split_once("\"recorded_at\":\"").expect("a line");
            let early = format!("{head}\"recorded_at\":\"2020-01-01T00:00:00Z{}", &rest[20..]);
            write(&scene.policy().join("ledger.jsonl"), early);
        }),
    ];
    for (path, words, edit) in cases {
        let scene = Scene::new();
        edit(&scene);
        let ran = scene.run(&["policy", "diff"]);
        assert!(ran.code == Some(1) && ran.out().contains(words), "{path}: {ran}");
        assert!(ran.out().contains(&format!("\n{path}\n")), "{path}: {ran}");
        assert!(ran.out().contains("not allowed: fix the document"), "{path}: {ran}");
        scene.run(&["policy", "seal"]).undecided(words);
    }
}
