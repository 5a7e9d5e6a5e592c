//! Is anything lost when many commands change one policy directory at once?

use crate::support::{Scene, text, words};

fn permit(scene: &Scene, principal: &str) -> Vec<String> {
    let key = scene.key_file("signing");
    let who = ["--principal", principal, "--action", "signer:StartSigningJob", "--key", text(&key)];
    words(&[&["profile", "permit", "release"], &who[..]].concat())
}

/// Sixteen people are permitted at once, and all of them are.
#[test]
fn no_edit_is_lost() {
    let scene = Scene::new();
    let commands: Vec<_> = (0..16).map(|n| permit(&scene, &format!("person{n}@acme.example"))).collect();
    for ran in scene.at_once(&commands) {
        ran.done();
    }
    let document = scene.document("profiles/release.toml");
    for n in 0..16 {
        assert!(document.contains(&format!("person{n}@acme.example")), "{n}: {document}");
    }
    assert!(document.contains("revision = 17\n"), "{document}");
    scene.seal();
    scene.verify().allowed();
}

/// Of those who have all seen one revision, one goes through; the others are told.
#[test]
fn one_of_many_who_saw_one_revision_goes_through() {
    let scene = Scene::new();
    let revision = words(&["--revision", "1"]);
    let commands: Vec<_> = (0..8)
        .map(|n| [permit(&scene, &format!("person{n}@acme.example")), revision.clone()].concat())
        .collect();
    let ran = scene.at_once(&commands);
    assert_eq!(ran.iter().filter(|ran| ran.code == Some(0)).count(), 1);
    for refused in ran.iter().filter(|ran| ran.code != Some(0)) {
        refused.undecided("is at revision 2, not 1");
    }
    assert_eq!(scene.document("profiles/release.toml").matches("[[permission]]").count(), 2);
}

/// Jobs that are recorded at once are all recorded, in one chain, and each once.
#[test]
fn no_job_is_lost() {
    let scene = Scene::new();
    let mut commands = Vec::new();
    for n in 0..8 {
        scene.run(&["sign", "dist/orders.zip", "--again"]).done();
        let kept = scene.path().join(format!("{n}.sigstore.json"));
        std::fs::copy(scene.manifest(), &kept).expect("a copy");
        // Twice each, by people who do not know of each other.
        commands.extend([words(&["job", "record", text(&kept)]), words(&["job", "record", text(&kept)])]);
    }
    for ran in scene.at_once(&commands) {
        ran.done();
    }
    let list = scene.run(&["job", "list"]);
    assert_eq!(list.done().out().lines().count(), 8, "{list}");
    scene.seal();
    scene.verify().allowed();
}

/// Whatever happens at once, each seal is one that holds, and no number is given twice.
#[test]
fn seals_made_at_once_follow_each_other() {
    let scene = Scene::new();
    let mut commands = vec![["policy", "seal", "--validity", "365 days"].map(String::from).to_vec(); 6];
    commands.extend((0..4).map(|n| permit(&scene, &format!("person{n}@acme.example"))));
    commands.push(words(&["job", "record", text(&scene.manifest())]));
    commands.push(words(&["policy", "rotate-root"]));
    let ran = scene.at_once(&commands);
    let mut versions: Vec<String> = Vec::new();
    for (ran, command) in ran.iter().zip(&commands) {
        // A verifier may come between an edit and its seal: only recording and sealing read what is sealed.
        assert!(ran.code == Some(0) || command[0] == "job", "{command:?}: {ran}");
        versions
            .extend(ran.out().split_once("sealed: version ").map(|(_, rest)| rest.chars().take(2).collect()));
    }
    versions.sort();
    assert_eq!(versions, ["2,", "3,", "4,", "5,", "6,", "7,"]);
    scene.seal();
    assert_eq!(scene.run(&["policy", "status"]).code, Some(0));
    scene.verify().allowed();
    assert_eq!(scene.document("profiles/release.toml").matches("[[permission]]").count(), 5);
}
