//! Does a build cover a commit only where the sealed policy accepts builds, and only the very commit that it names?

use serde_json::{Value, json};

use crate::push::hostile::id;
use crate::push::place::Place;
use crate::support::{Mode, Ran, read, text, write};

const ALL: [&str; 3] = ["origin", "main", "refs/notes/countersign"];

/// A place whose function has dependencies that git ignores, released and attached to its commit.
fn built(mode: Mode) -> Place {
    let place = Place::new(mode);
    let repository = place.scene.repository();
    write(&repository.join(".gitignore"), "node_modules/\nbuild/\ndist/\n");
    write(&repository.join("node_modules/dep/index.js"), "exports.one = 1\n");
    workspace(&place, "exclude = [", "include = [\"*.py\", \"node_modules/**\"]\nexclude = [");
    place.scene.commit();
    place.release();
    place
}

fn workspace(place: &Place, from: &str, to: &str) {
    let file = place.scene.repository().join("countersign.toml");
    let before = String::from_utf8(read(&file)).expect("text");
    assert!(before.contains(from), "{before}");
    write(&file, before.replacen(from, to, 1));
}

/// The policy accepts builds of every function.
fn accept(place: &Place) {
    let csc = place.scene.csc_id();
    place.scene.run(&["function", "attach", "*", "--csc", &csc, "--source", "artifact"]).done();
    place.scene.seal();
}

/// `verify --source HEAD`, of what is attached.
fn attached(place: &Place) -> Ran {
    place.scene.run(&["verify", "--source", "HEAD", "--format", "json"])
}

/// `verify --source HEAD`, of the artifact.
fn artifact(place: &Place) -> Ran {
    let path = place.scene.artifact();
    place.scene.run(&["verify", "--source", "HEAD", text(&path), "--function", "orders", "--format", "json"])
}

/// Attaches one line to a commit, in place of what is attached.
fn attach(place: &Place, commit: &str, line: &str) {
    let path = place.scene.path().join("note");
    write(&path, format!("{line}\n"));
    place.scene.git(&["notes", "--ref", "countersign", "add", "-f", "-F", text(&path), commit]);
}

/// The manifest with other values, signed by the same key.
fn restated(place: &Place, change: impl FnOnce(&mut Value)) -> String {
    let before = place.scene.bundle();
    place.scene.restate(change);
    let line = place.scene.bundle().to_string();
    place.scene.put_bundle(&before);
    line
}

#[test]
fn a_build_is_denied_until_the_sealed_policy_accepts_it() {
    let place = built(Mode::Enforce);
    let predicate = &place.scene.statement()["predicate"];
    assert_eq!((&predicate["format"], &predicate["selection"]["ignored"]), (&json!(2), &json!(true)));
    assert_eq!(predicate["source"]["dirty"], json!(false));
    for ran in [attached(&place), artifact(&place)] {
        ran.denied("mismatch", "source-ignored");
        let finding = &ran.verdict()["checks"][1]["findings"][0];
        assert_eq!(finding["files"]["removed"], json!(["node_modules/dep/index.js"]), "{ran}");
        assert!(finding["hint"].as_str().expect("text").contains("attach orders --csc ID --source artifact"));
    }
    place.push(&[&["--no-verify"], &ALL[..]].concat()).refused("source-ignored");
    accept(&place);
    let ran = attached(&place);
    ran.allowed();
    assert!(ran.out().contains("build of commit ") && ran.out().contains(" (files not compared)"), "{ran}");
    let ran = artifact(&place);
    ran.allowed();
    assert!(ran.err().contains("the files were not compared with commit "), "{ran}");
    place.push(&ALL).pushed("remote: allowed: refs/heads/main");
}

#[test]
fn nothing_in_the_tree_accepts_builds() {
    let place = built(Mode::Enforce);
    workspace(&place, "include = [", "source = \"artifact\"\ninclude = [");
    place.scene.commit();
    attached(&place).undecided("unknown field `source`");
}

#[test]
fn a_folder_that_no_commit_has_is_built() {
    let place = built(Mode::Enforce);
    workspace(&place, "path = \".\"", "path = \"build/orders\"");
    workspace(&place, "include = [\"*.py\", \"node_modules/**\"]\n", "");
    workspace(&place, "exclude = [", "exclude = [\"none\", ");
    write(&place.scene.repository().join("build/orders/handler.py"), "print('built')\n");
    place.scene.commit();
    attached(&place).denied("mismatch", "source-unpackable");
    place.release();
    attached(&place).denied("mismatch", "source-ignored");
    artifact(&place).undecided("cannot be packaged");
    accept(&place);
    attached(&place).allowed();
    artifact(&place).allowed();
    place.push(&ALL).pushed("remote: allowed: refs/heads/main");
    // Without a manifest of its own, a later commit has no build.
    place.scene.git(&["commit", "-q", "--allow-empty", "-m", "later"]);
    attached(&place).denied("mismatch", "manifest-missing");
}

#[test]
fn a_build_of_another_commit_or_of_other_files_covers_nothing() {
    type Change = fn(&mut Value, &str);
    let changes: [(&str, Change, &str); 7] = [
        ("another commit", |job, parent| job["source"]["commit"] = json!(parent), "source-unconfirmed"),
        (
            "an abbreviated commit",
            |job, _| {
                let short = job["source"]["commit"].as_str().expect("an id")[..12].to_owned();
                job["source"]["commit"] = json!(short);
            },
            "source-unconfirmed",
        ),
        ("other files", |job, _| job["source"]["dirty"] = json!(true), "source-unconfirmed"),
        (
            "no source",
            |job, _| drop(job.as_object_mut().expect("fields").remove("source")),
            "source-unconfirmed",
        ),
        (
            "an endorsement",
            |job, _| {
                let job = job.as_object_mut().expect("fields");
                for field in ["source", "selection", "encoder"] {
                    job.remove(field);
                }
                job.insert("endorsement".into(), json!(true));
            },
            "source-unconfirmed",
        ),
        ("another function", |job, _| job["name"] = json!("billing"), "manifest-missing"),
        (
            "a layer",
            |job, _| {
                job["kind"] = json!("layer");
                job["layer"] = json!({ "compatibleRuntimes": [] });
            },
            "manifest-missing",
        ),
    ];
    for mode in Mode::BOTH {
        let place = built(mode);
        accept(&place);
        let parent = id(&place, "HEAD~1");
        for (what, change, code) in &changes {
            let line = restated(&place, |statement| change(&mut statement["predicate"], &parent));
            attach(&place, "HEAD", &line);
            let ran = attached(&place);
            ran.untrusted(mode, "mismatch", code);
            if mode == Mode::Enforce {
                let push = place.push(&[&["--no-verify"], &ALL[..]].concat());
                assert!(push.refused(code).err().contains("denied"), "{what}: {push}");
            }
        }
        attach(&place, "HEAD", &place.scene.bundle().to_string());
        attached(&place).allowed();
    }
}

#[test]
fn a_build_covers_only_the_commit_that_it_is_attached_to() {
    let place = built(Mode::Enforce);
    accept(&place);
    let (built, line) = (id(&place, "HEAD"), place.scene.bundle().to_string());
    place.change("not built");
    attached(&place).denied("mismatch", "manifest-missing");
    // A replayed note.
    attach(&place, "HEAD", &line);
    attached(&place).denied("mismatch", "source-unconfirmed");
    artifact(&place).denied("mismatch", "source-unconfirmed");
    place.push(&ALL).refused("source-unconfirmed");
    // A manifest that names the commit, attached to its parent.
    place.scene.git(&["notes", "--ref", "countersign", "remove", "HEAD"]);
    let head = id(&place, "HEAD");
    let line = restated(&place, |statement| statement["predicate"]["source"]["commit"] = json!(head));
    attach(&place, &built, &line);
    attached(&place).denied("mismatch", "manifest-missing");
    attach(&place, "HEAD", &line);
    attached(&place).allowed();
}

#[test]
fn a_build_passes_the_other_checks_and_files_of_the_commit_still_count() {
    let place = built(Mode::Enforce);
    accept(&place);
    let job = place.scene.statement()["predicate"]["job"].as_str().expect("a job").to_owned();
    let job = job.rsplit('/').next().expect("an id");
    let reason = ["--reason-code", "unspecified", "--reason", "a broken build"];
    place.scene.run(&[&["job", "revoke", job][..], &reason].concat()).done();
    place.scene.seal();
    attached(&place).denied("revocation", "job-revoked");
    // What the commit gives, without the ignored files, is still compared, also by ancestors.
    place.scene.run(&["release", "--from", "HEAD", "--attach"]).done();
    attached(&place).allowed();
    place.scene.git(&["commit", "-q", "--allow-empty", "-m", "later"]);
    let ran = attached(&place);
    ran.allowed();
    assert!(!ran.out().contains("files not compared"), "{ran}");
}

#[test]
fn the_first_rule_that_matches_accepts_builds_or_does_not() {
    let place = built(Mode::Enforce);
    accept(&place);
    let csc = place.scene.csc_id();
    place.scene.run(&["function", "attach", "orders", "--csc", &csc]).done();
    let diff = place.scene.run(&["policy", "diff"]);
    assert!(!diff.out().contains("builds"), "{diff}");
    place.scene.seal();
    attached(&place).denied("mismatch", "source-ignored");
    place.scene.run(&["function", "attach", "orders", "--csc", &csc, "--source", "artifact"]).done();
    let diff = place.scene.run(&["policy", "diff"]);
    assert!(
        diff.out().contains("builds of a commit are accepted, and not compared with the commit"),
        "{diff}"
    );
    // A draft gives no verdict before the seal.
    attached(&place).undecided("has unsealed changes: functions.toml");
    place.scene.seal();
    attached(&place).allowed();
    place.scene.run(&["function", "attach", "orders", "--csc", &csc, "--source", "commit"]).done();
    let diff = place.scene.run(&["policy", "diff"]);
    assert!(diff.out().contains("builds are no longer accepted"), "{diff}");
    assert!(!diff.out().contains("removed"), "{diff}");
}

#[test]
fn a_build_needs_no_ancestor_of_a_shallow_clone() {
    let place = built(Mode::Enforce);
    accept(&place);
    place.push(&ALL).pushed("remote: allowed: refs/heads/main");
    let (clone, url) = (place.scene.path().join("clone"), format!("file://{}", text(&place.bare())));
    place.scene.git(&["clone", "-q", "--depth=1", "-b", "main", &url, text(&clone)]);
    let git = |arguments: &[&str]| place.scene.git(&[&["-C", text(&clone)], arguments].concat());
    git(&["fetch", "-q", "origin", "refs/notes/countersign:refs/notes/countersign"]);
    git(&["config", "countersign.policy", text(&place.scene.policy())]);
    git(&["config", "countersign.root", &place.scene.pin().to_string()]);
    let ask = || place.scene.run(&["-C", text(&clone), "verify", "--source", "HEAD", "--format", "json"]);
    ask().allowed();
    // Only a manifest that is missing can be of an ancestor.
    git(&["notes", "--ref", "countersign", "remove", "HEAD"]);
    git(&["notes", "--ref", "countersign", "add", "-m", "not a manifest", "HEAD"]);
    ask().undecided("shallow");
}
