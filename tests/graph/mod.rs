//! Does the graph show who trusts whom, and what of it does not count?

pub mod troubled;

use self::troubled::{Troubled, UNUSED};
use crate::support::{Ran, Scene, read, text, write};

const FORMATS: [&str; 2] = ["mermaid", "dot"];

fn graph(scene: &Scene, arguments: &[&str]) -> String {
    scene.run(&[&["graph"], arguments].concat()).done().out()
}

#[test]
fn everything_is_there_in_every_format() {
    let scene = Scene::new();
    for format in FORMATS {
        let drawn = graph(&scene, &["--format", format]);
        for part in ["ci@acme.example", "release", &scene.csc_id(), "rule 1", "every version", "account acme"]
        {
            assert!(drawn.contains(part), "{format}: no {part}:\n{drawn}");
        }
        for bad in ["REVOKED", "EXPIRED", "UNUSED", "MISSING"] {
            assert!(!drawn.contains(bad), "{format}: {bad}:\n{drawn}");
        }
        assert_eq!(drawn, graph(&scene, &["--format", format, "--threads", "1"]));
    }
}

#[test]
fn what_does_not_count_is_said_in_words() {
    let Troubled { scene, .. } = Troubled::new();
    for format in FORMATS {
        let drawn = graph(&scene, &["--format", format]);
        for part in [
            "REVOKED: key from 2024-01-01",
            "UNUSED: hidden by rule 1",
            "UNUSED: governs nothing",
            "MISSING: does not exist",
        ] {
            assert!(drawn.contains(part), "{format}: no {part}:\n{drawn}");
        }
        assert!(drawn.to_lowercase().contains("expired"), "{format}:\n{drawn}");
        // An edge says so too.
        assert!(drawn.contains("can sign, can revoke: REVOKED"), "{format}:\n{drawn}");
        for hostile in ["</text>\\\"]", "</text>\"]", "<b> code"] {
            assert!(format == "dot" || !drawn.contains(hostile), "{format}: {hostile}");
        }
    }
}

#[test]
fn a_function_and_an_account_have_their_part() {
    let Troubled { scene, csc } = Troubled::new();
    let part = graph(&scene, &["--function", "orders"]);
    assert!(part.contains("rule 1") && !part.contains("never"), "{part}");
    assert!(!part.contains(UNUSED) && part.contains(&csc), "{part}");
    assert!(graph(&scene, &["--account", "acme"]).contains(UNUSED));
    scene.run(&["graph", "--account", "other"]).undecided("the policy has nothing of account `other`");
    scene.edit("functions.toml", "\"*\"", "\"orders\"");
    scene.seal_over();
    scene
        .run(&["graph", "--function", "payments"])
        .undecided("no CSC of account `acme` is assigned to `payments`");
}

#[test]
fn two_profiles_of_one_name_are_drawn_in_their_accounts() {
    let scene = Scene::new();
    let vendor = Scene::of_account("vendor");
    let (pin, from) = (vendor.pin().to_string(), vendor.policy());
    scene.run(&["account", "trust", "vendor", "--root", &pin, "--from", text(&from)]).done();
    let theirs = "arn:countersign:signer::vendor:/signing-profiles/release/*";
    scene.run(&["csc", "update", &scene.csc_id(), "--add-publisher", theirs]).done();
    scene.seal_over();
    for (format, end) in [("mermaid", "\n  end\n"), ("dot", "\n  }\n")] {
        let drawn = graph(&scene, &["--format", format]);
        let (_, rest) = drawn.split_once("\"account vendor\"").expect("a frame of its own");
        let (theirs, _) = rest.split_once(end).expect("the end of the frame");
        // The account, its principal, the profile and its version.
        assert_eq!(theirs.matches("\n    n").count(), 4, "{format}:\n{drawn}");
        assert_eq!(drawn.matches("release/").count() - theirs.matches("release/").count(), 1, "{drawn}");
    }
}

#[test]
fn only_a_sealed_policy_is_drawn() {
    let scene = Scene::new();
    let before = read(&scene.policy().join(scene.csc()));
    scene.edit(&scene.csc(), "\"Enforce\"", "\"Warn\"");
    let ran: Ran = scene.run(&["graph"]);
    ran.undecided("unsealed changes");
    write(&scene.policy().join(scene.csc()), before);
    graph(&scene, &[]);
}
