//! Fifty processes at once: each does what it was asked or says why not, and nothing is lost.

use crate::faults::whole;
use crate::support::{Ran, Scene, text, words};

const COUNT: usize = 50;

/// Every process ended with 0, or with 2 and a reason.
#[track_caller]
fn answered(ran: &[Ran]) -> usize {
    for ran in ran {
        assert!(ran.code == Some(0) || ran.code == Some(2) && ran.err().contains("error: "), "{ran}");
    }
    ran.iter().filter(|ran| ran.code == Some(0)).count()
}

#[track_caller]
fn whole(scene: &Scene, before: &whole::Files) {
    let found = whole::files(scene);
    let wrong = whole::faults(before, before, &found, false);
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn releases_at_once_all_succeed_and_verify() {
    let scene = Scene::new();
    std::fs::write(scene.repository().join("handler.py"), "print(2)\n").expect("written");
    scene.commit();
    let before = whole::files(&scene);
    let ran = scene.at_once(&vec![words(&["release"]); COUNT]);
    assert_eq!(answered(&ran), COUNT, "{}", ran.iter().find(|ran| ran.code != Some(0)).expect("one"));
    whole(&scene, &before);
    scene.verify().allowed();
}

#[test]
fn first_releases_at_once_make_one_account() {
    let scene = Scene::new();
    let remove = "rm -rf ../policy ../config ../state .git/countersign countersign.toml dist; \
        git config --unset countersign.root";
    scene.shell(remove).done();
    let ran = scene.at_once(&vec![words(&["release"]); COUNT]);
    assert_eq!(answered(&ran), COUNT, "{}", ran.iter().find(|ran| ran.code != Some(0)).expect("one"));
    let made = ran.iter().filter(|ran| ran.err().contains("created a local account")).count();
    assert_eq!(made, 1);
    scene.run(&["verify"]).done();
}

#[test]
fn attachments_at_once_are_all_there() {
    let scene = Scene::new();
    let mut commands = Vec::new();
    for n in 0..COUNT {
        let name = format!("orders-{n}");
        scene.run(&["sign", text(&scene.artifact()), "--function", &name, "--again"]).done();
        let kept = scene.path().join(format!("{n}.sigstore.json"));
        std::fs::copy(scene.manifest(), &kept).expect("a copy");
        commands.push(words(&["manifest", "attach", "HEAD", text(&kept)]));
    }
    let before = whole::files(&scene);
    let ran = scene.at_once(&commands);
    let attached = answered(&ran);
    whole(&scene, &before);
    let shown = scene.run(&["manifest", "list", "HEAD"]);
    assert_eq!(shown.done().out().matches("function orders-").count(), attached, "{shown}");
    assert_eq!(attached, COUNT, "{}", ran.iter().find(|ran| ran.code != Some(0)).expect("one"));
}

#[test]
fn seals_edits_records_and_verdicts_at_once_lose_nothing() {
    let scene = Scene::new();
    let mut commands = Vec::new();
    for n in 0..COUNT / 5 {
        let name = format!("profile_{n}");
        commands.push(words(&["policy", "seal"]));
        commands.push(words(&["profile", "create", &name]));
        commands.push(words(&["function", "protect", &format!("refs/heads/{n}")]));
        commands.push(words(&["job", "record", text(&scene.manifest())]));
        commands.push(words(&["verify"]));
    }
    let before = whole::files(&scene);
    let ran = scene.at_once(&commands);
    answered(&ran);
    whole(&scene, &before);
    scene.seal();
    scene.verify().allowed();
    for (ran, command) in ran.iter().zip(&commands).filter(|(ran, _)| ran.code == Some(0)) {
        match command[0].as_str() {
            "profile" => {
                assert!(scene.policy().join(format!("profiles/{}.toml", command[2])).exists(), "{ran}")
            }
            "function" => assert!(scene.document("functions.toml").contains(&command[2]), "{ran}"),
            _ => {}
        }
        if command[0] == "profile" || command[0] == "function" {
            assert_eq!(ran.code, Some(0), "{ran}");
        }
    }
}
